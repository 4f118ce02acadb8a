package medical

import "sync"

// The names of findings that the rules below refer to.
const (
	noFinding     = "No Finding"
	cardiomegaly  = "Cardiomegaly"
	mediastinum   = "Enlarged Cardiomediastinum"
	opacity       = "Lung Opacity"
	lesion        = "Lung Lesion"
	edema         = "Edema"
	consolidation = "Consolidation"
	pneumonia     = "Pneumonia"
	atelectasis   = "Atelectasis"
	pneumothorax  = "Pneumothorax"
	effusion      = "Pleural Effusion"
	pleuralOther  = "Pleural Other"
	fracture      = "Fracture"
	devices       = "Support Devices"

	nodule        = "Nodule"
	mass          = "Mass"
	granuloma     = "Granuloma"
	calcification = "Calcification"
	markings      = "Interstitial Markings"
	scarring      = "Scarring"
	fibrosis      = "Interstitial Lung Disease"
	emphysema     = "Emphysema"
	bulla         = "Bulla"
	hyperinflated = "Hyperinflation"
	lowVolumes    = "Low Lung Volumes"
	volumeLoss    = "Volume Loss"
	crowding      = "Bronchovascular Crowding"
	airways       = "Airways Disease"
	bronchiectas  = "Bronchiectasis"
	aspiration    = "Aspiration"
	tuberculosis  = "Tuberculosis"
	cavity        = "Cavity"
	malignancy    = "Malignancy"
	lucency       = "Lucency"

	congestion   = "Vascular Congestion"
	heartFailure = "Heart Failure"
	pulmArtery   = "Enlarged Pulmonary Artery"
	pulmHyper    = "Pulmonary Hypertension"
	embolism     = "Pulmonary Embolism"
	pericardial  = "Pericardial Effusion"
	tortuous     = "Tortuous Aorta"
	aneurysm     = "Aortic Aneurysm"
	athero       = "Atherosclerosis"
	adenopathy   = "Lymphadenopathy"
	hilar        = "Hilar Enlargement"
	shift        = "Mediastinal Shift"

	blunting     = "Costophrenic Blunting"
	thickening   = "Pleural Thickening"
	hydropneumo  = "Hydropneumothorax"
	subcutaneous = "Subcutaneous Emphysema"
	pneumomed    = "Pneumomediastinum"
	freeAir      = "Pneumoperitoneum"
	elevated     = "Elevated Hemidiaphragm"
	eventration  = "Diaphragmatic Eventration"
	flattened    = "Flattened Diaphragm"
	hernia       = "Hernia"

	scoliosis    = "Scoliosis"
	kyphosis     = "Kyphosis"
	degenerative = "Degenerative Changes"
	vertebral    = "Vertebral Deformity"
	boneLesion   = "Bone Lesion"
	osteopenia   = "Osteopenia"
	oldFracture  = "Old Fracture"
	deformity    = "Bone Deformity"
	dislocation  = "Dislocation"
	boneOther    = "Bone Abnormality"

	orthopedic  = "Orthopedic Hardware"
	postsurgery = "Postsurgical Changes"
	clips       = "Surgical Clips"
	pacemaker   = "Pacemaker"
	centralLine = "Central Line"
	airwayTube  = "Endotracheal Tube"
	entericTube = "Enteric Tube"
	chestTube   = "Chest Tube"
	tracheost   = "Tracheostomy"
	valve       = "Valve Prosthesis"
	stent       = "Stent"
	foreignBody = "Foreign Body"
	implant     = "Breast Implant"
	nipple      = "Nipple Shadow"
	fatPad      = "Epicardial Fat"
	azygos      = "Azygos Lobe"

	kidneyStone    = "Kidney Stone"
	hydronephrosis = "Hydronephrosis"
	renalCyst      = "Renal Cyst"
	liverLesion    = "Liver Lesion"
	fattyLiver     = "Fatty Liver"
	gallstones     = "Gallstones"
	cholecystitis  = "Cholecystitis"
	pancreatitis   = "Pancreatitis"
	diverticulosis = "Diverticulosis"
	diverticulitis = "Diverticulitis"
	appendicitis   = "Appendicitis"
	obstruction    = "Bowel Obstruction"
	ascites        = "Ascites"
	splenomegaly   = "Splenomegaly"
	adrenal        = "Adrenal Nodule"
	thyroid        = "Thyroid Nodule"

	hemorrhage    = "Intracranial Hemorrhage"
	subdural      = "Subdural Hematoma"
	infarct       = "Brain Infarct"
	hydrocephalus = "Hydrocephalus"
	midlineShift  = "Midline Shift"
	atrophy       = "Brain Atrophy"
	whiteMatter   = "White Matter Disease"
	sinus         = "Sinus Disease"
	scalp         = "Scalp Hematoma"

	jointEffusion = "Joint Effusion"
	swelling      = "Soft Tissue Swelling"
	chondro       = "Chondrocalcinosis"
	looseBody     = "Loose Body"
)

// A concept is a finding with the wordings that mention it. The first 14 are
// the observations of the CheXpert labeler (Irvin et al., AAAI 2019).
type concept struct {
	name string
	// sided findings lie on the left, the right or both.
	sided    bool
	patterns []string
}

// concepts are in report order.
var concepts = []concept{
	{noFinding, false, []string{
		"normal|negative|unremarkable|clear ~2 chest", "chest ~2 normal|unremarkable|negative",
		"normal|negative|unremarkable ~3 exam*|study|radiograph*|film*|x|ct|scan|mri", "exam*|study|radiograph*|ct|scan ~1 is|are ~2 normal|unremarkable|negative",
		"normal|unremarkable|negative knee|brain|abdomen",
	}},
	{mediastinum, false, []string{
		"mediastin* ~4 widen*|enlarge*|prominen*|full*", "widen*|enlarge*|prominen* ~3 mediastin*", "mediastin* ~3 wide", "wide ~1 mediastin*", "cardiomediastinal ~3 widen*",
		"cardiomediastin* ~4 enlarge*|prominen*|widen*", "enlarge*|prominen*|widen* ~3 cardiomediastin*",
		"cardio mediastin* ~4 enlarge*|prominen*|widen*", "mediastinal ~1 mass*",
	}},
	{cardiomegaly, false, []string{
		"cardiomegaly", "megalocardia", "heart|cardiac|cardiopericardial ~5 enlarge*|borderline|dilated",
		"heart|cardiac ~2 prominen*", "heart ~4 large", "enlarge*|borderline|prominent ~4 heart|cardiac|cardiopericardial",
		"cardiac|atrial|atrium enlargement", "left|right|cardiac ventricular enlargement", "ventricular|atrial hypertrophy", "heart|cardiac size|silhouette ~3 increased", "cardiomyopathy",
		"cardiothoracic ~1 ratio ~4 increased|enlarged|elevated", "increased|enlarged|elevated ~1 cardiothoracic ~1 ratio",
	}},
	{opacity, true, []string{
		"opaci*", "airspace|alveolar|parenchymal|lobe|basilar|base ~1 disease", "air space ~2 disease*|process*|change*",
		"airspace ~1 process*|change*|disease*", "infiltrat*", "haziness", "haze", "ground glass ~1 opaci*", "hazy ~2 density|densities",
		"increased ~3 density|densities", "lung|lobe|basilar|base|perihilar|retrocardiac|airspace|parenchymal|apical ~2 density|densities",
		"density|densities ~4 lung*|lobe*|base*|apex|hilum|midlung|angle", "ground glass",
		"patchy|streaky|linear|bandlike|vague|rounded|round|focal|dense|ovoid ~2 density|densities|shadow*",
		"silhouette sign", "bronchopulmonary process", "shadowing", "decreased translucency", "white|whited out", "whiteout",
	}},
	{lesion, true, []string{
		"lung|pulmonary|parenchymal|hilar|lobe ~2 lesion*", "lesion*", "neoplasm*", "tumor*", "tumour*",
	}},
	{edema, true, []string{"edema", "oedema", "interstitial ~2 edema", "pulmonary edema", "fluid overload", "volume overload", "kerley ~1 line*", "b lines"}},
	{consolidation, true, []string{"consolidat*"}},
	{pneumonia, true, []string{
		"pneumonia*", "pneumonitis", "bronchopneumonia*", "infection*", "infectious ~1 process*|etiology|change*|disease",
		"infectious ~1 infiltrate*|opaci*|consolidation*", "infective ~1 change*|process|consolidation*|focus|aetiology|etiology", "lrti", "empyema",
	}},
	{atelectasis, true, []string{"atelecta*", "lobar collapse", "lobe|lung collapse", "collapse* ~2 lobe|lung", "collapse|collapsed"}},
	{pneumothorax, true, []string{"pneumothora*", "ptx", "pleural ~1 air ~1 collection*"}},
	{effusion, true, []string{"effusion*", "pleural|fissural ~1 fluid", "hemothora*", "haemothora*", "hydrothora*", "pleural ~1 collection*", "fluid ~4 pleural cavit*", "fluid ~3 fissure*", "fluid ~5 pleural space*", "pleural ~1 fluid collection*"}},
	{pleuralOther, true, []string{
		"pleural ~1 scar*", "pleural plaque*", "fibrothorax", "pleural ~2 calcif*", "calcified pleural", "pleural|fissural ~1 mass",
		"pleural|fissural ~2 reaction|nodularity|disease|abnormalit*", "pleural parenchymal scar*", "pleuroparenchymal ~1 scar*", "pleuro parenchymal|pericardial scar*",
	}},
	{fracture, true, []string{"nondisplaced|displaced break", "cortical step", "fractur*", "fx", "cortical ~2 disruption|defect*|interruption|irregularit*"}},
	{devices, false, []string{
		"support ~2 device*|apparatus|equipment", "device|devices", "drain|drains", "cannula*", "coil|coils", "fiducial ~1 marker*", "lvad", "ecmo", "iabp", "impella", "tubes", "lines", "lines or tubes", "lines ~2 tubes", "tubes ~2 lines", "monitor* ~2 lead*|wire*|device*", "ecg|ekg lead*", "telemetry lead*",
		"medical device*", "stimulator*", "overlying ~2 lead*|wires", "shunt ~1 cathet*|tubing", "vp shunt", "shunt",
		"infusion pump", "insulin pump", "loop recorder", "balloon pump", "electronic|closure|occlusion|occluder|implanted|implantable|assist|cardiac ~1 device*",
	}},

	{nodule, true, []string{"nodul*", "coin lesion"}},
	{mass, true, []string{"mass", "masses", "masslike ~1 opaci*|densit*|consolidation", "mass like"}},
	{cavity, true, []string{"cavit* ~1 lesion*|mass|nodule*|disease|change*", "cavit*"}},
	{granuloma, true, []string{
		"granulom*", "calcif* ~4 granulom*", "granulomatous ~1 disease|infection|change*|process", "histoplasm*",
		"ghon",
	}},
	{calcification, true, []string{"calcif*", "calcific ~1 densit*", "round|rounded|focal|ovoid|scattered ~2 calcific|calcified ~1 densit*|opaci*", "calcified ~1 densit*|opaci*", "calcinosis"}},
	{markings, true, []string{
		"interstitium ~3 thick*|prominen*|coarse*", "interstitial", "interstitial ~2 marking*|prominence|disease", "interstiti* ~3 prominen*|coarse*|increase*",
		"prominen*|coarse*|increased|accentuated ~3 interstiti*", "reticul*", "lung|pulmonary|bronchovascular|bronchial|basilar ~1 markings", "increased|prominent|coarse*|accentuated ~3 markings",
		"septal ~1 thickening|line*", "prominent ~2 bronchovascular",
	}},
	{scarring, true, []string{"scar*", "cicatri*", "fibrotic ~2 change*|scar*|strand*|densit*", "parenchymal band*", "fibronodular ~1 scar*|change*|disease"}},
	{fibrosis, true, []string{
		"fibrosis", "fibrotic lung ~1 disease", "usual interstitial pneumonia", "interstitial lung disease*", "interstitial ~1 fibrosis", "pulmonary fibrosis", "ild", "honeycomb*", "sarcoid*", "cystic fibrosis", "asbestosis", "pneumoconiosis", "silicosis",
	}},
	{emphysema, true, []string{"emphysema*", "copd", "chronic ~1 obstructive ~3 disease", "obstructive ~2 disease*"}},
	{bulla, true, []string{"bulla*", "bullous ~1 disease|change*", "bleb*", "pneumatocele*"}},
	{hyperinflated, true, []string{
		"hyperinflat*", "hyperexpan*", "hyperaerat*", "hyperlucen*", "hyperdisten*", "hyper inflated|expanded|aerated|inflation|expansion", "air trapping", "overinflat*", "overexpan*",
		"increased ~2 lung volume*", "lung volumes ~3 increased|large", "large lung volume*", "increased ~2 retrosternal",
	}},
	{lowVolumes, true, []string{
		"low ~2 lung volume*", "lung volumes ~5 low|small|diminished|decreased|reduced", "low|small|diminished|decreased|reduced ~2 volumes", "hypoinflat*", "underinflat*", "hypoventilat*", "hypoexpan*", "hypoaerat*",
		"poor|shallow|decreased|suboptimal|low|limited|diminished ~2 inspirat*", "poor|decreased|reduced|diminished ~2 aeration", "poorly|underinflated expanded",
	}},
	{volumeLoss, true, []string{"volume loss", "loss of ~2 volume", "reduced ~2 lung volume"}},
	{crowding, false, []string{"crowd* ~1 bronchovascular ~1 marking*", "crowding", "crowded ~2 marking*|vasculature|structures"}},
	{airways, true, []string{
		"bronchial|bronchi|airway* ~5 thicken*", "peribronchial ~2 cuffing|thickening", "bronchial ~2 thickening", "bronchitis|bronchitic", "bronchiolitis", "reactive airway*", "airway* ~2 disease*|inflammation|thickening", "asthma", "bronchospasm", "cuffing",
	}},
	{bronchiectas, true, []string{"bronchiecta*", "bronchi ~6 dilat*", "dilat* ~2 bronchi", "bronchi* dilatation"}},
	{aspiration, true, []string{"aspiration", "aspirated"}},
	{tuberculosis, true, []string{"tubercul*", "tb"}},
	{malignancy, true, []string{"malignan*", "metasta*", "cancer", "carcinoma*", "lymphoma*", "myeloma", "lymphangitic"}},
	{lucency, true, []string{"lucenc*", "lucent ~1 lesion*|area*|focus|foci"}},

	{congestion, false, []string{
		"congest*", "vascular|vessel* ~1 redistribution", "cephalization", "upper lobe ~2 diversion", "plethora", "vascular|vasculature|venous|vascularity ~4 engorge*|prominen*|indistinct*|enlarge*|increased|congest*|accentuated",
		"engorge*|prominen*|enlarge*|increased|indistinct* ~3 vascular*|vasculature|vessels|venous", "engorge*",
		"vascular congestion", "pulmonary ~1 venous hypertension", "venous hypertension",
	}},
	{heartFailure, false, []string{"heart failure", "cardiac|ventricular failure", "lvf", "cardiac|heart ~1 decompensation", "congestive ~1 failure", "chf", "congestive changes", "cardiac decompensation", "decompensated"}},
	{pulmArtery, true, []string{
		"enlarge*|prominen*|dilat* ~4 pulmonary arter*", "pulmonary arter* ~4 enlarge*|prominen*|dilat*", "enlarge*|prominen* ~2 pulmonary outflow",
	}},
	{pulmHyper, false, []string{"pulmonary ~2 hypertension", "pulmonary arterial hypertension"}},
	{embolism, true, []string{"embol*", "pulmonary|lung infarct*", "filling defect*"}},
	{pericardial, false, []string{"pericardial ~1 effusion*|fluid", "pericardium ~4 effusion*|fluid"}},
	{tortuous, false, []string{
		"tortuo*", "torturous", "ectatic ~3 aort*", "aort* ~5 ectatic|ectasia|uncoil*|unfold*|tortuo*|elongat*|prominent", "ectasia", "unfold*|uncoil*|tortuo*|elongat*|prominent ~3 aort*",
	}},
	{aneurysm, false, []string{"aneurysm*", "aort* ~3 aneurysm*", "dilat* ~3 aort*", "aort* ~4 dilat*|enlarge*", "enlarge* ~2 aort*", "aortic ~1 dissection", "dissection"}},
	{athero, false, []string{
		"atherosclero*", "arteriosclero*", "atheromat*", "calcif* ~5 aort*", "aort* ~5 calcif*", "coronary ~3 calcif*", "calcif* ~4 coronary", "vascular|arterial ~2 calcif*", "calcif* ~2 plaque*", "atherosclero* ~2 calcif*", "calcif* ~4 arter*",
	}},
	{adenopathy, true, []string{"adenopathy", "lymphadenopathy", "enlarged ~3 node*", "node* ~4 enlarged", "node* ~5 hilum|mediastinum|axilla|retroperitoneum", "enlarged ~2 lymph", "lymph node* ~3 enlarge*"}},
	{hilar, true, []string{
		"hilar|hilum|hila ~4 prominen*|full*|enlarge*|big", "prominen*|full*|enlarge* ~3 hilar|hilum|hila", "suprahilar ~2 full*|prominen*",
	}},
	{shift, true, []string{"mediastin*|tracheal|trachea|cardiomediastin* ~4 shift*|deviat*", "shift* ~3 mediastin*|trachea*", "deviat* ~3 trachea*|mediastin*"}},

	{blunting, true, []string{"blunt*", "costophrenic ~4 blunt*|obscur*|obliterat*", "blunt*|obscur*|obliterat* ~5 costophrenic", "blunt* ~5 sulc*"}},
	{thickening, true, []string{
		"pleural|pleura|fissure|fissural|apical ~4 thicken*", "thicken* ~5 pleura*|fissure*", "apical|pleural ~1 cap|caps|capping", "thickening ~3 fissure",
	}},
	{hydropneumo, true, []string{"hydropneumothora*", "hemopneumothora*", "haemopneumothora*"}},
	{subcutaneous, true, []string{"subcutaneous ~1 emphysema|air|gas", "soft tissue ~1 emphysema|gas"}},
	{pneumomed, false, []string{"pneumomediastin*"}},
	{freeAir, true, []string{"pneumoperitoneum", "free ~2 air", "extraluminal ~1 air", "free ~2 gas"}},
	{elevated, true, []string{
		"elevat*|rise ~5 diaphragm*|hemidiaphragm*", "high ~2 hemidiaphragm*", "diaphragm*|hemidiaphragm* ~4 elevat*", "diaphragm* ~1 elevation",
	}},
	{eventration, true, []string{"eventrat*"}},
	{flattened, true, []string{"flatten* ~5 diaphragm*|hemidiaphragm*", "diaphragm*|hemidiaphragm* ~4 flatten*", "flattening"}},
	{hernia, true, []string{"hernia*", "hiatal|hiatus ~1 herni*", "hh"}},

	{scoliosis, true, []string{
		"scoliosis", "scoliotic", "dextroscolio*", "levoscolio*", "kyphoscolio*", "rotoscolio*", "dextrocurvature", "levocurvature", "dextro|levo ~1 scolio*|curvature|convex", "curvature ~5 spine", "spin* ~3 curvature", "s shaped",
		"thoracic|thoracolumbar|lumbar ~2 curvature",
	}},
	{kyphosis, false, []string{"kypho*"}},
	{degenerative, false, []string{
		"degenerat*", "joint space narrowing", "enthesophyt*", "enthesopath*", "osteophyt*", "spondyl*", "arthrit*", "osteoarthr*", "spur*", "hypertrophic ~2 change*|spurring", "disc|disk ~2 narrowing|disease|space", "arthropathy", "arthrosis", "dish", "idiopathic skeletal hyperostosis", "endplate|end plate ~2 change*|sclerosis|spurring",
		"senescent ~1 change*",
	}},
	{vertebral, false, []string{
		"vertebra* ~3 deformit*|collapse|compress*|wedg*|fractur*|height", "compress* ~3 deformit*|fracture*", "wedg* ~3 deformit*|vertebra*|fracture*", "height ~3 vertebra*", "vertebra* ~3 height loss", "loss of ~2 height",
		"deformit* ~6 vertebra*|spine|t4|t5|t6|t7|t8|t9|t10|t11|t12|l1|l2|l3", "compression ~3 vertebra*", "collapse* ~3 vertebra*", "t4|t5|t6|t7|t8|t9|t10|t11|t12|l1|l2|l3|l4|l5 ~2 compression|wedg*|collapse*", "collapse* ~2 t4|t5|t6|t7|t8|t9|t10|t11|t12|l1|l2|l3|l4|l5", "vertebra* ~2 wedg*", "anterior wedging", "wedging", "biconcave",
	}},
	{boneLesion, true, []string{
		"lytic|sclerotic|blastic|bone|bony|osseous|destructive|skeletal ~2 lesion*|metasta*|focus|destruction", "sclerotic ~2 densit*", "bone island", "osteochondroma*", "destructive ~2 process*",
	}},
	{osteopenia, false, []string{"osteopeni*", "osteoporo*", "demineraliz*", "bone loss"}},
	{oldFracture, true, []string{
		"old|healed|healing|remote|chronic|prior|previous ~5 fracture*", "fracture* ~3 healed|healing|old|remote", "posttraumatic|post traumatic ~3 change*|deformit*|fracture*", "fracture deformit*",
	}},
	{deformity, true, []string{"deformit*", "pectus ~1 excavatum|carinatum|deformity", "pectus", "funnel chest", "rib ~2 deformit*"}},
	{dislocation, true, []string{"dislocat*", "separation", "subluxat*", "malalignment"}},
	{boneOther, false, []string{
		"bony|osseous|bone|skeletal|osseus|boney ~4 abnormalit*|finding*|process*|injur*", "abnormalit* ~3 bony|osseous|bone|skeletal|bones",
	}},

	{orthopedic, true, []string{
		"hardware", "spinal ~1 fusion|rod*|fixation", "cervical|lumbar|thoracic ~2 fusion", "fixation", "arthroplast*", "rod", "rods", "screw*", "orthopedic ~1 plate*|hardware", "hip|shoulder|joint|knee ~2 prosthe*|replacement*|arthroplast*", "prosthetic ~1 shoulder|hip|joint", "kyphoplasty", "vertebroplasty", "plate ~2 screw*", "anterior plate*", "acdf", "suture anchor*",
	}},
	{postsurgery, true, []string{
		"sternotomy", "cabg", "bypass", "postsurgical ~3 change*", "post surgical ~2 change*", "postoperative ~3 change*", "post operative ~2 change*", "surgical change*", "mastectomy", "lobectomy", "pneumonectomy", "thoracotomy", "cholecystectomy", "resection", "wedge resection", "coronary ~2 graft*",
		"postsurgical", "surgically absent", "bullectomy",
	}},
	{clips, true, []string{"clip", "clips", "suture*", "staple*", "surgical ~1 material|device*"}},
	{pacemaker, true, []string{"pacemaker*", "pacer*", "defibrillator*", "aicd", "icd", "pacing ~1 lead*|wire*|device*", "cardiac ~2 generator", "cardiac ~2 device*", "generator", "cardioverter*"}},
	{centralLine, true, []string{
		"picc", "cvc", "cvl", "hickman", "vascath", "permacath", "permcath", "swan ganz", "swan ganz cathet*", "picc ~1 line|catheter", "cathet*", "central ~2 line*|cathet*", "mediport*", "medi port", "portacath*", "port a cath*", "infuse ~1 port", "port", "tip|tips ~5 svc|cavoatrial|caval|azygos", "subclavian|jugular|ij|venous|dialysis|svc ~2 cathet*|line|port", "central line*",
	}},
	{airwayTube, false, []string{"endotracheal ~1 tube*", "intubat*", "extubat*", "et tube*", "ett", "endotracheal"}},
	{entericTube, false, []string{"nasogastric|orogastric|enteric|feeding|ng|og|dobhoff|gastric|gastrostomy|peg ~1 tube*", "dobhoff", "dobbhoff", "ngt", "ogt", "nasogastric", "orogastric", "enteric"}},
	{chestTube, true, []string{"chest tube*", "chest|intercostal|thoracostomy drain*", "intercostal cathet*", "thoracostomy", "thoracostomy tube*", "pleural ~1 drain*|cathet*", "pigtail ~1 cathet*|drain*"}},
	{tracheost, false, []string{"tracheostom*"}},
	{valve, false, []string{"valve ~3 replacement|prosthe*|repair", "prosthetic ~2 valve*", "valvuloplasty", "valve prosthe*", "artificial ~1 valve", "aortic|mitral ~1 valve"}},
	{stent, false, []string{"stent*", "endograft*"}},
	{foreignBody, true, []string{"foreign ~1 bod*|object*", "bullet*", "shrapnel", "projectile*", "pellet*", "piercing*", "radiopaque ~1 bod*|object*|density", "metallic ~2 bod*|object*|fragment*|density|densities"}},
	{implant, true, []string{"breast ~2 implant*|prosthe*", "implants"}},
	{nipple, true, []string{"nipple* ~1 shadow*|artifact*", "nipple*"}},
	{fatPad, true, []string{"epicardial|pericardial|epipericardial|mediastinal ~1 fat|lipomatosis", "fat pad*", "lipoma*"}},
	{azygos, false, []string{"azygos ~2 lobe|fissure"}},

	{kidneyStone, true, []string{
		"nephrolithiasis", "renal|kidney|ureteral|urinary ~3 stone*|calcul*", "kidney* ~4 stone*|calcul*", "stone*|calcul* ~9 kidney*|ureter*", "urolithiasis", "ureterolithiasis",
	}},
	{hydronephrosis, true, []string{"hydronephrosis", "hydroureter*", "dilat* ~4 collecting system*", "collecting system* ~3 dilat*|full*", "pelvicaliectasis", "caliectasis"}},
	{renalCyst, true, []string{"renal ~3 cyst*", "kidney* ~7 cyst*", "cyst* ~7 kidney*"}},
	{liverLesion, true, []string{
		"liver|hepatic ~4 lesion*|mass|masses|focus|foci|cyst*|hemangioma*|metasta*|nodul*", "lesion*|mass|focus|foci|cyst* ~7 liver|hepatic", "lobe of the liver ~6 focus|lesion*|mass", "hemangioma*",
	}},
	{fattyLiver, false, []string{"steatosis", "fatty ~2 liver|change|infiltration", "hepatic steatosis", "liver ~5 steatosis", "fatty infiltration ~3 liver", "hepatic|liver ~2 fatty ~1 infiltration|change"}},
	{gallstones, false, []string{"gallstone*", "cholelithiasis", "gallbladder ~4 stone*|calcul*", "stone*|calcul* ~5 gallbladder"}},
	{cholecystitis, false, []string{"cholecystitis", "pericholecystic ~1 fluid|inflammation"}},
	{pancreatitis, false, []string{"pancreatitis", "peripancreatic ~2 stranding|fluid|inflammation"}},
	{diverticulosis, false, []string{"diverticulosis", "diverticul* ~1 disease", "diverticula"}},
	{diverticulitis, false, []string{"diverticulitis", "pericolonic ~2 inflammation|stranding"}},
	{appendicitis, false, []string{"appendicitis", "appendix ~4 dilated|enlarged|inflamed|thick*", "inflamed|dilated|enlarged ~2 appendix", "appendiceal ~2 thickening|inflammation|dilatation", "periappendiceal ~2 stranding|inflammation|fluid"}},
	{obstruction, false, []string{
		"bowel|ileus ~2 obstruction", "obstruction", "ileus", "dilat* ~4 bowel", "bowel ~4 dilat*", "dilat* ~3 loops", "loops ~4 dilat*", "obstructed ~2 bowel",
	}},
	{ascites, false, []string{"ascites", "free ~1 fluid", "peritoneal|pelvic|abdominal ~2 fluid"}},
	{splenomegaly, false, []string{"splenomegaly", "spleen ~5 enlarge*", "enlarge* ~3 spleen", "hepatosplenomegaly"}},
	{adrenal, true, []string{"adrenal ~7 nodul*|mass|adenoma*|lesion*", "nodul*|mass|lesion* ~5 adrenal", "adenoma*"}},
	{thyroid, true, []string{"thyroid ~5 nodul*|mass|lesion*|cyst*", "nodul*|mass ~7 thyroid", "thyromegaly", "goiter", "multinodular ~1 goiter"}},

	{hemorrhage, true, []string{
		"intracranial|parenchymal|intraparenchymal|subarachnoid|intraventricular|cerebral|cerebellar|hemispheric ~2 hemorrhage*|bleed*|blood|hematoma*", "hemorrhage*", "blood products", "hyperdense ~1 hematoma", "hemorrhagic ~1 contusion*",
	}},
	{subdural, true, []string{"subdural ~4 hematoma*|collection*|hemorrhage*|fluid", "subdural*", "extra axial ~2 collection*|hematoma*", "extraaxial ~2 collection*|hematoma*", "epidural ~1 hematoma"}},
	{infarct, true, []string{
		"infarct* ~8 territory|brain|cerebral|cerebellar|ganglia|thalam*|lacunar", "lacunar ~1 infarct*|stroke*", "territory|territorial|lacunar|cerebral|cerebellar|cortical|ganglionic|brain|ischemic ~2 infarct*", "acute|subacute|old|chronic|recent ~3 infarct*", "stroke*", "encephalomalacia", "loss of gray white", "ischemi*",
	}},
	{hydrocephalus, false, []string{"hydrocephalus", "ventriculomegaly", "ventricular ~1 enlargement|dilatation|dilation", "ventricles ~4 dilat*|enlarge*", "dilat*|enlarge* ~3 ventricles"}},
	{midlineShift, true, []string{"midline shift", "septum pellucidum ~2 shift*|displace*", "shift toward|of midline", "shift ~1 midline", "shift ~4 midline", "midline ~2 displace*|shift*"}},
	{atrophy, false, []string{"atroph*", "involutional ~1 change*", "volume loss ~4 brain|cerebral|parenchymal", "cerebral|parenchymal|brain ~2 volume loss"}},
	{whiteMatter, false, []string{
		"white matter ~5 disease|change*|hypodens*|hypoattenuation|lesion*|ischem*", "microvascular|small vessel ~3 disease|change*|ischemi*", "hypodens*|hypoattenuation|density ~4 white matter", "leukoaraiosis", "small vessel disease", "microangiopathic ~2 disease|change*",
	}},
	{sinus, true, []string{
		"sinus* ~4 disease|thickening|opacif*|fluid|inflammat*|polyp*|retention", "mucosal ~1 thickening", "sinusitis", "thickening|opacif*|inflammat* ~5 sinus*", "mastoid ~3 opacif*|effusion*|fluid", "air fluid level ~5 sinus*",
	}},
	{scalp, true, []string{"scalp ~3 hematoma*|swelling|laceration*|contusion*", "hematoma*|swelling ~5 scalp", "subgaleal ~1 hematoma*", "hematoma*"}},

	{jointEffusion, false, []string{
		"joint|knee|suprapatellar|elbow|hip|ankle|shoulder ~2 effusion*", "effusion* ~5 knee|joint|suprapatellar", "suprapatellar ~5 distend*|fluid|fullness", "fullness|fluid|distension ~4 suprapatellar", "lipohemarthrosis", "hemarthrosis",
	}},
	{swelling, true, []string{"soft tissue* ~2 swelling|edema|thickening", "swelling ~5 tissue*", "prepatellar ~2 swelling|edema", "swelling"}},
	{chondro, false, []string{"chondrocalcinosis", "meniscal|cartilage|meniscus ~2 calcif*", "calcif* ~3 menisc*|cartilage"}},
	{looseBody, false, []string{"loose|ossified|intraarticular|calcified bod*", "intra articular ~2 bod*", "bod* ~4 joint space"}},
}

// suppressed are wordings that hold the words of a finding and are none.
var suppressed = []string{
	"mass effect", "body mass", "airway|tracheal|tracheobronchial|venous collapse", "septal|fissural|pleural|lung|fracture|fat lines", "catheter|lead|leads|wire|wires|screw|hardware|stent ~1 fractur*", "fractured ~1 catheter|lead|leads|wire|wires|screw|hardware|stent", "porta hepatis", "tuberculosis ~1 exposure", "retrocardiac|retrosternal clear", "clear ~1 airspace",
}

// acuteAbnormality are wordings that say, when they are negated, that the
// study is normal: "no acute cardiopulmonary process". Without a negation
// they say too little to be a finding.
var acuteAbnormality = []string{
	"acute|active ~5 abnormalit*|disease*|process*|finding*|change*|patholog*|lesion*",
	"cardiopulmonary|intrathoracic|cardiothoracic|pulmonary|cardiac|thoracic ~2 abnormalit*|disease*|process*|finding*|patholog*",
	"disease* ~3 chest", "abnormalit* ~3 chest|lungs|thorax", "pulmonary or|and pleural ~1 disease*|abnormalit*|process*", "interval|significant|radiographic|visible ~1 abnormalit*", "explanation for",
}

// An organ is an anatomical subject which, called normal, denies findings.
type organ struct {
	patterns []string
	denies   []string
}

var organs = []organ{
	{[]string{"heart ~1 size|silhouette|contour*|shadow", "heart", "cardiac ~1 silhouette*|size|contour*|shadow*|structures|outline*|border*", "cardiopericardial silhouette"}, []string{cardiomegaly}},
	{[]string{"cardiomediastin* ~1 silhouette*|contour*|structures", "cardiomediastinum", "cardio mediastin*"}, []string{cardiomegaly, mediastinum}},
	{[]string{"mediastin* ~1 silhouette*|contour*|structures|size", "mediastin* and|or hilar silhouette*|contour*|structures", "mediastinum"}, []string{mediastinum}},
	{[]string{"lungs", "lung ~1 fields|parenchyma|zones|volumes", "both lungs", "lung"}, []string{opacity}},
	{[]string{"pleura", "pleural ~1 space*|surface*"}, []string{effusion, pneumothorax}},
	{[]string{"costophrenic ~1 angle*|sulci|sulcus|recess*", "costophrenic"}, []string{blunting}},
	{[]string{"pulmonary ~1 vascular*|vasculature|vessels", "vasculature", "vascularity"}, []string{congestion}},
	{[]string{"osseous|bony|skeletal|osseus ~2 structures|thorax|elements", "bones", "skeleton", "ribs", "bony thorax"}, []string{fracture, boneOther}},
	{[]string{"hemidiaphragm*", "diaphragm*"}, []string{elevated}},
	{[]string{"hilar ~1 contour*|structures|regions", "hila", "hilum"}, []string{hilar}},
	{[]string{"trachea"}, []string{shift}},
	{[]string{"aorta"}, []string{aneurysm}},
	{[]string{"airways", "bronchi"}, []string{bronchiectas, airways}},
	{[]string{"spine", "thoracic spine"}, []string{vertebral, degenerative}},
	{[]string{"kidneys", "renal"}, []string{kidneyStone, hydronephrosis, renalCyst}},
	{[]string{"liver"}, []string{liverLesion, fattyLiver}},
	{[]string{"gallbladder"}, []string{gallstones, cholecystitis}},
	{[]string{"pancreas"}, []string{pancreatitis}},
	{[]string{"spleen"}, []string{splenomegaly}},
	{[]string{"adrenal ~1 glands", "adrenals"}, []string{adrenal}},
	{[]string{"thyroid ~1 gland", "thyroid"}, []string{thyroid}},
	{[]string{"appendix"}, []string{appendicitis}},
	{[]string{"bowel ~1 loops", "bowel", "small bowel"}, []string{obstruction}},
	{[]string{"ventricles", "ventricular ~1 system"}, []string{hydrocephalus}},
	{[]string{"sulci"}, []string{atrophy}},
	{[]string{"gray white ~1 differentiation"}, []string{infarct}},
	{[]string{"brain ~1 parenchyma", "white matter"}, []string{infarct, whiteMatter, mass}},
	{[]string{"sinuses", "paranasal sinuses", "mastoid ~2 cells"}, []string{sinus}},
	{[]string{"scalp ~2 tissues", "scalp"}, []string{scalp}},
	{[]string{"soft tissues"}, []string{swelling}},
	{[]string{"joint ~1 spaces"}, []string{degenerative}},
}

// The kinds of things that the lexicon finds.
type lexeme struct {
	concept *concept
	acute   bool
}

// newLexicon compiles the concepts, the suppressed wordings and those of acute
// abnormality.
func newLexicon() *matcher[lexeme] {
	m := newMatcher[lexeme]()
	for i := range concepts {
		for _, p := range concepts[i].patterns {
			m.add(p, lexeme{concept: &concepts[i]})
		}
	}
	for _, p := range suppressed {
		m.add(p, lexeme{})
	}
	for _, p := range acuteAbnormality {
		m.add(p, lexeme{acute: true})
	}
	return m
}

var organLexicon = sync.OnceValue(func() *matcher[*organ] {
	m := newMatcher[*organ]()
	for i := range organs {
		for _, p := range organs[i].patterns {
			m.add(p, &organs[i])
		}
	}
	return m
})

// names returns the findings in report order.
func names() []string {
	out := make([]string, len(concepts))
	for i, c := range concepts {
		out[i] = c.name
	}
	return out
}

package deid

// The word lists below are this program's own. They are in small letters.

// states and their neighbours are geographic, but as large as a state: they
// are no identifiers.
var stateNames = wordSet(`alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois indiana
	iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada
	ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming
	carolina dakota hampshire jersey mexico`)

var stateCodes = wordSet(`al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa
	ri sc sd tn tx ut vt va wa wv wi wy dc pr`)

// personTitles stand before a name. The first list is followed by names only.
var (
	sureTitles = wordSet("dr drs mr mrs ms messrs prof professor rev reverend fr rabbi sgt lt capt maj atty mme mlle sra señor señora")
	softTitles = wordSet("doctor doc miss nurse sister father brother coach chaplain pastor imam officer deputy detective captain sergeant judge aunt auntie uncle grandma grandpa sir madam")
)

var kinWords = wordSet(`wife husband spouse daughter son mother father mom mum dad mommy daddy brother sister aunt uncle niece nephew cousin partner
	friend neighbor neighbour roommate boyfriend girlfriend fiance fiancee grandson granddaughter grandmother grandfather
	stepson stepdaughter stepmother stepfather caregiver caretaker guardian landlord boss coworker interpreter caseworker
	sonographer technologist tech therapist midwife pharmacist dietitian dietician student scribe`)

// personVerbs follow somebody.
var personVerbs = wordSet(`said says stated states reports reported called calls notified paged tells told visited visits agrees agreed asks asked drives
	drove lives lived denies denied complains complained arrived works worked presents presented requested spoke speaks
	smokes drinks walks takes took feels felt wants wanted returned returns phoned confirmed understands understood verbalized
	missed accompanied picked recalls thinks brought found admits endorses prefers refused consented signed died`)

// byVerbs are what somebody did, before "by" or "with"; see nameLeads.
var byVerbs = wordSet(`dictated transcribed signed interpreted reviewed read approved verified authenticated performed finalized reported discussed
	referred requested ordered seen examined evaluated supervised accompanied witnessed obtained spoke spoken talked met conferred
	consulted shown notified informed called paged given provided written entered prepared edited attested completed collected
	administered done followed assisted inserted placed interrogated treated dosimetry gross accepted updated relayed faxed prescribed
	attended message left word electronically ecg anesthesia received removed req typed told asked overread drawn managed brought found raised`)

// nameLabels stand before a colon and a name.
var nameLabels = wordSet(`name patient pt attending referring ordering consulting requesting reading interpreting radiologist physician physicians
	provider resident fellow technologist technician tech surgeon clinician operator assistant anesthesiologist anesthetist anesth
	nurse rn pcp np pa md consultant examiner author dictator dictating reader reviewer pathologist cardiologist
	mother father spouse wife husband daughter son guardian parent parents contact proband subscriber insured guarantor
	member veteran student subject witness recipient sender caller informant donor client employee driver signature
	from to cc bcc attn attention dear re regarding sonographer caseworker pediatrician poa proxy hcp copy copies physicist by
	last first middle surname forename maiden alias aka manager president secretary director officer ceo cfo
	fob moc foc mom dad interpreter questions pager page srna crna`)

// degrees follow a name.
var degrees = wordSet(`md do mbbs mbchb phd rn np pa pac aprn crna cnm cna lpn lvn dds dmd dpm dvm od msw lcsw pharmd facr frcr frcs facs facc rt rdms
	mph msn bsn fnp srna ms esq jr sr ii iii iv pt dpt ot`)

// eponymHeads follow a name that stands for a thing and not for a person.
var eponymHeads = wordSet(`disease diseases syndrome syndromes sign signs catheter catheters tube tubes cyst cysts fracture fractures line lines lesion
	lesions node nodes nodule nodules point position procedure operation test tests maneuver manoeuvre sarcoma lymphoma tumor
	tumour carcinoma palsy chorea ataxia score scores scale classification class criteria criterion grade stage type index deformity
	diverticulum diverticula hernia ligament ligaments duct gland glands canal foramen pouch space spaces fascia triangle arch
	contracture esophagus oesophagus ring web body bodies cell cells stain bandage bandages brace splint clamp forceps needle wire
	retractor clip filter stent graft shunt drain mask dystrophy anemia purpura phenomenon reflex reflexes response nephropathy
	thyroiditis arthropathy joint joints ulcer ulcers law formula equation rule rules method stage staging technique incision
	approach repair resection anastomosis pouch reservoir valve valves prosthesis pacemaker method plot curve coefficient unit units
	lamp light hook plaque plaques spots lines nerve artery vein muscle tubercle tendon bursa membrane layer sinus fossa
	encephalopathy psychosis aphasia area pleurisy granuloma granulomatosis abscess gangrene melanoma macroglobulinemia
	immunodeficiency esophagitis tremor dementia variant malformation anomaly complex defect tetralogy triad pentad reaction
	fever virus agar bacillus culture titer titers antigen antibody protein factor port pump bag injury bump groin toe knee
	elbow shoulder finger thumb neck back foot dislocation impingement block potential breathing respiration respirations
	angle view views projection series film grid plate screw rod nail pin frame traction exercises crisis tic nevus
	lymph hump papilledema rings pattern histology block cavity bundle fibers loop limb capsule islets follicle cup
	stones syncope deficiency dysplasia hydrocephalus hemorrhage aneurysm plexus spur spurs sponge dressing
	fistula paralysis facies positive negative piercing coma murmur triad angina edema infraction`)

// acronyms are capital letters that are nobody's initials.
var acronyms = wordSet(`ct mr mri mra mrv mrcp pet us xr cxr kub ap pa pt po iv im sc sq od os ou ad as au bid tid qid qd prn npo nkda
	md do rn np rt rad ed er or icu micu sicu nicu ccu pacu ob gyn ent gi gu cv cns csf wbc rbc hgb hct plt bun cr na k cl ca mg
	dx rx tx hx sx fx pmh psh ros hpi cc vs bp hr rr temp bmi dob mrn ssn dos doa age sex m f y yo wt ht lmp edd ega
	rul rml rll lul lll ruq rlq luq llq svc ivc lad lca rca lcx aaa dvt pe chf copd cad mi cva tia htn dm ckd esrd uti bph gerd
	ekg ecg echo eeg emg tee tte egd ercp cta ctv hida dexa spect fna bx ivp vcug hsg ngt ett tlc picc cvc aicd ppm iabp
	acl pcl mcl lcl cabg tavr orif tha tka thr tkr lmwh tpa asa nsaid abx mrsa vre hiv hbv hcv rsv covid flu tb cdc fda
	who usa uk eu am pm est edt cst pst gmt utc id no nos ie eg etc nb aka dba llc inc lp llp co corp ltd plc sa ag nv bv
	ii iii iv vi vii viii ix xi xii st nd rd th fl rm apt ste bldg po box fax tel ext llp cpa esq jr sr
	obx obr pid msh pv1 orc nte tx ft st nm cwe ce sn gdt wnl nad aox3 perrla eomi rrr ctab ntnd nt nd bs le ue lue rue lle rle
	ama dnr dni poa hcp snf ltac hh pcp ems als bls gcs fast mvc mva gsw loc tbi sah sdh edh ich ich avm
	mg ml cc cm mm kg lb oz mcg meq mmol iu gy cgy hu dlp suv adc flair stir dwi swi mip mpr tr te fov kvp mas
	ba bs ms ma phd mph otc hct ggo rcc hcc nsclc sclc dcis lcis all aml cll cml mds mgus birads tirads lirads pirads
	ago now new old per the and for was are not but with from this that left right both none see seen day days
	ta tb fb gb kb mb ip mac url vin ein tin npi dea uid fhir hl7 dicom pacs ris his emr ehr
	lr ls ng og rl sob doe cp ha nv bm ua us rr sr st qt av sa pr rv lv la ra ef hx ax px pcn tmp ssri snri maoi dka
	sepsis ards aki afib rvr svt vt vf pvc pac wpw bbb rbbb lbbb nstemi stemi acs pci pfo asd vsd pda tof
	dept div ref attn re fwd fw cc bcc subj pg pgs`)

// notPeople are capitalized words that are no names though they look like it:
// makers of devices and drugs, and what documents are full of.
var notPeople = wordSet(`enterography urography glidescope hep siemens philips medtronic stryker zimmer biomet abbott baxter bard boston cordis cook arrow hologic toshiba canon hitachi
	fuji agfa kodak pfizer merck lilly bayer roche novartis sanofi aetna cigna humana anthem medicaid medicare kaiser tricare
	tylenol advil motrin aleve norco vicodin percocet lasix coumadin plavix lipitor zocor crestor norvasc lopressor toprol
	zosyn keflex cipro levaquin flagyl bactrim augmentin ativan xanax valium zoloft prozac paxil celexa lexapro haldol
	sinemet synthroid lantus humalog glucophage metformin lovenox xarelto eliquis omnipaque isovue visipaque gadavist magnevist
	dotarem optiray ultravist versed fentanyl dilaudid morphine ketamine propofol zofran reglan pepcid prilosec nexium protonix
	port cath mediport powerport hickman groshong shiley bivona bipap cpap pacemaker english spanish french german latin
	greek chinese japanese korean vietnamese arabic russian polish italian portuguese american african asian european hispanic
	coxsackie igm igg iga ige latino caucasian indian mexican christian catholic jewish muslim hindu buddhist methodist baptist lutheran presbyterian
	monday tuesday wednesday thursday friday saturday sunday internet web google microsoft apple amazon facebook
	america europe asia africa israel india china japan germany france italy spain canada kenya ghana nigeria egypt iran iraq
	cuba peru brazil chile argentina turkey greece korea vietnam russia poland sweden norway finland
	north south east west northern southern eastern western`)

// facilityHeads end the name of a place of care or of a school.
var facilityHeads = wordSet(`hospital hospitals hosp infirmary clinic clinics sanatorium sanitarium hospice dispensary rehab imaging radiology pharmacy
	dialysis orthopedics orthopaedics pediatrics midwives manor medicine healthcare health institute associates center centre
	academy school elementary university college home homes residence lodge urgent regional medical surgical memorial general
	system church parish infirmary high`)

// facilityTails may follow a head and belong to it.
var facilityTails = wordSet(`hospital hospitals hosp center centre clinic system systems care home group associates school services network building
	pavilion campus department institute east west north south high of health community medical`)

// facilityWords may stand in a facility's name and make none by themselves.
var facilityWords = wordSet(`general memorial regional community medical surgical university univ state county city veterans va vamc childrens children
	women womens health healthcare family urgent care nursing home rehabilitation rehab cancer heart eye spine sleep pain wound
	imaging radiology emergency outpatient inpatient day surgery ambulatory primary internal physical occupational occupational mental
	behavioral public national american international hospital clinic center centre school high junior middle elementary
	outside local referring same other another area this that our the a an any department dept of and for at
	skilled assisted living long term acute convalescent home hospice dialysis orthopedic cardiology oncology`)

var streetKindsFull = wordSet(`street avenue road boulevard lane parkway highway circle terrace pike turnpike expressway`)

var numberWords = wordSet(`one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
	twenty thirty forty fifty sixty seventy eighty ninety hundred oh zero first second third fourth fifth sixth seventh eighth ninth
	tenth eleventh twelfth thirteenth fourteenth fifteenth twentieth thirtieth`)

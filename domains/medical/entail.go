package medical

// A basis says which findings of a report bear out another one in its
// impression, beside the same finding.
type basis struct {
	always []string
	// hedged ones bear it out when the impression is in doubt too: an opacity
	// makes "possible pneumonia", not "pneumonia".
	hedged []string
}

// entailments is the table of conclusions that a reader may draw.
var entailments = map[string]basis{
	opacity:       {always: []string{consolidation, pneumonia, atelectasis, markings, scarring, nodule, mass, edema, lesion, cavity, fibrosis, airways, aspiration, calcification}},
	consolidation: {always: []string{opacity, pneumonia}, hedged: []string{atelectasis, mass}},
	pneumonia:     {always: []string{consolidation, aspiration}, hedged: []string{opacity, markings, atelectasis, airways, nodule, cavity, effusion}},
	aspiration:    {always: nil, hedged: []string{opacity, consolidation, pneumonia, atelectasis}},
	atelectasis:   {always: []string{volumeLoss, crowding}, hedged: []string{opacity, consolidation, markings, lowVolumes, elevated, scarring, blunting}},
	scarring:      {always: []string{fibrosis, pleuralOther}, hedged: []string{opacity, markings, atelectasis, thickening, blunting, nodule, volumeLoss, granuloma}},
	volumeLoss:    {always: []string{atelectasis, lowVolumes}, hedged: []string{elevated, shift}},
	crowding:      {always: []string{lowVolumes}, hedged: []string{markings, congestion}},
	lowVolumes:    {always: []string{crowding}, hedged: []string{elevated, atelectasis}},

	markings:     {always: []string{fibrosis, edema, airways}, hedged: []string{opacity, congestion, crowding}},
	fibrosis:     {always: []string{markings}, hedged: []string{opacity, scarring}},
	airways:      {always: nil, hedged: []string{markings, opacity, hyperinflated, bronchiectas}},
	bronchiectas: {always: nil, hedged: []string{markings, airways, lucency}},
	tuberculosis: {always: nil, hedged: []string{opacity, cavity, granuloma, scarring, nodule, thickening, volumeLoss, bulla}},
	cavity:       {always: nil, hedged: []string{lucency, opacity, lesion, mass}},

	emphysema:     {always: []string{hyperinflated, bulla, flattened}, hedged: []string{lucency, markings}},
	hyperinflated: {always: []string{emphysema, flattened}, hedged: nil},
	bulla:         {always: nil, hedged: []string{lucency, emphysema}},

	edema:        {always: []string{heartFailure}, hedged: []string{congestion, markings, opacity, effusion, crowding}},
	congestion:   {always: []string{heartFailure, edema, pulmArtery}, hedged: []string{markings, crowding, cardiomegaly, hilar}},
	heartFailure: {always: []string{edema, congestion}, hedged: []string{cardiomegaly, effusion, markings}},
	pulmHyper:    {always: []string{pulmArtery}, hedged: []string{hilar, congestion}},
	pulmArtery:   {always: []string{pulmHyper}, hedged: []string{hilar, congestion}},
	cardiomegaly: {always: []string{mediastinum}, hedged: []string{pericardial, heartFailure}},
	mediastinum:  {always: []string{cardiomegaly, adenopathy, aneurysm, hilar}, hedged: []string{tortuous, mass}},
	pericardial:  {always: nil, hedged: []string{cardiomegaly, mediastinum}},
	tortuous:     {always: []string{aneurysm}, hedged: []string{mediastinum}},
	aneurysm:     {always: nil, hedged: []string{tortuous, mediastinum}},
	athero:       {always: []string{calcification}, hedged: nil},
	adenopathy:   {always: nil, hedged: []string{hilar, mediastinum, calcification, mass, nodule}},
	hilar:        {always: []string{adenopathy, pulmArtery}, hedged: []string{congestion, mass}},

	nodule:        {always: []string{granuloma, mass, lesion}, hedged: []string{opacity, calcification, nipple}},
	mass:          {always: []string{lesion}, hedged: []string{nodule, opacity, consolidation, hilar, mediastinum}},
	lesion:        {always: []string{nodule, mass, cavity, malignancy}, hedged: []string{opacity, granuloma, lucency}},
	malignancy:    {always: nil, hedged: []string{nodule, mass, lesion, opacity, boneLesion}},
	granuloma:     {always: []string{calcification}, hedged: []string{nodule, opacity}},
	calcification: {always: []string{granuloma, athero, pleuralOther}, hedged: []string{nodule}},
	nipple:        {always: nil, hedged: []string{nodule, opacity}},
	fatPad:        {always: nil, hedged: []string{opacity, mediastinum, cardiomegaly, mass}},
	embolism:      {always: nil, hedged: []string{pulmArtery, pulmHyper, opacity}},

	effusion:     {always: []string{hydropneumo}, hedged: []string{blunting, thickening, opacity}},
	pneumothorax: {always: []string{hydropneumo}, hedged: []string{lucency}},
	hydropneumo:  {always: nil, hedged: []string{pneumothorax, effusion}},
	thickening:   {always: []string{pleuralOther}, hedged: []string{blunting, effusion, scarring}},
	pleuralOther: {always: []string{thickening, scarring}, hedged: []string{blunting, calcification, opacity}},
	blunting:     {always: []string{effusion}, hedged: []string{thickening, scarring}},
	elevated:     {always: []string{eventration}, hedged: []string{volumeLoss}},
	eventration:  {always: nil, hedged: []string{elevated}},
	flattened:    {always: []string{hyperinflated}, hedged: nil},
	hernia:       {always: nil, hedged: []string{opacity, mass, lucency}},

	fracture:     {always: []string{oldFracture, vertebral}, hedged: []string{deformity, boneOther}},
	oldFracture:  {always: []string{fracture, deformity, vertebral}, hedged: nil},
	vertebral:    {always: []string{fracture, oldFracture, deformity}, hedged: []string{degenerative, kyphosis}},
	deformity:    {always: []string{vertebral, oldFracture, fracture}, hedged: nil},
	boneLesion:   {always: []string{malignancy}, hedged: []string{boneOther, deformity, lesion}},
	boneOther:    {always: []string{fracture, oldFracture, boneLesion, deformity, degenerative, vertebral, dislocation}, hedged: nil},
	scoliosis:    {always: nil, hedged: nil},
	degenerative: {always: nil, hedged: []string{boneOther, vertebral}},

	diverticulosis: {always: []string{diverticulitis}},
	atrophy:        {always: []string{volumeLoss}, hedged: []string{hydrocephalus}},
	hydrocephalus:  {hedged: []string{atrophy}},
	hemorrhage:     {always: []string{subdural}},
	subdural:       {hedged: []string{hemorrhage}},
	infarct:        {hedged: []string{whiteMatter}},
	midlineShift:   {always: []string{shift}},
	swelling:       {always: []string{scalp}},
	scalp:          {always: []string{swelling}},
	liverLesion:    {hedged: []string{lesion, mass}},
	obstruction:    {},
	looseBody:      {hedged: []string{calcification}},

	devices:     {always: []string{pacemaker, centralLine, airwayTube, entericTube, chestTube, tracheost, valve, stent, orthopedic, clips}},
	centralLine: {always: nil, hedged: []string{devices}},
	orthopedic:  {always: []string{postsurgery}, hedged: []string{foreignBody}},
	postsurgery: {always: []string{clips, orthopedic, valve, stent}, hedged: []string{deformity}},
	clips:       {always: []string{postsurgery}, hedged: []string{foreignBody}},
	valve:       {always: []string{postsurgery}},
	foreignBody: {always: nil, hedged: []string{opacity, clips, orthopedic}},
}

// parents say which denials deny a finding too: clear lungs hold no
// consolidation.
var parents = map[string][]string{
	consolidation: {opacity},
	pneumonia:     {opacity, consolidation},
	oldFracture:   nil,
	hydropneumo:   {pneumothorax},
}

// acute findings make the statement that nothing acute is seen untrue.
var acute = map[string]bool{pneumothorax: true, hydropneumo: true, pneumonia: true, consolidation: true, edema: true, effusion: true,
	heartFailure: true, freeAir: true, pneumomed: true, embolism: true, appendicitis: true, diverticulitis: true, cholecystitis: true,
	pancreatitis: true, obstruction: true, hemorrhage: true, subdural: true, midlineShift: true, hydrocephalus: true}

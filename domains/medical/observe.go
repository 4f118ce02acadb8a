package medical

import (
	"slices"
	"strings"

	"adapt/ingest"
)

// Observations returns the 14 observations of the CheXpert labeler (Irvin et
// al., AAAI 2019), in its order.
func Observations() []string {
	return []string{noFinding, mediastinum, cardiomegaly, opacity, lesion, edema, consolidation, pneumonia,
		atelectasis, pneumothorax, effusion, pleuralOther, fracture, devices}
}

// A share says to which observations a finer finding belongs.
type share struct {
	observations []string
	// wording, when set, is what the finding's words must hold: of the airways'
	// findings only thickened walls are an opacity.
	wording []string
	// here is set where a finding elsewhere in the body does not count.
	here bool
}

// observed sorts the findings into the observations, by the CheXpert
// labeler's lists of phrases. A finding that is not here is of none.
var observed = map[string]share{
	noFinding:     {observations: []string{noFinding}},
	mediastinum:   {observations: []string{mediastinum}},
	cardiomegaly:  {observations: []string{cardiomegaly}},
	opacity:       {observations: []string{opacity}},
	markings:      {observations: []string{opacity}},
	scarring:      {observations: []string{opacity}, here: true},
	airways:       {observations: []string{opacity}, wording: []string{"thick", "cuff"}},
	lesion:        {observations: []string{lesion}, here: true},
	nodule:        {observations: []string{lesion}, here: true},
	mass:          {observations: []string{lesion}, here: true},
	cavity:        {observations: []string{lesion}},
	malignancy:    {observations: []string{lesion}, wording: []string{"carcinoma"}},
	edema:         {observations: []string{edema}, here: true},
	congestion:    {observations: []string{edema}},
	heartFailure:  {observations: []string{edema}},
	consolidation: {observations: []string{consolidation}},
	pneumonia:     {observations: []string{pneumonia}},
	atelectasis:   {observations: []string{atelectasis}},
	pneumothorax:  {observations: []string{pneumothorax}},
	hydropneumo:   {observations: []string{pneumothorax, effusion}},
	effusion:      {observations: []string{effusion}},
	pleuralOther:  {observations: []string{pleuralOther}},
	thickening:    {observations: []string{pleuralOther}},
	fracture:      {observations: []string{fracture}},
	oldFracture:   {observations: []string{fracture}, wording: []string{"fract"}},
	vertebral:     {observations: []string{fracture}, wording: []string{"fract"}},
	devices:       {observations: []string{devices}},
	pacemaker:     {observations: []string{devices}},
	centralLine:   {observations: []string{devices}},
	airwayTube:    {observations: []string{devices}},
	entericTube:   {observations: []string{devices}},
	chestTube:     {observations: []string{devices}},
	tracheost:     {observations: []string{devices}},
	valve:         {observations: []string{devices}},
	stent:         {observations: []string{devices}},
	orthopedic:    {observations: []string{devices}},
}

// Observe returns what a text says of the 14 observations, mention by mention,
// in order. "No Finding" stands where the text calls the study normal or free
// of acute disease, whatever else it says.
func Observe(text string) []Finding { return observe(text, Extract(text)) }

func observe(text string, findings []Finding) []Finding {
	var out []Finding
	for _, f := range findings {
		s := observed[f.Name]
		quote := strings.ToLower(text[f.Start:f.End])
		if len(s.wording) > 0 && !slices.ContainsFunc(s.wording, func(w string) bool { return strings.Contains(quote, w) }) || s.here && f.elsewhere {
			continue
		}
		for _, name := range s.observations {
			f.Name = name
			out = append(out, f)
		}
	}
	return out
}

// An Observation is what a whole report says of one of the 14 observations.
type Observation struct {
	Name string `json:"name"`
	// Presence is "" where the report does not speak of it.
	Presence string `json:"presence,omitempty"`
	Side     string `json:"side,omitempty"`
	Severity string `json:"severity,omitempty"` // the greatest that is asserted
}

// ObserveReport returns what a report's findings and impression say of each of
// the 14 observations, in their order. As in the CheXpert labeler, present
// goes before uncertain and uncertain before absent, and "No Finding" is
// present where the report calls the study normal, or denies disease, and
// asserts nothing but devices and traces of surgery.
func ObserveReport(doc *ingest.Document) []Observation { return standard().report(doc) }

func (v *vocabulary) report(doc *ingest.Document) []Observation {
	return v.observe(readReport(doc).spoken())
}

func (v *vocabulary) observe(text string) []Observation {
	findings := v.extract(text)
	at := map[string]int{}
	out := make([]Observation, len(Observations()))
	for i, name := range Observations() {
		at[name], out[i].Name = i, name
	}
	for _, f := range observe(text, findings) {
		out[at[f.Name]].add(f)
	}
	ill := slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return harmless(f.Name) })
	out[at[noFinding]].Presence = ""
	if normalReading(ill) {
		out[at[noFinding]].Presence = Present
	}
	return out
}

// add takes up one mention.
func (o *Observation) add(f Finding) {
	rank := map[string]int{"": 0, Absent: 1, Uncertain: 2, Present: 3}
	if rank[f.Presence] > rank[o.Presence] {
		o.Presence = f.Presence
	}
	if !f.Asserted() {
		return
	}
	switch {
	case o.Side == "" || f.Side == o.Side:
		o.Side = f.Side
	case f.Side != "":
		o.Side = bilateral
	}
	if degrees[f.Severity] > degrees[o.Severity] {
		o.Severity = f.Severity
	}
}

// harmless findings do not make a study abnormal.
func harmless(name string) bool {
	switch name {
	case postsurgery, clips, implant, nipple, fatPad, azygos:
		return true
	}
	return slices.Contains(observed[name].observations, devices)
}

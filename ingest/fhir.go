package ingest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// readFHIR reads DiagnosticReports and Bundles of them, DSTU2 to R5, as JSON
// values. Only report text enters: attached texts, observations, conclusions,
// and the narrative where there is nothing else. Of the patient, the
// identifier and the names are kept apart from the text.
//
// Source: https://hl7.org/fhir/R4/diagnosticreport.html
func readFHIR(ctx context.Context, values []json.RawMessage, lim Limits) ([]part, []BadPart, error) {
	malformed := quarantine(ReasonMalformed, "the file is no FHIR resource in JSON; export it again")
	set := fhirSet{named: make(map[string]*fhirResource), lim: lim.withDefaults()}
	bundle := len(values) > 1
	for _, v := range values {
		var r fhirResource
		if json.Unmarshal(v, &r) != nil || r.Type == "" {
			return nil, nil, malformed
		}
		bundle = bundle || r.Type == "Bundle"
		if err := set.add("", &r, 0); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case len(set.reports) == 0 && bundle:
		return nil, nil, quarantine(ReasonNoText, "the bundle holds no DiagnosticReport; leave it out")
	case len(set.reports) == 0:
		return nil, nil, quarantine(ReasonUnsupported, "the resource is no DiagnosticReport or Bundle; leave it out")
	}
	return set.read(ctx)
}

// A fhirSet is the resources of a file with the names by which they refer to
// each other.
type fhirSet struct {
	lim     Limits
	reports []*fhirResource
	named   map[string]*fhirResource
	count   int
}

// add takes in a resource, and those of a bundle.
func (s *fhirSet) add(url string, r *fhirResource, depth int) error {
	if depth > s.lim.MaxDepth {
		return errTooDeep
	}
	if s.count++; s.count > 100*s.lim.MaxEntries {
		return errEntries
	}
	switch r.Type {
	case "Bundle":
		for _, e := range r.Entry {
			if e.Resource == nil {
				continue
			}
			if err := s.add(e.FullURL, e.Resource, depth+1); err != nil {
				return err
			}
		}
		return nil
	case "DiagnosticReport":
		s.reports = append(s.reports, r)
	}
	if url != "" {
		s.named[url] = r
	}
	if r.ID != "" {
		s.named[r.Type+"/"+r.ID] = r
	}
	return nil
}

// find returns what a reference of the resource r leads to: a contained
// resource ("#x"), or one of the file by its URL, with or without a version.
func (s *fhirSet) find(r *fhirResource, ref *fhirReference, kind string) *fhirResource {
	if ref == nil || ref.Reference == "" {
		return nil
	}
	if id, ok := strings.CutPrefix(ref.Reference, "#"); ok {
		for i := range r.Contained {
			if c := &r.Contained[i]; c.Type == kind && strings.TrimPrefix(c.ID, "#") == id {
				return c
			}
		}
		return nil
	}
	name, _, _ := strings.Cut(ref.Reference, "/_history/")
	found := s.named[name]
	if found == nil {
		// An absolute URL, or a relative one where the other is absolute.
		if elements := strings.Split(name, "/"); len(elements) > 2 {
			found = s.named[strings.Join(elements[len(elements)-2:], "/")]
		}
	}
	if found == nil || found.Type != kind {
		return nil
	}
	return found
}

func (s *fhirSet) read(ctx context.Context) ([]part, []BadPart, error) {
	var parts []part
	var bad []BadPart
	for i, r := range s.reports {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		p, q := s.report(ctx, i, r)
		if q != nil {
			bad = append(bad, BadPart{Index: i, Quarantine: *q})
			continue
		}
		if len(s.reports) > 1 {
			p.Key = r.ID
		}
		parts = append(parts, p)
	}
	return parts, bad, nil
}

func (s *fhirSet) report(ctx context.Context, index int, r *fhirResource) (part, *Quarantine) {
	var b textBuilder
	form, q := s.form(ctx, r.PresentedForm)
	if q != nil {
		return part{}, q
	}
	b.add("", form)
	budget := maxObservations
	for i := range r.Result {
		if o := s.find(r, &r.Result[i], "Observation"); o != nil {
			s.observation(&b, r, o, &budget)
		}
	}
	if b.text.Len() == 0 && r.Text != nil {
		b.add("", htmlText(r.Text.Div))
	}
	b.conclusion(lineEnds.Replace(r.Conclusion))
	p := b.part(index, "")
	if p.Text == "" {
		return part{}, &Quarantine{ReasonNoText, "the report has no conclusion, attached text, observation or narrative; leave it out"}
	}
	if hasControls(p.Text) {
		return part{}, &Quarantine{ReasonEncoding, "the report holds control characters that no text has; export it again"}
	}
	if slices.Contains(fhirStatuses, r.Status) {
		p.Meta = map[string]string{"status": r.Status}
	}
	s.patient(&p, r)
	return p, nil
}

// fhirStatuses are the codes that a report's status may have.
var fhirStatuses = []string{"registered", "partial", "preliminary", "modified", "final", "amended", "corrected", "appended", "cancelled", "entered-in-error", "unknown"}

// maxObservations bounds how many observations a report may have, those
// inside others among them, so that observations that name each other end.
const maxObservations = 10_000

// observation adds an Observation under the name of its code, and those that
// it consists of.
func (s *fhirSet) observation(b *textBuilder, r, o *fhirResource, budget *int) {
	if *budget--; *budget < 0 {
		return
	}
	b.observation(o.Code.name(), o.value())
	for _, c := range o.Component {
		b.observation(c.Code.name(), c.value())
	}
	for _, n := range o.Note {
		b.add("", lineEnds.Replace(n.Text))
	}
	b.add("", lineEnds.Replace(o.Comments)) // DSTU2
	members := slices.Clone(o.HasMember)
	for _, rel := range o.Related { // DSTU2 and STU3
		if rel.Type == "has-member" {
			members = append(members, rel.Target)
		}
	}
	for i := range members {
		if m := s.find(r, &members[i], "Observation"); m != nil && m != o {
			s.observation(b, r, m, budget)
		}
	}
}

// observation adds a value under its name: as a section where the name speaks
// of one.
func (b *textBuilder) observation(name, value string) {
	section := sectionName(name)
	if section == "" && name != "" && strings.TrimSpace(value) != "" {
		value = name + ": " + value
	}
	b.add(section, value)
}

// conclusion makes the conclusion the section "impression": where the text
// already says it, else as a part of its own.
func (b *textBuilder) conclusion(text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	for _, s := range b.sections {
		if s.Name == "impression" && b.text.String()[s.Start:s.End] == text {
			return
		}
	}
	if at := strings.LastIndex(b.text.String(), text); at >= 0 {
		b.sections = append(b.sections, Section{Name: "impression", Start: at, End: at + len(text)})
		return
	}
	b.add("impression", text)
}

// patient keeps the identifier and the names that the report's subject
// declares.
func (s *fhirSet) patient(p *part, r *fhirResource) {
	if r.Subject == nil {
		return
	}
	p.Known = append(p.Known, r.Subject.Display)
	if r.Subject.Identifier != nil {
		p.Subject = r.Subject.Identifier.Value
	}
	patient := s.find(r, r.Subject, "Patient")
	if patient == nil {
		if p.Subject == "" && !strings.HasPrefix(r.Subject.Reference, "#") {
			p.Subject = r.Subject.Reference
		}
		return
	}
	for _, id := range patient.Identifier {
		if p.Subject == "" {
			p.Subject = id.Value
		}
		p.Known = append(p.Known, id.Value)
	}
	if p.Subject == "" {
		p.Subject = patient.ID
	}
	for _, n := range patient.names() {
		p.Known = append(p.Known, n.Text, strings.Join(append(slices.Clone(n.Given), n.family()), " "))
		p.Known = append(append(p.Known, n.Given...), n.family())
	}
	for _, t := range patient.Telecom {
		p.Known = append(p.Known, t.Value)
	}
	for _, a := range patient.Address {
		p.Known = append(append(p.Known, a.Line...), a.Text)
	}
}

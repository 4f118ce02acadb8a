package ingest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// readFHIR reads a DiagnosticReport or a Bundle of them, R4 or DSTU2, as JSON.
// Only report text enters: conclusions, attached texts, texts of observations,
// and the narrative where there is nothing else.
//
// Source: https://hl7.org/fhir/R4/diagnosticreport.html
func readFHIR(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	text, err := decodeText(data)
	if err != nil {
		return nil, nil, err
	}
	malformed := quarantine(ReasonMalformed, "the file is no FHIR resource in JSON; export it again")
	var root fhirResource
	if json.Unmarshal([]byte(text), &root) != nil {
		return nil, nil, malformed
	}
	switch root.Type {
	case "":
		return nil, nil, malformed
	case "DiagnosticReport":
		return fhirReports(ctx, []fhirResource{root}, nil, lim)
	case "Bundle":
		resources, named := root.entries()
		return fhirReports(ctx, resources, named, lim)
	}
	return nil, nil, quarantine(ReasonUnsupported, "the resource is no DiagnosticReport or Bundle; leave it out")
}

// fhirResource holds what the reader needs of a resource of any type.
type fhirResource struct {
	Type string `json:"resourceType"`
	ID   string `json:"id"`
	Text *struct {
		Div string `json:"div"`
	} `json:"text"`
	Contained []fhirResource `json:"contained"`

	// Bundle
	Entry []struct {
		FullURL  string        `json:"fullUrl"`
		Resource *fhirResource `json:"resource"`
	} `json:"entry"`

	// DiagnosticReport
	Conclusion    string           `json:"conclusion"`
	PresentedForm []fhirAttachment `json:"presentedForm"`
	Result        []fhirReference  `json:"result"`

	// Observation
	Code        *fhirCode `json:"code"`
	ValueString string    `json:"valueString"`
}

type fhirAttachment struct {
	ContentType string `json:"contentType"`
	Data        string `json:"data"` // base64
}

type fhirReference struct {
	Reference string `json:"reference"`
}

type fhirCode struct {
	Text   string `json:"text"`
	Coding []struct {
		Display string `json:"display"`
	} `json:"coding"`
}

func (c *fhirCode) name() string {
	if c == nil {
		return ""
	}
	if c.Text == "" && len(c.Coding) > 0 {
		return c.Coding[0].Display
	}
	return c.Text
}

// entries returns a bundle's resources and the names by which they refer to
// each other.
func (r fhirResource) entries() ([]fhirResource, map[string]*fhirResource) {
	var all []fhirResource
	named := make(map[string]*fhirResource)
	for _, e := range r.Entry {
		if e.Resource == nil {
			continue
		}
		all = append(all, *e.Resource)
		named[e.FullURL] = e.Resource
		named[e.Resource.Type+"/"+e.Resource.ID] = e.Resource
	}
	return all, named
}

func fhirReports(ctx context.Context, resources []fhirResource, named map[string]*fhirResource, lim Limits) ([]part, []BadPart, error) {
	reports := slices.DeleteFunc(slices.Clone(resources), func(r fhirResource) bool { return r.Type != "DiagnosticReport" })
	if len(reports) == 0 {
		return nil, nil, quarantine(ReasonNoText, "the bundle holds no DiagnosticReport; leave it out")
	}
	var parts []part
	var bad []BadPart
	for i, r := range reports {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		p, q := fhirReport(ctx, i, r, named, lim)
		if q != nil {
			bad = append(bad, BadPart{i, *q})
			continue
		}
		if len(reports) > 1 {
			p.Key = r.ID
		}
		parts = append(parts, p)
	}
	return parts, bad, nil
}

func fhirReport(ctx context.Context, index int, r fhirResource, named map[string]*fhirResource, lim Limits) (part, *Quarantine) {
	var b textBuilder
	for _, a := range r.PresentedForm {
		text, q := a.text(ctx, lim)
		if q != nil {
			return part{}, q
		}
		b.add("", text)
	}
	for _, ref := range r.Result {
		if o := r.resolve(ref.Reference, named); o != nil {
			b.observation(o)
		}
	}
	if b.text.Len() == 0 && r.Text != nil {
		b.add("", stripTags(r.Text.Div))
	}
	b.conclusion(lineEnds.Replace(r.Conclusion))
	p := b.part(index, "")
	if p.Text == "" {
		return part{}, &Quarantine{ReasonNoText, "the report has no conclusion, attached text, text observation or narrative; leave it out"}
	}
	if hasControls(p.Text) {
		return part{}, &Quarantine{ReasonEncoding, "the report holds control characters that no text has; export it again"}
	}
	return p, nil
}

// observation adds the text of an Observation under the name of its code.
func (b *textBuilder) observation(o *fhirResource) {
	value := lineEnds.Replace(o.ValueString)
	name := o.Code.name()
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
		if s.Name == "impression" {
			if b.text.String()[s.Start:s.End] == text {
				return
			}
		}
	}
	if at := strings.LastIndex(b.text.String(), text); at >= 0 {
		b.sections = append(b.sections, Section{Name: "impression", Start: at, End: at + len(text)})
		return
	}
	b.add("impression", text)
}

// resolve finds a contained resource ("#x") or one of the bundle.
func (r fhirResource) resolve(reference string, named map[string]*fhirResource) *fhirResource {
	if id, ok := strings.CutPrefix(reference, "#"); ok {
		for i := range r.Contained {
			if r.Contained[i].ID == id {
				return &r.Contained[i]
			}
		}
		return nil
	}
	o := named[reference]
	if o == nil || o.Type != "Observation" {
		return nil
	}
	return o
}

// text returns the text of an attachment; attachments that are links or
// pictures have none.
func (a fhirAttachment) text(ctx context.Context, lim Limits) (string, *Quarantine) {
	kind, _, _ := strings.Cut(a.ContentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if a.Data == "" || kind != "" && !strings.HasPrefix(kind, "text/") && kind != "application/pdf" {
		return "", nil
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(a.Data), ""))
	if err != nil {
		return "", &Quarantine{ReasonMalformed, "the attached text is not valid base64; export the report again"}
	}
	if kind == "application/pdf" {
		return pdfAttachment(ctx, data, lim)
	}
	text, err := decodeText(data)
	if err != nil {
		return "", err.(*Quarantine)
	}
	if kind == "text/html" || kind == "text/xhtml" {
		text = stripTags(text)
	}
	return text, nil
}

func pdfAttachment(ctx context.Context, data []byte, lim Limits) (string, *Quarantine) {
	parts, _, err := readPDF(ctx, data, lim)
	if err != nil || len(parts) == 0 {
		return "", &Quarantine{ReasonMalformed, "the attached PDF can not be read; attach its text"}
	}
	return parts[0].Text, nil
}

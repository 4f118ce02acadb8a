package ingest

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
)

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
	Status        string           `json:"status"`
	Subject       *fhirReference   `json:"subject"`
	Conclusion    string           `json:"conclusion"`
	PresentedForm []fhirAttachment `json:"presentedForm"`
	Result        []fhirReference  `json:"result"`

	// Observation
	fhirValue
	Component []fhirValue     `json:"component"`
	HasMember []fhirReference `json:"hasMember"`
	Related   []struct {
		Type   string        `json:"type"`
		Target fhirReference `json:"target"`
	} `json:"related"`
	Note     fhirNotes `json:"note"`
	Comments string    `json:"comments"`

	// Patient
	Identifier fhirIdentifiers `json:"identifier"`
	Name       json.RawMessage `json:"name"` // of other types a string
	Telecom    []struct {
		Value string `json:"value"`
	} `json:"telecom"`
	Address fhirAddresses `json:"address"`
}

// fhirValue is what an observation, or a component of one, states.
type fhirValue struct {
	Code     *fhirCode `json:"code"`
	String   string    `json:"valueString"`
	Concept  *fhirCode `json:"valueCodeableConcept"`
	Quantity *struct {
		Value      json.Number `json:"value"`
		Comparator string      `json:"comparator"`
		Unit       string      `json:"unit"`
		Code       string      `json:"code"`
	} `json:"valueQuantity"`
	Integer *int64 `json:"valueInteger"`
	Boolean *bool  `json:"valueBoolean"`
}

// value returns the value as text, "" where there is none.
func (v *fhirValue) value() string {
	switch {
	case v.String != "":
		return lineEnds.Replace(v.String)
	case v.Concept != nil:
		return v.Concept.name()
	case v.Quantity != nil && v.Quantity.Value != "":
		unit := cmp.Or(v.Quantity.Unit, v.Quantity.Code)
		return strings.TrimSpace(v.Quantity.Comparator + v.Quantity.Value.String() + " " + unit)
	case v.Integer != nil:
		return strconv.FormatInt(*v.Integer, 10)
	case v.Boolean != nil && *v.Boolean:
		return "yes"
	case v.Boolean != nil:
		return "no"
	}
	return ""
}

// fhirCode is a CodeableConcept; a resource of another type may have a plain
// code there, which is no concern of the reader.
type fhirCode struct {
	Text   string `json:"text"`
	Coding []struct {
		Display string `json:"display"`
	} `json:"coding"`
}

// UnmarshalJSON takes an object, and anything else as nothing.
func (c *fhirCode) UnmarshalJSON(data []byte) error {
	type plain fhirCode
	return unlessOther(data, '{', (*plain)(c))
}

func (c *fhirCode) name() string {
	if c == nil {
		return ""
	}
	if c.Text == "" {
		for _, coding := range c.Coding {
			if coding.Display != "" {
				return lineEnds.Replace(coding.Display)
			}
		}
	}
	return lineEnds.Replace(c.Text)
}

type fhirReference struct {
	Reference  string          `json:"reference"`
	Display    string          `json:"display"`
	Identifier *fhirIdentifier `json:"identifier"`
}

type fhirIdentifier struct {
	Value string `json:"value"`
}

// The following fields are lists in the resources that are read, and something
// else in others.
type (
	fhirIdentifiers []fhirIdentifier
	fhirNotes       []struct {
		Text string `json:"text"`
	}
	fhirAddresses []struct {
		Text string   `json:"text"`
		Line []string `json:"line"`
	}
)

// UnmarshalJSON takes a list, and anything else as nothing.
func (f *fhirIdentifiers) UnmarshalJSON(data []byte) error {
	type plain fhirIdentifiers
	return unlessOther(data, '[', (*plain)(f))
}

// UnmarshalJSON takes a list, and anything else as nothing.
func (f *fhirNotes) UnmarshalJSON(data []byte) error {
	type plain fhirNotes
	return unlessOther(data, '[', (*plain)(f))
}

// UnmarshalJSON takes a list, and anything else as nothing.
func (f *fhirAddresses) UnmarshalJSON(data []byte) error {
	type plain fhirAddresses
	return unlessOther(data, '[', (*plain)(f))
}

// unlessOther reads a value that begins with the byte first.
func unlessOther(data []byte, first byte, into any) error {
	if len(data) == 0 || data[0] != first {
		return nil
	}
	return json.Unmarshal(data, into)
}

// fhirName is a HumanName; its family is a list in DSTU2.
type fhirName struct {
	Text   string          `json:"text"`
	Given  []string        `json:"given"`
	Family json.RawMessage `json:"family"`
}

func (n fhirName) family() string {
	var one string
	var several []string
	if json.Unmarshal(n.Family, &one) == nil {
		return one
	}
	json.Unmarshal(n.Family, &several) // anything else is no name
	return strings.Join(several, " ")
}

// names returns a patient's names; a name that is no HumanName is none.
func (r *fhirResource) names() []fhirName {
	var names []fhirName
	if json.Unmarshal(r.Name, &names) != nil {
		return nil
	}
	return names
}

type fhirAttachment struct {
	ContentType string `json:"contentType"`
	Data        string `json:"data"` // base64
}

// fhirForms are the formats of a presented form that can be read, the better
// ones first, with the name under which they are.
var fhirForms = []struct{ kind, name string }{
	{"text/plain", "form.txt"}, {"text/markdown", "form.md"}, {"text/html", "form.html"}, {"application/xhtml+xml", "form.html"}, {"text/xhtml", "form.html"},
	{"text/rtf", "form.rtf"}, {"application/rtf", "form.rtf"},
	{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "form.docx"},
	{"", "form"}, {"application/pdf", "form.pdf"},
}

// form returns the text of a report's presented form. The forms of a report
// say the same in several formats, so that the best one that can be read
// stands for all. Forms that are links or pictures have no text.
func (s *fhirSet) form(ctx context.Context, forms []fhirAttachment) (string, *Quarantine) {
	var failed *Quarantine
	for _, format := range fhirForms {
		for _, a := range forms {
			kind, _, _ := strings.Cut(a.ContentType, ";")
			if a.Data == "" || strings.ToLower(strings.TrimSpace(kind)) != format.kind {
				continue
			}
			text, q := s.attached(ctx, format.name, a.Data)
			if q == nil {
				return text, nil
			}
			failed = cmp.Or(failed, q)
		}
	}
	return "", failed
}

// attached reads a file that stands in the resource as base64.
func (s *fhirSet) attached(ctx context.Context, name, encoded string) (string, *Quarantine) {
	data, err := decodeBase64(encoded)
	if err != nil {
		return "", &Quarantine{ReasonMalformed, "the attached text is not valid base64; export the report again"}
	}
	return attachedText(ctx, name, data, s.lim)
}

// attachedText returns the text of a file that is a part of a report.
func attachedText(ctx context.Context, name string, data []byte, lim Limits) (string, *Quarantine) {
	c, err := newCollector(lim)
	if err == nil {
		err = c.lim.expand(len(data))
	}
	if err == nil {
		err = c.read(ctx, name, data)
	}
	if q, ok := err.(*Quarantine); ok {
		return "", q
	}
	if err != nil {
		return "", quarantine(ReasonTimeout, "reading took too long")
	}
	if len(c.bad) > 0 {
		q := c.bad[0].Quarantine
		q.Detail = "a file attached to the report can not be read: " + q.Detail
		return "", &q
	}
	var texts []string
	for _, p := range c.parts {
		texts = append(texts, strings.TrimSpace(p.Text))
	}
	return strings.Join(texts, "\n\n"), nil
}

// decodeBase64 decodes standard or URL base64, with or without padding and
// white space.
func decodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(strings.Join(strings.Fields(s), ""), "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.DecodeString(s)
	}
	return base64.RawStdEncoding.DecodeString(s)
}

package samples

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"strings"
	"time"
)

// The parts of a FHIR R4 DiagnosticReport that the samples use.
type (
	fhirDiagnosticReport struct {
		ResourceType      string           `json:"resourceType"`
		ID                string           `json:"id"`
		Text              *fhirNarrative   `json:"text,omitempty"`
		Identifier        []fhirIdentifier `json:"identifier,omitempty"`
		Status            string           `json:"status"`
		Category          []fhirConcept    `json:"category"`
		Code              fhirConcept      `json:"code"`
		Subject           fhirReference    `json:"subject"`
		EffectiveDateTime string           `json:"effectiveDateTime"`
		Issued            string           `json:"issued"`
		Performer         []fhirReference  `json:"performer"`
		Conclusion        string           `json:"conclusion,omitempty"`
		PresentedForm     []fhirAttachment `json:"presentedForm,omitempty"`
	}
	fhirNarrative struct {
		Status string `json:"status"`
		Div    string `json:"div"`
	}
	fhirIdentifier struct {
		System string `json:"system"`
		Value  string `json:"value"`
	}
	fhirConcept struct {
		Coding []fhirCoding `json:"coding"`
		Text   string       `json:"text,omitempty"`
	}
	fhirCoding struct {
		System  string `json:"system"`
		Code    string `json:"code"`
		Display string `json:"display"`
	}
	fhirReference struct {
		Reference string `json:"reference,omitempty"`
		Display   string `json:"display"`
	}
	fhirAttachment struct {
		ContentType string `json:"contentType"`
		Language    string `json:"language"`
		Data        string `json:"data"` // base64
		Title       string `json:"title"`
	}
)

// fhirReport lays a report out as a DiagnosticReport: the findings are in an
// attached text, in the narrative, or in both; the impression is the
// conclusion too.
func fhirReport(r *report, rng *rand.Rand) ([]byte, error) {
	code, name, _ := strings.Cut(r.study.code, " ")
	res := fhirDiagnosticReport{
		ResourceType: "DiagnosticReport",
		ID:           fmt.Sprintf("report-%06d", 100000+rng.IntN(900000)),
		Identifier:   []fhirIdentifier{{"urn:oid:1.2.36.1.2001.1005.17", "ACC" + r.patient.mrn}},
		Status:       "final",
		Category:     []fhirConcept{{Coding: []fhirCoding{{"http://terminology.hl7.org/CodeSystem/v2-0074", "RAD", "Radiology"}}}},
		Code:         fhirConcept{Coding: []fhirCoding{{"http://loinc.org", code, name}}, Text: r.title},
		Subject:      fhirReference{Reference: "Patient/" + r.patient.mrn, Display: r.patient.given + " " + r.patient.family},
		Performer:    []fhirReference{{Display: "Dr. " + r.patient.reader}},
		Conclusion:   strings.Join(r.impression, " "),
	}
	res.EffectiveDateTime = r.examined.Format("2006-01-02T15:04:05Z")
	res.Issued = r.examined.Add(50 * time.Minute).Format("2006-01-02T15:04:05Z")
	style := rng.IntN(3)
	if style != 0 {
		res.Text = &fhirNarrative{Status: "generated", Div: r.narrative()}
	}
	if style != 1 {
		text := reportText(r, rng)
		res.PresentedForm = []fhirAttachment{{"text/plain", "en", base64.StdEncoding.EncodeToString([]byte(text)), r.title}}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(res); err != nil {
		return nil, fmt.Errorf("samples: writing a resource: %w", err)
	}
	return b.Bytes(), nil
}

func (r *report) narrative() string {
	var b strings.Builder
	b.WriteString(`<div xmlns="http://www.w3.org/1999/xhtml"><h2>` + html.EscapeString(r.title) + `</h2>`)
	for _, s := range r.sections(strings.Join(r.impression, " ")) {
		b.WriteString("<h3>" + title(strings.ToUpper(s.name)) + "</h3><p>" + html.EscapeString(s.text) + "</p>")
	}
	b.WriteString(`</div>`)
	return b.String()
}

package ingest

import (
	"slices"
	"strings"
)

// The usual names of columns, the better ones first.
var (
	idColumns      = []string{"uid", "id", "accession", "accession_number", "document_id", "contract_id"}
	patientColumns = []string{"patient_id", "patientid", "subject_id", "mrn"}
	knownColumns   = []string{"patient_name", "patient", "name", "first_name", "last_name", "mrn", "patient_id", "patientid"}
)

// tableText says where the parts of a document stand in a row.
type tableText struct {
	id, patient int // -1: none
	known       []int
	parts       []tablePart
}

type tablePart struct {
	column  int
	section string
}

// tableColumns finds the columns of a table by the names that are wanted, else
// by the usual ones. Names are compared without case and surrounding space.
func tableColumns(header []string, want Columns) (tableText, error) {
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = strings.ToLower(strings.TrimSpace(h))
	}
	find := func(wanted ...string) int {
		for _, w := range wanted {
			if i := slices.Index(names, strings.ToLower(strings.TrimSpace(w))); i >= 0 {
				return i
			}
		}
		return -1
	}
	one := func(wanted string, usual []string) int {
		if wanted != "" {
			return find(wanted)
		}
		return find(usual...)
	}
	t := tableText{id: one(want.ID, idColumns), patient: one(want.Patient, patientColumns)}
	all := want.Known
	if len(all) == 0 {
		all = knownColumns
	}
	for _, w := range all {
		if i := find(w); i >= 0 {
			t.known = append(t.known, i)
		}
	}
	for i, name := range names {
		if section := sectionOfColumn(name, want.Text); section != "" {
			t.parts = append(t.parts, tablePart{i, section})
		}
	}
	missing := func(wanted string) bool { return wanted != "" && find(wanted) < 0 }
	if missing(want.ID) || missing(want.Patient) || slices.ContainsFunc(want.Text, missing) || slices.ContainsFunc(want.Known, missing) {
		return tableText{}, quarantine(ReasonMalformed, "the table lacks a column that ingest.columns names; correct its header or the configuration")
	}
	if len(t.parts) == 0 {
		return tableText{}, quarantine(ReasonMalformed, "the table has none of the columns findings, impression, indication, comparison, technique, text; name its columns so or in ingest.columns")
	}
	return t, nil
}

// sectionOfColumn returns the section that a column holds, or "".
func sectionOfColumn(name string, wanted []string) string {
	switch {
	case len(wanted) == 1 && strings.EqualFold(strings.TrimSpace(wanted[0]), name):
		return "text"
	case len(wanted) > 0:
		if slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(strings.TrimSpace(w), name) }) {
			return name
		}
		return ""
	}
	switch name {
	case "findings", "impression", "indication", "comparison", "technique", "text":
		return name
	case "report", "report_text":
		return "text"
	}
	return ""
}

// part makes the document of a row that has as many cells as the header.
func (t tableText) part(index int, row []string) part {
	var b textBuilder
	for _, p := range t.parts {
		b.add(p.section, row[p.column])
	}
	cell := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.TrimSpace(row[i])
	}
	p := b.part(index, cell(t.id))
	p.Subject = cell(t.patient)
	for _, i := range t.known {
		p.Known = append(p.Known, cell(i))
	}
	return p
}

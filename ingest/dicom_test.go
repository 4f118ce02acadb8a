package ingest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"slices"
	"testing"
)

// A dicomElement is an element of a test object: a value or items.
type dicomElement struct {
	tag   dicomTag
	kind  string
	value string
	items [][]dicomElement
}

// dicomWriter writes elements in one of the forms of a data set.
type dicomWriter struct {
	order     binary.AppendByteOrder
	explicit  bool
	undefined bool // lengths of sequences and items
}

func (w dicomWriter) elements(list []dicomElement) []byte {
	var out []byte
	for _, e := range list {
		out = w.order.AppendUint16(out, uint16(e.tag>>16))
		out = w.order.AppendUint16(out, uint16(e.tag))
		value := []byte(e.value)
		if len(value)%2 == 1 {
			value = append(value, ' ')
		}
		length := uint32(len(value))
		if e.kind == "SQ" {
			value, length = w.sequence(e.items)
		}
		switch {
		case !w.explicit:
			out = w.order.AppendUint32(out, length)
		case e.kind == "SQ" || e.kind == "UT" || e.kind == "OB" || e.kind == "OW":
			out = append(append(out, e.kind...), 0, 0)
			out = w.order.AppendUint32(out, length)
		default:
			out = append(out, e.kind...)
			out = w.order.AppendUint16(out, uint16(length))
		}
		out = append(out, value...)
	}
	return out
}

func (w dicomWriter) sequence(items [][]dicomElement) (out []byte, length uint32) {
	mark := func(tag dicomTag, length uint32) {
		out = w.order.AppendUint16(out, uint16(tag>>16))
		out = w.order.AppendUint16(out, uint16(tag))
		out = w.order.AppendUint32(out, length)
	}
	for _, item := range items {
		content := w.elements(item)
		if w.undefined {
			mark(tagItem, undefinedLength)
			out = append(out, content...)
			mark(tagItemEnd, 0)
			continue
		}
		mark(tagItem, uint32(len(content)))
		out = append(out, content...)
	}
	if w.undefined {
		mark(tagSequenceEnd, 0)
		return out, undefinedLength
	}
	return out, uint32(len(out))
}

// dicomFile writes an object.
func dicomFile(syntax string, w dicomWriter, body []dicomElement) []byte {
	meta := dicomWriter{order: binary.LittleEndian, explicit: true}
	head := append(make([]byte, 128), "DICM"...)
	head = append(head, meta.elements([]dicomElement{{tag: tagTransferSyntax, kind: "UI", value: syntax}})...)
	content := w.elements(body)
	if syntax == deflatedLittle {
		var z bytes.Buffer
		f, _ := flate.NewWriter(&z, 9)
		f.Write(content)
		f.Close()
		content = z.Bytes()
	}
	return append(head, content...)
}

func dicomCode(tag dicomTag, meaning string) dicomElement {
	return dicomElement{tag: tag, kind: "SQ", items: [][]dicomElement{{{tag: tagCodeValue, kind: "SH", value: "C1"}, {tag: tagCodeMeaning, kind: "LO", value: meaning}}}}
}

func srItem(relation, kind, name string, more ...dicomElement) []dicomElement {
	return append([]dicomElement{
		{tag: tagRelationship, kind: "CS", value: relation}, {tag: tagValueType, kind: "CS", value: kind}, dicomCode(tagConceptName, name),
	}, more...)
}

func srContent(items ...[]dicomElement) dicomElement {
	return dicomElement{tag: tagContent, kind: "SQ", items: items}
}

func srText(s string) dicomElement { return dicomElement{tag: tagText, kind: "UT", value: s} }

const basicTextSR = "1.2.840.10008.5.1.4.1.1.88.11"

func sampleSR(charset, patient, finding string) []dicomElement {
	number := dicomElement{tag: tagMeasured, kind: "SQ", items: [][]dicomElement{{dicomCode(tagUnits, "mm"), {tag: tagNumeric, kind: "DS", value: "12.5"}}}}
	return []dicomElement{
		{tag: tagCharset, kind: "CS", value: charset}, {tag: tagSOPClass, kind: "UI", value: basicTextSR}, {tag: tagModality, kind: "CS", value: "SR"},
		{tag: tagPatientName, kind: "PN", value: patient}, {tag: tagPatientID, kind: "LO", value: "MRN5"},
		{tag: tagValueType, kind: "CS", value: "CONTAINER"}, dicomCode(tagConceptName, "Chest X-ray Report"), {tag: tagCompletion, kind: "CS", value: "COMPLETE"},
		srContent(
			srItem("HAS CONCEPT MOD", "CODE", "Language of Content Item", dicomCode(tagConceptCode, "English")),
			srItem("HAS OBS CONTEXT", "PNAME", "Person Observer Name", dicomElement{tag: tagPersonName, kind: "PN", value: "Smith^Sam"}),
			srItem("CONTAINS", "CONTAINER", "Findings", srContent(
				srItem("CONTAINS", "TEXT", "Finding", srText(finding)),
				srItem("CONTAINS", "NUM", "Diameter", number, srContent(srItem("HAS CONCEPT MOD", "CODE", "Laterality", dicomCode(tagConceptCode, "Left")))),
				srItem("CONTAINS", "IMAGE", "Key image"))),
			srItem("CONTAINS", "TEXT", "Impression", srText("No change.")),
			srItem("CONTAINS", "CODE", "Recommendation", dicomCode(tagConceptCode, "Follow up")),
		),
	}
}

func TestDICOM(t *testing.T) {
	want := "Chest X-ray Report\n\nFindings\nNodule in the left lung.\nDiameter: 12.5 mm\nLaterality: Left\n\nImpression: No change.\nRecommendation: Follow up"
	for name, file := range map[string][]byte{
		"explicit":          dicomFile("1.2.840.10008.1.2.1", dicomWriter{order: binary.LittleEndian, explicit: true}, sampleSR("ISO_IR 192", "Doe^Jane", "Nodule in the left lung.")),
		"undefined lengths": dicomFile("1.2.840.10008.1.2.1", dicomWriter{order: binary.LittleEndian, explicit: true, undefined: true}, sampleSR("", "Doe^Jane", "Nodule in the left lung.")),
		"implicit":          dicomFile(implicitLittle, dicomWriter{order: binary.LittleEndian}, sampleSR("ISO_IR 100", "Doe^Jane", "Nodule in the left lung.")),
		"big-endian":        dicomFile(explicitBig, dicomWriter{order: binary.BigEndian, explicit: true}, sampleSR("ISO_IR 100", "Doe^Jane", "Nodule in the left lung.")),
		"deflated":          dicomFile(deflatedLittle, dicomWriter{order: binary.LittleEndian, explicit: true}, sampleSR("ISO_IR 100", "Doe^Jane", "Nodule in the left lung.")),
	} {
		t.Run(name, func(t *testing.T) {
			d := mustRead(t, "a.dcm", file)
			checkBlocks(t, d)
			if d.Text != want || d.Format != "dicom" || d.Meta["modality"] != "SR" || d.Meta["completion"] != "complete" {
				t.Errorf("format %s, meta %v, text %q, want %q", d.Format, d.Meta, d.Text, want)
			}
			checkSections(t, d, map[string]string{"findings": "Nodule in the left lung.\nDiameter: 12.5 mm\nLaterality: Left", "impression": "No change."})
			for _, k := range []string{"MRN5", "Doe", "Jane Doe"} {
				if !slices.Contains(d.Known, k) {
					t.Errorf("known %q lacks %q", d.Known, k)
				}
			}
		})
	}
	explicit := dicomWriter{order: binary.LittleEndian, explicit: true}
	for _, tt := range []struct{ charset, raw, want string }{
		{"ISO_IR 100", "f\xfcnf", "fünf"}, {"ISO_IR 144", "\xdd\xd5\xe2", "нет"}, {`\ISO 2022 IR 149`, "\x1b$)C\xb1\xe8", "김"}, {`\ISO 2022 IR 87`, "\x1b$B;3\x1b(B", "山"},
	} {
		d := mustRead(t, "a.dcm", dicomFile("1.2.840.10008.1.2.1", explicit, []dicomElement{
			{tag: tagCharset, kind: "CS", value: tt.charset}, {tag: tagSOPClass, kind: "UI", value: basicTextSR}, {tag: tagValueType, kind: "CS", value: "TEXT"}, srText(tt.raw)}))
		if d.Text != tt.want {
			t.Errorf("%s: text %q, want %q", tt.charset, d.Text, tt.want)
		}
	}
	pdf := dicomFile("1.2.840.10008.1.2.1", explicit, []dicomElement{
		{tag: tagSOPClass, kind: "UI", value: "1.2.840.10008.5.1.4.1.1.104.1"}, {tag: tagPatientID, kind: "LO", value: "MRN5"}, {tag: tagDocument, kind: "OB", value: string(simplePDF())}})
	if d := mustRead(t, "a.dcm", pdf); d.Text != "This Agreement is made between the parties." || d.Format != "pdf" || !slices.Contains(d.Known, "MRN5") {
		t.Errorf("an encapsulated PDF: %+v", d)
	}
}

func TestBadDICOM(t *testing.T) {
	explicit := dicomWriter{order: binary.LittleEndian, explicit: true}
	good := dicomFile("1.2.840.10008.1.2.1", explicit, sampleSR("", "Doe^Jane", "Text."))
	deep := []dicomElement{srText("x")}
	for range 100 {
		deep = []dicomElement{srContent(deep)}
	}
	sr := dicomElement{tag: tagSOPClass, kind: "UI", value: basicTextSR}
	tests := []struct {
		name    string
		content []byte
		want    Reason
	}{
		{"an image", dicomFile("1.2.840.10008.1.2.1", explicit, []dicomElement{{tag: tagSOPClass, kind: "UI", value: "1.2.840.10008.5.1.4.1.1.1"}, {tag: tagPixels, kind: "OW", value: "xx"}}), ReasonNoText},
		{"cut short", good[:len(good)-30], ReasonTruncated},
		{"no syntax", append(make([]byte, 128), "DICM"...), ReasonWrongFormat},
		{"garbage", append(append(make([]byte, 128), "DICM"...), bytes.Repeat([]byte{7}, 100)...), ReasonMalformed},
		{"depth", dicomFile("1.2.840.10008.1.2.1", explicit, append([]dicomElement{sr}, deep...)), ReasonMalformed},
		{"no content", dicomFile("1.2.840.10008.1.2.1", explicit, []dicomElement{sr, dicomCode(tagConceptName, "Report")}), ReasonNoText},
		{"a bomb", dicomFile(deflatedLittle, explicit, []dicomElement{sr, srText(string(bytes.Repeat([]byte("a"), 4<<20)))}), ReasonBomb},
		{"an unknown charset", dicomFile("1.2.840.10008.1.2.1", explicit, []dicomElement{sr, {tag: tagValueType, kind: "CS", value: "TEXT"}, srText("\x81\x8d\xff\xfe")}), ReasonEncoding},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := readWithin(t, Limits{MaxExpanded: 2 << 20}, "a.dcm", tt.content)
			checkReason(t, err, tt.want)
		})
	}
}

func FuzzDICOM(f *testing.F) {
	f.Add(dicomFile("1.2.840.10008.1.2.1", dicomWriter{order: binary.LittleEndian, explicit: true, undefined: true}, sampleSR("ISO_IR 192", "Doe^Jane", "Text.")))
	f.Add(dicomFile(implicitLittle, dicomWriter{order: binary.LittleEndian}, sampleSR("ISO_IR 100", "Doe^Jane", "Text.")))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.dcm", data) })
}

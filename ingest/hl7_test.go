package ingest

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// hl7 joins segments of a report message.
func hl7(segments ...string) string {
	return strings.Join(append([]string{`MSH|^~\&|RIS|H|EHR|H|20240102||ORU^R01|M1|P|2.5`}, segments...), "\r") + "\r"
}

func TestHL7Groups(t *testing.T) {
	docs, bad, err := readWithin(t, Limits{SubjectKey: []byte("k")}, "a.hl7", []byte(hl7(
		"PID|1|EXT1|PI99^^^H^PI~MRN5^^^H^MR||Doe&von^Jane^Q||19500101|F|||1 Main Street^^Town||(555)0101|||||ACC7|999-11-2222",
		"OBR|1||F1|71020^CHEST", "OBX|1|TX|71020&GDT^FINDINGS||Clear chest.", "NTE|1||Compared with old films.",
		"OBR|2||F2|73030^SHOULDER|||||||||||||||||||||F", "OBX|1|TX|73030&IMP^IMPRESSION|1|Normal shoulder.||||||F",
		"OBR|3||F3|73030^X|||||||||||||||||||||X", "OBX|1|TX|a||Cancelled.",
		"PID|2||MRN6^^^H^MR||Roe^Richard", "OBR|4||F4|x", "OBX|1|CWE|x||^Coded text^L")))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range docs {
		checkDocument(t, d)
		got = append(got, d.Key+": "+d.Text)
	}
	want := []string{"M1: FINDINGS: Clear chest.\nCompared with old films.", "M1-2: IMPRESSION: Normal shoulder.", "M1-4: Coded text"}
	if !slices.Equal(got, want) {
		t.Errorf("documents %q, want %q", got, want)
	}
	if len(bad) != 1 || bad[0].Quarantine.Reason != ReasonSuperseded {
		t.Errorf("bad parts = %+v", bad)
	}
	if docs[0].Subject == "" || docs[0].Subject != docs[1].Subject || docs[0].Subject == docs[2].Subject || docs[0].Subject != SubjectHash("MRN5", []byte("k")) {
		t.Errorf("subjects %q %q %q", docs[0].Subject, docs[1].Subject, docs[2].Subject)
	}
	for _, k := range []string{"MRN5", "PI99", "Doe", "Jane Q Doe", "1 Main Street", "(555)0101", "ACC7", "999-11-2222"} {
		if !slices.Contains(docs[0].Known, k) {
			t.Errorf("known %q lacks %q", docs[0].Known, k)
		}
	}
	if slices.Contains(docs[2].Known, "Doe") || docs[1].Meta["status"] != "final" {
		t.Errorf("known %q, meta %v", docs[2].Known, docs[1].Meta)
	}
}

func TestHL7Corrections(t *testing.T) {
	obr := func(status string) string { return "OBR|1||F1|71020^CHEST" + strings.Repeat("|", 21) + status }
	first := hl7(obr("P"), "OBX|1|TX|a|1|Preliminary text.||||||P")
	second := hl7(obr("C"), "OBX|1|TX|a|1|Wrong line.||||||F", "OBX|2|TX|a|2|Kept line.||||||F", "OBX|3|TX|a|3|Gone.||||||F",
		"OBX|4|TX|a|1|Corrected line.||||||C", "OBX|5|TX|a|3|||||||D", "OBX|6|TX|a|4|No result.||||||X")
	docs, bad, err := readOne(t, "a.hl7", []byte("\x0b"+first+"\x1c\r\x0b"+strings.Replace(second, "|M1|", "|M2|", 1)+"\x1c\r"))
	if err != nil || len(docs) != 1 || docs[0].Text != "Corrected line.\nKept line." || docs[0].Meta["status"] != "corrected" || docs[0].Key != "M2" {
		t.Errorf("documents %+v, error %v", docs, err)
	}
	if len(bad) != 1 || bad[0].Index != 0 || bad[0].Quarantine.Reason != ReasonSuperseded {
		t.Errorf("bad parts = %+v", bad)
	}
}

func TestHL7Forms(t *testing.T) {
	pdf := base64.StdEncoding.EncodeToString(simplePDF())
	tests := []struct{ name, message, want string }{
		{"other delimiters", "MSH#*!%@#a#b#c#d#2020##ORU*R01#1#P#2.5\rOBX#1#TX#x*FINDINGS##A %F% b %T% c %R% d%X0A%e!f\r", "FINDINGS: A # b @ c ! d\ne\nf"},
		{"few encoding characters", "MSH|^~|a|b|c|d|2020||ORU^R01|1|P|2.5\rOBX|1|TX|x||a\\b & c\r", "a\\b & c"},
		{"truncation character", "MSH|^~\\&#|a|b|c|d|2020||ORU^R01|1|P|2.7\rOBX|1|TX|x||text\r", "text"},
		{"MDM", "MSH|^~\\&|a|b|c|d|2020||MDM^T02|1|P|2.5\rTXA|1|DI\rOBX|1|TX|x||A document.\r", "A document."},
		{"a continued segment", hl7("OBX|1|TX|x||first", "ADD| half"), "first half"},
		{"formatting", hl7(`OBX|1|FT|x||\.in+4\\H\a\N\ b\.sp2\c\.ce\d\C2842\`), "a b\nc\nd"},
		{"embedded PDF", hl7("OBX|1|ED|x||RIS^application^pdf^Base64^" + pdf), "This Agreement is made between the parties."},
		{"embedded HTML as text", hl7(`OBX|1|ED|x||RIS^text^html^A^<p>Clear \T\amp; dry</p>`), "Clear & dry"},
		{"embedded RTF in hex", hl7("OBX|1|ED|x||RIS^text^rtf^Hex^7b5c7274663120486578207d"), "Hex"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := mustRead(t, "a.hl7", []byte(tt.message)); d.Text != tt.want {
				t.Errorf("text %q, want %q", d.Text, tt.want)
			}
		})
	}
	latin := strings.Replace(hl7("OBX|1|TX|x||Fu\xdf"), "|2.5", "|2.5||||||8859/1", 1)
	if d := mustRead(t, "a.hl7", []byte(latin)); d.Text != "Fuß" || d.Meta["charset"] != "windows-1252" {
		t.Errorf("text %q, meta %v", d.Text, d.Meta)
	}
	docs, bad, err := readOne(t, "a.hl7", []byte(hl7("PID|||MRN5||Doe^Jane", "OBX|1|TX|x||Report.", "OBX|2|ED|x||R^application^pdf^Base64^"+pdf, "OBX|3|ED|x||R^application^pdf^Base64^%%%")))
	if err != nil || len(docs) != 2 || docs[1].Format != "pdf" || !slices.Contains(docs[1].Known, "MRN5") || len(bad) != 1 || bad[0].Quarantine.Reason != ReasonMalformed {
		t.Errorf("a report with its PDF: documents %+v, bad parts %+v, error %v", docs, bad, err)
	}
}

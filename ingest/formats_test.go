package ingest

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// sections returns a document's sections by name.
func sections(d Document) map[string]string {
	m := make(map[string]string)
	for _, s := range d.Sections {
		m[s.Name] = d.Text[s.Start:s.End]
	}
	return m
}

func checkSections(t *testing.T, d Document, want map[string]string) {
	t.Helper()
	got := sections(d)
	for name, text := range want {
		if got[name] != text {
			t.Errorf("section %s = %q, want %q", name, got[name], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("sections = %q, want %q", got, want)
	}
}

func TestText(t *testing.T) {
	tests := []struct{ name, content, want string }{
		{"UTF-8", "naïve “text”\n", "naïve “text”\n"},
		{"UTF-8 with a mark", "\xef\xbb\xbftext", "text"},
		{"UTF-16", "\xff\xfeh\x00i\x00\x1c\x20", "hi“"},
		{"UTF-16, big end first", "\xfe\xff\x00h\x00i", "hi"},
		{"Windows-1252", "caf\xe9 \x93quoted\x94 \x96 \xa7 5", "café “quoted” – § 5"},
		{"line ends", "a\r\nb\rc\n", "a\nb\nc\n"},
		{"form feed", "a\fb", "a\fb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := mustRead(t, "dir.d.txt", []byte(tt.content))
			if d.Text != tt.want || d.Format != "text" || d.Key != "dir.d" {
				t.Errorf("text %q, format %q, key %q; want %q", d.Text, d.Format, d.Key, tt.want)
			}
		})
	}
}

func TestIDs(t *testing.T) {
	a, b := mustRead(t, "a.txt", []byte("text")), mustRead(t, "b.txt", []byte("text"))
	if a.ID != b.ID || a.ID != documentID(a.RawSHA, 0) || a.ID == documentID(a.RawSHA, 1) {
		t.Error("the ID must follow from the bytes and the place in the file alone")
	}
}

func TestDOCX(t *testing.T) {
	p := func(s string) string { return "<w:p><w:r><w:t>" + s + "</w:t></w:r></w:p>" }
	tests := []struct{ name, body, want string }{
		{"paragraphs", p("One &amp; two") + p("three") + "<w:p/>" + p("four"), "One & two\nthree\n\nfour"},
		{"runs", "<w:p><w:r><w:t xml:space=\"preserve\">a </w:t></w:r><w:r><w:t>b</w:t><w:tab/><w:t>c</w:t><w:br/><w:t>d</w:t><w:noBreakHyphen/></w:r></w:p>", "a b\tc\nd-"},
		{"changes", "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>", "new"},
		{"table", "<w:tbl><w:tr><w:tc>" + p("a") + p("b") + "</w:tc><w:tc>" + p("c") + "</w:tc></w:tr><w:tr><w:tc>" + p("d") + "</w:tc></w:tr></w:tbl>" + p("after"), "a b | c\nd\nafter"},
		{"alternatives", "<w:p><w:r><mc:AlternateContent><mc:Choice><w:t>once</w:t></mc:Choice><mc:Fallback><w:t>twice</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>", "once"},
		{"fields", "<w:p><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>1</w:t></w:r></w:p>", "1"},
		{"tab stops", "<w:p><w:pPr><w:tabs><w:tab w:val=\"left\" w:pos=\"720\"/></w:tabs></w:pPr><w:r><w:t>x</w:t></w:r></w:p>", "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := mustRead(t, "a.docx", docxOf(t, tt.body)).Text; got != tt.want {
				t.Errorf("text = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDOCXLists(t *testing.T) {
	item := func(level, text string) string {
		return `<w:p><w:pPr><w:numPr><w:ilvl w:val="` + level + `"/><w:numId w:val="7"/></w:numPr></w:pPr><w:r><w:t>` + text + `</w:t></w:r></w:p>`
	}
	level := func(n, format, text string) string {
		return `<w:lvl w:ilvl="` + n + `"><w:start w:val="1"/><w:numFmt w:val="` + format + `"/><w:lvlText w:val="` + text + `"/></w:lvl>`
	}
	const ns = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`
	numbering := `<w:numbering ` + ns + `><w:abstractNum w:abstractNumId="3">` + level("0", "decimal", "%1.") + level("1", "decimal", "%1.%2") + level("2", "lowerLetter", "(%3)") +
		`</w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="3"/></w:num></w:numbering>`
	styles := `<w:styles ` + ns + `><w:style w:styleId="Base"><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr></w:pPr></w:style><w:style w:styleId="Clause"><w:basedOn w:val="Base"/></w:style></w:styles>`
	body := item("0", "Term") + item("1", "first") + item("1", "second") + item("2", "sub") + item("2", "sub") +
		`<w:p><w:pPr><w:pStyle w:val="Clause"/></w:pPr><w:r><w:t>Law</w:t><w:footnoteReference w:id="2"/></w:r></w:p>` + item("1", "third")
	notes := `<w:footnotes ` + ns + `><w:footnote w:type="separator"><w:p><w:r><w:t>-</w:t></w:r></w:p></w:footnote><w:footnote w:id="2"><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>`
	d := mustRead(t, "a.docx", docxOf(t, body, "word/numbering.xml", numbering, "word/styles.xml", styles, "word/footnotes.xml", notes))
	want := "1. Term\n1.1 first\n1.2 second\n(a) sub\n(b) sub\n2. Law[1]\n2.1 third\n\n[1] A note."
	if d.Text != want {
		t.Errorf("text = %q, want %q", d.Text, want)
	}
}

func TestListNumbers(t *testing.T) {
	tests := []struct {
		n            int
		format, want string
	}{
		{4, "lowerRoman", "iv"}, {1999, "upperRoman", "MCMXCIX"}, {27, "upperLetter", "AA"}, {3, "lowerLetter", "c"},
		{5, "decimalZero", "05"}, {9, "ordinal", "9th"}, {22, "ordinal", "22nd"}, {21, "ordinalText", "Twenty-first"}, {30, "ordinalText", "Thirtieth"}, {12, "cardinalText", "Twelve"}, {7, "chicago", "7"}, {0, "upperRoman", "0"},
	}
	for _, tt := range tests {
		if got := formatNumber(tt.n, tt.format); got != tt.want {
			t.Errorf("formatNumber(%d, %s) = %q, want %q", tt.n, tt.format, got, tt.want)
		}
	}
}

const hl7Message = "MSH|^~\\&|RIS|HOSP|EHR|HOSP|20240102||ORU^R01|MSG7|P|2.5\r" +
	"PID|1||MRN77123^^^H||DOE^JOHN||19500101|M|||1 Main Street\r" +
	"OBR|1|||71020^CHEST 2 VIEWS|||||||||||||SMITH^JANE\r"

func TestHL7(t *testing.T) {
	obx := "OBX|1|TX|71020&GDT^FINDINGS||The heart is normal in size.\r" +
		"OBX|2|TX|71020&GDT^FINDINGS||Lungs \\T\\ pleura are clear.\\.br\\No effusion \\F\\ none\\E\\x \\X41\\.~Second repetition\r" +
		"OBX|3|NM|8867-4^heart rate||72\r" +
		"OBX|4|CE|71020&IMP^IMPRESSION||N1^No acute disease^L\r" +
		"OBX|5|FT|71020^Clinical Indication||\\H\\Cough\\N\\ \\ and fever\r"
	for _, end := range []string{"\r", "\n", "\r\n"} {
		d := mustRead(t, "a.hl7", []byte("\x0b"+strings.ReplaceAll(hl7Message+obx, "\r", end)+"\x1c\r"))
		checkSections(t, d, map[string]string{
			"findings":   "The heart is normal in size.\nLungs & pleura are clear.\nNo effusion | none\\x A.\nSecond repetition",
			"impression": "No acute disease",
			"indication": "Cough \\ and fever",
		})
		if want := "FINDINGS: The heart"; !strings.HasPrefix(d.Text, want) {
			t.Errorf("text = %q, want it to begin with %q", d.Text, want)
		}
		for _, secret := range []string{"DOE", "MRN77123", "SMITH", "Main"} {
			if strings.Contains(d.Text, secret) {
				t.Errorf("the text holds %q of another segment", secret)
			}
		}
		if d.Format != "hl7" || d.Key != "a" {
			t.Errorf("format %q, key %q", d.Format, d.Key)
		}
	}
}

func TestHL7WithoutSections(t *testing.T) {
	d := mustRead(t, "a.txt", []byte(hl7Message+"OBX|1|TX|||Line one\rOBX|2|TX|||\rOBX|3|TX|||Line two\r"))
	if d.Text != "Line one\n\nLine two" || d.Sections != nil || d.Format != "hl7" {
		t.Errorf("text %q, sections %v, format %q", d.Text, d.Sections, d.Format)
	}
}

func TestHL7Messages(t *testing.T) {
	second := strings.Replace(hl7Message, "MSG7", "MSG8", 1)
	content := "FHS|^~\\&\rBHS|^~\\&\r" + hl7Message + "OBX|1|TX|||First\r" + second + "OBX|1|TX|||Second\r" + "MSH|^~\\&|broken\r" + second + "OBX|1|TX|||Third\rBTS|3\r"
	docs, bad, err := readOne(t, "a.hl7", []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, d := range docs {
		checkDocument(t, d)
		keys = append(keys, d.Key)
	}
	if got := strings.Join(keys, " "); got != "MSG7 MSG8 a#3" {
		t.Errorf("keys = %q", got)
	}
	if len(bad) != 1 || bad[0].Index != 2 || bad[0].Quarantine.Reason != ReasonMalformed {
		t.Errorf("bad parts = %+v", bad)
	}
}

func TestFHIR(t *testing.T) {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	form := func(kind, data string) any {
		return []any{map[string]any{"contentType": kind, "data": data}}
	}
	code := func(name string) any { return map[string]any{"text": name} }
	tests := []struct {
		name     string
		resource map[string]any
		text     string
		sections map[string]string
	}{
		{"conclusion", map[string]any{"conclusion": "Normal chest. "}, "IMPRESSION: Normal chest.", map[string]string{"impression": "Normal chest."}},
		{"form", map[string]any{"conclusion": "Normal.", "presentedForm": form("text/plain; charset=utf-8", encode("Report\r\nConclusion: Normal."))},
			"Report\nConclusion: Normal.", map[string]string{"impression": "Normal."}},
		{"HTML form", map[string]any{"presentedForm": form("text/html", encode("<p>Lungs &lt; clear</p><script>x</script><p>a<b>b</b> c</p>"))}, "Lungs < clear\n\nab c", nil},
		{"PDF form", map[string]any{"presentedForm": form("application/pdf", encode(string(simplePDF())))}, "This Agreement is made between the parties.", nil},
		{"picture", map[string]any{"conclusion": "X.", "presentedForm": form("image/png", "AAAA")}, "IMPRESSION: X.", map[string]string{"impression": "X."}},
		{"narrative", map[string]any{"text": map[string]any{"div": "<div><p>Clear <b>lungs</b></p></div>"}}, "Clear lungs", nil},
		{"contained observations", map[string]any{
			"contained": []any{
				map[string]any{"resourceType": "Observation", "id": "o1", "code": code("Findings"), "valueString": "Clear lungs."},
				map[string]any{"resourceType": "Observation", "id": "o2", "code": code("Heart"), "valueString": "Normal size."},
				map[string]any{"resourceType": "Patient", "id": "p"},
			},
			"result": []any{map[string]any{"reference": "#o1"}, map[string]any{"reference": "#o2"}, map[string]any{"reference": "#gone"}},
			"text":   map[string]any{"div": "<div>generated</div>"},
		}, "FINDINGS: Clear lungs.\n\nHeart: Normal size.", map[string]string{"findings": "Clear lungs."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.resource["resourceType"] = "DiagnosticReport"
			data, err := json.Marshal(tt.resource)
			if err != nil {
				t.Fatal(err)
			}
			d := mustRead(t, "a.json", data)
			if d.Text != tt.text {
				t.Errorf("text = %q, want %q", d.Text, tt.text)
			}
			checkSections(t, d, tt.sections)
		})
	}
}

func TestFHIRBundle(t *testing.T) {
	docs, bad, err := readOne(t, "a.json", []byte(`{"resourceType":"Bundle","entry":[
		{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Observation","code":{"coding":[{"display":"Radiology findings"}]},"valueString":"Clear."}},
		{"resource":{"resourceType":"DiagnosticReport","id":"r1","conclusion":"Normal.","result":[{"reference":"urn:uuid:1"}]}},
		{"resource":{"resourceType":"DiagnosticReport","id":"r2"}},
		{"resource":{"resourceType":"DiagnosticReport","id":"r3","result":[{"reference":"Observation/o9"}]}},
		{"resource":{"resourceType":"Observation","id":"o9","valueString":"Second."}},
		{}]}`))
	if err != nil || len(docs) != 2 || len(bad) != 1 || bad[0].Index != 1 {
		t.Fatalf("%d documents, bad parts %+v, error %v", len(docs), bad, err)
	}
	checkSections(t, docs[0], map[string]string{"findings": "Clear.", "impression": "Normal."})
	if docs[0].Key != "r1" || docs[1].Key != "r3" || docs[1].Text != "Second." {
		t.Errorf("keys %q %q, text %q", docs[0].Key, docs[1].Key, docs[1].Text)
	}
}

func TestCSV(t *testing.T) {
	docs, bad, err := readOne(t, "a.csv", []byte("\xef\xbb\xbfUID,MeSH,Indication, FINDINGS ,Impression\r\n"+
		"7,normal,Cough,\"Clear, \"\"lungs\"\".\r\nNo effusion.\",Normal.\r\n"+
		"8,normal,,,\r\n"+
		"9,too,few\r\n"+
		"7,x,,,Same uid.\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != 2 || docs[0].Key != "7" || docs[1].Key != "a#3" || docs[1].Index != 3 {
		t.Fatalf("documents = %+v", docs)
	}
	if want := "INDICATION: Cough\n\nFINDINGS: Clear, \"lungs\".\nNo effusion.\n\nIMPRESSION: Normal."; docs[0].Text != want {
		t.Errorf("text = %q, want %q", docs[0].Text, want)
	}
	checkSections(t, docs[0], map[string]string{"indication": "Cough", "findings": "Clear, \"lungs\".\nNo effusion.", "impression": "Normal."})
	if len(bad) != 2 || bad[0].Quarantine.Reason != ReasonMalformed || bad[1].Quarantine.Reason != ReasonNoText {
		t.Errorf("bad parts = %+v", bad)
	}
	for name, content := range map[string]string{"a.tsv": "id\ttext\n5\tPlain, text.\n", "b.csv": "id;text\n5;Plain, text.\n"} {
		if d := mustRead(t, name, []byte(content)); d.Text != "Plain, text." || d.Key != "5" {
			t.Errorf("%s: text %q, key %q", name, d.Text, d.Key)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("caf\xe9 \x93x\x94"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.txt", data) })
}

func FuzzHL7(f *testing.F) {
	f.Add([]byte(hl7Message + "OBX|1|TX|x^FINDINGS||a\\X0D\\b\\.br\\~c\r"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.hl7", data) })
}

func FuzzFHIR(f *testing.F) {
	f.Add([]byte(`{"resourceType":"DiagnosticReport","conclusion":"a","text":{"div":"<p>a &#0; <!-- b"},"presentedForm":[{"data":"YQ=="}]}`))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.json", data) })
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("id,findings\n1,\"a\n b\"\n2,c,d\n"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.csv", data) })
}

// FuzzDOCX puts any bytes as the parts of a document.
func FuzzDOCX(f *testing.F) {
	f.Add([]byte(wordNS+"<w:p><w:r><w:t>a</w:t></w:r></w:p></w:body></w:document>"), []byte(`<w:numbering xmlns:w="x"><w:num w:numId="1"/></w:numbering>`))
	f.Fuzz(func(t *testing.T, body, numbering []byte) {
		fuzzRead(t, "a.docx", zipOf(t, "word/document.xml", string(body), "word/numbering.xml", string(numbering)))
	})
}

package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const wordXMLNS = `xmlns:w="` + wordSpace + `"`

// docxParts are further parts of a test document.
func docxNumberingPart(levels string, nums string) string {
	return `<w:numbering ` + wordXMLNS + `><w:abstractNum w:abstractNumId="1">` + levels + `</w:abstractNum>` + nums + `</w:numbering>`
}

func docxLevelXML(n, format, text, more string) string {
	return `<w:lvl w:ilvl="` + n + `"><w:start w:val="1"/><w:numFmt w:val="` + format + `"/>` + more + `<w:lvlText w:val="` + text + `"/></w:lvl>`
}

func docxItem(num, level, text string) string {
	return `<w:p><w:pPr><w:numPr><w:ilvl w:val="` + level + `"/><w:numId w:val="` + num + `"/></w:numPr></w:pPr><w:r><w:t>` + text + `</w:t></w:r></w:p>`
}

func TestDOCXText(t *testing.T) {
	p := func(s string) string { return "<w:p><w:r><w:t>" + s + "</w:t></w:r></w:p>" }
	r := func(s string) string { return `<w:r><w:t xml:space="preserve">` + s + `</w:t></w:r>` }
	row := func(cells ...string) string { return "<w:tr>" + strings.Join(cells, "") + "</w:tr>" }
	cell := func(s string) string { return "<w:tc>" + s + "</w:tc>" }
	tests := []struct{ name, body, text, blocks string }{
		{"changes", "<w:p><w:ins>" + r("new ") + "</w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:moveFrom>" + r("from") + "</w:moveFrom><w:moveTo>" + r("to") + "</w:moveTo></w:p>",
			"new to", "paragraph 0 [] new to"},
		{"a deleted mark", `<w:p><w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr>` + r("agree") + "</w:p>" + p("ment"), "agreement", "paragraph 0 [] agreement"},
		{"a deleted mark at the end", `<w:p><w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr>` + r("end") + "</w:p>", "end", "paragraph 0 [] end"},
		{"earlier properties", `<w:p><w:pPr><w:pPrChange><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:pPrChange></w:pPr>` + r("plain") + "</w:p>", "plain", "paragraph 0 [] plain"},
		{"a deleted row", "<w:tbl>" + row(cell(p("a")), cell(p("b"))) + "<w:tr><w:trPr><w:del/></w:trPr>" + cell(p("c")) + cell(p("d")) + "</w:tr></w:tbl>", "a | b", "table 0 [] a | b"},
		{"hidden", "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>" + r("shown") + `<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t> too</w:t></w:r></w:p>`, "shown too", "paragraph 0 [] shown too"},
		{"a field", `<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> IF </w:instrText><w:t>code</w:t></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>` + r("result") + `<w:r><w:fldChar w:fldCharType="end"/></w:r><w:fldSimple w:instr="PAGE">` + r(" 7") + "</w:fldSimple></w:p>",
			"result 7", "paragraph 0 [] result 7"},
		{"symbols and breaks", `<w:p><w:r><w:sym w:font="Symbol" w:char="F0B7"/><w:tab/><w:t>a</w:t><w:softHyphen/><w:noBreakHyphen/><w:t>b</w:t><w:br/><w:t>c</w:t><w:ptab/><w:t>d</w:t></w:r></w:p>`,
			"•\ta-b\nc\td", "list item 1 [•] •\ta-b⏎c\td"},
		{"a text box", `<w:p>` + r("before ") + `<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:txbxContent>` + p("boxed") + `</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>` + p("boxed") + `</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>` + r("after") + "</w:p>" + p("next"),
			"before after\nboxed\nnext", "paragraph 0 [] before after\nparagraph 0 [] boxed\nparagraph 0 [] next"},
		{"a fallback alone", `<w:p><w:r><mc:AlternateContent><mc:Fallback><w:t>only</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>`, "only", "paragraph 0 [] only"},
		{"merged cells", `<w:tbl>` + row(`<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>`+p("wide")+"</w:tc>", cell(p("x"))) + row(cell(p("a")), cell(p("b")), `<w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc>`) + "</w:tbl>" + p("after"),
			"wide |  | x\na | b\nafter", "table 0 [] wide |  | x⏎a | b\nparagraph 0 [] after"},
		{"a table in a table", "<w:tbl>" + row(cell(p("a")), cell("<w:tbl>"+row(cell(p("b")), cell(p("c")))+"</w:tbl>"+p("d"))) + "</w:tbl>", "a | b c d", "table 0 [] a | b c d"},
		{"one column", "<w:tbl>" + row(cell(p("One.")+p("Two."))) + "</w:tbl>", "One.\nTwo.", "paragraph 0 [] One.\nparagraph 0 [] Two."},
		{"ruby and mathematics", `<w:p><w:r><w:ruby><w:rt>` + r("kan") + `</w:rt><w:rubyBase>` + r("漢") + `</w:rubyBase></w:ruby></w:r><m:oMath xmlns:m="` + mathSpace + `"><m:r><m:t>x+1</m:t></m:r></m:oMath></w:p>`, "漢x+1", "paragraph 0 [] 漢x+1"},
		{"headings by outline", `<w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr>` + r("Scope") + "</w:p>" + p("Text of it."), "Scope\nText of it.", "heading 2 [] Scope\nparagraph 0 [] Text of it."},
		{"typed numbers", p("1. Scope.") + p("1.1 The work.") + p("(a) this;") + p("1.2 The place, as in") + p("Section 9.9 of the other one."), "1. Scope.\n1.1 The work.\n(a) this;\n1.2 The place, as in\nSection 9.9 of the other one.",
			"heading 1 [1.] 1. Scope.\nclause 2 [1.1] 1.1 The work.\nclause 3 [(a)] (a) this;\nclause 2 [1.2] 1.2 The place, as in\nparagraph 0 [] Section 9.9 of the other one."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := mustRead(t, "a.docx", docxOf(t, tt.body))
			checkBlocks(t, d)
			if d.Text != tt.text {
				t.Errorf("text = %q, want %q", d.Text, tt.text)
			}
			if got := show(d); got != tt.blocks {
				t.Errorf("blocks:\n%s\nwant:\n%s", got, tt.blocks)
			}
		})
	}
	d := mustRead(t, "a.docx", docxOf(t, tests[0].body))
	if d.Meta["insertions"] != "2" || d.Meta["deletions_left_out"] != "2" {
		t.Errorf("meta = %v", d.Meta)
	}
}

func TestDOCXNumbers(t *testing.T) {
	levels := docxLevelXML("0", "upperRoman", "Article %1.", "") + docxLevelXML("1", "decimal", "%1.%2", "<w:isLgl/>") + docxLevelXML("2", "lowerLetter", "(%3)", "") + docxLevelXML("3", "bullet", "x", "")
	num := func(id, more string) string {
		return `<w:num w:numId="` + id + `"><w:abstractNumId w:val="1"/>` + more + `</w:num>`
	}
	override := `<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>`
	i := docxItem
	tests := []struct{ name, levels, nums, styles, body, text, blocks string }{
		{"levels", levels, num("1", ""), "", i("1", "0", "SCOPE") + i("1", "1", "The work.") + i("1", "2", "this") + i("1", "3", "that") + i("1", "1", "More.") + i("1", "0", "PRICE"),
			"Article I. SCOPE\n1.1 The work.\n(a) this\n• that\n1.2 More.\nArticle II. PRICE",
			"heading 1 [Article I.] Article I. SCOPE\nclause 2 [1.1] 1.1 The work.\nclause 3 [(a)] (a) this\nlist item 4 [•] • that\nclause 2 [1.2] 1.2 More.\nheading 1 [Article II.] Article II. PRICE"},
		{"instances count together", docxLevelXML("0", "decimal", "%1)", ""), num("1", "") + num("2", ""), "", i("1", "0", "a of it") + i("2", "0", "b of it") + i("1", "0", "c of it"), "1) a of it\n2) b of it\n3) c of it",
			"clause 1 [1)] 1) a of it\nclause 1 [2)] 2) b of it\nclause 1 [3)] 3) c of it"},
		{"a restart", docxLevelXML("0", "decimal", "%1)", ""), num("1", "") + num("2", override), "", i("1", "0", "a of it") + i("2", "0", "b of it") + i("2", "0", "c of it"), "1) a of it\n1) b of it\n2) c of it",
			"clause 1 [1)] 1) a of it\nclause 2 [1)] 1) b of it\nclause 2 [2)] 2) c of it"},
		{"never restarts", docxLevelXML("0", "decimal", "%1.", "") + docxLevelXML("1", "decimal", "§ %2", `<w:lvlRestart w:val="0"/>`), num("1", ""), "", i("1", "0", "A") + i("1", "1", "b of it.") + i("1", "0", "C") + i("1", "1", "d of it."),
			"1. A\n§ 1 b of it.\n2. C\n§ 2 d of it.", "heading 1 [1.] 1. A\nclause 2 [§ 1] § 1 b of it.\nheading 1 [2.] 2. C\nclause 2 [§ 2] § 2 d of it."},
		{"by style", docxLevelXML("0", "decimal", "%1.", "") + docxLevelXML("1", "lowerLetter", "(%2)", `<w:pStyle w:val="Sub"/>`), num("1", ""),
			`<w:styles ` + wordXMLNS + `><w:style w:type="paragraph" w:styleId="Sub"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style><w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>`,
			`<w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>Scope</w:t></w:r></w:p><w:p><w:pPr><w:pStyle w:val="Sub"/></w:pPr><w:r><w:t>this thing</w:t></w:r></w:p><w:p><w:pPr><w:pStyle w:val="Sub"/><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr><w:r><w:t>no number</w:t></w:r></w:p>`,
			"1. Scope\n(a) this thing\nno number", "heading 1 [1.] 1. Scope\nclause 2 [(a)] (a) this thing\nparagraph 0 [] no number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := []string{"word/numbering.xml", docxNumberingPart(tt.levels, tt.nums)}
			if tt.styles != "" {
				files = append(files, "word/styles.xml", tt.styles)
			}
			d := mustRead(t, "a.docx", docxOf(t, tt.body, files...))
			checkBlocks(t, d)
			if d.Text != tt.text {
				t.Errorf("text = %q, want %q", d.Text, tt.text)
			}
			if got := show(d); got != tt.blocks {
				t.Errorf("blocks:\n%s\nwant:\n%s", got, tt.blocks)
			}
		})
	}
}

// TestDOCXOtherNames reads a document whose main part and prefix are not the
// usual ones.
func TestDOCXOtherNames(t *testing.T) {
	body := `<x:document xmlns:x="` + strictSpace + `"><x:body><x:p><x:r><x:t>Strict.</x:t></x:r></x:p></x:body></x:document>`
	rels := `<Relationships><Relationship Type="http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument" Target="word/document2.xml"/></Relationships>`
	if d := mustRead(t, "a.docx", zipOf(t, "[Content_Types].xml", "x", "_rels/.rels", rels, "word/document2.xml", body)); d.Text != "Strict." {
		t.Errorf("text %q", d.Text)
	}
}

// TestRealDOCX counts the words of real documents: each word of the final text
// must be in what the reader gives, as often as it is there.
func TestRealDOCX(t *testing.T) {
	dir := shared(t, "legal/docx")
	files, err := Scan(dir, []string{"*.docx"})
	if err != nil {
		t.Fatal(err)
	}
	words, tables, numbered := 0, 0, 0
	for _, f := range files {
		docs, _, err := Read(context.Background(), dir, f, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", f.Path, err)
		}
		d := docs[0]
		checkDocument(t, d)
		checkBlocks(t, d)
		data, err := os.ReadFile(filepath.Join(dir, f.Path))
		if err != nil {
			t.Fatal(err)
		}
		counts := make(map[string]int)
		for _, w := range strings.Fields(d.Text) {
			counts[w]++
		}
		for _, w := range finalWords(t, data) {
			words++
			if counts[w]--; counts[w] < 0 {
				t.Errorf("%s: the word %q is lost", f.Path, w)
			}
		}
		for _, b := range d.Blocks {
			if b.Kind == BlockTable {
				tables++
			}
			if b.Label != "" && b.Kind != BlockListItem {
				numbered++
			}
		}
	}
	t.Logf("%d documents, %d words, %d tables, %d numbers", len(files), words, tables, numbered)
	if words < 30_000 || tables == 0 || numbered == 0 {
		t.Error("the documents hold less than expected")
	}
}

// finalWords returns the words of a document's paragraphs with all changes
// accepted, found without the reader.
func finalWords(t *testing.T, data []byte) []string {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := archive.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	dec := xml.NewDecoder(f)
	skip, in := 0, false
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return strings.Fields(text.String())
		}
		if err != nil {
			t.Fatal(err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			switch name := tok.Name.Local; {
			case skip > 0 || name == "del" || name == "moveFrom" || name == "Fallback":
				skip++
			case name == "t":
				in = true
			case name == "tab" || name == "br":
				text.WriteByte(' ')
			case name == "noBreakHyphen":
				text.WriteByte('-')
			case name == "footnoteReference":
				t.Fatal("this count knows no notes")
			}
		case xml.EndElement:
			switch {
			case skip > 0:
				skip--
			case tok.Name.Local == "t":
				in = false
			case tok.Name.Local == "p":
				text.WriteByte('\n')
			}
		case xml.CharData:
			if in && skip == 0 {
				text.Write(tok)
			}
		}
	}
}

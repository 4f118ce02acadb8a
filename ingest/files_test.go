package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/*.golden, and the binary files under testdata, anew")

// builtFiles are the binary files under testdata/good, whose formats no editor
// writes.
func builtFiles(t *testing.T) map[string][]byte {
	levels := docxLevelXML("0", "decimal", "%1.", "") + docxLevelXML("1", "lowerLetter", "(%2)", "")
	body := docxItem("1", "0", "Premises") + docxItem("1", "1", "The bench stays.") + docxItem("1", "1", "The hoist goes.") +
		`<w:p><w:ins><w:r><w:t>Added.</w:t></w:r></w:ins><w:del><w:r><w:delText>Gone.</w:delText></w:r></w:del><w:r><w:footnoteReference w:id="1"/></w:r></w:p>` +
		`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Month</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Rent</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`
	word := docxOf(t, body, "word/numbering.xml", docxNumberingPart(levels, `<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>`),
		"word/footnotes.xml", `<w:footnotes `+wordXMLNS+`><w:footnote w:id="1"><w:p><w:r><w:t>By hand.</w:t></w:r></w:p></w:footnote></w:footnotes>`)
	impression := "A nodule of 4 mm."
	return map[string][]byte{
		"lease.docx":      word,
		"folder.zip":      zipOf(t, "a/lease.docx", string(word), "b/letter.txt", "A letter.", "b/inner.zip", string(zipOf(t, "note.txt", "A note."))),
		"report.dcm":      dicomFile("1.2.840.10008.1.2.1", dicomWriter{order: binary.LittleEndian, explicit: true}, sampleSR("ISO_IR 192", "Alder^Rowan", "Nodule in the left lung.")),
		"reports.parquet": parquetOf(t, []parquetRow{{ID: 1, Findings: "Clear lungs."}, {ID: 2, Findings: "Left lung:", Text: &impression}}),
	}
}

// TestFiles reads the files under testdata: the good ones give what
// good.golden shows, the bad ones the reasons of bad.golden.
func TestFiles(t *testing.T) {
	if *update {
		for name, content := range builtFiles(t) {
			if err := os.WriteFile(filepath.Join("testdata", "good", name), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, folder := range []string{"good", "bad"} {
		t.Run(folder, func(t *testing.T) {
			root := filepath.Join("testdata", folder)
			files, err := Scan(root, nil)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, f := range files {
				describe(t, &b, root, f)
			}
			golden(t, root+".golden", b.String())
		})
	}
	for name := range builtFiles(t) {
		if _, err := os.Stat(filepath.Join("testdata", "good", name)); err != nil {
			t.Errorf("testdata/good lacks %s; write it with -update", name)
		}
	}
}

// describe writes what reading a file gives.
func describe(t *testing.T, b *strings.Builder, root string, f File) {
	docs, bad, err := Read(context.Background(), root, f, Limits{SubjectKey: []byte("key for tests")})
	var q *Quarantine
	if errors.As(err, &q) {
		fmt.Fprintf(b, "%s: quarantined: %s\n", f.Path, q.Reason)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		checkDocument(t, d)
		fmt.Fprintf(b, "== %s\nformat %s, key %s, meta %v, subject %t, known %q\n", d.File, d.Format, d.Key, d.Meta, d.Subject != "", d.Known)
		for _, s := range d.Sections {
			fmt.Fprintf(b, "section %s: %q\n", s.Name, d.Text[s.Start:s.End])
		}
		fmt.Fprintf(b, "%s\n", show(d))
	}
	for _, p := range bad {
		fmt.Fprintf(b, "%s: part %d put aside: %s\n", f.Path, p.Index, p.Quarantine.Reason)
	}
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("what was read differs from %s; look at the change that go test -run TestFiles -update makes\n%s", name, got)
	}
}

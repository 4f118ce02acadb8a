package ingest

import (
	"archive/zip"
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestZIP(t *testing.T) {
	inner := zipOf(t, "deep.txt", "In the inner archive.")
	table := "id,text\n5,First row.\n6,Second row.\n"
	content := zipOf(t, "b/letter.txt", "A letter.", "a.csv", table, "c.zip", string(inner), "d.docx", string(docxOf(t, "<w:p><w:r><w:t>Word.</w:t></w:r></w:p>")),
		".hidden", "x", "__MACOSX/._b", "x", "README.md", "x", "bad.pdf", "no PDF", "../out.txt", "x", "/abs.txt", "x", `..\win.txt`, "x", "b/letter.txt", "again")
	docs, bad, err := readOne(t, "a.zip", content)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	seen := make(map[string]bool)
	for _, d := range docs {
		checkDocument(t, d)
		got = append(got, d.File+" "+d.Key+" "+d.Format+" "+d.Text)
		if seen[d.ID] || d.RawSHA != docs[0].RawSHA {
			t.Errorf("document %s repeats an ID or has another file's hash", d.File)
		}
		seen[d.ID] = true
	}
	want := []string{
		"a.zip/a.csv 5 csv First row.", "a.zip/a.csv 6 csv Second row.", "a.zip/b/letter.txt a.zip/b/letter text A letter.",
		"a.zip/c.zip/deep.txt a.zip/c.zip/deep text In the inner archive.", "a.zip/d.docx a.zip/d docx Word.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("documents:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	reasons := make(map[string]Reason)
	refused := 0
	for _, b := range bad {
		reasons[b.Inner] = b.Quarantine.Reason
		if b.Inner == "" {
			refused++
		}
	}
	if len(bad) != 4 || reasons["bad.pdf"] != ReasonWrongFormat || refused != 3 {
		t.Errorf("bad parts = %+v", bad)
	}
	indexes := make(map[int]bool)
	for _, d := range docs {
		indexes[d.Index] = true
	}
	for _, b := range bad {
		if indexes[b.Index] {
			t.Errorf("index %d is of a document and of a bad part", b.Index)
		}
		indexes[b.Index] = true
	}
}

// nested packs a text into archives inside each other.
func nested(t testing.TB, depth int) []byte {
	content := zipOf(t, "a.txt", "text")
	for range depth - 1 {
		content = zipOf(t, "a.zip", string(content))
	}
	return content
}

func TestZIPLimits(t *testing.T) {
	many := make([]string, 0, 60)
	for range 30 {
		many = append(many, strings.Repeat("a", len(many)+1)+".txt", "text")
	}
	link := &bytes.Buffer{}
	w := zip.NewWriter(link)
	h := &zip.FileHeader{Name: "link.txt"}
	h.SetMode(os.ModeSymlink | 0o777)
	f, _ := w.CreateHeader(h)
	f.Write([]byte("/etc/passwd"))
	w.Close()
	locked := zipOf(t, "a.txt", "secret")
	locked[6] |= 1
	locked[bytes.Index(locked, []byte("PK\x01\x02"))+8] |= 1

	tests := []struct {
		name    string
		content []byte
		want    Reason
	}{
		{"depth", nested(t, 5), ReasonBomb},
		{"count", zipOf(t, many...), ReasonBomb},
		{"count in inner archives", zipOf(t, "a.zip", string(zipOf(t, many[:36]...)), "b.zip", string(zipOf(t, many[:36]...))), ReasonBomb},
		{"bytes", zipOf(t, "a.txt", strings.Repeat("a", 600<<10), "b.txt", strings.Repeat("a", 600<<10)), ReasonBomb},
		{"bytes of inner archives", zipOf(t, "a.zip", string(zipOf(t, "a.txt", strings.Repeat("a", 600<<10))), "b.txt", strings.Repeat("a", 600<<10)), ReasonBomb},
		{"nothing", zipOf(t), ReasonEmpty},
		{"only hidden files", zipOf(t, ".a", "x"), ReasonEmpty},
		{"link", link.Bytes(), ReasonUnsupported},
		{"password", locked, ReasonEncrypted},
		{"cut short", zipOf(t, "a.txt", "text")[:50], ReasonTruncated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := readWithin(t, Limits{MaxExpanded: 1 << 20, MaxEntries: 20, MaxDepth: 4}, "a.zip", tt.content)
			checkReason(t, err, tt.want)
		})
	}
	if _, _, err := readWithin(t, Limits{MaxDepth: 4}, "a.zip", nested(t, 4)); err != nil {
		t.Errorf("four archives in each other: %v", err)
	}
}

func FuzzZIP(f *testing.F) {
	f.Add(zipOf(f, "a.txt", "text", "b.csv", "id,text\n1,x\n"))
	f.Add(nested(f, 3))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.zip", data) })
}

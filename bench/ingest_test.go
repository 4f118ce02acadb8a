package bench

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"adapt/ingest"
)

// Every made document is read again with its words, and is made the same twice.
func TestMadeDocuments(t *testing.T) {
	c, err := newCorpus(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range forms {
		for _, i := range []int{0, 1, 777} {
			text := c.text(i)
			data, err := f.render(text, i)
			if err != nil {
				t.Fatal(err)
			}
			docs, _, err := ingest.Parse(t.Context(), "made"+f.ext, data, ingest.Limits{})
			if err != nil || len(docs) != 1 {
				t.Fatalf("%s %d gave %d documents, %v", f.ext, i, len(docs), err)
			}
			if got, want := strings.Fields(docs[0].Text), strings.Fields(text); len(got) < len(want)*9/10 {
				t.Errorf("%s %d has %d words of %d", f.ext, i, len(got), len(want))
			}
			again, err := f.render(c.text(i), i)
			if err != nil {
				t.Fatal(err)
			}
			if f.ext != ".docx" && !bytes.Equal(data, again) { // encoding/zip says nothing of its bytes
				t.Errorf("%s %d is made differently the second time", f.ext, i)
			}
		}
	}
	if c.text(1) == c.text(1+len(c.texts)) {
		t.Error("a text that is used again comes out the same")
	}
}

func TestMadeFolder(t *testing.T) {
	c := &corpus{texts: []string{"One finding. Another finding.\nImpression: none."}}
	dir := t.TempDir()
	if err := c.write(t.Context(), dir, 0, 1020); err != nil {
		t.Fatal(err)
	}
	files, err := ingest.Scan(dir, nil)
	if err != nil || len(files) != 1020 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	byExt := map[string]int{}
	for _, f := range files {
		byExt[filepath.Ext(f.Path)]++
	}
	for _, f := range forms {
		if n := byExt[f.ext]; n < f.share*10 || n > f.share*11 {
			t.Errorf("%d files %s, want about %d", n, f.ext, f.share*10)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.write(ctx, dir, 0, 1); err == nil {
		t.Error("a cancelled writing goes on")
	}
}

func TestCorpusOfNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.pdf"), []byte("no PDF"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newCorpus(t.Context(), dir); err == nil {
		t.Error("a folder without a readable document makes a corpus")
	}
}

func TestRunWatcher(t *testing.T) {
	const good = `started run medical-1; review pages: http://127.0.0.1:1/
medical ▸ ingest
medical ✓ ingest     10 documents, 0 quarantined, 0 duplicates
medical ✓ deidentify 3 identifiers removed
medical ▸ label
medical ✓ label      10 examples
medical – review     not asked for
medical ✓ split      6 train, 2 dev, 2 test
medical ▸ train
`
	w := runWatcher{began: map[string]time.Time{}}
	if err := w.read(strings.NewReader(good)); err != nil || w.id != "medical-1" || len(w.took.steps) != 4 {
		t.Errorf("watched %+v, %v", w, err)
	}
	for _, bad := range []string{
		"started run medical-1; x\nmedical ✗ ingest none of the files could be used\n",
		"started run medical-1; x\nmedical ✓ ingest 1 document\n",
		"",
	} {
		w := runWatcher{began: map[string]time.Time{}}
		if err := w.read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken for a whole run", bad)
		}
	}
}

func TestTreeMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells the memory of processes")
	}
	block := bytes.Repeat([]byte{1}, 64<<20)
	peak := watchTree(os.Getpid())()
	if peak < 64<<20 {
		t.Errorf("a process with 64 MB in use has %d bytes", peak)
	}
	runtime.KeepAlive(block)
}

func TestReadByFormat(t *testing.T) {
	c, err := newCorpus(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	figures, err := readByFormat(t.Context(), Options{Threads: 1, Quick: true}, c, 4)
	if err != nil || len(figures) != len(forms) {
		t.Fatalf("%d figures, %v", len(figures), err)
	}
	for _, f := range figures {
		if f.Figure <= 0 || f.Ratio == nil {
			t.Errorf("figure %+v", f)
		}
	}
}

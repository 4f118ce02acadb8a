package activities

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/ingest"
	"adapt/internal/tiny"
)

// ingestAll does what the workflow of ingestion does.
func ingestAll(t *testing.T, a *Activities, j api.Job) api.Ingested {
	t.Helper()
	scanned, err := perform[api.ScanResult](t, a, api.Scan, j)
	if err != nil {
		t.Fatal(err)
	}
	for i := range scanned.Batches {
		if _, err := perform[api.ReadResult](t, a, api.Read, api.ReadInput{Job: j, Manifest: scanned.Manifest, Batch: i}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := perform[api.Ingested](t, a, api.Gather, api.GatherInput{Job: j, Manifest: scanned.Manifest})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// No identifier is in the data folder after reading, though it is in the files.
func TestNothingIsStoredBeforeItIsDeidentified(t *testing.T) {
	a, dir := open(t), t.TempDir()
	for i := range 5 {
		write(t, filepath.Join(dir, fmt.Sprintf("%d.txt", i)),
			fmt.Sprintf("Patient: Zebulon Quartermaine\nPhone: 555-867-530%d\nFINDINGS: The lungs are clear in view %d.\nIMPRESSION: Normal.", i, i))
	}
	write(t, filepath.Join(dir, "m.hl7"), "MSH|^~\\&|A|B|C|D|20200101||ORU^R01|1|P|2.5\rPID|1||77123456^^^H^MR||Quartermaine^Zebulon\rOBR|1|||71020^CHEST\rOBX|1|TX|FIND||Mr Quartermaine has clear lungs.|||||F\r")
	got := ingestAll(t, a, job(t, a, config.Default("medical"), dir))
	if got.Count != 6 {
		t.Fatalf("gathered %+v", got)
	}
	err := filepath.WalkDir(a.Home.Dir(), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, word := range []string{"Quartermaine", "QUARTERMAINE", "867-530", "77123456"} {
			if bytes.Contains(b, []byte(word)) {
				t.Errorf("%s holds an identifier", filepath.Base(path))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	checked, err := perform[api.Checked](t, a, api.CheckLeaks, api.CheckInput{Job: job(t, a, config.Default("medical"), dir), Index: got.Index})
	if err != nil || checked.Removed < 10 || checked.Leaking != 0 {
		t.Errorf("checked %+v, %v", checked, err)
	}
}

// What reading left stops the run with the documents and the kinds, unless the
// configuration says that it goes on.
func TestALeakStopsTheRun(t *testing.T) {
	a := open(t)
	var index []entry
	for i := range 12 {
		index = append(index, entry{ID: fmt.Sprintf("%032d", i), Removed: 2, Leaks: nil})
		if i > 0 {
			index[i].Leaks = append(index[i].Leaks, "NAME", "DATE")
		}
	}
	ref, err := artifact.PutLines(a.store(), artifact.KindManifest, index)
	if err != nil {
		t.Fatal(err)
	}
	c := config.Default("medical")
	_, err = perform[api.Checked](t, a, api.CheckLeaks, api.CheckInput{Job: job(t, a, c, t.TempDir()), Index: ref})
	wantType(t, err, api.BadInput, "11 documents still hold identifiers after de-identification: 00000000000000000000000000000001 (NAME, DATE), ")
	wantType(t, err, api.BadInput, "and 1 more; take them out")
	c.Ingest.Deid.OnLeak = config.LeakWarn
	got, err := perform[api.Checked](t, a, api.CheckLeaks, api.CheckInput{Job: job(t, a, c, t.TempDir()), Index: ref})
	if err != nil || got.Leaking != 11 || got.Removed != 24 {
		t.Errorf("checked %+v, %v", got, err)
	}
}

// A second run reads only files that are new or changed, and gives the same as
// one that reads all.
func TestASecondRunReadsWhatIsNew(t *testing.T) {
	a, dir := open(t), t.TempDir()
	tiny.Reports(t, dir, 0, 9)
	c := config.Default("medical")
	c.Ingest.Batch = 4
	first := job(t, a, c, dir)
	ingestAll(t, a, first)

	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "0-first.txt"), "FINDINGS: A nodule in the left upper lobe is new since then.\nIMPRESSION: Nodule.")
	write(t, files[4], "FINDINGS: There is no pneumothorax on either side now.\nIMPRESSION: Normal.")
	if err := os.Remove(files[7]); err != nil {
		t.Fatal(err)
	}
	second := first
	second.RunID = "medical-2"
	before := documentLines(t, a)
	got := ingestAll(t, a, second)
	// One artifact a batch that holds a new file, and that of all documents.
	if read := documentLines(t, a) - before - got.Count; read != 2 {
		t.Errorf("the second run read %d documents anew, want 2", read)
	}
	other := open(t)
	fresh := ingestAll(t, other, job(t, other, c, dir))
	if got.Documents.SHA256 != fresh.Documents.SHA256 || got.Count != 9 {
		t.Errorf("after an earlier run %+v, without %+v", got, fresh)
	}
}

// documentLines counts the documents in all artifacts of documents.
func documentLines(t *testing.T, a *Activities) int {
	t.Helper()
	n := 0
	hashes, err := a.store().Hashes()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hashes {
		b, err := os.ReadFile(a.store().Path(artifact.Ref{SHA256: h}))
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(b, []byte(`"raw_sha256":`))
	}
	return n
}

// A group is put into a line as encoding the document would.
func TestWithGroup(t *testing.T) {
	for _, d := range []ingest.Document{
		{ID: "a", Text: "x"},
		{ID: "a", Text: "}\n}", Meta: map[string]string{"k": "}"}, Subject: "s", Edits: []ingest.Edit{{Kind: "NAME"}}},
	} {
		line, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := withGroup(append(line, '\n'), "g")
		if err != nil {
			t.Fatal(err)
		}
		d.Group = "g"
		want, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want)+"\n" {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if _, err := withGroup([]byte(`{"id":"a"`), "g"); err == nil {
		t.Error("a line that is cut off got a group")
	}
}

// Labeling a folder with one more document labels one document.
func TestLabelsAreRememberedByDocument(t *testing.T) {
	a, dir, base := open(t), t.TempDir(), t.TempDir()
	tiny.Reports(t, dir, 0, 8)
	tiny.Model(t, base)
	model, err := PutModel(a.store(), base)
	if err != nil {
		t.Fatal(err)
	}
	counting := &countingDomain{Domain: mustDomain(t, "medical")}
	a.Domain = counting.get
	j := job(t, a, config.Default("medical"), dir)
	labelAll := func(j api.Job) api.Labeled {
		t.Helper()
		in := api.DocumentsInput{Job: j, Base: model, Documents: ingestAll(t, a, j).Documents}
		got, err := perform[api.Labeled](t, a, api.LabelAll, in)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	labelAll(j)
	if counting.labeled.Load() != 8 {
		t.Fatalf("labeled %d documents, want 8", counting.labeled.Load())
	}
	write(t, filepath.Join(dir, "more.txt"), "FINDINGS: A nodule in the left upper lobe is new since then.\nIMPRESSION: Nodule.")
	j.RunID = "medical-2"
	got := labelAll(j)
	if counting.labeled.Load() != 9 || got.Usable != 9 {
		t.Errorf("labeled %d documents, want one more; %+v", counting.labeled.Load(), got)
	}
	docs, err := a.documents(ingestAll(t, a, j).Documents)
	if err != nil {
		t.Fatal(err)
	}
	labeled, err := a.labeled(got.Labeled)
	if err != nil || len(labeled) != len(docs) {
		t.Fatalf("%d labeled documents, %v", len(labeled), err)
	}
	for i, l := range labeled {
		if l.DocID != docs[i].ID || l.Truth.Group != docs[i].Group {
			t.Errorf("place %d has document %s, want %s", i, l.DocID, docs[i].ID)
		}
	}
}

func TestLinesOfAnyLength(t *testing.T) {
	long := strings.Repeat("x", 1<<19)
	for _, text := range []string{"", "a\n", "a\nb", long + "\n" + long + "y\nz\n", "\n\n"} {
		var got []string
		at := int64(0)
		err := eachLine(strings.NewReader(text), func(offset int64, line []byte) error {
			if offset != at {
				t.Errorf("a line begins at %d, want %d", offset, at)
			}
			at += int64(len(line))
			got = append(got, string(line))
			return nil
		})
		if err != nil || strings.Join(got, "") != text || len(got) != len(strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")) && text != "" {
			t.Errorf("%d lines, %v", len(got), err)
		}
	}
}

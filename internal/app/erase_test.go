package app_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adapt/artifact"
	"adapt/erase"
	"adapt/ingest"
	"adapt/internal/home"
	"adapt/registry"
)

// personal is a report of a patient who asks to be forgotten. The name is what
// is looked for in everything that is kept.
const (
	patientName = "Quartermaine"
	personal    = "PATIENT: Zebulon Quartermaine\nMRN: 8842197\n\nFINDINGS: Dr. Quartermaine's heart is enlarged. There is a small left pleural effusion. No pneumothorax.\n\nIMPRESSION: Cardiomegaly. Small left pleural effusion.\n"
)

// TestForget reads a patient's report, looks at its original, deletes it, and
// runs again over the same folder.
func TestForget(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	if err := os.WriteFile(filepath.Join(o.reports, "quartermaine.txt"), []byte(personal), 0o600); err != nil {
		t.Fatal(err)
	}
	id := o.start("first", "approval: {required: false}\n")
	o.follow(id, registry.StatusPromoted)
	doc := o.find(t, id, "quartermaine")

	if n := len(o.holds(t, patientName)); n > 0 {
		t.Errorf("%d files of the data folder hold the name", n)
	}
	text, err := o.Original(ctx, doc.ID, 0, 0, "Bea")
	if err != nil || text != strings.TrimSpace(personal) && text != personal {
		t.Errorf("the original is %q, %v", text, err)
	}
	at := strings.Index(doc.Text, "[NAME]")
	if name, err := o.Original(ctx, doc.ID, at, at+len("[NAME]"), "Bea"); err != nil || !strings.Contains(name, patientName) {
		t.Errorf("behind the tag is %q, %v", name, err)
	}
	if _, err := o.Original(ctx, doc.ID, 0, 0, " "); !errors.Is(err, registry.ErrInvalid) {
		t.Errorf("without a name: %v", err)
	}
	if looks, err := o.Registry.Looks(ctx); err != nil || len(looks) != 2 || looks[0].By != "Bea" || looks[0].Document != doc.ID {
		t.Errorf("looks %v, %v", looks, err)
	}
	if _, err := o.RotateKey(ctx, nil); !errors.Is(err, home.ErrLocked) {
		t.Errorf("rotating the key of a folder that is served: %v", err)
	}

	e, err := o.Eraser()
	if err != nil {
		t.Fatal(err)
	}
	req := erase.Request{Kind: registry.DeleteDocument, Value: doc.ID, By: "Bea", Reason: "request 17"}
	plan, err := e.Plan(ctx, req)
	if err != nil || len(plan.Documents) != 1 || plan.Others != 0 {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	if _, err := e.Erase(ctx, plan, req); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Original(ctx, doc.ID, 0, 0, "Bea"); err == nil {
		t.Error("the original is still there")
	}
	if files := o.holds(t, `"`+doc.ID+`","file"`); len(files) > 0 {
		t.Errorf("the document is still in %v", files)
	}

	again := o.start("second", "seed: 3\napproval: {required: false}\n")
	o.follow(again, registry.StatusPromoted)
	aside, err := o.Quarantined(ctx, again)
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]ingest.Reason{}
	for _, q := range aside {
		reasons[q.File] = q.Reason
	}
	if reasons["quartermaine.txt"] != ingest.ReasonDeleted {
		t.Errorf("put aside in the second run: %v", reasons)
	}
}

// find returns the document of a run whose file begins so.
func (o *office) find(t *testing.T, run, file string) ingest.Document {
	t.Helper()
	s, err := o.Summary(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := artifact.Lines[ingest.Document](o.Registry.Store(), s.Documents)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		if strings.HasPrefix(d.File, file) {
			return d
		}
	}
	t.Fatalf("%d documents, none from %s", len(docs), file)
	return ingest.Document{}
}

// holds says which files of the data folder hold text.
func (o *office) holds(t *testing.T, text string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(o.Home.Dir(), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !d.Type().IsRegular() {
			return nil // the servers write beside
		}
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if bytes.Contains(b, []byte(text)) {
			rel, _ := filepath.Rel(o.Home.Dir(), path)
			files = append(files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

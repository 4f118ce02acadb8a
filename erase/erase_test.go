package erase

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"adapt/artifact"
	"adapt/eval"
	"adapt/ingest"
	"adapt/internal/home"
	"adapt/label"
	"adapt/registry"
	"adapt/vault"
)

// secret stands in everything that is made of the document to delete, and
// public in what must stay.
const (
	secret = "Zebulon Quartermaine"
	public = "No acute finding"
)

// A world is a data folder after one run over three documents in two files, of
// two patients.
type world struct {
	*Eraser
	dir     string
	raws    [2]string
	dataset artifact.Ref
	report  artifact.Ref
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ref := must[artifact.Ref](t)
	dir := t.TempDir()
	h := must[*home.Home](t)(home.Open(dir))
	reg := must[*registry.Registry](t)(registry.Open(dir))
	t.Cleanup(func() { reg.Close() })
	v := must[*vault.Vault](t)(vault.Open(filepath.Join(dir, "raw"), vault.Keys{vault.NewKey()}))
	w := &world{Eraser: &Eraser{Home: h, Registry: reg, Vault: v}, dir: dir}
	w.raws[0] = must[string](t)(v.Put(vault.File{Name: "list.csv", Data: []byte(secret + " and " + public)}))
	w.raws[1] = must[string](t)(v.Put(vault.File{Name: "other.txt", Data: []byte(public)}))

	s := reg.Store()
	docs := []ingest.Document{
		{ID: "d1", File: "list.csv", RawSHA: w.raws[0], Subject: "s1", Text: secret},
		{ID: "d2", File: "list.csv", RawSHA: w.raws[0], Subject: "s2", Text: public},
		{ID: "d3", File: "other.txt", RawSHA: w.raws[1], Subject: "s2", Text: public},
	}
	var read []registry.ReadDocument
	for i := range docs {
		docs[i].ID = "0000000000000000000000000000000" + docs[i].ID[1:]
		read = append(read, registry.ReadDocument{Domain: "medical", ID: docs[i].ID, Raw: docs[i].RawSHA, Subject: docs[i].Subject})
	}
	if err := reg.NoteDocuments(t.Context(), read); err != nil {
		t.Fatal(err)
	}
	documents := ref(artifact.PutLines(s, artifact.KindDocuments, docs))
	var examples []label.Labeled
	for _, d := range docs {
		examples = append(examples, label.Labeled{DocID: d.ID, Examples: []label.Example{{ID: d.ID + "/0", DocID: d.ID}}, Truth: label.Truth{Reference: d.Text}})
	}
	labeled := ref(artifact.PutLines(s, artifact.KindExamples, examples))
	// A list of parts refers to an artifact from inside another.
	parts := ref(s.PutJSON(artifact.KindManifest, map[string]any{"parts": []artifact.Ref{documents}}))
	alone := ref(s.PutJSON(artifact.KindAnswers, map[string]string{"doc_id": docs[0].ID, "text": secret}))
	w.dataset = ref(s.PutJSON(artifact.KindDataset, label.Dataset{
		Domain: "medical", Docs: map[string]label.Split{docs[0].ID: label.Train, docs[1].ID: label.Train, docs[2].ID: label.Test},
		Splits: map[label.Split]label.Counts{label.Train: {Docs: 2}, label.Test: {Docs: 1}},
		Refs:   map[string]string{"documents": documents.String(), "labeled": labeled.String()},
	}))
	pages := t.TempDir()
	err := eval.WriteReport(pages, eval.Report{
		Title: "medical", Domain: "medical", RunID: "medical-1", Verdict: eval.Verdict{Status: "pass"},
		Worst: []eval.Example{{DocID: docs[0].ID, Key: "k", Reference: secret}, {DocID: docs[2].ID, Reference: public}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.report = ref(s.PutDir(artifact.KindReport, pages))

	for key, value := range map[string]any{"read": parts, "label": labeled, "answers": alone, "split": w.dataset} {
		if err := reg.Remember(t.Context(), key, map[string]any{"what": value}); err != nil {
			t.Fatal(err)
		}
	}
	weights := t.TempDir()
	if err := os.WriteFile(filepath.Join(weights, "model.safetensors"), []byte("\x08weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	model := registry.Model{Ref: ref(s.PutDir(artifact.KindModel, weights)), Domain: "medical", Kind: registry.KindCandidate, RunID: "medical-1",
		Lineage: registry.Lineage{Dataset: w.dataset, Documents: []artifact.Ref{documents}}, Report: w.report}
	must[registry.Model](t)(reg.AddModel(t.Context(), model))
	summary, err := json.Marshal(map[string]any{"report": w.report, "documents": documents})
	if err != nil {
		t.Fatal(err)
	}
	run := registry.Run{ID: "medical-1", Domain: "medical", Status: registry.StatusRejected, Trigger: registry.TriggerManual, Summary: summary}
	if err := reg.SaveRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	half := must[string](t)(h.Work("half-done"))
	shown := h.Path("training", "medical-1")
	if err := os.MkdirAll(shown, 0o700); err != nil {
		t.Fatal(err)
	}
	must[string](t)(s.Dir(w.report, h.Path("reports", "medical-1")))
	for _, path := range []string{filepath.Join(half, "journal"), filepath.Join(shown, "data.txt")} {
		if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// holds says which files of the data folder hold text.
func (w *world) holds(t *testing.T, text string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			files = append(files, filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestErase(t *testing.T) {
	for name, req := range map[string]Request{
		"by document": {Kind: registry.DeleteDocument, Value: "00000000000000000000000000000001"},
		"by patient":  {Kind: registry.DeleteSubject, Value: "s1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			req.By, req.Reason = "Ada", "case 12"
			if len(w.holds(t, secret)) < 7 {
				t.Fatalf("before, only %v hold it", w.holds(t, secret))
			}
			p, err := w.Plan(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Documents) != 1 || len(p.Raws) != 1 || p.Others != 1 || len(p.Models) != 1 || p.Models[0].Documents != 1 {
				t.Errorf("plan %+v", p)
			}
			out, err := w.Erase(t.Context(), p, req)
			if err != nil {
				t.Fatal(err)
			}
			if out.Reports != 1 || out.Rewritten == 0 || out.Removed < out.Rewritten {
				t.Errorf("result %+v", out)
			}
			if files := w.holds(t, secret); len(files) > 0 {
				t.Errorf("still in %v", files)
			}
			w.checkRest(t)
			// Once more: there is nothing left to do, and nothing breaks.
			again, err := w.Erase(t.Context(), p, req)
			if err != nil || again.Rewritten != 0 || again.Removed != 0 {
				t.Errorf("again: %+v, %v", again, err)
			}
			w.checkRest(t)
		})
	}
}

// checkRest looks at what must stay.
func (w *world) checkRest(t *testing.T) {
	t.Helper()
	ctx, reg := t.Context(), w.Registry
	if w.Vault.Has(w.raws[0]) || !w.Vault.Has(w.raws[1]) {
		t.Error("the wrong raw file is gone")
	}
	if _, found, err := reg.Lookup(ctx, "answers"); err != nil || found {
		t.Errorf("the answers on the document alone are still remembered: %v, %v", found, err)
	}
	for _, key := range []string{"read", "label", "split"} {
		if _, found, err := reg.Lookup(ctx, key); err != nil || !found {
			t.Errorf("step %q is no longer whole: %v", key, err)
		}
	}
	models, err := reg.ListModels(ctx, "")
	if err != nil || len(models) != 1 {
		t.Fatalf("models: %d, %v", len(models), err)
	}
	m := models[0]
	docs, err := artifact.Lines[ingest.Document](reg.Store(), m.Lineage.Documents[0])
	if err != nil || len(docs) != 2 || docs[0].Text != public {
		t.Errorf("the model's documents: %v, %v", docs, err)
	}
	var d label.Dataset
	if err := reg.Store().JSON(m.Lineage.Dataset, &d); err != nil || len(d.Docs) != 3 || d.Refs["documents"] != m.Lineage.Documents[0].String() {
		t.Errorf("the data set: %+v, %v", d, err)
	}
	run, err := reg.GetRun(ctx, "medical-1")
	if err != nil || run.Report() != m.Report || m.Report == w.report {
		t.Errorf("the run's report %v, the model's %v, %v", run.Report(), m.Report, err)
	}
	dir := must[string](t)(reg.Store().Dir(m.Report, t.TempDir()))
	page := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "report.html")))
	if !bytes.Contains(page, []byte(public)) || !bytes.Contains(page, []byte("deleted on request")) {
		t.Error("the report lost another case, or does not say what was taken")
	}
	all := must[[]registry.Deletion](t)(reg.Deletions(ctx))
	if !slices.ContainsFunc(all, func(d registry.Deletion) bool {
		return d.Kind == registry.DeleteDocument && d.Value == "00000000000000000000000000000001" && d.By == "Ada"
	}) {
		t.Errorf("deletions %v", all)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	req := Request{Kind: registry.DeleteRaw, Value: w.raws[0], By: "Ada", Reason: "case 12"}
	if _, err := w.Plan(t.Context(), Request{Kind: registry.DeleteSubject, Value: "nobody"}); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("an unknown patient: %v", err)
	}
	p, err := w.Plan(t.Context(), req)
	if err != nil || len(p.Documents) != 2 || p.Others != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	if err := w.Registry.SaveRun(t.Context(), registry.Run{ID: "medical-2", Domain: "medical", Status: registry.StatusRunning}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Erase(t.Context(), p, req); !errors.Is(err, ErrRunning) {
		t.Errorf("while a run goes on: %v", err)
	}
	if err := w.Registry.SaveRun(t.Context(), registry.Run{ID: "medical-2", Domain: "medical", Status: registry.StatusFailed}); err != nil {
		t.Fatal(err)
	}
	req.By = " "
	if _, err := w.Erase(t.Context(), p, req); !errors.Is(err, registry.ErrInvalid) {
		t.Errorf("without a name: %v", err)
	}
	if !w.Vault.Has(w.raws[0]) || len(w.holds(t, secret)) == 0 {
		t.Error("something was deleted all the same")
	}
}

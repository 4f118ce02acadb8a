package registry

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"adapt/artifact"
)

func TestAModelComesBackWhole(t *testing.T) {
	ctx, r := t.Context(), open(t)
	dataset, err := r.Store().PutBytes(artifact.KindDataset, []byte("{}"))
	noErr(t, err)
	m := Model{
		Ref:      folder(t, r, artifact.KindModel, "weights"),
		Domain:   "legal",
		Kind:     KindCandidate,
		Parent:   folder(t, r, artifact.KindModel, "base weights"),
		RunID:    "legal-20260102-1a2b3c",
		Settings: json.RawMessage(`{"threshold":{"Governing Law":0.4}}`),
		Lineage:  Lineage{Documents: []artifact.Ref{dataset}, Dataset: dataset, Seed: -3, Code: "v1"},
		Metrics:  json.RawMessage(`{"extraction_f1":0.8}`),
		Report:   folder(t, r, artifact.KindReport, "<html>"),
	}
	added, err := r.AddModel(ctx, m)
	noErr(t, err)
	want := m
	want.Name, want.Created = "legal-20260102-1a2b3c", added.Created
	if !reflect.DeepEqual(added, want) {
		t.Errorf("added %+v\nwant  %+v", added, want)
	}
	for _, key := range []string{want.Name, m.Ref.SHA256, m.Ref.String(), m.Ref.Short(), m.Ref.SHA256[:4]} {
		for _, domain := range []string{"legal", ""} {
			got, err := r.GetModel(ctx, domain, key)
			noErr(t, err)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("GetModel(%q, %q) = %+v", domain, key, got)
			}
		}
	}
	for _, key := range []string{"", "legal-x", m.Ref.SHA256[:3], "%%%%", "____"} {
		_, err := r.GetModel(ctx, "", key)
		wantErr(t, err, ErrNotFound)
	}
	_, err = r.GetModel(ctx, "medical", want.Name)
	wantErr(t, err, ErrNotFound)
}

func TestAddingAModelAgain(t *testing.T) {
	ctx, r := t.Context(), open(t)
	first := addModel(t, r, "legal", "run-1")

	// Another run that makes the same bytes gets the model that is there.
	again, err := r.AddModel(ctx, Model{Ref: first.Ref, Domain: "legal", Kind: KindCandidate, RunID: "run-2"})
	noErr(t, err)
	if !reflect.DeepEqual(first, again) {
		t.Errorf("again %+v, want %+v", again, first)
	}
	// Other bytes under the same name are a mistake.
	_, err = r.AddModel(ctx, Model{Ref: folder(t, r, artifact.KindModel, "other"), Domain: "legal", Kind: KindCandidate, RunID: "run-1"})
	wantErr(t, err, ErrConflict)
	all, err := r.ListModels(ctx, "legal")
	noErr(t, err)
	if len(all) != 1 {
		t.Errorf("%d models, want 1", len(all))
	}
}

func TestOneBaseInTwoDomains(t *testing.T) {
	ctx, r := t.Context(), open(t)
	ref := folder(t, r, artifact.KindModel, "starter")
	for _, d := range []string{"legal", "medical"} {
		m, err := r.AddModel(ctx, Model{Ref: ref, Domain: d, Kind: KindBase, RunID: "run"})
		noErr(t, err)
		if want := d + "-base-" + ref.Short(); m.Name != want {
			t.Errorf("name is %q, want %q", m.Name, want)
		}
	}
	_, err := r.GetModel(ctx, "", ref.SHA256)
	wantErr(t, err, ErrAmbiguous)
	m, err := r.GetModel(ctx, "medical", ref.SHA256)
	noErr(t, err)
	if m.Domain != "medical" {
		t.Errorf("got the model of %s", m.Domain)
	}
	all, err := r.ListModels(ctx, "")
	noErr(t, err)
	if len(all) != 2 || all[0].Domain != "medical" {
		t.Errorf("models are %+v, want the newest first", all)
	}
}

func TestBadModelsAreRefused(t *testing.T) {
	ctx, r := t.Context(), open(t)
	ref := folder(t, r, artifact.KindModel, "weights")
	good := Model{Ref: ref, Domain: "legal", Kind: KindBase}
	tests := []struct {
		name   string
		change func(*Model)
	}{
		{"no domain", func(m *Model) { m.Domain = "" }},
		{"no reference", func(m *Model) { m.Ref = artifact.Ref{} }},
		{"unknown kind", func(m *Model) { m.Kind = "genius" }},
		{"path as a hash", func(m *Model) { m.Parent = artifact.Ref{SHA256: "../../etc"} }},
		{"settings", func(m *Model) { m.Settings = json.RawMessage("nope") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := good
			tt.change(&m)
			_, err := r.AddModel(ctx, m)
			wantErr(t, err, ErrInvalid)
		})
	}
	noErr(t, os.Remove(r.Store().Path(ref)))
	_, err := r.AddModel(ctx, good)
	wantErr(t, err, artifact.ErrNotFound)
}

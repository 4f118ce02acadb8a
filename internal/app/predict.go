package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"adapt/activities"
	"adapt/artifact"
	"adapt/domains"
	"adapt/domains/all"
	"adapt/ingest"
	"adapt/ingest/deid"
	"adapt/internal/secret"
	"adapt/label"
	"adapt/model/exchange"
	"adapt/registry"
)

// A Prediction is what a model says of one document.
type Prediction struct {
	Model    string `json:"model"` // its name
	Document string `json:"document"`
	Format   string `json:"format"`
	Answer   any    `json:"answer"` // in the domain's form
}

// Predict has the domain's champion, or the model that key names, read a file.
func (a *App) Predict(ctx context.Context, domain, file, key string) ([]Prediction, error) {
	d, err := all.Get(domain)
	if err != nil {
		return nil, usageError{err}
	}
	m, err := a.chosen(ctx, domain, key)
	if err != nil {
		return nil, err
	}
	docs, err := a.readFile(ctx, file)
	if err != nil {
		return nil, err
	}
	model, settings, err := a.loadModel(m.Ref, d)
	if err != nil {
		return nil, err
	}
	engine, err := a.deid(d)
	if err != nil {
		return nil, err
	}
	var out []Prediction
	for i := range docs {
		engine.Apply(&docs[i])
		ans, err := d.Answer(ctx, model, &docs[i])
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		out = append(out, Prediction{Model: m.Name, Document: docs[i].Key, Format: docs[i].Format, Answer: d.Present(&docs[i], ans, settings)})
	}
	return out, nil
}

// deid returns the engine that takes a domain's identifiers out of a document
// before a model reads it. It puts tags, as runs do unless they are told
// otherwise.
func (a *App) deid(d domains.Domain) (*deid.Engine, error) {
	s, err := secret.Deid("", a.Home.Dir())
	if err != nil {
		return nil, err
	}
	return deid.New(d.Deid(), deid.Options{Secret: s}), nil
}

// chosen finds the model that key names, or the champion.
func (a *App) chosen(ctx context.Context, domain, key string) (registry.Model, error) {
	if key != "" {
		return a.Registry.GetModel(ctx, domain, key)
	}
	m, ok, err := a.Registry.Champion(ctx, domain)
	if err == nil && !ok {
		return m, usage("there is no champion for %s yet; `adapt run %s FOLDER` makes one, and `adapt demo` shows how", domain, domain)
	}
	return m, err
}

// readFile reads a document in a process of its own.
func (a *App) readFile(ctx context.Context, file string) ([]ingest.Document, error) {
	fi, err := os.Stat(file)
	if err != nil {
		return nil, usage("%w; give the path of a document", err)
	}
	if fi.IsDir() {
		return nil, usage("%s is a folder; give the path of a document", file)
	}
	docs, _, err := a.readers.Read(ctx, filepath.Dir(file), ingest.File{Path: filepath.Base(file), Size: fi.Size()}, ingest.Limits{OCR: ingest.FindOCR(ctx, "eng")})
	var q *ingest.Quarantine
	if errors.As(err, &q) {
		return nil, usage("%s can not be read: %w", file, q)
	}
	return docs, err
}

// Export writes a model for other tools; see [exchange.Export].
func (a *App) Export(ref artifact.Ref, out, format, kind string) error {
	dir, err := a.lay(ref)
	if err != nil {
		return err
	}
	return exchange.Export(dir, out, format, kind)
}

// lay lays a model out as a folder.
func (a *App) lay(ref artifact.Ref) (string, error) {
	return a.Registry.Store().Dir(ref, a.Home.Path("models", ref.SHA256))
}

// loadModel lays a model out and loads it with its settings.
func (a *App) loadModel(ref artifact.Ref, d domains.Domain) (domains.Model, domains.Settings, error) {
	dir, err := a.lay(ref)
	if err != nil {
		return nil, domains.Settings{}, err
	}
	m, err := activities.LoadModel(dir)
	if err != nil {
		return nil, domains.Settings{}, err
	}
	s, ok, err := activities.ReadSettings(dir)
	if err == nil && (!ok || s.Domain != d.Name()) {
		s.Settings = d.Tune(nil, nil, nil) // the domain's defaults
	}
	return m, s.Settings, err
}

// Unseen has a model answer the first test document of a run, which it was
// never trained on.
func (a *App) Unseen(ctx context.Context, runID string, model artifact.Ref) (Prediction, error) {
	sum, err := a.Summary(ctx, runID)
	if err != nil {
		return Prediction{}, err
	}
	d, err := all.Get(sum.Domain)
	if err != nil {
		return Prediction{}, err
	}
	docs, err := artifact.Lines[*ingest.Document](a.Registry.Store(), sum.Documents)
	if err != nil {
		return Prediction{}, err
	}
	var set label.Dataset
	if err := a.Registry.Store().JSON(sum.Split.Dataset, &set); err != nil {
		return Prediction{}, err
	}
	m, settings, err := a.loadModel(model, d)
	if err != nil {
		return Prediction{}, err
	}
	for _, doc := range docs {
		if set.Docs[doc.ID] != label.Test {
			continue
		}
		ans, err := d.Answer(ctx, m, doc)
		if err != nil {
			return Prediction{}, err
		}
		return Prediction{Model: "model " + model.Short(), Document: doc.Key, Format: doc.Format, Answer: d.Present(doc, ans, settings)}, nil
	}
	return Prediction{}, errors.New("the run has no test document")
}

package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"adapt/artifact"
	"adapt/domains"
	"adapt/generate"
	"adapt/model"
	"adapt/tokenizer"
)

// A readingModel answers prompts and measures text.
type readingModel interface {
	domains.Model
	// LogLoss returns the negative log-likelihood of a text, cut after
	// maxTokens tokens, and how many tokens it is over.
	LogLoss(ctx context.Context, text string, maxTokens int) (nats float64, tokens int, err error)
	// Parallel is how many exchanges to have under way at a time.
	Parallel() int
}

// LoadModel loads a model's folder for answering. Exchanges that go on beside
// each other are computed together, on all cores.
func LoadModel(dir string) (domains.Model, error) { return loadModel(dir) }

func loadModel(dir string) (readingModel, error) {
	m, err := model.Load(dir)
	if err != nil {
		return nil, err
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, err
	}
	return together(m, tok, m.Config.PrefixLM())
}

// together returns a model whose exchanges are computed together on all cores.
// With prefix it reads the first input of an exchange in both directions.
func together(m *model.Model, tok tokenizer.Tokenizer, prefix bool) (*generate.Text, error) {
	text, err := generate.NewText(m, tok, generate.Options{Threads: workers(), Prefix: prefix})
	if err != nil {
		return nil, err
	}
	return text.Batched(generate.BatchOptions{}), nil
}

// reader returns the model for answering, from memory when it was asked for
// last.
func (a *Activities) reader(ref artifact.Ref) (readingModel, error) {
	a.loaded.mu.Lock()
	defer a.loaded.mu.Unlock()
	if a.loaded.ref == ref {
		return a.loaded.loaded, nil
	}
	a.loaded.ref, a.loaded.loaded = artifact.Ref{}, nil // make room first
	m, err := a.load(ref)
	if err != nil {
		return nil, err
	}
	a.loaded.ref, a.loaded.loaded = ref, m
	return m, nil
}

// load loads a model from the store.
func (a *Activities) load(ref artifact.Ref) (readingModel, error) {
	dir, err := a.modelDir(ref)
	if err != nil {
		return nil, err
	}
	return loadModel(dir)
}

// settingsFile is where a model's folder keeps what was tuned for it.
const settingsFile = "adapt.json"

// ModelSettings is what adapt keeps beside the weights of a model that it
// trained.
type ModelSettings struct {
	Domain   string           `json:"domain"`
	Version  string           `json:"version"` // of the domain that chose the settings
	Settings domains.Settings `json:"settings"`
}

// ReadSettings reads the settings in a model's folder; ok is false for a model
// that has none.
func ReadSettings(dir string) (s ModelSettings, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(dir, settingsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, false, fmt.Errorf("the model's %s: %w", settingsFile, err)
	}
	return s, true, nil
}

// withSettings returns the model with settings in its folder.
func (a *Activities) withSettings(ref artifact.Ref, s ModelSettings) (artifact.Ref, error) {
	var tree artifact.Tree
	if err := a.store().JSON(ref, &tree); err != nil {
		return artifact.Ref{}, err
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return artifact.Ref{}, err
	}
	file, err := a.store().PutBytes(artifact.KindModel, append(b, '\n'))
	if err != nil {
		return artifact.Ref{}, err
	}
	files := []artifact.TreeFile{{Path: settingsFile, Ref: file}}
	for _, f := range tree.Files {
		if f.Path != settingsFile {
			files = append(files, f)
		}
	}
	return a.store().PutTree(artifact.KindModel, artifact.Tree{Files: files})
}

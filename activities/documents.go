package activities

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/label"
	"adapt/label/formats"
	"adapt/model"
	"adapt/registry"
	"adapt/tokenizer"
)

// label makes truths and examples.
func (a *Activities) label(ctx context.Context, in api.DocumentsInput) (api.Labeled, error) {
	return run(ctx, a, in.Job, "label", func(ctx context.Context, m *meter) (api.Labeled, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.Labeled{}, err
		}
		gold, goldRef, err := a.gold(s)
		if err != nil {
			return api.Labeled{}, err
		}
		key := registry.StepKey("label", s.domain.Name(), s.domain.Version(), in.Documents, in.Base, goldRef, s.config.Label.GoldOnly, s.config.Train.MaxTokens)
		suggested, err := once(ctx, a, key, func(ctx context.Context) (api.Labeled, error) {
			return a.labelAll(ctx, in, s, gold, m)
		})
		if err != nil {
			return suggested, err
		}
		if suggested, err = a.taught(ctx, in, s, suggested, m); err != nil {
			return suggested, err
		}
		out, err := a.reviewed(ctx, in, s, suggested)
		if err != nil {
			return out, err
		}
		return out, a.checkExamples(s, in.Documents, out.Labeled)
	})
}

// tokenizer returns a model's tokenizer and how many tokens an example may
// have: what the configuration says, or what the model can read.
func (a *Activities) tokenizer(ref artifact.Ref, maxTokens int) (tokenizer.Tokenizer, int, error) {
	dir, err := a.modelDir(ref)
	if err != nil {
		return nil, 0, err
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, 0, err
	}
	c, err := model.ReadConfig(dir)
	return tok, min(maxTokens, c.MaxPositions), err
}

// gold finds the annotations that the configuration names and keeps their
// file or folder, so that a changed one is labeled with anew.
func (a *Activities) gold(s setting) (label.GoldIndex, artifact.Ref, error) {
	path := goldPath(s)
	if path == "" {
		return nil, artifact.Ref{}, nil
	}
	fi, err := os.Stat(path)
	if err != nil {
		return nil, artifact.Ref{}, badInput("label.gold names a file or folder that is not there; its path is relative to the folder of documents")
	}
	var ref artifact.Ref
	if fi.IsDir() {
		ref, err = a.keepFolder(path)
	} else {
		ref, err = a.store().PutFile(artifact.KindRaw, path)
	}
	if err != nil {
		return nil, ref, err
	}
	set, err := loadGold(path)
	if err != nil {
		return nil, ref, err
	}
	return label.Index(set.Gold()), ref, nil
}

// goldPath returns where the annotations are; "" where there are none.
func goldPath(s setting) string {
	switch path := s.config.Label.Gold; {
	case path == config.GoldNone:
		return ""
	case path == config.GoldAuto:
		return formats.Find(s.folder)
	case filepath.IsAbs(path):
		return path
	default:
		return filepath.Join(s.folder, path)
	}
}

func loadGold(path string) (*formats.Set, error) {
	set, err := formats.Load(path)
	if err != nil {
		return nil, badInput("the annotations of label.gold: %v", err)
	}
	return set, nil
}

// keepFolder stores the annotations of a folder. brat's lie beside the
// documents: what is neither of both stays there.
func (a *Activities) keepFolder(dir string) (artifact.Ref, error) {
	var tree artifact.Tree
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !formats.Reads(d.Name()) {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		ref, err := a.store().PutFile(artifact.KindRaw, path)
		tree.Files = append(tree.Files, artifact.TreeFile{Path: filepath.ToSlash(rel), Ref: ref})
		return err
	})
	if err != nil {
		return artifact.Ref{}, err
	}
	return a.store().PutTree(artifact.KindManifest, tree)
}

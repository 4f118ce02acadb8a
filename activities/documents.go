package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
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
		gold, goldSum, err := a.gold(s)
		if err != nil {
			return api.Labeled{}, err
		}
		key := registry.StepKey("label", s.domain.Name(), s.domain.Version(), in.Documents, in.Base, goldSum, s.config.Label.GoldOnly, s.config.Train.MaxTokens, s.config.Label.Functions)
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

// gold finds the annotations that the configuration names. The sum is of their
// content, so that changed ones are labeled with anew; they are not kept, since
// they may quote what is removed from the documents.
func (a *Activities) gold(s setting) (index label.GoldIndex, sum string, err error) {
	path := goldPath(s)
	if path == "" {
		return nil, "", nil
	}
	if _, err := os.Stat(path); err != nil {
		return nil, "", badInput("label.gold names a file or folder that is not there; its path is relative to the folder of documents")
	}
	if sum, err = goldSum(path); err != nil {
		return nil, "", err
	}
	set, err := loadGold(path)
	if err != nil {
		return nil, "", err
	}
	return label.Index(set.Gold()), sum, nil
}

// goldSum hashes a file of annotations, or those files of a folder that may be
// part of them.
func goldSum(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || name != path && !formats.Reads(d.Name()) {
			return err
		}
		rel, err := filepath.Rel(path, name)
		if err != nil {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		one := sha256.New()
		if _, err := io.Copy(one, f); err != nil {
			return err
		}
		fmt.Fprintf(h, "%q %x\n", filepath.ToSlash(rel), one.Sum(nil))
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
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
		return nil, badInput("the annotations of label.gold: %v; or set label.gold to none, to go without", err)
	}
	return set, nil
}

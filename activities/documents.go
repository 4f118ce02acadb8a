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

// deidentify removes the identifiers that the domain names.
func (a *Activities) deidentify(ctx context.Context, in api.DocumentsInput) (api.Deidentified, error) {
	return run(ctx, a, in.Job, "deidentify", func(ctx context.Context, m *meter) (api.Deidentified, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.Deidentified{}, err
		}
		engine, err := a.deid(s)
		if err != nil {
			return api.Deidentified{}, err
		}
		if engine == nil {
			return api.Deidentified{Documents: in.Documents}, nil
		}
		key := registry.StepKey("deidentify", engine.Key(), in.Documents)
		return once(ctx, a, key, func(ctx context.Context) (api.Deidentified, error) {
			docs, err := a.documents(in.Documents)
			if err != nil {
				return api.Deidentified{}, err
			}
			m.start("documents", 0, len(docs))
			err = each(ctx, workers(), len(docs), func(_ context.Context, i int) error {
				engine.Apply(docs[i])
				m.add(1)
				return nil
			})
			if err != nil {
				return api.Deidentified{}, err
			}
			var out api.Deidentified
			for _, d := range docs {
				out.Removed += len(d.Edits)
			}
			out.Documents, err = a.putDocuments(docs)
			return out, err
		})
	})
}

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
		return a.reviewed(ctx, in, s, suggested)
	})
}

func (a *Activities) labelAll(ctx context.Context, in api.DocumentsInput, s setting, gold label.GoldIndex, m *meter) (api.Labeled, error) {
	docs, err := a.documents(in.Documents)
	if err != nil {
		return api.Labeled{}, err
	}
	tok, limit, err := a.tokenizer(in.Base, s.config.Train.MaxTokens)
	if err != nil {
		return api.Labeled{}, err
	}
	m.start("documents", 0, len(docs))
	all := make([]label.Labeled, len(docs))
	err = each(ctx, workers(), len(docs), func(_ context.Context, i int) error {
		defer m.add(1)
		g := gold.Document(docs[i].Key, docs[i].ID, docs[i].Text)
		if s.config.Label.GoldOnly && len(g) == 0 {
			all[i] = label.Labeled{DocID: docs[i].ID, Skipped: "no annotation, and label.gold_only is set"}
			return nil
		}
		l, err := s.domain.Label(docs[i], g, tok, limit)
		all[i] = l
		return err
	})
	if err != nil {
		return api.Labeled{}, err
	}
	return a.putLabeled(all)
}

// putLabeled stores and counts what labeling made of documents.
func (a *Activities) putLabeled(all []label.Labeled) (out api.Labeled, err error) {
	for _, l := range all {
		out.Examples += len(l.Examples)
		switch {
		case l.Skipped != "":
			out.Skipped++
		case l.Truth.Origin == label.OriginGold, l.Truth.Origin == label.OriginReview:
			out.Gold++
			fallthrough
		default:
			out.Usable++
		}
	}
	out.Labeled, err = artifact.PutLines(a.store(), artifact.KindExamples, all)
	return out, err
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
	path := s.config.Label.Gold
	switch {
	case path == config.GoldNone:
		return nil, artifact.Ref{}, nil
	case path == config.GoldAuto:
		if path = formats.Find(s.folder); path == "" {
			return nil, artifact.Ref{}, nil
		}
	case !filepath.IsAbs(path):
		path = filepath.Join(s.folder, path)
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
	set, err := formats.Load(path)
	if err != nil {
		return nil, ref, badInput("the annotations of label.gold: %v", err)
	}
	return label.Index(set.Gold()), ref, nil
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

package activities

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/model"
	"adapt/model/exchange"
	"adapt/registry"
	"adapt/starter"
	"adapt/tokenizer"
)

// readAhead is how many batches of files are read at a time.
const readAhead = 4

// begin notes the run, checks what the user gave and brings the base model in,
// which becomes the first champion where there is none.
func (a *Activities) begin(ctx context.Context, in api.BeginInput) (api.BeginResult, error) {
	return run(ctx, a, in.Job, "begin", func(ctx context.Context, _ *meter) (api.BeginResult, error) {
		if err := a.noteRun(ctx, in); err != nil {
			return api.BeginResult{}, err
		}
		s, err := a.setting(in.Job)
		if err != nil {
			return api.BeginResult{}, err
		}
		if fi, err := os.Stat(s.folder); err != nil || !fi.IsDir() {
			return api.BeginResult{}, badInput("the folder of documents is not there, or is no folder; look at its path and start the run again")
		}
		base, err := a.base(ctx, in.Job, s)
		if err != nil {
			return api.BeginResult{}, err
		}
		champion, err := a.champion(ctx, in, base)
		if err != nil {
			return api.BeginResult{}, err
		}
		ap, rev := s.config.Approval, s.config.Label.Review
		return api.BeginResult{
			Base: base, Champion: champion, Parallel: readAhead,
			Approval: api.Approval{Required: ap.Required, AllowSelf: ap.AllowSelf, Deadline: ap.Deadline},
			Review:   api.Review{Count: rev.Count, Deadline: rev.Deadline, Stop: rev.OnDeadline == config.DeadlineStop},
		}, nil
	})
}

// noteRun writes the run into the registry. A run that was there keeps who
// started it.
func (a *Activities) noteRun(ctx context.Context, in api.BeginInput) error {
	have, err := a.Registry.GetRun(ctx, in.RunID)
	if err == nil && have.Status == registry.StatusRunning {
		return nil
	}
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	return a.Registry.SaveRun(ctx, registry.Run{
		ID: in.RunID, Domain: in.Domain, FolderHash: in.Source.SHA256, Status: registry.StatusRunning,
		Trigger: in.Trigger, StartedBy: in.StartedBy, Config: in.Config,
	})
}

// base brings the model that is fine-tuned into the store.
func (a *Activities) base(ctx context.Context, job api.Job, s setting) (artifact.Ref, error) {
	dir := s.config.Model.Base
	switch dir {
	case config.BaseChampion:
		champion, ok, err := a.Registry.Champion(ctx, job.Domain)
		if err != nil {
			return artifact.Ref{}, err
		}
		if ok {
			return champion.Ref, nil
		}
		dir = config.BaseStarter
		fallthrough
	case config.BaseStarter:
		var err error
		if dir, err = starter.Dir(a.Home.Dir()); err != nil {
			return artifact.Ref{}, err
		}
	}
	work := a.Home.Path("work", "base-"+job.RunID)
	defer os.RemoveAll(work)
	dir, err := exchange.Folder(dir, work)
	if err != nil {
		return artifact.Ref{}, badInput("the base model can not be read: %s", withoutPath(err))
	}
	ref, err := PutModel(a.store(), dir)
	if err != nil {
		return artifact.Ref{}, err
	}
	_, err = a.Registry.AddModel(ctx, registry.Model{
		Ref: ref, Domain: job.Domain, Kind: registry.KindBase, RunID: job.RunID,
		Lineage: registry.Lineage{Code: a.Code},
	})
	return ref, err
}

// champion returns the live model, which is the base when there was none.
func (a *Activities) champion(ctx context.Context, in api.BeginInput, base artifact.Ref) (artifact.Ref, error) {
	champion, ok, err := a.Registry.Champion(ctx, in.Domain)
	if err != nil || ok {
		return champion.Ref, err
	}
	by := in.StartedBy
	if by == "" {
		by = "adapt"
	}
	err = a.Registry.Promote(ctx, registry.Promotion{
		Domain: in.Domain, Model: base, RunID: in.RunID, By: by,
		Reason: "there was no champion; the base model is the first", Kind: registry.PromotionFirst,
	})
	if errors.Is(err, registry.ErrConflict) { // another run was first
		champion, _, err = a.Registry.Champion(ctx, in.Domain)
		return champion.Ref, err
	}
	return base, err
}

// CheckModel reports whether the folder holds a model that can be loaded, and
// says what is missing where it does not.
func CheckModel(dir string) error {
	if err := model.Check(dir); err != nil {
		if errors.Is(err, model.ErrNoWeights) {
			return badInput("the base model has no weights: its folder needs config.json and model.safetensors (or the shards of model.safetensors.index.json)")
		}
		return badInput("the base model can not be loaded: %s", withoutPath(err))
	}
	if _, err := tokenizer.Load(dir); err != nil {
		return badInput("the base model has no usable tokenizer: %s", withoutPath(err))
	}
	return nil
}

// PutModel stores a model's folder: what is needed to load it and its card,
// and nothing else that may lie in the folder.
func PutModel(store *artifact.Store, dir string) (artifact.Ref, error) {
	if err := CheckModel(dir); err != nil {
		return artifact.Ref{}, err
	}
	var tree artifact.Tree
	for _, folder := range []string{".", exchange.AdapterFolder} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return artifact.Ref{}, err
		}
		for _, e := range entries {
			name := path.Join(folder, e.Name())
			if !partOfModel(name) {
				continue
			}
			ref, err := store.PutFile(artifact.KindModel, filepath.Join(dir, name))
			if err != nil {
				return artifact.Ref{}, err
			}
			tree.Files = append(tree.Files, artifact.TreeFile{Path: name, Ref: ref})
		}
	}
	return store.PutTree(artifact.KindModel, tree)
}

func partOfModel(name string) bool {
	switch {
	case path.Dir(name) == exchange.AdapterFolder:
		return path.Base(name) == model.AdapterConfigFile || path.Base(name) == model.AdapterWeightsFile
	case slices.Contains(exchange.TokenizerFiles, name), name == "config.json", name == "README.md", name == "LICENSE":
		return true
	}
	return strings.HasSuffix(name, ".safetensors") || strings.HasSuffix(name, ".safetensors.index.json")
}

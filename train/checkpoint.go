package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"adapt/model"
)

// A checkpoint is a folder "step-N" with the weights, both moments and the
// state, written under another name and renamed when whole. "best-N" files
// hold the best weights, those of step N. The newest checkpoint and
// the best weights that it names are kept.

// ErrOtherRun is returned, wrapped, when a folder holds the checkpoints of a
// run with another model, data or configuration.
var ErrOtherRun = errors.New("checkpoints are of another run")

// fingerprint identifies everything that decides a run's result.
func fingerprint(m *model.Model, c Config, sets ...[]Sequence) string {
	h := sha256.New()
	fmt.Fprintln(h, m.Hash())
	json.NewEncoder(h).Encode(c)
	for _, set := range sets {
		fmt.Fprintln(h, len(set))
		for _, s := range set {
			fmt.Fprintln(h, s.ID, len(s.IDs), len(s.Loss))
			binary.Write(h, binary.LittleEndian, s.IDs)
			binary.Write(h, binary.LittleEndian, s.Loss)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (r *run) bestPath(step int) string {
	return filepath.Join(r.opt.Dir, "best-"+strconv.Itoa(step)+".safetensors")
}

// keepBest remembers the present weights: on disk, without a folder in memory.
func (r *run) keepBest() error {
	if r.opt.Dir == "" {
		if r.best == nil {
			r.best = make([][]float32, len(r.tensors))
		}
		for i, t := range r.tensors {
			r.best[i] = append(r.best[i][:0], t.Data...)
		}
		return nil
	}
	if err := os.MkdirAll(r.opt.Dir, 0o700); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return model.WriteTensors(r.bestPath(r.state.Step), r.tensors)
}

// save writes a checkpoint and removes older ones. Weights that are not finite
// are an error and leave the last good checkpoint.
func (r *run) save() error {
	if r.opt.Dir == "" {
		return nil
	}
	if err := r.checkWeights(); err != nil {
		return err
	}
	name := filepath.Join(r.opt.Dir, "step-"+strconv.Itoa(r.state.Step))
	part := name + ".part"
	if err := os.RemoveAll(part); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	if err := os.MkdirAll(part, 0o700); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	r.state.Fingerprint = r.prints
	if err := model.WriteTensors(filepath.Join(part, "state.safetensors"), r.checkpointed()); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	b, err := json.Marshal(r.state)
	if err == nil {
		err = os.WriteFile(filepath.Join(part, "state.json"), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	if err := os.RemoveAll(name); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	if err := os.Rename(part, name); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	return r.prune(name)
}

// checkpointed lists weights and moments as tensors. Before the first step
// the moments are zero.
func (r *run) checkpointed() []model.Tensor {
	weights := make([][]float32, len(r.tensors))
	for i, t := range r.tensors {
		weights[i] = t.Data
	}
	r.solver.reserve(weights)
	all := append([]model.Tensor(nil), r.tensors...)
	for i, t := range r.tensors {
		m, v := t, t
		m.Name, m.Data = "adam.m."+t.Name, r.solver.m[i]
		v.Name, v.Data = "adam.v."+t.Name, r.solver.v[i]
		all = append(all, m, v)
	}
	return all
}

func (r *run) prune(keep string) error {
	entries, err := os.ReadDir(r.opt.Dir)
	if err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	best := r.bestPath(r.state.Result.BestStep)
	for _, e := range entries {
		path := filepath.Join(r.opt.Dir, e.Name())
		own := strings.HasPrefix(e.Name(), "step-") || strings.HasPrefix(e.Name(), "best-")
		if own && path != keep && path != best {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("train: removing an old checkpoint: %w", err)
			}
		}
	}
	return nil
}

// resume takes up the newest checkpoint, if there is one.
func (r *run) resume() error {
	step, err := newest(r.opt.Dir)
	if err != nil || step < 0 {
		return err
	}
	name := filepath.Join(r.opt.Dir, "step-"+strconv.Itoa(step))
	b, err := os.ReadFile(filepath.Join(name, "state.json"))
	if err != nil {
		return fmt.Errorf("train: resuming: %w", err)
	}
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("train: resuming: %w", err)
	}
	if s.Fingerprint != r.prints {
		return fmt.Errorf("train: %w: the folder belongs to a run with another model, data or configuration; use another folder or remove it", ErrOtherRun)
	}
	if err := model.ReadTensors(filepath.Join(name, "state.safetensors"), r.checkpointed()); err != nil {
		return fmt.Errorf("train: resuming: %w", err)
	}
	r.state = s
	r.solver.count = s.Step
	if !r.ranked() {
		return nil
	}
	if _, err := os.Stat(r.bestPath(s.Result.BestStep)); err != nil {
		return fmt.Errorf("train: resuming: the best weights: %w", err)
	}
	return nil
}

// takeBest puts the best weights in place.
func (r *run) takeBest() error {
	best := r.state.Result.BestStep
	if best == r.state.Step {
		return nil
	}
	if r.opt.Dir == "" {
		for i, t := range r.tensors {
			copy(t.Data, r.best[i])
		}
		return nil
	}
	if err := model.ReadTensors(r.bestPath(best), r.tensors); err != nil {
		return fmt.Errorf("train: the best weights: %w", err)
	}
	return nil
}

// newest returns the step of the newest whole checkpoint in dir, -1 for none.
func newest(dir string) (int, error) {
	if dir == "" {
		return -1, nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return -1, nil
	} else if err != nil {
		return -1, fmt.Errorf("train: resuming: %w", err)
	}
	step := -1
	for _, e := range entries {
		var n int
		if _, err := fmt.Sscanf(e.Name(), "step-%d", &n); err == nil && e.Name() == "step-"+strconv.Itoa(n) {
			step = max(step, n)
		}
	}
	return step, nil
}

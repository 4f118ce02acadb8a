package activities

import (
	"fmt"
	"os"
	"path/filepath"

	"adapt/config"
	"adapt/generate"
	"adapt/internal/live"
	"adapt/model"
	"adapt/model/exchange"
	"adapt/nn/kernel"
	"adapt/tokenizer"
	"adapt/train"
)

// fitting is a training under way and what comes out of it.
type fitting struct {
	base, work string // folders
	net        *model.Model
	c          config.Config
	adapter    *model.Adapter // nil with full fine-tuning
}

// load reads the base model. Frozen weights of an adapter's base are in the
// form that the configuration names, and need not fit into memory: they are
// mapped from files, which close lets go of.
func (f *fitting) load() (close func() error, err error) {
	kind, err := kernel.ParseKind(f.c.Train.LoRA.Base)
	if f.c.Train.Method != config.MethodLoRA || kind == kernel.F32 {
		f.net, err = model.Load(f.base)
		return func() error { return nil }, err
	}
	if err != nil {
		return nil, err
	}
	frozen, err := model.OpenFrozen(f.base, kind, f.work, f.threads())
	if err != nil {
		return nil, err
	}
	f.net = frozen.Model()
	return frozen.Close, nil
}

func (f *fitting) threads() int {
	if n := f.c.Train.Threads; n > 0 {
		return n
	}
	return workers()
}

func (f *fitting) keepAdapter(a *model.Adapter) error {
	f.adapter = a
	return nil
}

// save writes the model's folder: the trained weights, the adapter that they
// have in them, the base's tokenizer. It reads them back and wants the same
// answers.
func (f *fitting) save(tok tokenizer.Tokenizer) (dir string, err error) {
	dir = filepath.Join(f.work, "model")
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if f.adapter != nil {
		if err := f.saveAdapter(dir, tok); err != nil {
			return "", err
		}
	}
	f.net.Config.SetPrefixLM(f.c.Train.PrefixLM)
	if err := f.net.Save(dir); err != nil {
		return "", err
	}
	if err := f.net.VerifySaved(dir, generate.Forward(probe(tok))); err != nil {
		return "", err
	}
	return dir, exchange.CopyTokenizer(f.base, dir)
}

// mergeTolerance is how far, in parts of the largest, the logits of a merged
// model may be from those of its adapter beside the weights.
const mergeTolerance = 1e-3

// saveAdapter writes the adapter and compares what is read back, beside the
// base's weights, with the merged model. An adapter over quantized weights is
// merged here, into those that the base came with (as PEFT does for QLoRA):
// then the comparison is with the adapter beside the same.
func (f *fitting) saveAdapter(dir string, tok tokenizer.Tokenizer) error {
	folder := filepath.Join(dir, exchange.AdapterFolder)
	if err := f.adapter.Save(folder, filepath.Base(f.base)); err != nil {
		return err
	}
	back, err := model.LoadAdapter(folder, f.net.Config)
	if err != nil {
		return fmt.Errorf("reading the adapter back: %w", err)
	}
	base, err := model.Load(f.base)
	if err != nil {
		return err
	}
	if f.c.Train.LoRA.Base != config.PrecisionFloat32 {
		f.net = base.Clone(func(string) bool { return true })
		f.adapter.Merge(f.net, f.threads())
	}
	return generate.Same(probe(tok), mergeTolerance,
		generate.Subject{Name: "the adapter beside the base", Model: base, Adapter: f.adapter},
		generate.Subject{Name: "the adapter read back", Model: base, Adapter: back},
		generate.Subject{Name: "the merged model", Model: f.net})
}

// probe is a text whose logits are compared: it has nothing of anybody's in it.
func probe(tok tokenizer.Tokenizer) []int32 {
	ids := append([]int32(nil), tok.Markers().Begin...)
	return append(ids, tok.Encode("The quick brown fox signs a contract of 1,000 words; the lungs are clear.")...)
}

// describe writes what the training set holds, with one example, to where the
// terminal finds it. It holds document text, so that it is written to the data
// folder alone.
func (a *Activities) describe(runID string, trainSet []train.Sequence, c train.Config, tok tokenizer.Tokenizer) error {
	return live.Describe(a.Home, runID, train.Describe(trainSet, c, tok.Decode).String())
}

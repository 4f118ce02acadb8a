package activities

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adapt/config"
	"adapt/internal/tiny"
	"adapt/model"
	"adapt/model/exchange"
	"adapt/tokenizer"
	"adapt/train"
)

// trained fits the tiny model to a few sequences by a configuration, as the
// activity does.
func trained(t *testing.T, c config.Config) (f fitting, dir string) {
	t.Helper()
	base := filepath.Join(t.TempDir(), "base")
	tiny.Model(t, base)
	tok, err := tokenizer.Load(base)
	if err != nil {
		t.Fatal(err)
	}
	f = fitting{base: base, work: t.TempDir(), c: c}
	stop, err := f.load()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	var seqs []train.Sequence
	for _, text := range []string{"The lungs are clear.", "There is a small effusion.", "This agreement ends in May."} {
		seqs = append(seqs, train.Sequence{ID: text[:5], IDs: tok.Encode(text)})
	}
	opt := train.Options{Adapter: f.keepAdapter}
	if opt.Replay, opt.General, err = replay(context.Background(), f.net, tok, c, 2000, &meter{}); err != nil {
		t.Fatal(err)
	}
	if _, err := train.Fit(context.Background(), f.net, seqs, nil, trainConfig(c), opt); err != nil {
		t.Fatal(err)
	}
	if dir, err = f.save(tok); err != nil {
		t.Fatal(err)
	}
	return f, dir
}

func quick() config.Config {
	c := config.Default("legal")
	c.Train.Epochs, c.Train.BatchTokens, c.Train.MaxTokens, c.Train.Threads = 2, 64, 64, 1
	return c
}

// TestFittingSavesWhatItTrained wants a folder that loads, with the adapter
// beside the merged weights, over bases in every form of storage.
func TestFittingSavesWhatItTrained(t *testing.T) {
	for _, test := range []struct{ method, base string }{
		{config.MethodFull, config.PrecisionFloat32}, {config.MethodLoRA, config.PrecisionFloat32},
		{config.MethodLoRA, config.PrecisionBF16}, {config.MethodLoRA, config.StoreInt8}, {config.MethodLoRA, config.StoreNF4},
	} {
		t.Run(test.method+" "+test.base, func(t *testing.T) {
			c := quick()
			c.Train.Method, c.Train.LoRA.Base, c.Train.PrefixLM = test.method, test.base, true
			f, dir := trained(t, c)
			m, err := model.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			before, err := model.Load(f.base)
			if err != nil {
				t.Fatal(err)
			}
			if m.Hash() == before.Hash() {
				t.Error("the weights are the base's")
			}
			if !m.Config.PrefixLM() {
				t.Error("the folder does not say that the model is a prefix language model")
			}
			_, err = os.Stat(filepath.Join(dir, exchange.AdapterFolder, model.AdapterConfigFile))
			if has := err == nil; has != (test.method == config.MethodLoRA) {
				t.Errorf("an adapter is beside the weights: %v", has)
			}
			if _, err := tokenizer.Load(dir); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReplay reads general text from a file, and has the base write it, the same
// twice.
func TestReplay(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base")
	tiny.Model(t, base)
	m, err := model.Load(base)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(base)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "general.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("A plain sentence about the weather of the north.\n\n", 600)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{config.ReplaySelf, file} {
		c := quick()
		c.Train.MaxTokens = 256
		c.Train.Forgetting.Replay = from
		var first string
		for range 2 {
			repeat, general, err := replay(context.Background(), m, tok, c, 2000, &meter{})
			if err != nil {
				t.Fatal(err)
			}
			if len(repeat) == 0 || len(general) == 0 || len(repeat) < 2*len(general) {
				t.Errorf("%d sequences to replay, %d to measure on", len(repeat), len(general))
			}
			var all strings.Builder
			for _, s := range append(repeat, general...) {
				if len(s.IDs) > c.Train.MaxTokens+1 {
					t.Errorf("%s has %d tokens", s.ID, len(s.IDs))
				}
				all.WriteString(tok.Decode(s.IDs))
			}
			if first == "" {
				first = all.String()
			} else if all.String() != first {
				t.Error("the second time gives another text")
			}
		}
	}
	c := quick()
	c.Train.Forgetting.Replay = filepath.Join(t.TempDir(), "none.txt")
	if _, _, err := replay(context.Background(), m, tok, c, 2000, &meter{}); err == nil || strings.Contains(err.Error(), t.TempDir()[:5]) {
		t.Errorf("a missing file gives %v", err)
	}
}

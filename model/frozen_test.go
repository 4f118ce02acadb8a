package model

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"adapt/nn"
	"adapt/nn/kernel"
)

// TestFrozen compares every weight with its conversion in memory.
func TestFrozen(t *testing.T) {
	for name, c := range archConfigs() {
		for _, kind := range []kernel.Kind{kernel.F32, kernel.BF16, kernel.Int8, kernel.NF4} {
			m, err := New(c, 5)
			if err != nil {
				t.Fatal(err)
			}
			roughen(m, 1)
			dir, cache := saved(t, m), t.TempDir()
			for range 2 { // converted, then from the cache
				f, err := OpenFrozen(dir, kind, cache, 1)
				if err != nil {
					t.Fatalf("%s, %s: %v", name, kind, err)
				}
				for l := range c.Layers {
					if err := f.Prefetch(l); err != nil {
						t.Error(err)
					}
				}
				compareFrozen(t, m, f, kind)
				for l := range c.Layers {
					if err := f.Release(l); err != nil {
						t.Error(err)
					}
				}
				compareFrozen(t, m, f, kind)
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			}
			files, err := os.ReadDir(cache)
			if err != nil {
				t.Fatal(err)
			}
			want := 1
			if kind == kernel.F32 && c.ModelType != "gpt2" {
				want = 0 // the folder's own file is used
			}
			if len(files) != want {
				t.Errorf("%s, %s: the cache has %v, want %d files", name, kind, files, want)
			}
		}
	}
}

func compareFrozen(t *testing.T, m *Model, f *Frozen, kind kernel.Kind) {
	t.Helper()
	for _, w := range m.Tensors {
		want := w.Data
		if len(w.Shape) == 2 && w.Name != m.Config.Parts().Positions {
			k := kind
			if !m.linear[w.Name] && kind != kernel.F32 {
				k = kernel.BF16
			}
			q, err := kernel.QuantizeMatrix(1, k, w.Shape[0], w.Shape[1], w.Data)
			if err != nil {
				t.Fatal(err)
			}
			want = make([]float32, len(w.Data))
			q.DecodeRows(want, 0, q.Rows)
			if got := f.Matrix(w.Name); got.Kind != k || got.Rows != w.Shape[0] || got.Cols != w.Shape[1] {
				t.Errorf("%s is %s, %d×%d", w.Name, got.Kind, got.Rows, got.Cols)
			}
		} else if !slices.Equal(f.Vector(w.Name), want) {
			t.Errorf("%s differs", w.Name)
		}
		got := f.Tensor(w.Name)
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Fatalf("%s as %s: element %d is %g, want %g", w.Name, kind, i, got[i], want[i])
			}
		}
	}
	if tied := f.Matrix(m.Config.Parts().Head) == f.Matrix(m.Config.Parts().Embed); tied != m.Config.TieEmbeddings {
		t.Errorf("head and embeddings are one: %t", tied)
	}
}

// TestFrozenLoRA computes the loss and an adapter's gradients over weights that
// are streamed from files, and over the same weights in memory.
func TestFrozenLoRA(t *testing.T) {
	for name, c := range archConfigs() {
		for _, kind := range []kernel.Kind{kernel.F32, kernel.NF4} {
			m, err := New(c, 5)
			if err != nil {
				t.Fatal(err)
			}
			roughen(m, 1)
			f, err := OpenFrozen(saved(t, m), kind, t.TempDir(), 1)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for i := range m.Tensors {
				m.Tensors[i].Data = f.Tensor(m.Tensors[i].Name)
			}
			a := trainedAdapter(t, m, LoRA{R: 2, Alpha: 3})
			memory, streamed := adapterStep(t, m, a), adapterStep(t, f.Model(), a)
			if err := CompareVectors(memory, streamed, 1e-5); err != nil {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
			first, again := f.Model().Hash(), f.Model().Hash()
			if first == m.Hash() || first != again {
				t.Errorf("%s, %s: the hash of stored weights", name, kind)
			}
			if err := f.Model().Save(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is stored as") {
				t.Errorf("%s, %s: saving says %v", name, kind, err)
			}
		}
	}
}

// adapterStep returns the loss of a batch and the gradients of an adapter.
func adapterStep(t *testing.T, m *Model, a *Adapter) []float32 {
	t.Helper()
	net, err := m.Build(a, 14, BuildOptions{Options: nn.Options{Threads: 2, Train: true}})
	if err != nil {
		t.Fatal(err)
	}
	batch(net)
	vm, err := net.Machine(false)
	if err != nil {
		t.Fatal(err)
	}
	run(t, vm)
	all := []float32{float32(net.Graph.Batch.Sum)}
	for _, p := range net.Params {
		all = append(all, p.Grad().Data().([]float32)...)
	}
	return all
}

// TestFrozenBF16 uses a folder in bfloat16 as it lies there, in shards too.
func TestFrozenBF16(t *testing.T) {
	m, err := New(archConfigs()["qwen2"], 5)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.save(dir, "BF16", 2000); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFrozen(dir, kernel.BF16, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	compareFrozen(t, m, f, kernel.BF16)
	if _, err := OpenFrozen(dir, kernel.NF4, "", 1); err == nil || !strings.Contains(err.Error(), "no folder") {
		t.Errorf("a conversion without a cache: %v", err)
	}
}

// TestFrozenChanged converts again when the weights have changed, and refuses
// a damaged cache.
func TestFrozenChanged(t *testing.T) {
	m, err := New(smallConfig(true), 5)
	if err != nil {
		t.Fatal(err)
	}
	dir, cache := saved(t, m), t.TempDir()
	open := func() error {
		f, err := OpenFrozen(dir, kernel.Int8, cache, 1)
		if err != nil {
			return err
		}
		compareFrozen(t, m, f, kernel.Int8)
		return f.Close()
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	roughen(m, 1)
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(cache, "*"))
	if err != nil || len(files) != 2 {
		t.Fatalf("the cache has %v; %v", files, err)
	}
	for _, path := range files {
		if err := os.Truncate(path, 500); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(); err == nil {
		t.Error("a cut cache was used")
	}
}

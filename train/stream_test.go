package train

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"adapt/model"
	"adapt/nn/kernel"
)

// streamFolder, in the environment, makes the test binary the process that
// TestStreamedStepInBoundedMemory measures.
const streamFolder = "ADAPT_TEST_STREAM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(streamFolder); dir != "" {
		if err := streamedStep(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// streamedConfig is a model whose weights are nearly all in its layers: 63
// million, 126 MB in bfloat16.
func streamedConfig() model.Config {
	return model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 64, Hidden: 256, Intermediate: 1024, Layers: 60,
		Heads: 4, KVHeads: 4, MaxPositions: 64, RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true,
	}
}

// streamedStep trains an adapter for two steps over weights that stay in their
// file, and prints the peak of the memory that is resident.
func streamedStep(dir string) error {
	frozen, err := model.OpenFrozen(dir, kernel.BF16, "", 1)
	if err != nil {
		return err
	}
	defer frozen.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	seqs := make([]Sequence, 4)
	for i := range seqs {
		seqs[i] = Sequence{ID: fmt.Sprint(i), IDs: make([]int32, 17)}
		for j := range seqs[i].IDs {
			seqs[i].IDs[j] = int32(rng.IntN(64))
		}
	}
	c := Config{
		Seed: 1, Steps: 2, LearningRate: 1e-3, BatchTokens: 32, Threads: 1, KeepAdapter: true,
		LoRA: &model.LoRA{R: 1, Alpha: 2, Targets: []string{"q_proj", "v_proj"}},
	}
	res, err := Fit(context.Background(), frozen.Model(), seqs, nil, c, Options{Adapter: func(*model.Adapter) error { return nil }})
	if err != nil {
		return err
	}
	peak, err := peakMemory()
	fmt.Println(res.Steps, peak, frozen.SizeBytes())
	return err
}

// peakMemory is the most memory, in bytes, that was resident.
func peakMemory() (int, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(b), "VmHWM:")
	kb, err := strconv.Atoi(strings.Fields(after)[0])
	return kb << 10, err
}

// TestStreamedStepInBoundedMemory trains over weights that are mapped from a
// file, in a process of its own, and wants less of them resident at any time
// than there are.
func TestStreamedStepInBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads a file of 126 MB")
	}
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc/self/status")
	}
	m, err := model.New(streamedConfig(), 1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.SaveBF16(dir); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), streamFolder+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var steps, peak, weights int
	if _, err := fmt.Sscan(string(out), &steps, &peak, &weights); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	t.Logf("%d steps: %d MB resident at most, %d MB of weights", steps, peak>>20, weights>>20)
	if steps != 2 || peak >= weights {
		t.Errorf("%d steps with %d MB resident, want 2 with less than the weights' %d MB", steps, peak>>20, weights>>20)
	}
}

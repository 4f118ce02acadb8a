package generate

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"adapt/model"
	"adapt/nn/kernel"
	"adapt/train"
)

// stories reads the llama2.c checkpoint of a model that others trained, and
// its vocabulary, from the data folder beside the repository.
func stories(t *testing.T) (*model.Model, []string) {
	t.Helper()
	dir := filepath.Join("..", "..", "shared", "data", "models", "stories260K")
	f, err := os.Open(filepath.Join(dir, "stories260K.bin"))
	if err != nil {
		t.Skip("the checkpoint stories260K is not beside the repository")
	}
	defer f.Close()
	r := bufio.NewReader(f)
	var h [7]int32
	read(t, r, &h)
	m, err := model.New(model.Config{
		ModelType: "llama", HiddenAct: "silu", Hidden: int(h[0]), Intermediate: int(h[1]), Layers: int(h[2]), Heads: int(h[3]),
		KVHeads: int(h[4]), VocabSize: int(h[5]), MaxPositions: int(h[6]), RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true,
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	read(t, r, m.Tensor(model.EmbedName))
	for _, part := range []string{
		"input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
		"post_attention_layernorm", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj",
	} {
		for l := range m.Config.Layers {
			w := m.Tensor(model.LayerName(l, part))
			read(t, r, w)
			switch part {
			case "self_attn.q_proj":
				halfSplit(w, m.Config.Heads, m.Config.Dim(), m.Config.Hidden)
			case "self_attn.k_proj":
				halfSplit(w, m.Config.KVHeads, m.Config.Dim(), m.Config.Hidden)
			}
		}
	}
	read(t, r, m.Tensor(model.NormName))
	return m, vocabulary(t, filepath.Join(dir, "tok512.bin"), m.Config.VocabSize)
}

func read(t *testing.T, r io.Reader, v any) {
	t.Helper()
	if err := binary.Read(r, binary.LittleEndian, v); err != nil {
		t.Fatal(err)
	}
}

// halfSplit reorders the rows of a head from llama2.c's rotary pairs (2i, 2i+1)
// to Hugging Face's (i, i+dim/2).
func halfSplit(w []float32, heads, dim, width int) {
	old := append([]float32(nil), w...)
	for h := range heads {
		for i := range dim {
			from := h*dim + i
			to := h*dim + i/2 + i%2*dim/2
			copy(w[to*width:(to+1)*width], old[from*width:])
		}
	}
}

func vocabulary(t *testing.T, path string, n int) []string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	var longest, size int32
	var score float32
	read(t, r, &longest)
	words := make([]string, n)
	for i := range words {
		read(t, r, &score)
		read(t, r, &size)
		b := make([]byte, size)
		read(t, r, b)
		words[i] = string(b)
	}
	return words
}

// TestStories proves the arithmetic on weights that nobody here trained: the
// greedy text and its loss are as the checkpoint's description says, by the
// decoder token by token, by the decoder at once, and by the training graph.
func TestStories(t *testing.T) {
	m, words := stories(t)
	d, err := NewDecoder(m, Options{})
	check(t, err)
	c := d.newCache()
	logits := make([]float32, m.Config.VocabSize)
	ids, text := []int32{1}, strings.Builder{} // BOS
	const want = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park"
	nats, opening := 0.0, 0.0 // opening: nats a token of the text that want quotes
	for n := range 150 {
		check(t, d.run(&request{c: c, ids: ids[len(ids)-1:], logits: logits}))
		best := 0
		for i, v := range logits {
			if v > logits[best] {
				best = i
			}
		}
		nats -= logProb(logits, int32(best), kernel.LogSumExp(logits))
		ids = append(ids, int32(best))
		text.WriteString(words[best])
		if text.Len() <= len(" "+want) {
			opening = nats / float64(n+1)
		}
	}
	if got := strings.TrimSpace(text.String()); !strings.HasPrefix(got, want) {
		t.Errorf("greedy text is %q, want it to begin with %q", got, want)
	}
	mean := nats / 150
	if math.Abs(opening-0.18) > 0.06 {
		t.Errorf("loss on the opening of its own text is %.3f nats a token, want about 0.18", opening)
	}
	graph, err := train.Loss(m, []train.Sequence{{ID: "own text", IDs: ids}}, train.Config{BatchTokens: 160})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(graph-mean) > 1e-4 {
		t.Errorf("the training graph's loss is %.6f, the decoder's %.6f", graph, mean)
	}
	all := make([]float32, 150*m.Config.VocabSize)
	check(t, d.run(&request{c: d.newCache(), ids: ids[:150], logits: all}))
	atOnce := 0.0
	for i := range 150 {
		row := all[i*m.Config.VocabSize : (i+1)*m.Config.VocabSize]
		atOnce -= logProb(row, ids[i+1], kernel.LogSumExp(row))
	}
	if math.Abs(atOnce/150-mean) > 1e-4 {
		t.Errorf("loss at once is %.6f, token by token %.6f", atOnce/150, mean)
	}
}

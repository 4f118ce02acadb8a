package ingest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func doc(id, text string) *Document { return &Document{ID: id, Text: text} }

// words makes a text of n words out of a vocabulary.
func words(rng *rand.Rand, n, vocabulary int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("w%d", rng.IntN(vocabulary))
	}
	return out
}

func TestDedup(t *testing.T) {
	docs := []*Document{doc("c", "The heart."), doc("b", "Lungs clear"), doc("a", " the  HEART\n"), doc("d", "lungs, clear!"), doc("e", "else")}
	kept, dropped := Dedup(docs)
	var ids []string
	for _, d := range kept {
		ids = append(ids, d.ID)
	}
	if got := strings.Join(ids, ""); got != "bae" || dropped != 2 {
		t.Errorf("kept %q, dropped %d; want bae, 2", got, dropped)
	}
}

func TestGroup(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	base := words(rng, 400, 5000)
	near := slices.Clone(base)
	near[200] = "changed"
	half := append(slices.Clone(base[:200]), words(rng, 200, 5000)...)
	other := words(rng, 400, 5000)
	docs := []*Document{
		doc("d4", strings.Join(base, " ")), doc("d2", strings.Join(near, "\n")), doc("d3", strings.Join(half, " ")),
		doc("d1", strings.Join(other, " ")), doc("d0", ""), doc("d5", "Short text."), doc("d6", "short TEXT"),
	}
	Group(docs, 0.8)
	want := map[string]string{"d4": "d2", "d2": "d2", "d3": "d3", "d1": "d1", "d0": "d0", "d5": "d5", "d6": "d5"}
	for _, d := range docs {
		if d.Group != want[d.ID] {
			t.Errorf("group of %s = %s, want %s", d.ID, d.Group, want[d.ID])
		}
	}
	slices.Reverse(docs)
	Group(docs, 0.8)
	for _, d := range docs {
		if d.Group != want[d.ID] {
			t.Errorf("in another order the group of %s = %s, want %s", d.ID, d.Group, want[d.ID])
		}
	}
	Group(docs, 0)
	for _, d := range docs {
		if d.Group != d.ID {
			t.Errorf("without a similarity the group of %s = %s", d.ID, d.Group)
		}
	}
}

func TestSimilar(t *testing.T) {
	tests := []struct {
		a, b string
		want float64
	}{
		{"", "", 0}, {"", "a", 0}, {"a b", "A, b.", 1}, {"a b c d e f", "a b c d e f", 1},
		{"a b c d e f", "a b c d e g", 1.0 / 3}, {"a b c d e", "f g h i j", 0}, {"a a a a a a a", "a a a a a", 1},
	}
	for _, tt := range tests {
		if got := Similar(doc("", tt.a), doc("", tt.b)); got != tt.want {
			t.Errorf("Similar(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

// TestMinHashEstimates holds the estimate to the true similarity within the
// error that 128 hashes allow.
func TestMinHashEstimates(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 30 {
		base := words(rng, 600, 3000)
		changed := slices.Clone(base)
		for i := range rng.IntN(60) {
			changed[rng.IntN(600)] = fmt.Sprint("x", i)
		}
		a, b := doc("", strings.Join(base, " ")), doc("", strings.Join(changed, " "))
		sa, sb := Sign(a.Text), Sign(b.Text)
		if truth := Similar(a, b); !agree(&sa, &sb, truth-0.2) || truth < 0.8 && agree(&sa, &sb, truth+0.2) {
			t.Errorf("the signatures agree in a share that is not about %v", truth)
		}
	}
}

func TestChunks(t *testing.T) {
	count := func(s string) int { return len(strings.Fields(s)) }
	text := "One two three.\n\nFour five. Six seven eight nine.\nTen.\n\n\nEleven"
	tests := []struct {
		max  int
		want []string
	}{
		{100, []string{text}},
		{3, []string{"One two three.\n\n", "Four five. ", "Six seven eight ", "nine.\n", "Ten.\n\n\n", "Eleven"}},
		{7, []string{"One two three.\n\n", "Four five. Six seven eight nine.\nTen.\n\n\n", "Eleven"}},
	}
	for _, tt := range tests {
		var got []string
		for _, c := range Chunks(doc("", text), count, tt.max) {
			got = append(got, text[c.Start:c.End])
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("chunks of %d = %q, want %q", tt.max, got, tt.want)
		}
	}
	if got := Chunks(doc("", ""), count, 5); got != nil {
		t.Errorf("chunks of no text = %v", got)
	}
}

// FuzzChunks: chunks cover the text, cut no character and keep to the limit
// where a character allows it.
func FuzzChunks(f *testing.F) {
	f.Add("A b. C\n\nd é🙂 \n", 3)
	f.Fuzz(func(t *testing.T, text string, max int) {
		if max < 4 || len(text) > 10_000 || !utf8.ValidString(text) {
			return
		}
		count := func(s string) int { return len(s) }
		at := 0
		for _, c := range Chunks(doc("", text), count, max) {
			if c.Start != at || c.End <= c.Start || c.Tokens != count(text[c.Start:c.End]) || c.Tokens > max {
				t.Fatalf("chunk %+v at %d, max %d", c, at, max)
			}
			if !utf8.ValidString(text[c.Start:c.End]) {
				t.Fatalf("chunk %+v cuts a character", c)
			}
			at = c.End
		}
		if at != len(text) {
			t.Fatalf("chunks end at %d of %d", at, len(text))
		}
	})
}

func BenchmarkGroupReports(b *testing.B) { benchmarkGroup(b, 3000, 60, 40) }

func BenchmarkGroupContracts(b *testing.B) { benchmarkGroup(b, 400, 8000, 5000) }

func benchmarkGroup(b *testing.B, n, length, vocabulary int) {
	rng := rand.New(rand.NewPCG(3, 3))
	docs := make([]*Document, n)
	for i := range docs {
		docs[i] = doc(fmt.Sprint(i), strings.Join(words(rng, length, vocabulary), " "))
	}
	for b.Loop() {
		Group(docs, 0.85)
	}
}

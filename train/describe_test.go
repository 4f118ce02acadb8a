package train

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
)

// spell makes text of tokens: letters, and from 50 on what a terminal must not
// get.
func spell(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		if id < 50 {
			b.WriteByte('a' + byte(id)%26)
			continue
		}
		b.WriteString([]string{"\x1b[2J", "\n", "\u202e", "\x00", "\\", "\xff", "é"}[id-50])
	}
	return b.String()
}

func TestDescribe(t *testing.T) {
	seqs := []Sequence{
		{ID: "all", IDs: []int32{0, 1, 2, 3}},
		{ID: "answer\x1b", IDs: []int32{0, 50, 51, 4, 52, 53, 54, 55, 56}, Loss: []float32{1, 0, 0, 0.5, 1, 1, 0, 0, 1}},
		masked("silent", 6, 0, 1),
		masked("cut", 30, 8, 30),
		masked("lost", 44, 40, 44),
	}
	s := Describe(seqs, Config{BatchTokens: 20, Overlength: "truncate"}, spell)
	want := `5 sequences, 93 tokens: 33 trained (35.5%), 60 masked
2 are longer than 20 tokens: 1 truncated, 1 dropped
1 have nothing to train on and are left out
length in tokens
   4 to  8 ████████████████████████████████████████ 2
   9 to 13 ████████████████████                     1
  14 to 18                                          0
  19 to 23                                          0
  24 to 28                                          0
  29 to 33 ████████████████████                     1
  34 to 38                                          0
  39 to 43                                          0
  44 to 44 ████████████████████                     1
example answer\x1b (- masked, + trained)
  - a\x1b[2J\n
  + e\u202e\x00
  - \\�
  + é
`
	if got := s.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, r := range s.String() {
		if unicode.IsControl(r) && r != '\n' {
			t.Errorf("the summary has %q", r)
		}
	}
	if got := Describe(seqs, Config{BatchTokens: 20}, spell).String(); !strings.Contains(got, "2 are longer than 20 tokens, which is an error\n") {
		t.Errorf("raise gives\n%s", got)
	}
}

func TestDescribeOddSets(t *testing.T) {
	for name, seqs := range map[string][]Sequence{
		"none":   nil,
		"empty":  {{ID: "empty"}},
		"silent": {masked("a", 5, 0, 1), masked("b", 5, 0, 0)},
		"same":   {masked("a", 5, 1, 5), masked("b", 5, 2, 5)},
		"text":   {{ID: "a", IDs: make([]int32, 5)}},
	} {
		s := Describe(seqs, Config{BatchTokens: 20}, spell)
		n := 0
		for _, b := range s.Bins {
			n += b.Count
		}
		if n != len(seqs) || !strings.HasPrefix(s.String(), fmt.Sprintf("%d sequences", len(seqs))) {
			t.Errorf("%s: %d sequences in the bins\n%s", name, n, s)
		}
	}
}

func TestDescribeShortensLongRuns(t *testing.T) {
	s := Describe([]Sequence{masked("long", 3000, 2000, 3000)}, Config{BatchTokens: 4096}, spell)
	if n := len(s.String()); n > 2000 || !strings.Contains(s.String(), "characters…]") {
		t.Errorf("%d bytes:\n%s", n, s)
	}
}

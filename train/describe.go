package train

import (
	"fmt"
	"strconv"
	"strings"
)

// A Summary says what a training set holds: its numbers and one example. It has
// text of the examples in it, so that it is for a terminal or a page and never
// for a workflow's history.
type Summary struct {
	Sequences int
	Tokens    int64 // of all, those left out too
	Trained   int64 // tokens that are predicted and weigh in the loss
	Masked    int64 // the other tokens, first ones among them
	Silent    int   // sequences left out: without any loss
	TooLong   int   // sequences beyond Limit tokens
	Dropped   int   // of them left out
	Truncated int   // of them kept without their ends
	Raise     bool  // whether they are an error
	Limit     int   // rows of a sequence: one less than its tokens
	Shortest  int   // tokens
	Longest   int
	Bins      []Bin // of lengths
	Example   Example
}

// A Bin counts sequences of From to To tokens.
type Bin struct{ From, To, Count int }

// An Example is a sequence in runs of tokens that are all masked or all
// trained.
type Example struct {
	ID   string
	Runs []Run
}

// A Run is a part of an example, with its control characters escaped.
type Run struct {
	Trained bool
	Tokens  int
	Text    string
}

const (
	maxBins   = 10
	barWidth  = 40
	shownRune = 400 // of a run, half from each end
	shownRuns = 8   // of an example, in text
)

// Describe sums a training set up as the configuration would see it, before
// anything is trained. decode makes text of tokens.
func Describe(seqs []Sequence, c Config, decode func([]int32) string) Summary {
	c = c.withDefaults()
	of := sortOut(seqs, c)
	s := Summary{
		Sequences: len(seqs), Silent: of.silent, TooLong: len(of.long), Dropped: of.dropped, Truncated: of.truncated,
		Raise: c.Overlength == raise, Limit: c.MaxTokens,
	}
	for i := range seqs {
		n := len(seqs[i].IDs)
		if s.Longest = max(s.Longest, n); i == 0 || n < s.Shortest {
			s.Shortest = n
		}
		s.Tokens += int64(n)
		for j := 1; j < n; j++ {
			if seqs[i].weight(j) != 0 {
				s.Trained++
			}
		}
	}
	s.Masked = s.Tokens - s.Trained
	s.count(seqs)
	s.choose(of.kept, decode)
	return s
}

func (s *Summary) count(seqs []Sequence) {
	if len(seqs) == 0 {
		return
	}
	width := (s.Longest-s.Shortest)/maxBins + 1
	for from := s.Shortest; from <= s.Longest; from += width {
		s.Bins = append(s.Bins, Bin{From: from, To: min(from+width-1, s.Longest)})
	}
	for i := range seqs {
		s.Bins[(len(seqs[i].IDs)-s.Shortest)/width].Count++
	}
}

// choose shows the first sequence of which some tokens are masked beyond the
// first, which always is.
func (s *Summary) choose(kept []Sequence, decode func([]int32) string) {
	if len(kept) == 0 {
		return
	}
	shown := kept[0]
	for _, k := range kept {
		if k.prefix() > 1 {
			shown = k
			break
		}
	}
	s.Example = example(shown, decode)
}

func example(s Sequence, decode func([]int32) string) Example {
	e := Example{ID: s.ID}
	trained := func(i int) bool { return i > 0 && s.weight(i) != 0 }
	for from := 0; from < len(s.IDs); {
		to := from + 1
		for to < len(s.IDs) && trained(to) == trained(from) {
			to++
		}
		e.Runs = append(e.Runs, Run{trained(from), to - from, escape(shorten(decode(s.IDs[from:to])))})
		from = to
	}
	return e
}

// shorten leaves the middle of a long text out.
func shorten(text string) string {
	runes := []rune(text)
	if len(runes) <= shownRune {
		return text
	}
	half := shownRune / 2
	return fmt.Sprintf("%s […%d characters…] %s", string(runes[:half]), len(runes)-2*half, string(runes[len(runes)-half:]))
}

// escape makes control characters, which could move a terminal's cursor or turn
// the direction of writing, visible.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// String renders the summary for a terminal of 80 columns, but for the example.
func (s Summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d sequences, %d tokens: %d trained (%.1f%%), %d masked\n",
		s.Sequences, s.Tokens, s.Trained, 100*float64(s.Trained)/float64(max(1, s.Tokens)), s.Masked)
	switch {
	case s.TooLong > 0 && s.Raise:
		fmt.Fprintf(&b, "%d are longer than %d tokens, which is an error\n", s.TooLong, s.Limit)
	case s.TooLong > 0:
		fmt.Fprintf(&b, "%d are longer than %d tokens: %d truncated, %d dropped\n", s.TooLong, s.Limit, s.Truncated, s.Dropped)
	}
	if s.Silent > 0 {
		fmt.Fprintf(&b, "%d have nothing to train on and are left out\n", s.Silent)
	}
	most := 1
	for _, bin := range s.Bins {
		most = max(most, bin.Count)
	}
	if len(s.Bins) > 0 {
		b.WriteString("length in tokens\n")
	}
	digits := len(strconv.Itoa(s.Longest))
	for _, bin := range s.Bins {
		n := bin.Count * barWidth / most
		if bin.Count > 0 {
			n = max(1, n)
		}
		bar := strings.Repeat("█", n) + strings.Repeat(" ", barWidth-n)
		fmt.Fprintf(&b, "  %*d to %*d %s %d\n", digits, bin.From, digits, bin.To, bar, bin.Count)
	}
	if len(s.Example.Runs) > 0 {
		fmt.Fprintf(&b, "example %s (- masked, + trained)\n", escape(s.Example.ID))
	}
	for i, r := range s.Example.Runs {
		if i == shownRuns {
			fmt.Fprintf(&b, "  … and %d runs more\n", len(s.Example.Runs)-i)
			break
		}
		sign := "-"
		if r.Trained {
			sign = "+"
		}
		fmt.Fprintf(&b, "  %s %s\n", sign, r.Text)
	}
	return b.String()
}

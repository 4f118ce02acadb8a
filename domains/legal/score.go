package legal

import (
	"cmp"
	"slices"
	"strings"

	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
)

// sameQuote is the similarity from which an item is the labeled clause, as in
// CUAD's own scoring.
const sameQuote = 0.5

// words are the words of a quote without case and punctuation. CUAD compares
// the same way.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return strings.ContainsRune(" \t\n\r\f\v/.,;:\"“”'‘’()[]*\u00a0", r)
	})
}

// A quote is an item or a labeled span, prepared for comparison.
type quote struct {
	span
	words []string
	set   map[string]bool
}

func newQuote(start, end int, text string) quote {
	q := quote{span: span{start, end}, words: words(text)}
	q.set = make(map[string]bool, len(q.words))
	for _, w := range q.words {
		q.set[w] = true
	}
	return q
}

// jaccard is the share of common words in all words of a and b.
func jaccard(a, b quote) float64 {
	if len(a.set) > len(b.set) {
		a, b = b, a
	}
	common := 0
	for w := range a.set {
		if b.set[w] {
			common++
		}
	}
	if all := len(a.set) + len(b.set) - common; all > 0 {
		return float64(common) / float64(all)
	}
	return 0
}

// samePlace is the share of common bytes in all bytes of a and b.
func samePlace(a, b quote) float64 {
	n := overlap(a.span, b.span)
	if n == 0 {
		return 0
	}
	return float64(n) / float64(a.len()+b.len()-n)
}

// contains reports whether one quote's words are a part of the other's.
func contains(a, b quote) bool {
	if len(a.words) > len(b.words) {
		a, b = b, a
	}
	if len(a.words) == 0 {
		return false
	}
	for i := 0; i+len(a.words) <= len(b.words); i++ {
		if slices.Equal(a.words, b.words[i:i+len(a.words)]) {
			return true
		}
	}
	return false
}

// similarity is at least sameQuote when an item stands for a labeled span of
// its category.
func similarity(category string, item, truth quote) float64 {
	s := max(jaccard(item, truth), samePlace(item, truth))
	if category == "Parties" && s < sameQuote && contains(item, truth) {
		return sameQuote
	}
	return s
}

// matched is an item with the labeled span that it stands for, or -1.
type matched struct {
	item  int
	truth int
}

// pair gives every item at most one labeled span, and the other way round. The
// most confident item chooses first, so that dropping the least confident ones
// changes nothing for the others and one pass serves every threshold.
func pair(items []domains.Item, truth []label.Span) []matched {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(items[b].Confidence, items[a].Confidence) })

	byCategory := map[string][]int{}
	prepared := make([]quote, len(truth))
	for i, s := range truth {
		byCategory[s.Category] = append(byCategory[s.Category], i)
		prepared[i] = newQuote(s.Start, s.End, s.Text)
	}
	taken := make([]bool, len(truth))
	out := make([]matched, 0, len(items))
	for _, i := range order {
		it := items[i]
		best, bestSim := -1, 0.0
		if open := byCategory[it.Category]; len(open) > 0 {
			q := newQuote(it.Start, it.End, it.Text)
			for _, j := range open {
				if sim := similarity(it.Category, q, prepared[j]); !taken[j] && sim >= sameQuote && sim > bestSim {
					best, bestSim = j, sim
				}
			}
		}
		if best >= 0 {
			taken[best] = true
		}
		out = append(out, matched{i, best})
	}
	return out
}

// asserts reports whether an item is confident enough to be said.
func asserts(s domains.Settings, it domains.Item) bool {
	t, ok := s.ByCategory[it.Category]
	if !ok {
		t = s.Threshold
	}
	return it.Confidence >= t
}

// positives counts the true items by category, those included that are not in
// the text as read.
func positives(truth label.Truth) map[string]int {
	n := map[string]int{}
	for _, s := range truth.Spans {
		n[s.Category]++
	}
	for c, k := range truth.Unlocated {
		n[c] += k
	}
	return n
}

// Outcome implements domains.Domain. An item is right when its words, or its
// place, are at least half those of a labeled clause of its category (for
// parties: when one name holds the other); each clause is found once.
func (d *Domain) Outcome(doc *ingest.Document, truth label.Truth, a domains.Answer, s domains.Settings) eval.Outcome {
	o := eval.Outcome{
		DocID: doc.ID, Group: doc.Group, Origin: string(truth.Origin), Tokens: a.Tokens,
		Counts: map[string]eval.Counts{}, Positives: positives(truth), Values: map[string]float64{},
	}
	for c, n := range o.Positives {
		o.Counts[c] = eval.Counts{FN: n}
	}
	exact := 0
	f1 := make([]float64, len(truth.Spans))
	var said []domains.Item
	for _, m := range pair(a.Items, truth.Spans) {
		it := a.Items[m.item]
		o.Scored = append(o.Scored, eval.Scored{Category: it.Category, Confidence: it.Confidence, Correct: m.truth >= 0})
		if !asserts(s, it) {
			continue
		}
		said = append(said, it)
		n := o.Counts[it.Category]
		if m.truth < 0 {
			n.FP++
		} else {
			n.TP++
			n.FN--
			t := truth.Spans[m.truth]
			f1[m.truth] = tokenF1(words(it.Text), words(t.Text))
			if slices.Equal(words(it.Text), words(t.Text)) {
				exact++
			}
		}
		o.Counts[it.Category] = n
	}
	sortItems(said)
	o.Answered = len(said) > 0
	o.Claims = claims(doc, truth, said)
	if n := total(o.Positives); n > 0 {
		sum := 0.0
		for _, f := range f1 {
			sum += f
		}
		o.Values["exact_match"] = float64(exact) / float64(n)
		o.Values["token_f1"] = sum / float64(n)
	}
	o.Answer, o.Reference = list(said), list(spanItems(truth.Spans))
	return o
}

func total(counts map[string]int) int {
	n := 0
	for _, k := range counts {
		n += k
	}
	return n
}

// tokenF1 is the F1 of a's words against b's, as multisets (SQuAD's F1).
func tokenF1(a, b []string) float64 {
	left := map[string]int{}
	for _, w := range b {
		left[w]++
	}
	common := 0
	for _, w := range a {
		if left[w] > 0 {
			left[w]--
			common++
		}
	}
	if common == 0 {
		return 0
	}
	return 2 * float64(common) / float64(len(a)+len(b))
}

// sortItems puts items in the order of the report: by category, then place.
func sortItems(items []domains.Item) {
	slices.SortStableFunc(items, func(a, b domains.Item) int {
		return cmp.Or(cmp.Compare(byName[a.Category], byName[b.Category]), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
}

func spanItems(spans []label.Span) []domains.Item {
	items := make([]domains.Item, len(spans))
	for i, s := range spans {
		items[i] = domains.Item{Category: s.Category, Start: s.Start, End: s.End, Text: s.Text}
	}
	sortItems(items)
	return items
}

// listed is how many characters of a quote the report's lists show.
const listed = 240

// list writes items one a line.
func list(items []domains.Item) string {
	var b strings.Builder
	for _, it := range items {
		b.WriteString(it.Category)
		b.WriteString(": ")
		b.WriteString(shorten(collapse(it.Text), listed))
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func shorten(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + " …"
		}
		n--
	}
	return s
}

package medical

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"adapt/eval"
)

// heldOut are the sentences that no rule was written by.
//
//go:embed testdata/observations/heldout.txt
var heldOut string

// A Labelled sentence has the observations that a person found in it.
type Labelled struct {
	Text string
	Want []Finding // name, presence, side and severity
}

// HeldOut returns the hand-labelled sentences that the rules are measured on.
func HeldOut() ([]Labelled, error) { return parseLabelled(heldOut) }

// parseLabelled reads lines of the form
//
//	sentence => +Pleural Effusion left small; -Pneumothorax; ?Edema
//
// Lines without "=>" and those that begin with "#" are passed over.
func parseLabelled(text string) ([]Labelled, error) {
	var out []Labelled
	for i, line := range strings.Split(text, "\n") {
		sentence, labels, ok := strings.Cut(line, "=>")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		l := Labelled{Text: strings.TrimSpace(sentence)}
		for _, field := range strings.Split(labels, ";") {
			if field = strings.TrimSpace(field); field == "" {
				continue
			}
			f, err := parseWanted(field)
			if err != nil {
				return nil, fmt.Errorf("labelled sentences: line %d: %w", i+1, err)
			}
			l.Want = append(l.Want, f)
		}
		out = append(out, l)
	}
	return out, nil
}

var presenceMarks = map[byte]string{'+': Present, '-': Absent, '?': Uncertain}

func parseWanted(field string) (Finding, error) {
	f := Finding{Presence: presenceMarks[field[0]]}
	if f.Presence == "" {
		return f, fmt.Errorf("a label begins with +, - or ?, not %q", field[:1])
	}
	rest := field[1:]
	for _, name := range Observations() {
		if strings.HasPrefix(rest, name) && len(name) > len(f.Name) {
			f.Name = name
		}
	}
	if f.Name == "" {
		return f, fmt.Errorf("%q names none of the 14 observations", field)
	}
	for _, w := range strings.Fields(rest[len(f.Name):]) {
		switch {
		case w == left || w == right || w == bilateral:
			f.Side = w
		case degrees[w] > 0:
			f.Severity = w
		default:
			return f, fmt.Errorf("%q is neither a side nor a severity", w)
		}
	}
	return f, nil
}

// Scores are how well the observations of sentences are read.
type Scores struct {
	Sentences int `json:"sentences"`
	Labels    int `json:"labels"`
	// Observations counts a label as found when observation and presence are
	// right. One entry an observation, and all.
	Observations eval.Summary `json:"observations"`
	// Kinds has the same labels by presence, and the sides and severities of
	// those that are asserted by both.
	Kinds eval.Summary `json:"kinds"`
}

// The categories of Scores.Kinds beside the three presences.
const (
	sideKind     = "side"
	severityKind = "severity"
)

// Measure reads the sentences and compares.
func Measure(sentences []Labelled) Scores {
	s := Scores{Sentences: len(sentences)}
	var byName, byKind []eval.Outcome
	for i, l := range sentences {
		got, want := gather(Observe(l.Text)), gather(l.Want)
		s.Labels += len(want)
		names, kinds := compare(got, want)
		id := strconv.Itoa(i)
		byName = append(byName, eval.Outcome{DocID: id, Group: id, Counts: names, Answered: true})
		byKind = append(byKind, eval.Outcome{DocID: id, Group: id, Counts: kinds, Answered: true})
	}
	opt := eval.Options{Resamples: 2000, Seed: 1}
	s.Observations, s.Kinds = eval.Summarize(byName, opt), eval.Summarize(byKind, opt)
	return s
}

// gathered is what a sentence says of one observation: present goes before
// uncertain and uncertain before absent. Sides and degrees are those of what
// is asserted.
type gathered struct {
	Observation
	degrees []string
}

func gather(findings []Finding) map[string]*gathered {
	out := map[string]*gathered{}
	for _, f := range findings {
		g := out[f.Name]
		if g == nil {
			g = &gathered{Observation: Observation{Name: f.Name}}
			out[f.Name] = g
		}
		g.add(f)
		if f.Asserted() && f.Severity != "" && !slices.Contains(g.degrees, f.Severity) {
			g.degrees = append(g.degrees, f.Severity)
		}
	}
	return out
}

func compare(got, want map[string]*gathered) (names, kinds map[string]eval.Counts) {
	names, kinds = map[string]eval.Counts{}, map[string]eval.Counts{}
	count := func(in map[string]eval.Counts, key string, tp, fp, fn int) {
		c := in[key]
		in[key] = eval.Counts{TP: c.TP + tp, FP: c.FP + fp, FN: c.FN + fn}
	}
	for _, name := range Observations() {
		g, w := got[name], want[name]
		switch {
		case g != nil && w != nil && g.Presence == w.Presence:
			count(names, name, 1, 0, 0)
			count(kinds, g.Presence, 1, 0, 0)
		default:
			if g != nil {
				count(names, name, 0, 1, 0)
				count(kinds, g.Presence, 0, 1, 0)
			}
			if w != nil {
				count(names, name, 0, 0, 1)
				count(kinds, w.Presence, 0, 0, 1)
			}
		}
		if g == nil || w == nil || g.Presence == Absent || w.Presence == Absent {
			continue
		}
		tp, fp, fn := agree(oneOrNone(g.Side), oneOrNone(w.Side))
		count(kinds, sideKind, tp, fp, fn)
		tp, fp, fn = agree(g.degrees, w.degrees)
		count(kinds, severityKind, tp, fp, fn)
	}
	return names, kinds
}

func oneOrNone(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// agree counts the values that both have, and those of one alone.
func agree(got, want []string) (tp, fp, fn int) {
	for _, x := range got {
		if slices.Contains(want, x) {
			tp++
		} else {
			fp++
		}
	}
	return tp, fp, len(want) - tp
}

// Format writes the scores as two tables in Markdown.
func (s Scores) Format() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d sentences, %d labels; 95%% intervals over sentences\n\n", s.Sentences, s.Labels)
	table(&out, "observation", s.Observations, append(Observations(), ""))
	out.WriteString("\n")
	table(&out, "attribute", s.Kinds, []string{Present, Absent, Uncertain, sideKind, severityKind})
	return out.String()
}

// table writes a row of Markdown for each category; "" is all of them.
func table(out *strings.Builder, head string, of eval.Summary, keys []string) {
	fmt.Fprintf(out, "| %s | labels | precision | recall | F1 |\n|---|---|---|---|---|\n", head)
	for _, key := range keys {
		title := key
		if key == "" {
			title = "all"
		}
		fmt.Fprintf(out, "| %s | %d | %s | %s | %s |\n", title, labels(of, key), interval(of, eval.ExtractionPrecision, key),
			interval(of, eval.ExtractionRecall, key), interval(of, eval.ExtractionF1, key))
	}
}

func labels(of eval.Summary, key string) int {
	if key == "" {
		return of.Counts.TP + of.Counts.FN
	}
	for _, c := range of.Categories {
		if c.Name == key {
			return c.Counts.TP + c.Counts.FN
		}
	}
	return 0
}

func interval(of eval.Summary, metric, key string) string {
	return eval.Share.Interval(of.Figure(metric, key))
}

package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"adapt/label"
	"adapt/progress"
)

// functions are what the templates call.
var functions = template.FuncMap{
	"path":   url.PathEscape,
	"when":   when,
	"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"amount": amount,
	"pace":   pace,
	"pairs":  pairs,
	"bytes":  func(n int64) string { return humanize.IBytes(uint64(max(0, n))) },
	"title":  title,
	"promille": func(s progress.Step) int {
		f, _ := s.Fraction()
		return int(math.Round(1000 * f))
	},
	"state": stateOf,
	"sure":  sure,
	"kappa": kappa,
	"spent": spent,
	"share": func(part, whole int) int { return int(math.Round(1000 * float64(part) / float64(max(whole, 1)))) },
	"known": func(s progress.Step) bool { _, ok := s.Fraction(); return ok },
}

// sure writes a probability as people read it.
func sure(p float64) string { return strconv.FormatFloat(100*p, 'f', 0, 64) + "%" }

// kappa writes an agreement beyond chance with its interval.
func kappa(k label.Kappa) string {
	if k.Value == nil {
		return "not defined"
	}
	return fmt.Sprintf("%.2f [%.2f–%.2f]", *k.Value, *k.Low, *k.High)
}

// spent writes seconds as people do.
func spent(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	if d >= time.Minute {
		d = d.Round(time.Minute)
		return strings.TrimSuffix(d.String(), "0s")
	}
	return d.String()
}

// when writes a time for people, in the machine's time zone.
func when(t time.Time) string { return t.Local().Format("2 Jan 2006, 15:04 MST") }

// title writes a name with a capital, as labels of steps and states are.
func title(s any) string {
	text := fmt.Sprint(s)
	_, size := utf8.DecodeRuneInString(text)
	return strings.ToUpper(text[:size]) + text[size:]
}

// stateOf names a step's state; "waiting" is left to runs that wait for a
// person.
func stateOf(s progress.Step) string {
	if s.Status == progress.Waiting {
		return "not begun"
	}
	return string(s.Status)
}

// amount says how much of a step is done: "1,200 of 4,000 steps".
func amount(s progress.Step) string {
	unit := s.Unit
	if unit != "" {
		unit = " " + unit
	}
	switch {
	case s.Status == progress.Waiting || s.Status == progress.Skipped:
		return ""
	case s.Total > 0:
		return humanize.Comma(s.Done) + " of " + humanize.Comma(s.Total) + unit
	case s.Done > 0:
		return humanize.Comma(s.Done) + unit
	}
	return ""
}

// pace says how fast a running step goes and how long it still takes:
// "4.1 a second, about 2 min left".
func pace(s progress.Step) string {
	if s.Status != progress.Running {
		return ""
	}
	var parts []string
	switch {
	case s.Rate >= 100 && !math.IsInf(s.Rate, 0):
		parts = append(parts, humanize.Comma(int64(min(s.Rate, math.MaxInt32)))+" a second")
	case s.Rate > 0 && s.Rate < 100:
		parts = append(parts, strconv.FormatFloat(s.Rate, 'g', 3, 64)+" a second")
	}
	if left := timeLeft(s.ETA); left != "" {
		parts = append(parts, left)
	}
	return strings.Join(parts, ", ")
}

// timeLeft rounds seconds as people do.
func timeLeft(seconds float64) string {
	switch {
	case !(seconds > 0) || math.IsInf(seconds, 0):
		return ""
	case seconds < 60:
		return fmt.Sprintf("about %.0f s left", math.Ceil(seconds))
	case seconds < 90*60:
		return fmt.Sprintf("about %.0f min left", math.Ceil(seconds/60))
	}
	return fmt.Sprintf("about %.1f h left", seconds/3600)
}

// A pair is a line of a table.
type pair struct{ Name, Value string }

// maxPairs bounds a table made of JSON.
const maxPairs = 80

// pairs flattens a JSON object to the lines of a table, in the order of the
// names. Lists of objects are counted.
func pairs(raw json.RawMessage) []pair {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil
	}
	ps := flatten(nil, "", v)
	if len(ps) > maxPairs {
		rest := len(ps) - maxPairs
		ps = append(ps[:maxPairs], pair{"…", fmt.Sprintf("%d more", rest)})
	}
	return ps
}

func flatten(ps []pair, name string, v any) []pair {
	switch v := v.(type) {
	case nil:
		return ps
	case map[string]any:
		if hash, ok := v["sha256"].(string); ok {
			if len(hash) >= 12 {
				ps = append(ps, pair{name, fmt.Sprint(v["kind"]) + " " + hash[:12]})
			}
			return ps
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			label := strings.ReplaceAll(k, "_", " ")
			if name != "" {
				label = name + ": " + label
			}
			ps = flatten(ps, label, v[k])
		}
		return ps
	case []any:
		return append(ps, pair{name, list(v)})
	}
	return append(ps, pair{name, scalar(v)})
}

// list writes a list of scalars, or how long a list of other things is.
func list(items []any) string {
	texts := make([]string, len(items))
	for i, v := range items {
		switch v.(type) {
		case map[string]any, []any:
			return humanize.Comma(int64(len(items))) + " entries"
		}
		texts[i] = scalar(v)
	}
	return strings.Join(texts, ", ")
}

func scalar(v any) string {
	n, ok := v.(json.Number)
	if !ok {
		return fmt.Sprint(v)
	}
	if i, err := n.Int64(); err == nil {
		return humanize.Comma(i)
	}
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	return strconv.FormatFloat(f, 'g', 4, 64)
}

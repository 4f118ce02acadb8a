// Package bench measures what the trainer and the decoder reach on this
// machine, each speed beside the machine's own limit measured in the same run,
// and estimates what a model of any size would need.
package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A Figure is one measured value.
type Figure struct {
	Name   string   `json:"name"`
	Shape  string   `json:"shape"`
	Figure float64  `json:"figure"`
	Unit   string   `json:"unit"`
	Limit  *float64 `json:"limit"`  // what the figure is compared with, in its unit
	Ratio  *float64 `json:"ratio"`  // Figure/Limit
	Target *float64 `json:"target"` // of the ratio, or of the figure where there is no limit
	AtMost bool     `json:"at_most"`
	OK     *bool    `json:"ok"` // whether the target is met
}

// of compares the figure with a limit in the same unit.
func (f Figure) of(limit float64) Figure {
	ratio := f.Figure / limit
	f.Limit, f.Ratio = &limit, &ratio
	return f
}

// atLeast sets a target that the ratio, or without a limit the figure, must
// reach.
func (f Figure) atLeast(target float64) Figure { return f.judge(target, false) }

// atMost sets a target that must not be exceeded.
func (f Figure) atMost(target float64) Figure { return f.judge(target, true) }

func (f Figure) judge(target float64, most bool) Figure {
	ok := f.judged() >= target
	if most {
		ok = f.judged() <= target
	}
	f.Target, f.AtMost, f.OK = &target, most, &ok
	return f
}

func (f Figure) judged() float64 {
	if f.Ratio != nil {
		return *f.Ratio
	}
	return f.Figure
}

func (f Figure) bound() string {
	if f.Target == nil {
		return ""
	}
	if f.AtMost {
		return "<= " + number(*f.Target)
	}
	return ">= " + number(*f.Target)
}

// number writes a value with three digits, or all those before the point.
func number(v float64) string {
	switch {
	case v >= 100 || v == float64(int(v)):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	default:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
}

func optional(v *float64) string {
	if v == nil {
		return ""
	}
	return number(*v)
}

// WriteJSON writes figures as a list of objects.
func WriteJSON(w io.Writer, figures []Figure) error {
	if figures == nil {
		figures = []Figure{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(figures)
}

// WriteTable writes figures as a table for people.
func WriteTable(w io.Writer, figures []Figure) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSHAPE\tFIGURE\tUNIT\tLIMIT\tRATIO\tTARGET\t")
	for _, f := range figures {
		verdict := ""
		if f.OK != nil {
			verdict = map[bool]string{true: "met", false: "missed"}[*f.OK]
		}
		fmt.Fprintln(t, strings.Join([]string{
			f.Name, f.Shape, number(f.Figure), f.Unit, optional(f.Limit), optional(f.Ratio), f.bound(), verdict,
		}, "\t"))
	}
	return t.Flush()
}

// Verdict says in a sentence which targets are missed.
func Verdict(figures []Figure) string {
	targets := 0
	var missed []string
	for _, f := range figures {
		if f.OK == nil {
			continue
		}
		targets++
		if !*f.OK {
			missed = append(missed, fmt.Sprintf("%s %s: %s, target %s", f.Name, f.Shape, number(f.judged()), f.bound()))
		}
	}
	switch {
	case targets == 0:
		return "No figure here has a target."
	case len(missed) == 0:
		return fmt.Sprintf("All %d targets are met.", targets)
	}
	return fmt.Sprintf("%d of %d targets are missed:\n  %s", len(missed), targets, strings.Join(missed, "\n  "))
}

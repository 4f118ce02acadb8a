package eval

import (
	"fmt"
	"html/template"
	"strings"

	"adapt/label"
)

// dataSplits are drawn in this order, one beside the other on a bar.
var dataSplits = []label.Split{label.Train, label.Dev, label.Test}

// DatasetPlot draws what a data set holds: documents by format and by who
// labeled them, labels by category, and examples by their length, each bar
// divided among train (full), dev (pale) and test (dashed).
func DatasetPlot(d label.Dataset) template.HTML {
	panels := d.Tables()[1:] // the whole is in the title
	const width, left, right, row, head = 720, 250.0, 660.0, 18, 34
	height := 30.0
	for _, p := range panels {
		height += head + float64(row*len(p.Rows)) + 8
	}
	var words []string
	for _, s := range dataSplits {
		c := d.Splits[s]
		words = append(words, fmt.Sprintf("%s %s documents, %s examples", s, thousands(c.Docs), thousands(c.Examples)))
	}
	s := newSVG("dataset", width, int(height), "Data set: "+strings.Join(words, "; "))
	x := left
	for _, split := range dataSplits {
		s.rect("bar "+string(split), x, 6, 14, 11)
		s.text("label", x+20, 16, "start", string(split))
		x += 80
	}
	y := 30.0
	for _, p := range panels {
		most := 1
		for _, r := range p.Rows {
			most = max(most, r.Total())
		}
		s.text("heading", 8, y+18, "start", p.Title)
		y += head
		for _, r := range p.Rows {
			s.text("label", left-8, y+11, "end", r.Name)
			at := left
			for i, n := range []int{r.Train, r.Dev, r.Test} {
				w := (right - left) * float64(n) / float64(most)
				if n > 0 {
					s.rect("bar "+string(dataSplits[i]), at, y+1, w, row-5)
				}
				at += w
			}
			s.text("label", at+6, y+11, "start", thousands(r.Total()))
			y += row
		}
		s.line("axis", left, y-float64(row*len(p.Rows))-2, left, y)
		y += 8
	}
	return s.html()
}

func (s *svg) rect(class string, x, y, w, h float64) {
	fmt.Fprintf(s, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`, class, px(x), px(y), px(w), px(h))
}

// plotStyle gives a drawing that stands alone the looks that a page's style
// sheet gives it.
const plotStyle = `<style>text{font:12px system-ui,sans-serif;fill:#1c2733}.heading{font-weight:600}.axis{stroke:#5b6875}` +
	`.bar{fill:#1f6f78}.bar.dev{fill-opacity:.45}.bar.test{fill:#fff;stroke:#1f6f78;stroke-dasharray:2 2}</style><rect width="100%" height="100%" fill="#fff"/>`

// StandaloneSVG makes a file of a drawing.
func StandaloneSVG(drawing template.HTML) []byte {
	head, rest, _ := strings.Cut(string(drawing), ">")
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		strings.Replace(head, "<svg", `<svg xmlns="http://www.w3.org/2000/svg"`, 1) + ">" + plotStyle + rest + "\n")
}

package eval

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Drawings are inline SVG without scripts, links or fonts. They take their
// colours from the page's CSS classes and tell lines and marks apart by shape,
// fill and dashes, so that they read the same in black and white. Everything
// that a drawing says is also in its title.

// A svg gathers the elements of one drawing.
type svg struct {
	strings.Builder
}

func newSVG(class string, width, height int, title string) *svg {
	s := new(svg)
	t := template.HTMLEscapeString(title)
	fmt.Fprintf(s, `<svg class="%s" viewBox="0 0 %d %d" role="img" aria-label="%s"><title>%s</title>`, class, width, height, t, t)
	return s
}

func (s *svg) html() template.HTML { return template.HTML(s.String() + "</svg>") }

func (s *svg) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(s, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, px(x1), px(y1), px(x2), px(y2))
}

func (s *svg) text(class string, x, y float64, anchor, words string) {
	fmt.Fprintf(s, `<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`, class, px(x), px(y), anchor, template.HTMLEscapeString(words))
}

func (s *svg) path(class string, points [][2]float64) {
	fmt.Fprintf(s, `<path class="%s" d="`, class)
	for i, p := range points {
		op := "L"
		if i == 0 {
			op = "M"
		}
		s.WriteString(op + px(p[0]) + " " + px(p[1]))
	}
	s.WriteString(`"/>`)
}

// mark draws a system's sign: the candidate a filled disc, the champion an
// open diamond, the base a cross.
func (s *svg) mark(system string, x, y float64) {
	switch system {
	case "candidate":
		fmt.Fprintf(s, `<circle class="mark candidate" cx="%s" cy="%s" r="5"/>`, px(x), px(y))
	case "champion":
		fmt.Fprintf(s, `<path class="mark champion" d="M%s %sL%s %sL%s %sL%s %sZ"/>`,
			px(x), px(y-5.5), px(x+5.5), px(y), px(x), px(y+5.5), px(x-5.5), px(y))
	default:
		s.path("mark base", [][2]float64{{x - 4, y - 4}, {x + 4, y + 4}})
		s.path("mark base", [][2]float64{{x - 4, y + 4}, {x + 4, y - 4}})
	}
}

// px rounds to tenths, so that drawings are small and equal on every machine.
func px(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

type plotMark struct {
	system string
	figure Figure
}

// intervalPlot draws values with their intervals on one axis, one line a
// system, and the gate's limits as upright lines.
func intervalPlot(m Metric, marks []plotMark, limits []float64) template.HTML {
	var words []string
	var shown []plotMark
	for _, k := range marks {
		if k.figure.Defined {
			words = append(words, k.system+" "+m.Unit.Interval(k.figure))
			shown = append(shown, k)
		}
	}
	if len(shown) == 0 {
		return ""
	}
	for _, l := range limits {
		words = append(words, "limit "+m.Unit.Format(l))
	}
	const width, left, right, line = 240, 8.0, 232.0, 14
	height := line*len(shown) + 20
	axis := float64(height) - 14
	low, high := plotRange(m.Unit, shown, limits)
	x := func(v float64) float64 {
		return left + (right-left)*min(max((v-low)/(high-low), 0), 1)
	}
	s := newSVG("interval", width, height, m.Title+": "+strings.Join(words, "; "))
	for i := range 5 {
		at := left + (right-left)*float64(i)/4
		s.line("tick", at, 2, at, axis)
	}
	s.line("axis", left, axis, right, axis)
	s.text("end", left, axis+11, "start", axisLabel(m.Unit, low))
	s.text("end", right, axis+11, "end", axisLabel(m.Unit, high))
	for _, l := range limits {
		s.line("limit", x(l), 0, x(l), axis)
		s.path("limit-head", [][2]float64{{x(l) - 4, 0}, {x(l) + 4, 0}, {x(l), 5}})
	}
	for i, k := range shown {
		y := float64(line*i) + 9
		if k.figure.Low != k.figure.High {
			s.line("range "+k.system, x(k.figure.Low), y, x(k.figure.High), y)
		}
		s.mark(k.system, x(k.figure.Value), y)
	}
	return s.html()
}

// plotRange picks the ends of the axis: for shares 0 and the smallest of 10,
// 25, 50 and 100% that holds everything, for the rest what there is.
func plotRange(u Unit, marks []plotMark, limits []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, k := range marks {
		low, high = min(low, k.figure.Low), max(high, k.figure.High)
	}
	for _, l := range limits {
		low, high = min(low, l), max(high, l)
	}
	if u == Share {
		for _, end := range []float64{0.1, 0.25, 0.5} {
			if high <= end {
				return 0, end
			}
		}
		return 0, 1
	}
	ticks := niceTicks(low, high, 4)
	return ticks[0], ticks[len(ticks)-1]
}

func axisLabel(u Unit, v float64) string {
	if u == Share {
		return fmt.Sprintf("%.0f%%", 100*v)
	}
	return tickLabel(v)
}

// bar draws a count as a bar as long as its share of most.
func bar(count, most int) template.HTML {
	s := newSVG("bar", 200, 10, thousands(count))
	width := 0.0
	if most > 0 {
		width = 200 * float64(count) / float64(most)
	}
	fmt.Fprintf(s, `<rect x="0" y="1" width="%s" height="8"/>`, px(width))
	return s.html()
}

// curvePlot draws training and dev loss over the steps, the step whose weights
// were taken, and, below, the learning rate.
func curvePlot(t TrainingInfo) template.HTML {
	var loss, dev, rate [][2]float64
	for _, c := range t.Curve {
		if c.Loss != nil && finite(*c.Loss) {
			loss = append(loss, [2]float64{float64(c.Step), *c.Loss})
		}
		if c.DevLoss != nil && finite(*c.DevLoss) {
			dev = append(dev, [2]float64{float64(c.Step), *c.DevLoss})
		}
		if finite(c.LR) {
			rate = append(rate, [2]float64{float64(c.Step), c.LR})
		}
	}
	if len(loss)+len(dev) == 0 {
		return ""
	}
	first, last := math.Inf(1), math.Inf(-1)
	low, high := math.Inf(1), math.Inf(-1)
	for _, line := range [][][2]float64{loss, dev} {
		for _, p := range line {
			first, last = min(first, p[0]), max(last, p[0])
			low, high = min(low, p[1]), max(high, p[1])
		}
	}
	ticks := niceTicks(low, high, 5)
	low, high = min(low, ticks[0]), max(high, ticks[len(ticks)-1])
	if last == first {
		last = first + 1
	}
	const width, height, left, right, top, bottom = 520, 320, 46.0, 508.0, 30.0, 220.0
	const rateTop, rateBottom = 244.0, 282.0
	x := func(step float64) float64 { return left + (right-left)*(step-first)/(last-first) }
	y := func(v float64) float64 { return bottom - (bottom-top)*(v-low)/(high-low) }

	s := newSVG("curve", width, height, curveTitle(t, loss, dev))
	for _, v := range ticks {
		s.line("tick", left, y(v), right, y(v))
		s.text("label", left-6, y(v)+4, "end", tickLabel(v))
	}
	s.line("axis", left, bottom, right, bottom)
	if t.BestStep > 0 && float64(t.BestStep) >= first && float64(t.BestStep) <= last {
		at := x(float64(t.BestStep))
		s.line("limit", at, top-4, at, bottom)
		anchor := "end"
		if at < (left+right)/2 {
			anchor = "start"
		}
		s.text("label", at+map[string]float64{"end": -5, "start": 5}[anchor], top+8, anchor, "weights of step "+thousands(t.BestStep))
	}
	s.path("series candidate", scale(loss, x, y))
	s.path("series champion", scale(dev, x, y))
	for _, p := range dev {
		s.mark("champion", x(p[0]), y(p[1]))
	}
	s.line("series candidate", left, 12, left+26, 12)
	s.text("label", left+32, 16, "start", "training loss")
	s.line("series champion", left+130, 12, left+156, 12)
	s.mark("champion", left+143, 12)
	s.text("label", left+162, 16, "start", "dev loss (nats a token)")

	peak := 0.0
	for _, p := range rate {
		peak = max(peak, p[1])
	}
	if peak > 0 {
		s.text("label", left-6, rateTop+8, "end", "rate")
		s.line("axis", left, rateBottom, right, rateBottom)
		s.path("series rate", scale(rate, x, func(v float64) float64 { return rateBottom - (rateBottom-rateTop)*v/peak }))
		s.text("label", right, rateTop-6, "end", fmt.Sprintf("learning rate, at most %.2g", peak))
	}
	for _, v := range niceTicks(first, last, 5) {
		if v >= first && v <= last {
			s.text("label", x(v), rateBottom+16, "middle", thousands(int(v)))
		}
	}
	s.text("label", right, rateBottom+32, "end", "step")
	return s.html()
}

func curveTitle(t TrainingInfo, loss, dev [][2]float64) string {
	var words []string
	if n := len(loss); n > 0 {
		words = append(words, fmt.Sprintf("training loss from %.3f to %.3f", loss[0][1], loss[n-1][1]))
	}
	if n := len(dev); n > 0 {
		words = append(words, fmt.Sprintf("dev loss from %.3f to %.3f", dev[0][1], dev[n-1][1]))
	}
	if t.BestStep > 0 {
		words = append(words, fmt.Sprintf("weights of step %s", thousands(t.BestStep)))
	}
	return "Training curve: " + strings.Join(words, "; ")
}

func scale(points [][2]float64, x, y func(float64) float64) [][2]float64 {
	out := make([][2]float64, len(points))
	for i, p := range points {
		out[i] = [2]float64{x(p[0]), y(p[1])}
	}
	return out
}

// niceTicks returns about n round values that span low to high.
func niceTicks(low, high float64, n int) []float64 {
	span := high - low
	if span <= 0 {
		span = max(math.Abs(high), 1)
	}
	step := math.Pow10(int(math.Floor(math.Log10(span / float64(n)))))
	for _, f := range []float64{1, 2, 5, 10} {
		if span/(step*f) <= float64(n) {
			step *= f
			break
		}
	}
	var ticks []float64
	from := math.Floor(low/step + 1e-9)
	for i := from; ; i++ {
		ticks = append(ticks, i*step)
		if i*step >= high-1e-9*step && len(ticks) > 1 {
			return ticks
		}
	}
}

func tickLabel(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

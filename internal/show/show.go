// Package show draws how far runs are: on a terminal as a block of lines that
// is drawn anew, elsewhere as a plain line whenever something has happened.
package show

import (
	"fmt"
	"io"
	"strings"
	"time"

	"adapt/progress"
)

// A View draws runs. It is not safe for concurrent use.
type View struct {
	w    io.Writer
	tty  bool
	now  func() time.Time
	rows int // that the block has now
	// seen is what plain lines have said, by run and step.
	seen  map[string]said
	notes map[string]string // written, by run
}

type said struct {
	status progress.State
	at     time.Time
}

// New returns a view that writes to w; tty says that w is a terminal.
func New(w io.Writer, tty bool) *View {
	return &View{w: w, tty: tty, now: time.Now, seen: map[string]said{}, notes: map[string]string{}}
}

// Note writes what a run has to say beside its progress, once, above the block
// of a terminal.
func (v *View) Note(runID, text string) {
	if text == "" || v.notes[runID] == text {
		return
	}
	v.notes[runID] = text
	if v.tty && v.rows > 0 {
		fmt.Fprintf(v.w, "\x1b[%dA\x1b[J", v.rows)
		v.rows = 0
	}
	io.WriteString(v.w, text)
}

// plainEvery is how often a step that goes on gets a plain line.
const plainEvery = 10 * time.Second

// Update draws the runs as they are now.
func (v *View) Update(runs ...progress.Run) {
	if v.tty {
		v.redraw(runs)
		return
	}
	for _, r := range runs {
		for _, s := range r.Steps {
			v.plain(r, s)
		}
	}
}

// redraw writes the block over the one before.
func (v *View) redraw(runs []progress.Run) {
	var b strings.Builder
	if v.rows > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", v.rows)
	}
	v.rows = 0
	line := func(format string, args ...any) {
		fmt.Fprintf(&b, "\r\x1b[2K"+format+"\n", args...)
		v.rows++
	}
	for _, r := range runs {
		line("%s  %s", r.RunID, r.Status)
		for _, s := range r.Steps {
			line("%s", clip(Line(s), width))
		}
	}
	io.WriteString(v.w, b.String())
}

// width is how long a line gets: one that wraps would break the block.
const width = 100

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// plain writes a line when a step has begun or ended, and now and then while
// it goes on.
func (v *View) plain(r progress.Run, s progress.Step) {
	key := r.RunID + "\x00" + s.Name
	last := v.seen[key]
	if s.Status == progress.Waiting || s.Status == last.status && (s.Status != progress.Running || v.now().Sub(last.at) < plainEvery) {
		return
	}
	v.seen[key] = said{s.Status, v.now()}
	fmt.Fprintf(v.w, "%s %s\n", r.Domain, strings.TrimSpace(Line(s)))
}

// marks say how a step is without colour.
var marks = map[progress.State]string{
	progress.Waiting: "·", progress.Running: "▸", progress.Done: "✓", progress.Failed: "✗", progress.Skipped: "–",
}

// Line is a step in one line: its mark, its name, a bar while it goes on, and
// what there is to say.
func Line(s progress.Step) string {
	line := fmt.Sprintf("  %s %-10s", marks[s.Status], s.Name)
	if s.Status == progress.Running {
		if f, ok := s.Fraction(); ok && s.Total > 0 {
			line += fmt.Sprintf(" %s %3.0f%% %d/%d %s", bar(f), 100*f, s.Done, s.Total, s.Unit)
			if s.Rate > 0 {
				line += fmt.Sprintf(", %s", rate(s.Rate))
			}
			if s.ETA > 0 {
				line += fmt.Sprintf(", %s left", Duration(s.ETA))
			}
		}
	}
	if s.Detail != "" {
		line += " " + s.Detail
	}
	return strings.TrimRight(line, " ")
}

const barWidth = 20

func bar(f float64) string {
	n := int(f*barWidth + 0.5)
	return "[" + strings.Repeat("█", n) + strings.Repeat("░", barWidth-n) + "]"
}

// rate reads well for what takes seconds and for what takes milliseconds.
func rate(perSecond float64) string {
	switch {
	case perSecond >= 10:
		return fmt.Sprintf("%.0f/s", perSecond)
	case perSecond >= 1:
		return fmt.Sprintf("%.1f/s", perSecond)
	}
	return fmt.Sprintf("%.1f/min", 60*perSecond)
}

// Duration writes seconds for people: "42s", "3m10s", "2h05m".
func Duration(seconds float64) string {
	s := int(seconds + 0.5)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
}

package show

import (
	"fmt"
	"io"
	"strings"

	"adapt/activities/api"
)

// Summary writes what a run came to, with the path of its report.
func Summary(w io.Writer, s api.Summary, report string) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(w, "%s: %s\n", s.RunID, s.Status)
	if i := s.Ingested; i.Files > 0 {
		line("documents", "%d read from %d files, %d quarantined%s, %d copies dropped", i.Count, i.Files, i.Quarantined, reasons(i.Reasons), i.Duplicates)
	}
	if l := s.Labeled; l.Usable > 0 {
		line("examples", "%d from %d documents (%d annotated by people); split %d train, %d dev, %d test", l.Examples, l.Usable, l.Gold, s.Split.Train, s.Split.Dev, s.Split.Test)
	}
	if t := s.Trained; t.Steps > 0 {
		line("training", "%d steps; training loss %.3f, dev loss %.3f (%.3f before the first step)", t.Steps, t.TrainLoss, t.DevLoss, t.BaseLoss)
	}
	if len(s.Figures) > 0 {
		line("figures", "%-28s %10s %10s", "on the test documents", "candidate", "champion")
		for _, f := range s.Figures {
			line("", "%-28s %10s %10s", f.Title, figure(f.Candidate, f.Unit), figure(f.Champion, f.Unit))
		}
	}
	if s.Verdict != "" {
		line("gate", "%s", s.Verdict)
	}
	for _, r := range s.Reasons {
		line("", "- %s", r)
	}
	if report != "" {
		line("report", "%s", report)
	}
	if s.Status == "promoted" {
		line("promoted", "model %s, in place of %s", s.Candidate.Short(), s.Champion.Short())
	} else if !s.Champion.IsZero() {
		line("live", "model %s, as before", s.Champion.Short())
	}
}

func reasons(rs []api.ReasonCount) string {
	if len(rs) == 0 {
		return ""
	}
	parts := make([]string, len(rs))
	for i, r := range rs {
		parts[i] = fmt.Sprintf("%d %s", r.Count, r.Reason)
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// figure writes a value in its unit, or a dash where there is none.
func figure(v *float64, unit string) string {
	switch {
	case v == nil:
		return "–"
	case unit == "share":
		return fmt.Sprintf("%.1f%%", 100**v)
	}
	return fmt.Sprintf("%.2f", *v)
}

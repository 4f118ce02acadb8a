package eval

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A page is a report laid out: everything in the order and the words in which
// both the HTML and the Markdown show it.
type page struct {
	Report
	Headline string
	Tally    string // "2 gates pass, 1 fails"
	Scope    string // what the figures are over
	Near     string // what the near-training documents would have said
	HasBase  bool
	Deciding []figureRow
	Others   []figureRow
	Systems  []systemTable
	// Categories are in order of harm: the worst regression first.
	Categories []categoryRow
	Documents  []NameValue
	Labels     []barRow
	Curve      template.HTML
	TrainFacts []NameValue
	Examples   []exampleView
	Glossary   []Metric
}

// A figureTable is a table of metrics.
type figureTable struct {
	Class   string
	HasBase bool
	Rows    []figureRow
}

// Table gathers rows for the template.
func (p page) Table(class string, rows []figureRow) figureTable {
	return figureTable{class, p.HasBase, rows}
}

// A figureRow sets the systems beside each other in one metric.
type figureRow struct {
	Metric                    Metric
	Candidate, Champion, Base cell
	Difference                cell
	Change                    change
	N                         string
	Plot                      template.HTML
}

// A cell is a value and, smaller, its interval.
type cell struct{ Value, Range string }

// A change is how the candidate compares: a word, and a sign for quick eyes.
type change struct{ Word, Sign, Class string }

// A categoryRow is one line of the table by category.
type categoryRow struct {
	Name                string
	Support             int
	Candidate, Champion cell
	Difference          cell
	Change              change
	Precision, Recall   string
	Claims              string // "2 of 17"
	Plot                template.HTML
	harm                float64
}

// A systemTable shows a further system's measured figures.
type systemTable struct {
	Name string
	Rows []NameValue
}

type barRow struct {
	Name  string
	Count int
	Bar   template.HTML
}

// An exampleView is one of the worst examples, cut to what can be read.
type exampleView struct {
	Title      string
	Tally      string
	Reference  string
	Candidate  template.HTML // unsupported words marked
	Champion   template.HTML
	Claims     []claimView
	MoreClaims string
}

type claimView struct{ Kind, Category, Text string }

const (
	maxAnswer = 1500 // bytes of an answer that the report shows
	maxClaims = 12
)

func newPage(r Report) page {
	p := page{Report: cleaned(r), HasBase: r.BaseSummary != nil}
	p.Headline = map[Status]string{
		Pass: "Passes its gates", Fail: "Fails its gates", Insufficient: "Insufficient evidence",
	}[r.Verdict.Status]
	if p.Headline == "" {
		p.Headline = "Not judged"
	}
	p.Tally = tally(r.Verdict)
	p.figures()
	p.systems()
	p.categories()
	p.data()
	p.training()
	p.examples()
	return p
}

// figures fills the deciding metrics, in the order of the gates, and the rest.
func (p *page) figures() {
	if p.CandidateSummary == nil {
		return
	}
	s := p.CandidateSummary
	p.Scope = fmt.Sprintf("on %s that training never saw", documents(s.Documents))
	if s.Groups < s.Documents {
		p.Scope += fmt.Sprintf(" (%d when near-duplicates count once)", s.Groups)
	}
	if near := s.NearTrain; near != nil {
		p.Near = fmt.Sprintf("%s near the training documents left out of every figure above", documents(near.Documents))
		var parts []string
		for _, name := range []string{ExtractionF1, RougeL, HallucinationRate} {
			if f := near.Figure(name, ""); f.Defined {
				m, _ := MetricByName(name)
				parts = append(parts, m.Title+" "+m.Unit.Interval(f))
			}
		}
		if len(parts) > 0 {
			p.Near += "; on those alone: " + strings.Join(parts, ", ")
		}
		p.Near += "."
	}
	deciding := map[string]bool{}
	for _, reason := range p.Verdict.Reasons {
		if m, ok := MetricByName(reason.Rule.Metric); ok && reason.Rule.Category == "" && !deciding[m.Name] {
			deciding[m.Name] = true
			p.Deciding = append(p.Deciding, p.row(m))
		}
	}
	for _, m := range p.measured() {
		switch {
		case deciding[m.Name]:
		case len(deciding) == 0 && (m.Name == ExtractionF1 || m.Name == RougeL || m.Name == HallucinationRate):
			p.Deciding = append(p.Deciding, p.row(m))
		default:
			p.Others = append(p.Others, p.row(m))
		}
		m.Name = clean(m.Name)
		p.Glossary = append(p.Glossary, m)
	}
}

// measured lists the metrics that some system has a value in, and those that
// gates name, published ones first.
func (p *page) measured() []Metric {
	seen := map[string]bool{}
	for _, s := range []*Summary{p.CandidateSummary, p.ChampionSummary, p.BaseSummary} {
		if s == nil {
			continue
		}
		for name, f := range s.Figures {
			seen[name] = seen[name] || f.Defined
		}
	}
	for _, r := range p.Verdict.Reasons {
		if _, ok := MetricByName(r.Rule.Metric); ok {
			seen[r.Rule.Metric] = true
		}
	}
	var list []Metric
	for _, m := range Metrics() {
		if seen[m.Name] {
			list = append(list, m)
		}
		delete(seen, m.Name)
	}
	for _, name := range keys(seen) {
		if seen[name] {
			list = append(list, metricOrGuess(name))
		}
	}
	return list
}

func (p *page) row(m Metric) figureRow {
	figure := func(s *Summary) Figure {
		if s == nil {
			return Figure{}
		}
		return s.Figure(m.Name, "")
	}
	candidate, champion, base := figure(p.CandidateSummary), figure(p.ChampionSummary), figure(p.BaseSummary)
	r := figureRow{Metric: m, Candidate: newCell(m, candidate), Champion: newCell(m, champion), Base: newCell(m, base)}
	r.Difference, r.Change = p.difference(m, "")
	if candidate.Defined && !m.FixedText {
		r.N = documents(candidate.N)
	}
	marks := []plotMark{{"candidate", candidate}, {"champion", champion}, {"base", base}}
	r.Plot = intervalPlot(m, marks, p.limits(m.Name, ""))
	return r
}

// difference compares with the champion, where the documents were paired.
func (p *page) difference(m Metric, category string) (cell, change) {
	if p.Comparison == nil {
		return cell{Value: "—"}, change{}
	}
	d := p.Comparison.Delta(m.Name, category)
	if m.FixedText && p.ChampionSummary != nil && p.CandidateSummary != nil {
		d.Figure = fixedDifference(p.CandidateSummary.Figure(m.Name, category), p.ChampionSummary.Figure(m.Name, category))
		return differenceCell(m, d.Figure), change{}
	}
	if !d.Defined {
		return cell{Value: "—"}, change{}
	}
	gain := d.Value
	if !m.Higher {
		gain = -gain
	}
	c := change{"no clear change", "≈", "same"}
	switch {
	case d.P < 1-confidence && gain > 0:
		c = change{"better", "▲", "better"}
	case d.P < 1-confidence && gain < 0:
		c = change{"worse", "▼", "worse"}
	}
	c.Word += ", " + pValue(d.P)
	return differenceCell(m, d.Figure), c
}

func (p *page) limits(metric, category string) []float64 {
	var at []float64
	for _, r := range p.Verdict.Reasons {
		if r.Rule.Metric != metric || r.Rule.Category != category {
			continue
		}
		switch {
		case r.Limit == "min" && r.Rule.Min != nil:
			at = append(at, *r.Rule.Min)
		case r.Limit == "max" && r.Rule.Max != nil:
			at = append(at, *r.Rule.Max)
		}
	}
	return at
}

func (p *page) systems() {
	for _, b := range p.Baselines {
		t := systemTable{Name: b.Name}
		for _, m := range p.measured() {
			if f := b.Summary.Figure(m.Name, ""); f.Defined {
				t.Rows = append(t.Rows, NameValue{m.Title, rangeInBrackets(newCell(m, f))})
			}
		}
		p.Systems = append(p.Systems, t)
	}
}

func (p *page) categories() {
	if p.CandidateSummary == nil {
		return
	}
	m, _ := MetricByName(ExtractionF1)
	for _, c := range p.CandidateSummary.Categories {
		if c.Counts == (Counts{}) && c.Claims == 0 {
			continue
		}
		row := categoryRow{Name: clean(c.Name), Support: c.Counts.Support(), harm: math.Inf(-1)}
		candidate := c.Figures[ExtractionF1]
		var champion Figure
		if p.ChampionSummary != nil {
			champion = p.ChampionSummary.Figure(ExtractionF1, c.Name)
		}
		row.Candidate, row.Champion = newCell(m, candidate), newCell(m, champion)
		row.Precision = newCell(m, c.Figures[ExtractionPrecision]).Value
		row.Recall = newCell(m, c.Figures[ExtractionRecall]).Value
		row.Claims = "—"
		if c.Claims > 0 {
			row.Claims = fmt.Sprintf("%d of %d", c.Unsupported, c.Claims)
		}
		row.Difference, row.Change = p.difference(m, c.Name)
		if p.Comparison != nil {
			if d := p.Comparison.Delta(ExtractionF1, c.Name); d.Defined {
				row.harm = -d.Value
			}
		}
		row.Plot = intervalPlot(m, []plotMark{{"candidate", candidate}, {"champion", champion}}, p.limits(ExtractionF1, c.Name))
		p.Categories = append(p.Categories, row)
	}
	slices.SortStableFunc(p.Categories, func(a, b categoryRow) int {
		return cmp.Or(cmp.Compare(b.harm, a.harm), cmp.Compare(b.Support, a.Support), cmp.Compare(a.Name, b.Name))
	})
}

func (p *page) data() {
	d := p.Data
	add := func(name string, value string) { p.Documents = append(p.Documents, NameValue{name, value}) }
	add("Documents read", thousands(d.Read))
	quarantined := total(d.Quarantined)
	value := thousands(quarantined)
	if quarantined > 0 {
		value += ": " + list(d.Quarantined)
	}
	add("Quarantined", value)
	add("Exact duplicates dropped", thousands(d.Duplicates))
	if len(d.Skipped) > 0 {
		add("Without usable labels", thousands(total(d.Skipped))+": "+list(d.Skipped))
	}
	add("Training examples made", thousands(d.Examples))
	if len(d.Origins) > 0 {
		add("Truth from", list(d.Origins))
	}
	if len(d.Removed) > 0 {
		add("Identifiers removed", thousands(total(d.Removed))+": "+list(d.Removed))
	}
	if d.Leakage != "" {
		add("Leakage", d.Leakage)
	}
	most := 0
	for _, l := range d.Labels {
		most = max(most, l.Count)
	}
	for _, l := range d.Labels {
		p.Labels = append(p.Labels, barRow{l.Name, l.Count, bar(l.Count, most)})
	}
}

func (p *page) training() {
	t := p.Training
	p.Curve = curvePlot(t)
	add := func(name, value string) { p.TrainFacts = append(p.TrainFacts, NameValue{name, value}) }
	if t.Steps > 0 {
		add("Steps", thousands(t.Steps))
	}
	if t.BestStep > 0 {
		add("Weights of step", thousands(t.BestStep))
	}
	var first, last, best *float64
	for _, c := range t.Curve {
		if c.Loss != nil {
			last = c.Loss
			if first == nil {
				first = c.Loss
			}
		}
		if c.DevLoss != nil && (best == nil || *c.DevLoss < *best) {
			best = c.DevLoss
		}
	}
	if first != nil {
		add("Training loss, first to last", fmt.Sprintf("%.3f → %.3f nats a token", *first, *last))
	}
	if best != nil {
		add("Best dev loss", fmt.Sprintf("%.3f nats a token", *best))
	}
	if t.TokensPerSec > 0 {
		add("Speed", thousands(int(t.TokensPerSec))+" tokens a second")
	}
	if t.StopReason != "" {
		add("Stopped because", t.StopReason)
	}
	p.TrainFacts = append(p.TrainFacts, t.Forgetting...)
}

func (p *page) examples() {
	for i, e := range p.Worst {
		v := exampleView{Title: cmp.Or(e.Key, e.DocID), Reference: clip(e.Reference, maxAnswer)}
		if v.Title == "" {
			v.Title = fmt.Sprintf("Document %d", i+1)
		}
		v.Candidate = marked(clip(e.Candidate, maxAnswer), e.Claims)
		v.Champion = marked(clip(e.Champion, maxAnswer), e.ChampionClaims)
		bad := 0
		for _, c := range e.Claims {
			if c.Supported {
				continue
			}
			if bad++; bad <= maxClaims {
				v.Claims = append(v.Claims, claimView{c.Kind, c.Category, clip(c.Text, 300)})
			}
		}
		if bad > maxClaims {
			v.MoreClaims = fmt.Sprintf("and %d more", bad-maxClaims)
		}
		v.Tally = fmt.Sprintf("%d of %d claims unsupported", bad, len(e.Claims))
		if len(e.Claims) == 0 {
			v.Tally = "no claims"
		}
		if e.Counts != (Counts{}) {
			v.Tally += fmt.Sprintf("; %d right, %d wrong, %d missed", e.Counts.TP, e.Counts.FP, e.Counts.FN)
		}
		p.Examples = append(p.Examples, v)
	}
}

// marked escapes an answer and marks the words of unsupported claims in it.
func marked(answer string, claims []Claim) template.HTML {
	type span struct{ start, end int }
	var spans []span
	for _, c := range claims {
		if c.Supported || c.Text == "" {
			continue
		}
		for at := 0; ; {
			i := strings.Index(answer[at:], c.Text)
			if i < 0 {
				break
			}
			spans = append(spans, span{at + i, at + i + len(c.Text)})
			at += i + len(c.Text)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	var b strings.Builder
	at := 0
	for _, s := range spans {
		if s.end <= at {
			continue
		}
		s.start = max(s.start, at)
		b.WriteString(template.HTMLEscapeString(answer[at:s.start]))
		b.WriteString("<mark>" + template.HTMLEscapeString(answer[s.start:s.end]) + "</mark>")
		at = s.end
	}
	b.WriteString(template.HTMLEscapeString(answer[at:]))
	return template.HTML(b.String())
}

func newCell(m Metric, f Figure) cell {
	if !f.Defined {
		return cell{Value: "—"}
	}
	c := cell{Value: m.Unit.Format(f.Value)}
	if f.Value == 0 && (m.Name == PrecisionAt80Recall || m.Name == PrecisionAt90Recall) {
		c.Value = "not reached"
	}
	if f.Low != f.High {
		c.Range = fmt.Sprintf("%s–%s", m.Unit.bare(f.Low), m.Unit.bare(f.High))
	}
	return c
}

func differenceCell(m Metric, f Figure) cell {
	if !f.Defined {
		return cell{Value: "—"}
	}
	c := cell{Value: signed(m.Unit.bare(f.Value))}
	if f.Low != f.High {
		c.Range = fmt.Sprintf("%s to %s", signed(m.Unit.bare(f.Low)), signed(m.Unit.bare(f.High)))
	}
	return c
}

func tally(v Verdict) string {
	n := map[Status]int{}
	for _, r := range v.Reasons {
		n[r.Status]++
	}
	var parts []string
	for _, s := range []struct {
		status    Status
		one, more string
	}{
		{Pass, "limit kept", "limits kept"},
		{Fail, "limit missed", "limits missed"},
		{Insufficient, "limit without enough evidence", "limits without enough evidence"},
	} {
		switch n[s.status] {
		case 0:
		case 1:
			parts = append(parts, "1 "+s.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n[s.status], s.more))
		}
	}
	return strings.Join(parts, ", ")
}

func pValue(p float64) string {
	if p < 0.001 {
		return "p\u00a0<\u00a00.001"
	}
	return "p\u00a0=\u00a0" + strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.3f", p), "0"), ".")
}

func total(counts []NameCount) int {
	n := 0
	for _, c := range counts {
		n += c.Count
	}
	return n
}

// list writes counts in a line: "12 gold, 3 rules".
func list(counts []NameCount) string {
	var parts []string
	for _, c := range counts {
		parts = append(parts, fmt.Sprintf("%s %s", thousands(c.Count), c.Name))
	}
	return strings.Join(parts, ", ")
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

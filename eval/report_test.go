package eval

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestWriteReport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "report")
	if err := WriteReport(dir, sampleReport()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.html", "report.md", "report.json"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from %s; look at the difference and run go test -update", name, golden)
		}
	}
}

func TestReportGoesOutAndComesBack(t *testing.T) {
	want := sampleReport()
	var buf bytes.Buffer
	if err := RenderJSON(&buf, want); err != nil {
		t.Fatal(err)
	}
	first := buf.String()
	var got Report
	if err := json.Unmarshal(buf.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	buf.Reset()
	if err := RenderJSON(&buf, got); err != nil {
		t.Fatal(err)
	}
	if buf.String() != first {
		t.Error("report.json does not hold the whole report")
	}
}

func TestReportOfLittle(t *testing.T) {
	diverged := TrainingInfo{Curve: []CurvePoint{{Step: 1, Loss: new(math.Inf(1)), DevLoss: new(math.NaN()), LR: math.NaN()}}, TokensPerSec: math.Inf(1)}
	for _, r := range []Report{
		{},
		{Title: "x", CandidateSummary: &Summary{}, Comparison: &Comparison{}},
		{Training: diverged, Verdict: Judge([]Rule{{Metric: ExtractionF1, Min: new(math.NaN())}}, Summary{}, nil, nil)},
	} {
		if err := WriteReport(t.TempDir(), r); err != nil {
			t.Error(err)
		}
	}
}

// hostileReport has markup, control characters and reordering in every text
// that comes from outside.
func hostileReport() Report {
	const bad = "</title></style></svg><script>alert(1)</script><img src=x onerror=alert(2)>\u202egpj.exe\x00\xff`|[a](javascript:alert(3)) @owner https://evil.example"
	opt := Options{Resamples: 20}
	outcomes := sampleOutcomes(10, 0.6, 1)
	for i := range outcomes {
		o := &outcomes[i]
		o.Counts[bad], o.Values[bad] = Counts{TP: 1, FP: 1}, 0.5
		o.Answer, o.Reference = bad+bad, bad
		o.Claims = append(o.Claims, Claim{Kind: bad, Category: bad, Text: bad})
	}
	s := Summarize(outcomes, opt)
	paired := Compare(outcomes, outcomes, opt)
	lines, counts := []NameValue{{bad, bad}}, []NameCount{{bad, 3}}
	model := ModelInfo{bad, bad, bad}
	return Report{Title: bad, Domain: bad, RunID: bad, Candidate: model, Champion: model,
		Verdict:          Judge([]Rule{{Metric: ExtractionF1, Category: bad, Min: new(0.5)}}, s, &s, &paired),
		CandidateSummary: &s, ChampionSummary: &s, Baselines: []NamedSummary{{bad, s}}, Comparison: &paired,
		Data: DataInfo{Quarantined: counts, Skipped: counts, Labels: counts, Origins: counts, Removed: counts,
			Splits: []SplitInfo{{bad, 1, 1}}, Leakage: bad},
		Training: TrainingInfo{StopReason: bad, BestStep: 1, Curve: []CurvePoint{{Step: 1, Loss: new(1.), DevLoss: new(1.), LR: 1}}},
		Settings: lines, Lineage: lines, Notes: []string{bad},
		Worst: Worst(outcomes, outcomes, 2, func(string) string { return bad })}
}

var htmlTag = regexp.MustCompile(`<[a-zA-Z][^>]*>`)

func TestHostileTextStaysInert(t *testing.T) {
	var page, md bytes.Buffer
	if err := errors.Join(RenderHTML(&page, hostileReport()), RenderMarkdown(&md, hostileReport())); err != nil {
		t.Fatal(err)
	}
	for _, tag := range htmlTag.FindAllString(page.String(), -1) {
		if regexp.MustCompile(`(?i)^<(script|img|iframe|link|object|embed|form|a|base)\b|\son\w+=|(?i)\b(src|href)=`).MatchString(stripQuoted(tag)) {
			t.Errorf("the page has a live tag: %s", tag)
		}
	}
	for _, doc := range []string{page.String(), md.String()} {
		if strings.ContainsAny(doc, "\u202e\x00") || strings.Contains(doc, "\xff") {
			t.Error("control characters reach the reader")
		}
	}
	// Outside of code spans, which are inert, nothing may be markup or a link.
	prose := withoutCode(unescapedOnly(md.String()))
	for _, live := range []string{"<script", "<img", "](javascript", "@owner", "https://"} {
		if strings.Contains(prose, live) {
			i := strings.Index(prose, live)
			t.Errorf("the Markdown has a live %q in %q", live, prose[max(0, i-60):min(len(prose), i+60)])
		}
	}
	for i, line := range strings.Split(md.String(), "\n") {
		if strings.HasPrefix(line, "<") || strings.HasPrefix(line, "    ") {
			t.Errorf("line %d of the Markdown breaks out: %s", i+1, line)
		}
	}
}

// stripQuoted removes attribute values: quotes in them are escaped.
func stripQuoted(tag string) string { return regexp.MustCompile(`"[^"]*"`).ReplaceAllString(tag, `""`) }

// unescapedOnly drops what a backslash made inert.
func unescapedOnly(md string) string {
	return regexp.MustCompile(`(?s)\\.`).ReplaceAllString(md, "")
}

// withoutCode drops code spans: text between runs of backticks of one length.
func withoutCode(md string) string {
	runs := regexp.MustCompile("`+").FindAllStringIndex(md, -1)
	var prose strings.Builder
	at := 0
	for i := 0; i < len(runs); i++ {
		for j := i + 1; j < len(runs); j++ {
			if runs[j][1]-runs[j][0] == runs[i][1]-runs[i][0] {
				prose.WriteString(md[at:runs[i][0]])
				at, i = runs[j][1], j
				break
			}
		}
	}
	return prose.String() + md[at:]
}

func TestPageNeedsNothingBesideItself(t *testing.T) {
	var page bytes.Buffer
	if err := RenderHTML(&page, sampleReport()); err != nil {
		t.Fatal(err)
	}
	for _, outside := range []string{"://", "url(", "@import", "<script", "<link", "src=", "href="} {
		if strings.Contains(page.String(), outside) {
			t.Errorf("the page has %q", outside)
		}
	}
}

func TestDrawingsAreWellFormed(t *testing.T) {
	inf := CurvePoint{Step: 3, Loss: new(math.Inf(1)), DevLoss: new(math.NaN())}
	drawings := map[string]string{
		"curve":           string(curvePlot(sampleTraining())),
		"one point":       string(curvePlot(TrainingInfo{Curve: []CurvePoint{{Step: 5, Loss: new(2.)}}})),
		"diverged":        string(curvePlot(TrainingInfo{Curve: []CurvePoint{{Step: 1, Loss: new(2.)}, inf}})),
		"flat":            string(curvePlot(TrainingInfo{Curve: []CurvePoint{{Step: 1, Loss: new(0.)}, {Step: 2, Loss: new(0.)}}})),
		"share":           string(intervalPlot(Metric{Title: `<"F1">`, Unit: Share}, []plotMark{{"candidate", Figure{0.5, 0.4, 0.6, 9, true}}}, []float64{0.7})),
		"one perplexity":  string(intervalPlot(Metric{Unit: Perplexity}, []plotMark{{"base", Figure{20, 20, 20, 1, true}}}, nil)),
		"zero tokens":     string(intervalPlot(Metric{Unit: Tokens}, []plotMark{{"champion", Figure{0, 0, 0, 1, true}}}, nil)),
		"bar":             string(bar(3, 7)),
		"bar of nothings": string(bar(0, 0)),
	}
	for name, drawing := range drawings {
		if strings.Contains(drawing, "NaN") || strings.Contains(drawing, "Inf") {
			t.Errorf("%s draws what is no number: %s", name, drawing)
		}
		d := xml.NewDecoder(strings.NewReader(drawing))
		titles := 0
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Errorf("%s: %v in %s", name, err, drawing)
				break
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "title" {
				titles++
			}
		}
		if titles != 1 {
			t.Errorf("%s has %d titles", name, titles)
		}
	}
	if curvePlot(TrainingInfo{}) != "" || intervalPlot(Metric{}, []plotMark{{"base", Figure{}}}, nil) != "" {
		t.Error("nothing is drawn as something")
	}
}

func TestMarked(t *testing.T) {
	bad := func(texts ...string) (claims []Claim) {
		for _, s := range texts {
			claims = append(claims, Claim{Text: s})
		}
		return claims
	}
	for _, test := range []struct {
		answer string
		claims []Claim
		want   string
	}{
		{"no effusion", nil, "no effusion"},
		{"left effusion, left", bad("left"), "<mark>left</mark> effusion, <mark>left</mark>"},
		{"a<b", bad("<"), "a<mark>&lt;</mark>b"},
		{"abcdef", bad("bcd", "cde"), "a<mark>bcd</mark><mark>e</mark>f"},
		{"abcdef", bad("bcde", "cd", "", "absent"), "a<mark>bcde</mark>f"},
		{"right", []Claim{{Text: "right", Supported: true}}, "right"},
	} {
		if got := string(marked(test.answer, test.claims)); got != test.want {
			t.Errorf("marked(%q) = %s, want %s", test.answer, got, test.want)
		}
	}
}

func TestWorst(t *testing.T) {
	candidate := []Outcome{
		{DocID: "fine", Counts: map[string]Counts{"a": {TP: 3}}},
		{DocID: "errors", Counts: map[string]Counts{"a": {FP: 1}, "b": {FN: 2}}},
		{DocID: "invention", Answer: "x", Claims: []Claim{{Text: "x"}}},
		{DocID: "behind", Values: map[string]float64{RougeL: 0.2}},
	}
	champion := []Outcome{{DocID: "behind", Values: map[string]float64{RougeL: 0.6}}, {DocID: "invention", Answer: "y"}}
	got := Worst(candidate, champion, 9, func(id string) string { return "key of " + id })
	var order []string
	for _, e := range got {
		order = append(order, e.DocID)
	}
	if strings.Join(order, " ") != "invention errors behind" {
		t.Errorf("worst are %v", order)
	}
	if got[0].Champion != "y" || got[0].Key != "key of invention" || got[1].Counts != (Counts{0, 1, 2}) {
		t.Errorf("an example is incomplete: %+v", got)
	}
	if n := len(Worst(candidate, nil, 1, nil)); n != 1 {
		t.Errorf("%d examples, want 1", n)
	}
}

func TestFormat(t *testing.T) {
	for got, want := range map[string]string{
		Share.Format(0.7123):                                    "71.2%",
		Share.Format(-0.00001):                                  "0.0%",
		Ratio.Format(1.05):                                      "1.050",
		Perplexity.Format(12.3):                                 "12.30",
		Tokens.Format(48.44):                                    "48.4",
		Share.Difference(Figure{-0.021, -0.04, 0, 3, true}):     "−2.1 points [−4.0 to 0.0]",
		Ratio.Difference(Figure{0.1, 0.1, 0.1, 3, true}):        "+0.100",
		Share.Interval(Figure{}):                                "undefined",
		thousands(1234567) + " " + thousands(999):               "1,234,567 999",
		clip("aé", 2):                                           "a … (1 characters more)",
		clean("a\r\nb\u200bc\u2066d\te\x07\xfe"):                "a\nb\uFFFDc\uFFFDd\te\uFFFD\uFFFD",
		pValue(0.0004) + " " + pValue(0.04) + " " + pValue(1):   "p\u00a0<\u00a00.001 p\u00a0=\u00a00.04 p\u00a0=\u00a01",
		codeSpan("a `b` c\n d") + codeSpan("`") + codeSpan(" "): "``a `b` c d``" + "`` ` ``" + "(empty)",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

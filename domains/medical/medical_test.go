package medical

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"adapt/domains"
	"adapt/eval"
	"adapt/ingest"
	"adapt/label"
	"adapt/prompt"
)

const cleanFindings = "The heart is mildly enlarged.\n  There is a small left pleural effusion. No pneumothorax."

func labeled(t *testing.T, doc *ingest.Document, maxTokens int) label.Labeled {
	t.Helper()
	l, err := New().Label(doc, nil, newWordTokenizer(), maxTokens)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLabel(t *testing.T) {
	doc := plain(cleanFindings, "1. Mild cardiomegaly.\n2. Small left effusion.\n3. No acute disease.")
	l := labeled(t, doc, 512)
	if len(l.Examples) != 1 {
		t.Fatalf("%d examples, want 1", len(l.Examples))
	}
	want := []prompt.Turn{
		{Input: "The heart is mildly enlarged.", Output: " Mild cardiomegaly."},
		{Input: "There is a small left pleural effusion.", Output: " Small left effusion."},
		{Input: "No pneumothorax.", Output: " none"},
		{Input: closing, Output: " No acute disease."},
	}
	if got := l.Examples[0].Turns; !slices.Equal(got, want) {
		t.Errorf("turns are %+v, want %+v", got, want)
	}
	if want := "1. Mild cardiomegaly. 2. Small left effusion. 3. No acute disease."; l.Truth.Reference != want || l.Truth.Origin != label.OriginReport {
		t.Errorf("reference %q, origin %q", l.Truth.Reference, l.Truth.Origin)
	}
	categories := []string{cardiomegaly, effusion}
	for i, s := range l.Truth.Spans {
		if i >= len(categories) || s.Category != categories[i] || doc.Text[s.Start:s.End] != s.Text {
			t.Errorf("span %d is %+v", i, s)
		}
	}
	if got := l.Truth.Spans[1].Attrs; !reflect.DeepEqual(got, map[string]string{"presence": Present, "side": left, "severity": "small"}) {
		t.Errorf("attributes %v", got)
	}
}

func TestLabelWithoutExamples(t *testing.T) {
	tests := []struct {
		name      string
		doc       *ingest.Document
		maxTokens int
		skipped   string
	}{
		{"no findings", plain("", "Normal chest."), 512, "no findings section"},
		{"no impression", plain("Clear lungs.", " "), 512, "no impression section"},
		{"invented finding", plain(cleanFindings, "Large hiatal hernia."), 512, ""},
		{"wrong side", plain(cleanFindings, "Right pleural effusion."), 512, ""},
		{"invented comparison", plain(cleanFindings, "Unchanged cardiomegaly."), 512, ""},
		{"too long", plain(strings.Repeat("Clear lungs. ", 300), "Normal chest."), 100, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := labeled(t, tt.doc, tt.maxTokens)
			if l.Skipped != tt.skipped || len(l.Examples) != 0 {
				t.Errorf("skipped %q with %d examples, want %q with none", l.Skipped, len(l.Examples), tt.skipped)
			}
			if tt.skipped == "" && l.Truth.Reference == "" {
				t.Error("the document can not be evaluated")
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	m := &scripted{tok: newWordTokenizer(), says: " Mild cardiomegaly. Small left effusion.", max: 512}
	doc := plain(cleanFindings, "")
	a, err := New().Answer(context.Background(), m, doc)
	if err != nil {
		t.Fatal(err)
	}
	if a.Text != "Mild cardiomegaly. Small left effusion." || !a.Finished || a.Tokens != 4*5 || a.DocID != doc.ID || len(a.Items) != 0 {
		t.Errorf("answer %+v", a)
	}
	// A model must meet in prediction what it was trained on.
	var trained []string
	for _, turn := range labeled(t, plain(cleanFindings, "Mild cardiomegaly."), 512).Examples[0].Turns {
		trained = append(trained, turn.Input)
	}
	if !slices.Equal(m.inputs, trained) {
		t.Errorf("asked %q, trained on %q", m.inputs, trained)
	}
}

func TestAnswerOfLongFindings(t *testing.T) {
	m := &scripted{tok: newWordTokenizer(), says: strings.Repeat(" word", 200), max: 400}
	doc := plain(strings.Repeat("The lungs are clear today. ", 40), "")
	a, err := New().Answer(context.Background(), m, doc)
	if err != nil {
		t.Fatal(err)
	}
	if a.Tokens != maxStatement*len(m.inputs) || a.Finished {
		t.Errorf("%d tokens for %d questions, finished %v", a.Tokens, len(m.inputs), a.Finished)
	}
	if n := len(m.inputs); n < 3 || m.inputs[n-1] != closing {
		t.Errorf("asked %q, want some sentences and the closing", m.inputs)
	}
	if len(a.Items) != 1 || a.Items[0].Category != readCategory {
		t.Errorf("the answer does not say how far it read: %+v", a.Items)
	}
	if p := New().Present(doc, a, domains.Settings{}).(Impression); p.Read == nil || p.Complete {
		t.Errorf("the cut is not presented: %+v", p)
	}
}

func TestAnswerErrors(t *testing.T) {
	m := &scripted{tok: newWordTokenizer(), max: 110}
	if _, err := New().Answer(context.Background(), m, freeText("nothing here")); !errors.Is(err, errNoFindings) {
		t.Errorf("error %v, want %v", err, errNoFindings)
	}
	long := plain(strings.Repeat("very ", 300)+"long.", "")
	if _, err := New().Answer(context.Background(), m, long); err == nil || strings.Contains(err.Error(), "very") {
		t.Errorf("error %v, want one without the report's words", err)
	}
	m.fails = errors.New("out of memory")
	if _, err := New().Answer(context.Background(), m, plain("Clear.", "")); !errors.Is(err, m.fails) {
		t.Errorf("error %v, want %v", err, m.fails)
	}
}

func TestOutcome(t *testing.T) {
	doc := plain(cleanFindings, "Mild cardiomegaly. Small left effusion.")
	normal := plain("The lungs are clear. The heart is normal.", "No acute disease.")
	tests := []struct {
		name, answer string
		doc          *ingest.Document
		counts       map[string]eval.Counts
		unsupported  int
	}{
		{"right", "Mild cardiomegaly. Small left effusion.", doc, map[string]eval.Counts{cardiomegaly: {TP: 1}, effusion: {TP: 1}}, 0},
		{"in doubt", "Possible cardiomegaly. Left effusion.", doc, map[string]eval.Counts{cardiomegaly: {TP: 1}, effusion: {TP: 1}}, 0},
		{"other side", "Cardiomegaly. Right effusion.", doc, map[string]eval.Counts{cardiomegaly: {TP: 1}, effusion: {FP: 1, FN: 1}}, 1},
		{"no side", "Cardiomegaly. Effusion.", doc, map[string]eval.Counts{cardiomegaly: {TP: 1}, effusion: {TP: 1}}, 0},
		{"denied", "No cardiomegaly. Left effusion.", doc, map[string]eval.Counts{cardiomegaly: {FN: 1}, effusion: {TP: 1}}, 1},
		{"called normal", "No acute disease.", doc, map[string]eval.Counts{cardiomegaly: {FN: 1}, effusion: {FN: 1}, noFinding: {FP: 1}}, 0},
		{"empty", "  ", doc, map[string]eval.Counts{cardiomegaly: {FN: 1}, effusion: {FN: 1}}, 0},
		{"normal", "Normal chest.", normal, map[string]eval.Counts{noFinding: {TP: 1}}, 0},
		{"invented", "Scoliosis.", normal, map[string]eval.Counts{noFinding: {FN: 1}, scoliosis: {FP: 1}}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			truth := labeled(t, tt.doc, 512).Truth
			o := New().Outcome(tt.doc, truth, domains.Answer{Text: tt.answer, Tokens: 7}, domains.Settings{})
			if !reflect.DeepEqual(o.Counts, tt.counts) {
				t.Errorf("counts %v, want %v", o.Counts, tt.counts)
			}
			if n := len(unsupported(o.Claims)); n != tt.unsupported {
				t.Errorf("%d unsupported claims, want %d: %+v", n, tt.unsupported, o.Claims)
			}
			if o.Answered != (strings.TrimSpace(tt.answer) != "") || o.Tokens != 7 || o.DocID != tt.doc.ID {
				t.Errorf("outcome %+v", o)
			}
			for _, s := range truth.Spans {
				if o.Positives[s.Category] != 1 {
					t.Errorf("%s is not counted among the positives %v", s.Category, o.Positives)
				}
			}
		})
	}
}

func TestOutcomeOfHostileAnswers(t *testing.T) {
	doc := plain(cleanFindings, "Mild cardiomegaly.")
	truth := labeled(t, doc, 512).Truth
	for _, text := range hostile {
		o := New().Outcome(doc, truth, domains.Answer{Text: text}, domains.Settings{})
		for name, v := range o.Values {
			if v < 0 || v > 1 || v != v {
				t.Errorf("%s is %v", name, v)
			}
		}
		if _, err := json.Marshal(New().Present(doc, domains.Answer{Text: text}, domains.Settings{})); err != nil {
			t.Error(err)
		}
	}
}

func TestPresent(t *testing.T) {
	doc := plain(cleanFindings, "")
	doc.Pages = []ingest.Page{{Number: 3, Start: 0, End: len(doc.Text)}}
	p := New().Present(doc, domains.Answer{Text: "Small left effusion. Scoliosis.", Finished: true}, domains.Settings{}).(Impression)
	if len(p.Claims) != 2 || len(p.Unsupported) != 1 || p.Unsupported[0].Category != scoliosis || p.Unsupported[0].Problem != unsupportedFinding {
		t.Fatalf("claims %+v", p.Claims)
	}
	source := p.Claims[0].Source
	if source == nil || source.Page != 3 || !strings.Contains(source.Text, "effusion") || doc.Text[source.Start:source.End] != source.Text {
		t.Errorf("source %+v", source)
	}
	if len(p.Findings) != 2 || p.Findings[0].Side != left {
		t.Errorf("findings %+v", p.Findings)
	}
}

func TestBaselines(t *testing.T) {
	train := []*ingest.Document{
		plain("Large right pneumothorax.", "Right pneumothorax."),
		plain("The lungs are clear.", "No acute disease."),
		plain("The lungs are clear and the heart is normal.", "No acute disease."),
	}
	var truths []label.Truth
	for i, d := range train {
		d.ID = fmt.Sprint("train-", i)
		truths = append(truths, labeled(t, d, 512).Truth)
	}
	want := map[string]string{
		"nearest training neighbour": "Right pneumothorax.",
		"most frequent impression":   "No acute disease.",
		"first findings sentence":    "Moderate right pneumothorax is seen.",
	}
	doc := plain("Moderate right pneumothorax is seen. Size is stable.", "")
	baselines := New().Baselines(train, truths)
	slices.Reverse(train)
	for i, b := range New().Baselines(train, truths) {
		a := b.Answer(doc)
		if a.Text != want[b.Name] {
			t.Errorf("%s answers %q, want %q", b.Name, a.Text, want[b.Name])
		}
		if other := baselines[i].Answer(doc); !reflect.DeepEqual(a, other) {
			t.Errorf("%s depends on the order of the documents: %q and %q", b.Name, a.Text, other.Text)
		}
	}
	if len(baselines) != len(want) {
		t.Errorf("%d baselines, want %d", len(baselines), len(want))
	}
	if none := New().Baselines(nil, nil); len(none) != 1 || none[0].Answer(freeText("x")).Text != "" {
		t.Error("without training documents only the first sentence is a baseline")
	}
}

// TestOpenIBaselines shows what figures the floors reach on real reports.
func TestOpenIBaselines(t *testing.T) {
	var train, test []*ingest.Document
	var truths []label.Truth
	byID := map[string]label.Truth{}
	for _, s := range openi(t) {
		if s.uid%2 == 0 {
			continue
		}
		d := s.document()
		l := labeled(t, d, 512)
		if l.Skipped != "" {
			continue
		}
		byID[d.ID] = l.Truth
		if s.uid%7 == 0 {
			test = append(test, d)
		} else {
			train = append(train, d)
			truths = append(truths, l.Truth)
		}
	}
	for _, b := range New().Baselines(train, truths) {
		var c eval.Counts
		claims, bad, rouge := 0, 0, 0.0
		for _, d := range test {
			o := New().Outcome(d, byID[d.ID], b.Answer(d), domains.Settings{})
			for _, x := range o.Counts {
				c.TP, c.FP, c.FN = c.TP+x.TP, c.FP+x.FP, c.FN+x.FN
			}
			claims, bad = claims+len(o.Claims), bad+len(unsupported(o.Claims))
			rouge += o.Values["rouge_l"] / float64(len(test))
		}
		f1 := ratio(2*c.TP, 2*c.TP+c.FP+c.FN)
		t.Logf("%-28s %d test documents: F1 %.3f, unsupported %.3f of %d claims, ROUGE-L %.3f", b.Name, len(test), f1, ratio(bad, claims), claims, rouge)
		if b.Name == "nearest training neighbour" && f1 < 0.4 {
			t.Errorf("the nearest neighbour reaches an F1 of %.3f, want 0.4", f1)
		}
	}
}

func TestOverlap(t *testing.T) {
	a, b := words("The lungs are clear."), words("the lungs are CLEAR")
	for name, v := range map[string]float64{"rouge_1": rougeN(a, b, 1), "rouge_2": rougeN(a, b, 2), "rouge_l": rougeL(a, b), "bleu": bleu(a, b)} {
		if v < 0.999 {
			t.Errorf("%s of equal texts is %v", name, v)
		}
	}
	if !exactMatch(a, b) || exactMatch(nil, nil) {
		t.Error("exact match is wrong")
	}
	// "the cat sat" against "the cat ate fish": two of three and of four words.
	x, y := words("the cat sat"), words("the cat ate fish")
	if got, want := rougeN(x, y, 1), 4.0/7; got != want {
		t.Errorf("rouge_1 is %v, want %v", got, want)
	}
	if got, want := rougeN(x, y, 2), 2.0/5; got != want {
		t.Errorf("rouge_2 is %v, want %v", got, want)
	}
	if got, want := rougeL(x, y), 4.0/7; got != want {
		t.Errorf("rouge_l is %v, want %v", got, want)
	}
	if got := bleu(x, y); got <= 0 || got >= 1 {
		t.Errorf("bleu is %v", got)
	}
	if rougeL(nil, nil) != 0 || bleu(nil, y) != 0 || bleu(x, nil) != 0 {
		t.Error("empty texts overlap")
	}
}

func TestMeasures(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{{"2 cm", "20 mm", true}, {"2.0 cm", "2 cm", true}, {"2 cm", "2 mm", false}, {"7th", "7th", true}, {"10 degrees", "10 mm", false}, {"5 %", "5 percent", true}} {
		if got := sameMeasure(tt.a, tt.b); got != tt.same {
			t.Errorf("%s and %s: %v, want %v", tt.a, tt.b, got, tt.same)
		}
	}
}

func TestDomain(t *testing.T) {
	d := New()
	if d.Name() != "medical" || d.Describe() == "" || d.Version() == "" || len(d.Deid().Kinds) == 0 {
		t.Error("the domain does not describe itself")
	}
	if got := d.Categories()[0]; got != noFinding {
		t.Errorf("the first category is %s", got)
	}
	for _, g := range d.Gates() {
		if g.Min == nil && g.Max == nil {
			t.Errorf("the gate on %s has no limit", g.Metric)
		}
	}
	if s := d.Tune(nil, nil, nil); s.Threshold != 0 {
		t.Errorf("threshold %v", s.Threshold)
	}
}

package review

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"adapt/ingest"
	"adapt/label"
	"adapt/registry"
)

func lr(category string, start, end int) registry.LabelRange {
	return registry.LabelRange{Category: category, Start: start, End: end}
}

func TestASourceHoldsSuggestionsAndConflicts(t *testing.T) {
	doc := &ingest.Document{ID: "d", Text: strings.Repeat("word ", 40)}
	s := NewSource(doc, label.Labeled{
		Truth: label.Truth{Spans: []label.Span{
			{Category: "B", Start: 50, End: 60, Origin: label.OriginRules, Confidence: 0.7},
			{Category: "A", Start: 0, End: 10, Origin: label.OriginTeacher, Attrs: map[string]string{"side": "left"}},
			{Category: "A", Start: 0, End: 10},    // twice
			{Category: "A", Start: 190, End: 300}, // beyond the text
		}},
		Votes: []label.Vote{
			{Category: "A", Start: 0, End: 20, Func: "term"}, {Category: "A", Start: 0, End: 20, Func: "about", Against: true},
			{Category: "A", Start: 0, End: 20, Func: "term"},
			{Category: "C", Start: 30, End: 40, Func: "x"}, {Category: "C", Start: 30, End: 40, Func: "y", Against: true},
			{Category: "C", Start: 70, End: 80, Func: "x"},                // no conflict
			{Category: "D", Start: 70, End: 80, Func: "z", Against: true}, // nobody says it is one
		},
	})
	if len(s.Items) != 3 {
		t.Fatalf("items are %+v", s.Items)
	}
	a, c, b := s.Items[0], s.Items[1], s.Items[2]
	if a.LabelRange != lr("A", 0, 10) || !reflect.DeepEqual(a.For, []string{"term"}) || !reflect.DeepEqual(a.Against, []string{"about"}) || a.Candidate || a.Attrs["side"] != "left" {
		t.Errorf("the first is %+v", a)
	}
	if c.LabelRange != lr("C", 30, 40) || !c.Candidate || !c.Conflict() {
		t.Errorf("the conflict is %+v", c)
	}
	if b.Confidence != 0.7 || b.Conflict() {
		t.Errorf("the last is %+v", b)
	}
	again := NewSource(&ingest.Document{ID: "other run", Text: doc.Text}, label.Labeled{Truth: label.Truth{Spans: []label.Span{{Category: "A", Start: 0, End: 10}}}})
	if again.Items[0].ID != a.ID {
		t.Error("the same suggestion has another name")
	}
}

func TestTheQueueBeginsWithDoubt(t *testing.T) {
	item := func(id string, confidence float64, against ...string) Candidate {
		return Candidate{"doc", Item{ID: id, LabelRange: lr("A", 0, 1), Confidence: confidence, Against: against}}
	}
	candidates := []Candidate{
		item("sure", 0.99), item("even", 0.5), item("surer", 0.999), item("lean", 0.6), item("conflict", 0.95, "f"),
		item("unknown", 0), item("s1", 0.98), item("s2", 0.97), item("s3", 0.96), item("s4", 0.985),
	}
	var want []registry.ReviewTask
	for range 20 {
		rand.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
		got := Queue(candidates, Options{Count: 5, SpotChecks: 0.2, Seed: 1})
		if want == nil {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("the queue depends on the order: %+v and %+v", got, want)
		}
	}
	var ids, whys []string
	for _, k := range want {
		ids, whys = append(ids, k.Item), append(whys, k.Why)
	}
	if got := strings.Join(ids[:4], " "); got != "even conflict lean unknown" {
		t.Errorf("the queue is %q", got)
	}
	if got := strings.Join(whys, ", "); got != "unsure, conflict, unsure, unsure, spot check" {
		t.Errorf("the reasons are %q", got)
	}
	if got := Queue(candidates, Options{Count: 50, SpotChecks: 0.5}); len(got) != 10 {
		t.Errorf("%d tasks of 10", len(got))
	}
	if got := Queue(nil, Options{Count: 5, SpotChecks: 1}); len(got) != 0 {
		t.Errorf("tasks of nothing: %+v", got)
	}
}

// TestSpotChecksAreAFairSample draws with many seeds: of what is left after
// the unsure ones, each is drawn about as often.
func TestSpotChecksAreAFairSample(t *testing.T) {
	var candidates []Candidate
	for i := range 12 {
		c := 0.99
		if i < 2 {
			c = 0.5
		}
		candidates = append(candidates, Candidate{"d", Item{ID: string(rune('a' + i)), Confidence: c}})
	}
	drawn := map[string]int{}
	for seed := range int64(2000) {
		for _, k := range Queue(candidates, Options{Count: 4, SpotChecks: 0.5, Seed: seed}) {
			if k.Why == registry.WhySpotCheck {
				drawn[k.Item]++
			}
		}
	}
	if len(drawn) != 10 {
		t.Fatalf("drawn %v", drawn)
	}
	for id, n := range drawn {
		if n < 320 || n > 480 { // 400 expected, deviation 18
			t.Errorf("%s was drawn %d times of 2000", id, n)
		}
	}
}

// says is a log of answers.
type says struct{ all []registry.ReviewAnswer }

func (s *says) add(who, item, action string, was, now registry.LabelRange) *says {
	s.all = append(s.all, registry.ReviewAnswer{ID: int64(len(s.all) + 1), Reviewer: who, Item: item, Action: action, Was: was, Now: now})
	return s
}

func (s *says) informed() *says {
	s.all[len(s.all)-1].Informed = true
	return s
}

func (s *says) undo(who string, id int64) *says {
	s.add(who, "", registry.AnswerUndo, registry.LabelRange{}, registry.LabelRange{})
	s.all[len(s.all)-1].Undoes = id
	return s
}

var (
	x, y    = lr("A", 0, 10), lr("B", 20, 30)
	nothing registry.LabelRange
)

func TestSettle(t *testing.T) {
	accept := func(s *says, who string) *says { return s.add(who, "x", registry.AnswerAccept, x, x) }
	reject := func(s *says, who string) *says { return s.add(who, "x", registry.AnswerReject, x, nothing) }
	tests := []struct {
		name      string
		says      *says
		reviewers int
		want      string // what x comes to: "kept", "rejected", "open", "disputed"
	}{
		{"nobody", &says{}, 1, "open"},
		{"one of one", accept(&says{}, "Ann"), 1, "kept"},
		{"one of two", accept(&says{}, "Ann"), 2, "open"},
		{"two agree", accept(accept(&says{}, "Ann"), "Bea"), 2, "kept"},
		{"two disagree", reject(accept(&says{}, "Ann"), "Bea"), 2, "disputed"},
		{"a third settles", accept(reject(accept(&says{}, "Ann"), "Bea"), "Cy").informed(), 2, "kept"},
		{"one of the two settles", reject(reject(accept(&says{}, "Ann"), "Bea"), "Ann").informed(), 2, "rejected"},
		{"the same person twice is one", accept(accept(&says{}, "Ann"), " ANN "), 2, "open"},
		{"the last word of one counts", reject(accept(&says{}, "Ann"), "Ann"), 1, "rejected"},
		{"undone", reject(accept(&says{}, "Ann"), "Ann").undo("Ann", 2), 1, "kept"},
		{"all undone", accept(&says{}, "Ann").undo("Ann", 1), 1, "open"},
		{"the other range is the same label", accept(&says{}, "Ann").add("Bea", "x", registry.AnswerFix, x, lr("A", 0, 9)), 2, "kept"},
		{"another range is another label", accept(&says{}, "Ann").add("Bea", "x", registry.AnswerFix, x, lr("A", 0, 2)), 2, "disputed"},
		{"another category is another label", accept(&says{}, "Ann").add("Bea", "x", registry.AnswerFix, x, lr("B", 0, 10)), 2, "disputed"},
		{"added by one of two", (&says{}).add("Ann", "x", registry.AnswerAdd, nothing, x), 2, "kept"},
		{"added, and rejected by who has seen it", (&says{}).add("Ann", "x", registry.AnswerAdd, nothing, x).add("Bea", "x", registry.AnswerReject, x, nothing).informed(), 2, "rejected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Settle(tt.says.all, tt.reviewers)
			got := "open"
			switch {
			case o.Disputed["x"]:
				got = "disputed"
			case len(o.Finals) == 1 && o.Finals[0].Keep:
				got = "kept"
			case len(o.Finals) == 1:
				got = "rejected"
			}
			if got != tt.want {
				t.Errorf("it is %s, want %s: %+v", got, tt.want, o)
			}
		})
	}
}

func TestCompleteNeedsAllReviewers(t *testing.T) {
	s := (&says{}).add("Ann", "", registry.AnswerComplete, nothing, nothing)
	if !Settle(s.all, 1).Complete || Settle(s.all, 2).Complete {
		t.Error("one person's word")
	}
	s.add("Bea", "", registry.AnswerComplete, nothing, nothing)
	if !Settle(s.all, 2).Complete {
		t.Error("two persons' word")
	}
}

func TestApply(t *testing.T) {
	text := strings.Repeat("0123456789", 10)
	suggested := []label.Span{
		{Category: "A", Start: 1, End: 10, Origin: label.OriginRules, Confidence: 0.9}, // x, a byte shorter in this run
		{Category: "B", Start: 20, End: 30, Origin: label.OriginRules},                 // y
		{Category: "C", Start: 40, End: 50, Origin: label.OriginRules, Confidence: 0.6},
		{Category: "D", Start: 60, End: 70, Origin: label.OriginRules},
	}
	s := (&says{}).
		add("Ann", "x", registry.AnswerAccept, x, x).
		add("Ann", "y", registry.AnswerReject, y, nothing).
		add("Ann", "d", registry.AnswerFix, lr("D", 60, 70), lr("E", 61, 69)).
		add("Ann", "n", registry.AnswerAdd, nothing, lr("A", 80, 90)).
		add("Ann", "n2", registry.AnswerAdd, nothing, lr("A", 81, 90)).  // the same again
		add("Ann", "far", registry.AnswerAdd, nothing, lr("A", 90, 900)) // of another text
	want := []label.Span{
		{Category: "A", Start: 0, End: 10, Text: text[:10], Origin: label.OriginReview},
		suggested[2],
		{Category: "E", Start: 61, End: 69, Text: text[61:69], Origin: label.OriginReview},
		{Category: "A", Start: 80, End: 90, Text: text[80:90], Origin: label.OriginReview},
	}
	o := Settle(s.all, 1)
	if got := Apply(text, suggested, o); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if o.Decides(lr("C", 40, 50)) || !o.Decides(lr("A", 2, 10)) || !o.Decides(lr("D", 60, 70)) || !o.Decides(lr("E", 61, 69)) {
		t.Error("Decides does not say what was decided")
	}
	o.Complete = true
	want = append(want[:1:1], want[2:]...)
	if got := Apply(text, suggested, o); !reflect.DeepEqual(got, want) {
		t.Errorf("a complete review: got %+v\nwant %+v", got, want)
	}
}

func TestPairsAreIndependentAnswers(t *testing.T) {
	s := (&says{}).
		add("Bea", "x", registry.AnswerReject, x, nothing).
		add("Ann", "x", registry.AnswerAccept, x, x).
		add("Bea", "x", registry.AnswerAccept, x, x).informed(). // she was convinced; that is no agreement
		add("Ann", "y", registry.AnswerFix, y, lr("C", 20, 30)).
		add("Bea", "y", registry.AnswerAccept, y, y).informed().
		add("Ann", "n", registry.AnswerAdd, nothing, y).
		add("Bea", "n", registry.AnswerAdd, nothing, y)
	want := []label.RatedPair{{Category: "A", First: "yes", Second: "no"}}
	if got := Pairs(s.all); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

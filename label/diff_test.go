package label

import (
	"iter"
	"reflect"
	"testing"

	"adapt/prompt"
)

func all(labeled ...Labeled) iter.Seq2[Labeled, error] {
	return func(yield func(Labeled, error) bool) {
		for _, l := range labeled {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func TestCompareData(t *testing.T) {
	doc := func(id string, spans []Span, answers ...string) Labeled {
		l := Labeled{DocID: id, Truth: Truth{Spans: spans}}
		for i, a := range answers {
			l.Examples = append(l.Examples, Example{ID: id + string(rune('0'+i)), Turns: []prompt.Turn{{Output: a}}})
		}
		return l
	}
	span := func(c string, start, end int, o Origin) Span {
		return Span{Category: c, Start: start, End: end, Origin: o}
	}
	from := Dataset{Version: "v1", Seed: 1, Docs: map[string]Split{"a": Train, "b": Dev, "gone": Test, "m": Train}}
	to := Dataset{Version: "v2", Seed: 1, Docs: map[string]Split{"a": Train, "b": Dev, "new": Train, "m": Test}}
	before := all(
		doc("a", []Span{span("x", 0, 5, OriginRules), span("x", 10, 20, OriginGold), span("y", 0, 5, OriginGold), span("z", 1, 2, OriginGold)}, "one", "two", "three"),
		doc("b", nil), doc("gone", []Span{span("z", 0, 1, OriginGold)}, "bye"), doc("m", nil, "same"), doc("skipped", []Span{span("q", 0, 1, OriginGold)}, "no"))
	after := all(
		// x at 0: another origin; x at 10: moved; y the same; z gone.
		doc("a", []Span{span("x", 0, 5, OriginReview), span("x", 12, 22, OriginGold), span("y", 0, 5, OriginGold)}, "one", "2"),
		doc("b", []Span{span("y", 3, 4, OriginGold)}), doc("m", nil, "same"), doc("new", []Span{span("x", 0, 1, OriginGold)}, "hi"))
	got, err := CompareData(from, to, before, after)
	if err != nil {
		t.Fatal(err)
	}
	want := DataDiff{
		Functions: [2]string{"v1", "v2"}, Seed: [2]int64{1, 1},
		Documents: DocDiff{Same: 2, Added: map[Split]int{Train: 1}, Removed: map[Split]int{Test: 1}, Moved: []Move{{Train, Test, 1}}},
		Labels: []CategoryDiff{
			{"x", ItemDiff{Added: 1, Changed: 2}}, {"y", ItemDiff{Same: 1, Added: 1}}, {"z", ItemDiff{Removed: 2}},
		},
		Examples: ItemDiff{Same: 2, Added: 1, Removed: 2, Changed: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if got.Same() {
		t.Error("they are the same")
	}
	same, err := CompareData(from, from, before, before)
	if err != nil || !same.Same() {
		t.Errorf("with itself: %+v, %v", same, err)
	}
}

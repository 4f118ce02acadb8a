package review

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"adapt/label"
	"adapt/registry"
)

// Person is a reviewer's name as it is compared: without regard to case and
// spaces.
func Person(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// Live returns the answers that hold, in order: of what one person said of one
// label the last that was not undone, and apart from it the last that the
// person gave before seeing another's. The answers are those on one document.
func Live(all []registry.ReviewAnswer) []registry.ReviewAnswer {
	undone := map[int64]bool{}
	for _, a := range all {
		if a.Action == registry.AnswerUndo {
			undone[a.Undoes] = true
		}
	}
	type key struct {
		person, item string
		informed     bool
	}
	last := map[key]int64{}
	for _, a := range all {
		if a.Action != registry.AnswerUndo && !undone[a.ID] {
			last[key{Person(a.Reviewer), a.Item, a.Informed}] = a.ID
		}
	}
	var live []registry.ReviewAnswer
	for _, a := range all {
		if last[key{Person(a.Reviewer), a.Item, a.Informed}] == a.ID {
			live = append(live, a)
		}
	}
	return live
}

// A Final is what the answers on one label come to.
type Final struct {
	Item  string
	Was   registry.LabelRange // empty: a person added it
	Now   registry.LabelRange
	Attrs map[string]string
	Keep  bool // it is a label, as Now says
}

// An Outcome is what the answers on one document come to.
type Outcome struct {
	Finals []Final
	// Disputed are the items on which two people disagree and that nobody has
	// settled since.
	Disputed map[string]bool
	// Complete says that the document holds no labels but these.
	Complete bool
}

// Settle makes of the answers on one document what they come to when each
// label needs so many reviewers. Who answers after having seen what others
// said settles the matter.
func Settle(all []registry.ReviewAnswer, reviewers int) Outcome {
	out := Outcome{Disputed: map[string]bool{}}
	by := map[string][]registry.ReviewAnswer{}
	complete := map[string]bool{}
	var items []string
	for _, a := range Live(all) {
		if a.Action == registry.AnswerComplete {
			complete[Person(a.Reviewer)] = true
			continue
		}
		if by[a.Item] == nil {
			items = append(items, a.Item)
		}
		by[a.Item] = append(by[a.Item], a)
	}
	out.Complete = len(complete) >= reviewers
	for _, item := range items {
		a, ok, disputed := settle(by[item], reviewers)
		if disputed {
			out.Disputed[item] = true
		}
		if ok {
			out.Finals = append(out.Finals, Final{Item: item, Was: a.Was, Now: a.Now, Attrs: a.Attrs, Keep: keeps(a)})
		}
	}
	return out
}

// settle returns the answer that counts among those on one item.
func settle(answers []registry.ReviewAnswer, reviewers int) (a registry.ReviewAnswer, ok, disputed bool) {
	last := answers[len(answers)-1]
	blind := independent(answers)
	switch {
	case len(blind) < len(answers):
		for _, b := range answers {
			if b.Informed {
				a = b
			}
		}
		return a, true, false
	case reviewers <= 1, last.Action == registry.AnswerAdd:
		return last, true, false
	case len(blind) < reviewers:
		return a, false, false
	case agree(blind[0], blind[1]):
		return blind[1], true, false
	}
	return a, false, true
}

// independent are the answers of people who had not seen another's.
func independent(answers []registry.ReviewAnswer) []registry.ReviewAnswer {
	var out []registry.ReviewAnswer
	for _, a := range answers {
		if !a.Informed {
			out = append(out, a)
		}
	}
	return out
}

func keeps(a registry.ReviewAnswer) bool { return a.Action != registry.AnswerReject }

// agree reports whether two answers make the same of a label.
func agree(a, b registry.ReviewAnswer) bool {
	return rating(a) == rating(b) && (!keeps(a) || same(a.Now, b.Now) && maps.Equal(a.Attrs, b.Attrs))
}

// rating is an answer in the words that agreement is computed on.
func rating(a registry.ReviewAnswer) string {
	switch {
	case !keeps(a):
		return "no"
	case a.Now.Category == a.Was.Category:
		return "yes"
	}
	return "as " + a.Now.Category
}

// Pairs returns the pairs of answers that two people gave to the same
// suggestion on one document independently, for [label.Agree]. The first of a
// pair is the one whose name comes first. Labels that a person added are not
// among them: nobody asked the other.
func Pairs(all []registry.ReviewAnswer) []label.RatedPair {
	by := map[string][]registry.ReviewAnswer{}
	var items []string
	for _, a := range independent(Live(all)) {
		if a.Action == registry.AnswerComplete || a.Was.Category == "" {
			continue
		}
		if by[a.Item] == nil {
			items = append(items, a.Item)
		}
		by[a.Item] = append(by[a.Item], a)
	}
	var pairs []label.RatedPair
	for _, item := range items {
		answers := by[item]
		if len(answers) < 2 {
			continue
		}
		two := []registry.ReviewAnswer{answers[0], answers[1]}
		slices.SortFunc(two, func(a, b registry.ReviewAnswer) int { return cmp.Compare(Person(a.Reviewer), Person(b.Reviewer)) })
		pairs = append(pairs, label.RatedPair{Category: two[0].Was.Category, First: rating(two[0]), Second: rating(two[1])})
	}
	return pairs
}

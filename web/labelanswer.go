package web

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"adapt/domains"
	"adapt/label/review"
	"adapt/progress"
	"adapt/registry"
)

const (
	// maxLabel bounds a label's length, in bytes.
	maxLabel = 20000
	// longest is the most seconds that one answer may have taken: longer ones
	// were interrupted.
	longest = 1800
)

// A labelReply is what the page gets for an answer.
type labelReply struct {
	Error string `json:"error,omitempty"`
	Said  string `json:"said,omitempty"`
	// Item is the label that the answer was about.
	Item string `json:"item,omitempty"`
	// Panel is the list of labels, made anew by the server's templates.
	Panel string     `json:"panel,omitempty"`
	Open  []openTask `json:"open"` // in the order of the queue
}

// An openTask is a label that the person has yet to answer.
type openTask struct {
	Place    int    `json:"place"`
	Document string `json:"document"`
	Item     string `json:"item"`
}

// labelState answers with the list as it is, for the page that was just opened.
func (s *site) labelState(w http.ResponseWriter, r *http.Request) error {
	view, err := s.labelDoc(r)
	if err != nil {
		return err
	}
	return s.reply(w, http.StatusOK, view, labelReply{})
}

// takeAnswer records a person's answer about a label.
func (s *site) takeAnswer(w http.ResponseWriter, r *http.Request) error {
	view, err := s.labelDoc(r)
	if err != nil {
		return err
	}
	reply, a, problem := view.read(r)
	if problem != "" {
		return s.reply(w, http.StatusUnprocessableEntity, view, labelReply{Error: problem})
	}
	if _, err := s.reg.RecordAnswer(r.Context(), a); err != nil {
		return err
	}
	before := view.Reviewed
	if view, err = s.labelDoc(r); err != nil {
		return err
	}
	if worthTelling(before, view.Reviewed, view.Review.Wanted) && !view.Ended() {
		s.news(r.Context(), view.RunID, progress.LabelNews{Reviewed: view.Reviewed})
	}
	return s.reply(w, http.StatusOK, view, reply)
}

// worthTelling reports whether the run should hear of a change: when enough
// are reviewed, and else a hundred times at most, since each time stays in its
// history.
func worthTelling(before, now, wanted int) bool {
	step := max(wanted/100, 1)
	return now >= wanted && before < wanted || now/step != before/step
}

// reply writes an answer for the page's script.
func (s *site) reply(w http.ResponseWriter, status int, view labelDoc, reply labelReply) error {
	var err error
	if reply.Panel, err = s.panel(view); err != nil {
		return err
	}
	reply.Open = []openTask{}
	for _, t := range view.Tasks {
		if t.Open {
			reply.Open = append(reply.Open, openTask{t.Place, t.Document, t.Item})
		}
	}
	b, err := json.Marshal(reply)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(b)
	return err
}

// A refusal is why an answer was not taken, in a sentence for the person.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// read makes an answer of what the page sent; problem says what is wrong with
// it, for the person.
func (v *labelDoc) read(r *http.Request) (reply labelReply, a registry.ReviewAnswer, problem string) {
	a = registry.ReviewAnswer{
		Domain: v.Review.Domain, RunID: v.RunID, Document: v.Source.Document.ID, TextHash: v.Source.TextHash,
		Item: r.PostFormValue("item"), Action: r.PostFormValue("action"), Reviewer: v.Me, Seconds: seconds(r.PostFormValue("seconds")),
	}
	if v.Me == "" {
		return reply, a, "Give your name first, on the page before this one."
	}
	var err error
	switch a.Action {
	case registry.AnswerUndo:
		err = v.undo(&a, &reply)
	case registry.AnswerComplete:
		err = v.complete(&a, &reply)
	case registry.AnswerAdd:
		err = v.addLabel(r, &a, &reply)
	case registry.AnswerAccept, registry.AnswerReject, registry.AnswerFix:
		err = v.judge(r, &a, &reply)
	default:
		err = refusal("This page does not know that answer. Reload it.")
	}
	if err != nil {
		return labelReply{}, a, err.Error()
	}
	if reply.Item == "" {
		reply.Item = a.Item
	}
	return reply, a, ""
}

// undo takes back the person's last answer on this document.
func (v *labelDoc) undo(a *registry.ReviewAnswer, reply *labelReply) error {
	var last *registry.ReviewAnswer
	live := review.Live(v.Answers[v.Source.Document.ID])
	for i := range live {
		if v.mine(live[i]) {
			last = &live[i]
		}
	}
	if last == nil {
		return refusal("There is nothing of yours to take back in this document.")
	}
	a.Item, a.Undoes = "", last.ID
	reply.Item = last.Item
	reply.Said = "Taken back"
	return nil
}

// complete says that the document holds no other labels.
func (v *labelDoc) complete(a *registry.ReviewAnswer, reply *labelReply) error {
	a.Item = ""
	open := 0
	for _, it := range v.Items {
		if it.State == "open" {
			open++
		}
	}
	if open > 0 {
		return refuse("Decide on the other labels of this document first: %d are open.", open)
	}
	reply.Said = "The document is complete"
	return nil
}

// judge answers about a label that is there.
func (v *labelDoc) judge(r *http.Request, a *registry.ReviewAnswer, reply *labelReply) error {
	i := slices.IndexFunc(v.Items, func(it labelItem) bool { return it.ID == a.Item })
	if i < 0 {
		return refusal("The label is not there any more. Reload the page.")
	}
	it := v.Items[i]
	a.Was = v.suggested(it)
	a.Informed = v.Informed && len(it.Others) > 0
	switch a.Action {
	case registry.AnswerReject:
		reply.Said = "Rejected: " + it.Category
		return nil
	case registry.AnswerAccept:
		a.Now, a.Attrs = a.Was, it.Attrs
		if a.Was.Category == "" || it.State != "open" && it.State != "rejected" {
			a.Now = it.LabelRange
		}
		if a.Was.Category != "" && a.Now != a.Was {
			a.Action = registry.AnswerFix // it was changed before, by this person or another
		}
		reply.Said = "Accepted: " + a.Now.Category
		return nil
	}
	var err error
	a.Now, a.Attrs, err = v.labelled(r)
	reply.Said = "Changed: " + a.Now.Category
	return err
}

// suggested returns an item's range before anybody changed it; empty for one
// that a person added.
func (v *labelDoc) suggested(it labelItem) registry.LabelRange {
	for _, s := range v.Source.Items {
		if s.ID == it.ID {
			return s.LabelRange
		}
	}
	return registry.LabelRange{}
}

// addLabel adds a label that nobody suggested.
func (v *labelDoc) addLabel(r *http.Request, a *registry.ReviewAnswer, reply *labelReply) (err error) {
	if a.Now, a.Attrs, err = v.labelled(r); err != nil {
		return err
	}
	a.Item = review.ItemID(v.Source.TextHash, a.Now)
	for _, it := range v.Items {
		if it.ID == a.Item && it.State != "rejected" {
			return refusal("This label is there already.")
		}
	}
	if i := slices.IndexFunc(v.Source.Items, func(it review.Item) bool { return it.ID == a.Item }); i >= 0 {
		a.Action, a.Was = registry.AnswerAccept, a.Now // it was suggested after all
	}
	reply.Said = "Added: " + a.Now.Category
	return nil
}

// labelled reads a range with its category and attributes.
func (v *labelDoc) labelled(r *http.Request) (registry.LabelRange, map[string]string, error) {
	text := v.Source.Document.Text
	start, err1 := strconv.Atoi(r.PostFormValue("start"))
	end, err2 := strconv.Atoi(r.PostFormValue("end"))
	l := registry.LabelRange{Category: r.PostFormValue("category"), Start: start, End: end}
	switch {
	case err1 != nil || err2 != nil || start < 0 || end > len(text) || start >= end || !runeEdge(text, start) || !runeEdge(text, end):
		return l, nil, refusal("The range does not lie in this document. Reload the page and choose it again.")
	case strings.TrimSpace(text[start:end]) == "":
		return l, nil, refusal("The range holds no words. Choose it again.")
	case end-start > maxLabel:
		return l, nil, refuse("The range is longer than %d bytes. Choose a shorter one.", maxLabel)
	case !slices.Contains(v.Categories, l.Category):
		return l, nil, refusal("There is no such category. Choose one of the list.")
	}
	// White space around words belongs to no label.
	t := text[start:end]
	l.Start += len(t) - len(strings.TrimLeft(t, " \t\r\n\f\v"))
	l.End = l.Start + len(strings.Trim(t, " \t\r\n\f\v"))
	attrs, err := readAttrs(r, v.Attributes)
	return l, attrs, err
}

func runeEdge(text string, at int) bool { return at == len(text) || utf8.RuneStart(text[at]) }

func readAttrs(r *http.Request, known []domains.Attribute) (map[string]string, error) {
	attrs := map[string]string{}
	for _, k := range known {
		value := r.PostFormValue("attr." + k.Name)
		if value == "" {
			continue
		}
		if !slices.Contains(k.Values, value) {
			return nil, refuse("%s can not be that. Choose a value of the list.", title(k.Name))
		}
		attrs[k.Name] = value
	}
	if len(attrs) == 0 {
		return nil, nil
	}
	return attrs, nil
}

// seconds reads how long an answer took.
func seconds(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) {
		return 0
	}
	return math.Round(10*min(max(n, 0), longest)) / 10
}

package web

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"adapt/artifact"
	"adapt/label/review"
	"adapt/progress"
	"adapt/registry"
)

// maxTasks is how many labels of the queue the page lists.
const maxTasks = 200

// A desk is a run's review as one person sees it.
type desk struct {
	review.Tally
	Me    string // the person's name; empty: not given yet
	Tasks []task
	// Informed says that the person may see what others answered: always where
	// one answer is enough, and else when nothing is left to ask the person.
	Informed bool
}

// A task is a label in the queue.
type task struct {
	registry.ReviewTask
	Place int
	Open  bool // the person has yet to answer
}

// Left counts the tasks that the person has yet to answer.
func (d desk) Left() int {
	n := 0
	for _, t := range d.Tasks {
		if t.Open {
			n++
		}
	}
	return n
}

// Next returns the first open task; its Item is empty when there is none.
func (d desk) Next() task {
	for _, t := range d.Tasks {
		if t.Open {
			return t
		}
	}
	return task{}
}

// Ended reports whether answers are no longer waited for.
func (d desk) Ended() bool { return !d.Review.Closed.IsZero() }

// desk reads a run's review for a person.
func (s *site) desk(ctx context.Context, runID, me string) (desk, error) {
	t, err := review.Count(ctx, s.reg, runID)
	if err != nil {
		return desk{}, err
	}
	d := desk{Tally: t, Me: me}
	tasks, err := s.reg.ReviewTasks(ctx, runID)
	if err != nil {
		return d, err
	}
	answered := answeredBy(t)
	for i, k := range tasks {
		d.Tasks = append(d.Tasks, task{k, i, answered.open(k.Item, me, t.Review.Reviewers)})
	}
	d.Informed = t.Review.Reviewers == 1 || me != "" && d.Left() == 0
	return d, nil
}

// answered holds who has answered about each label.
type answered map[string][]string

func answeredBy(t review.Tally) answered {
	by := answered{}
	for _, answers := range t.Answers {
		for _, a := range review.Live(answers) {
			if p := review.Person(a.Reviewer); !slices.Contains(by[a.Item], p) {
				by[a.Item] = append(by[a.Item], p)
			}
		}
	}
	return by
}

// open reports whether an answer of this person is wanted.
func (by answered) open(item, me string, reviewers int) bool {
	people := by[item]
	return len(people) < reviewers && !slices.Contains(people, review.Person(me))
}

type labelsView struct {
	base
	desk
	RunID string
	Files map[string]string // names of documents, by ID
	Shown []task
	Error string
	Sent  bool
}

func (s *site) showLabels(w http.ResponseWriter, r *http.Request) error {
	view, err := s.labelsView(r)
	if err != nil {
		return err
	}
	if !view.Ended() && view.Reviewed >= view.Review.Wanted {
		// The run may not have heard of the last answer.
		s.news(r.Context(), view.RunID, progress.LabelNews{Reviewed: view.Reviewed})
	}
	return s.render(w, http.StatusOK, "labels.html", view)
}

func (s *site) labelsView(r *http.Request) (labelsView, error) {
	id := r.PathValue("id")
	view := labelsView{base: s.base("Labels of "+id, "runs", r), RunID: id, Files: map[string]string{}, Sent: r.URL.Query().Has("sent")}
	var err error
	if view.desk, err = s.desk(r.Context(), id, s.me(r)); err != nil {
		return view, err
	}
	view.Shown = view.Tasks[:min(len(view.Tasks), maxTasks)]
	for _, t := range view.Shown {
		if _, ok := view.Files[t.Document]; ok {
			continue
		}
		view.Files[t.Document] = t.Document
		if src, err := s.source(view.Tally, t.Document); err == nil {
			view.Files[t.Document] = src.Name()
		}
	}
	return view, nil
}

// source reads a document of a review.
func (s *site) source(t review.Tally, document string) (review.Source, error) {
	i := slices.IndexFunc(t.Documents, func(d review.DocumentTally) bool { return d.Document == document })
	if i < 0 {
		return review.Source{}, errNoPage
	}
	return sourceOf(s.reg.Store(), t.Documents[i].Source)
}

func sourceOf(store *artifact.Store, ref artifact.Ref) (review.Source, error) {
	var src review.Source
	if err := store.JSON(ref, &src); err != nil {
		return src, err
	}
	if src.Document == nil {
		return src, errNoPage
	}
	return src, nil
}

// news tells the run; that it could not be told is no fault of the answer,
// which is kept, and is made good when the page or adapt is opened again.
func (s *site) news(ctx context.Context, runID string, n progress.LabelNews) error {
	ctx, cancel := context.WithTimeout(ctx, decideTime)
	defer cancel()
	err := s.runs.LabelNews(ctx, runID, n)
	if err != nil {
		s.log.Info("web: a run was not told of its reviews", "run", runID, "error", err)
	}
	return err
}

// goOnLabels has the run go on with the reviews that there are.
func (s *site) goOnLabels(w http.ResponseWriter, r *http.Request) error {
	view, err := s.labelsView(r)
	if err != nil {
		return err
	}
	if view.Me == "" {
		view.Error = "Give your name first: it is kept with the run."
		return s.render(w, http.StatusBadRequest, "labels.html", view)
	}
	if err := s.news(r.Context(), view.RunID, progress.LabelNews{Reviewed: view.Reviewed, GoOn: true, By: view.Me}); err != nil {
		view.Error = err.Error()
		return s.render(w, http.StatusUnprocessableEntity, "labels.html", view)
	}
	http.Redirect(w, r, "/runs/"+url.PathEscape(view.RunID), http.StatusSeeOther)
	return nil
}

// nameMe keeps the reviewer's name for this browser's session.
func (s *site) nameMe(w http.ResponseWriter, r *http.Request) error {
	name := strings.Join(strings.Fields(r.PostFormValue("by")), " ")
	if problem := badName(name); problem != "" {
		view, err := s.labelsView(r)
		if err != nil {
			return err
		}
		view.Error = problem
		return s.render(w, http.StatusBadRequest, "labels.html", view)
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.nameCookie(), Value: encodeName(name),
		Path: "/runs/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/runs/"+url.PathEscape(r.PathValue("id"))+"/labels", http.StatusSeeOther)
	return nil
}

func badName(name string) string {
	switch {
	case name == "":
		return "Give your name: it is kept with your answers."
	case !utf8.ValidString(name):
		return "The name is not valid UTF-8. Type it again."
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Sprintf("The name is longer than %d characters. Shorten it.", maxName)
	}
	return ""
}

// encodeName makes a name a value of a cookie.
func encodeName(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }

func (s *site) nameCookie() string { return s.keys.cookie + "-name" }

// me returns the name that the reviewer gave; empty where there is none.
func (s *site) me(r *http.Request) string {
	c, err := r.Cookie(s.nameCookie())
	if err != nil {
		return ""
	}
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || badName(string(b)) != "" {
		return ""
	}
	return string(b)
}

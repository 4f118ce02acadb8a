package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"adapt/artifact"
	"adapt/progress"
	"adapt/registry"
)

const (
	maxName   = 200  // characters of a person's name
	maxReason = 4000 // characters of a reason
	// decideTime bounds how long a person waits for the workflow to take a
	// decision.
	decideTime = 30 * time.Second
)

// A decisionForm is what a person has typed, and what was wrong with it.
type decisionForm struct {
	By     string
	Reason string
	Error  string
}

// readForm reads a name and a reason, both required.
func readForm(r *http.Request) decisionForm {
	f := decisionForm{By: strings.TrimSpace(r.PostFormValue("by")), Reason: strings.TrimSpace(r.PostFormValue("reason"))}
	switch {
	case f.By == "":
		f.Error = "Give your name: it is kept with the decision."
	case f.Reason == "":
		f.Error = "Give a reason: it is kept with the decision."
	case !utf8.ValidString(f.By) || !utf8.ValidString(f.Reason):
		f.By, f.Reason = strings.ToValidUTF8(f.By, "\uFFFD"), strings.ToValidUTF8(f.Reason, "\uFFFD")
		f.Error = "The text is not valid UTF-8. Type it again."
	case utf8.RuneCountInString(f.By) > maxName:
		f.Error = fmt.Sprintf("The name is longer than %d characters. Shorten it.", maxName)
	case utf8.RuneCountInString(f.Reason) > maxReason:
		f.Error = fmt.Sprintf("The reason is longer than %d characters. Shorten it.", maxReason)
	}
	return f
}

// decide takes a person's decision to the workflow and goes back to the run;
// a decision that was not taken comes back with what was typed.
func (s *site) decide(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	form := readForm(r)
	choice := r.PostFormValue("decision")
	if form.Error == "" && choice != "approve" && choice != "reject" {
		form.Error = "Choose to approve or to reject."
	}
	status := http.StatusBadRequest
	if form.Error == "" {
		d := progress.Decision{Approve: choice == "approve", By: form.By, Reason: form.Reason}
		err := s.tell(r.Context(), id, d)
		if err == nil {
			http.Redirect(w, r, "/runs/"+url.PathEscape(id)+"?sent#outcome", http.StatusSeeOther)
			return nil
		}
		s.log.Info("web: a decision was not taken", "run", id)
		form.Error, status = err.Error(), http.StatusUnprocessableEntity
	}
	view, err := s.runView(r, id)
	if err != nil {
		return err
	}
	view.Form = form
	return s.renderRun(w, status, view)
}

func (s *site) tell(ctx context.Context, id string, d progress.Decision) error {
	ctx, cancel := context.WithTimeout(ctx, decideTime)
	defer cancel()
	err := s.runs.Decide(ctx, id, d)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the workflow did not answer in time; reload the page to see whether the decision was taken before you send it again")
	}
	return err
}

// rollback takes a domain back to the champion before the one that the form
// was made for.
func (s *site) rollback(w http.ResponseWriter, r *http.Request) error {
	domain := r.PathValue("domain")
	form := readForm(r)
	status := http.StatusBadRequest
	from, err := s.rollbackFrom(r.Context(), domain, r.PostFormValue("from"))
	if err != nil {
		return err
	}
	if form.Error == "" {
		_, err := s.reg.RollbackFrom(r.Context(), domain, from, form.By, form.Reason)
		if err == nil {
			http.Redirect(w, r, "/domains/"+url.PathEscape(domain)+"?sent", http.StatusSeeOther)
			return nil
		}
		if !forPeople(err) {
			return err
		}
		form.Error, status = err.Error(), http.StatusConflict
	}
	view, err := s.domainView(r, domain)
	if err != nil {
		return err
	}
	view.Form = form
	return s.render(w, status, "domain.html", view)
}

// rollbackFrom returns the model that the form was made for.
func (s *site) rollbackFrom(ctx context.Context, domain, hash string) (artifact.Ref, error) {
	m, err := s.reg.GetModel(ctx, domain, hash)
	return m.Ref, err
}

// forPeople reports whether an error's text says what a person can do.
func forPeople(err error) bool {
	for _, target := range []error{registry.ErrConflict, registry.ErrNotFound, registry.ErrInvalid, artifact.ErrNotFound} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

package web

import (
	"errors"
	"net/http"

	"adapt/artifact"
	"adapt/registry"
)

// A pageError is an error as a person sees it.
type pageError struct {
	Status int
	Title  string
	Advice string // what happened and what to do
}

func (e pageError) Error() string { return e.Title + ": " + e.Advice }

var errInternal = pageError{http.StatusInternalServerError, "Something went wrong here",
	"Nothing was changed. Reload the page; if that does not help, adapt's log says more."}

// page adapts a handler that returns an error.
func (s *site) page(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.showError(w, r, err)
		}
	}
}

// showError writes the page of an error. Errors that are not meant for people
// are logged and shown as one that is.
func (s *site) showError(w http.ResponseWriter, r *http.Request, err error) {
	pe, ok := errors.AsType[pageError](err)
	switch {
	case ok:
	case errors.Is(err, registry.ErrNotFound):
		pe = errNoPage
	case errors.Is(err, artifact.ErrNotFound):
		pe = pageError{http.StatusNotFound, "The file is gone", "The registry speaks of it, but the data folder does not hold it any more. Was the folder moved or cleaned? Running again on the same documents makes it anew."}
	case r.Context().Err() != nil:
		return // nobody waits for an answer
	default:
		s.log.Error("web: a page failed", "page", r.Pattern, "error", err)
		pe = errInternal
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	if err := s.render(w, pe.Status, "error.html", errorView{s.base(pe.Title, "", r), pe.Advice}); err != nil {
		s.log.Error("web: the page of an error failed", "error", err)
	}
}

type errorView struct {
	base
	Advice string
}

var errNoPage = pageError{http.StatusNotFound, "There is no such page", "The run, model or domain is not in the registry. Look for it in the lists of runs and models."}

func (s *site) noPage(http.ResponseWriter, *http.Request) error { return errNoPage }

// onlyPost answers other methods on the address of a form.
func (s *site) onlyPost(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Allow", http.MethodPost)
	return pageError{http.StatusMethodNotAllowed, "This address only takes forms", "Nothing was changed. Go to the run or domain, and use the form there."}
}

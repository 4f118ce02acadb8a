// Package web is the review pages: the runs and how far they are, the evidence
// of a run, the decision to approve or reject it, the data sets, and the models
// with their history.
//
// The pages are plain HTML from the server and can be read without JavaScript;
// with it, a run's page follows the run by server-sent events. They hold no
// rule of the business: what may be decided, and by whom, is the answer of a
// [RunService].
//
// Whoever opens the pages must show the token of the data folder once (see
// [Token]); by default they are served to this machine alone (see [Listen]).
package web

import (
	"cmp"
	"context"
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"adapt/domains"
	"adapt/progress"
	"adapt/registry"
)

// RunService is what the pages need of the workflows.
type RunService interface {
	// Progress says how far a run is. Any error means that this can not be
	// told now; the pages then show what the registry knows.
	Progress(ctx context.Context, runID string) (progress.Run, error)
	// Decide gives a person's decision to a run that waits for one. An error's
	// text is shown to the person: it says why the decision was not taken and
	// what to do.
	Decide(ctx context.Context, runID string, d progress.Decision) error
	// LabelNews tells a run that waits for reviews how far they are. An error's
	// text is for people too.
	LabelNews(ctx context.Context, runID string, n progress.LabelNews) error
}

// Options configure the pages.
type Options struct {
	Registry *registry.Registry // required
	Runs     RunService         // required
	Token    string             // required; see Token
	// Domain finds a domain by its name, whose categories reviewers choose from.
	// Without it labels can not be reviewed.
	Domain func(name string) (domains.Domain, error)
	Log    *slog.Logger // nil: nothing is logged
	// Hosts are the names, without port, by which the pages may be reached.
	// Addresses and "localhost" are always allowed; any other name is refused,
	// since a foreign page may point its own name to this machine.
	Hosts []string
	// Poll is how often a page that follows a run asks how far it is; 0 is a
	// second.
	Poll time.Duration
}

//go:embed templates static
var files embed.FS

// A site is the handlers' common state; it does not change.
type site struct {
	reg    *registry.Registry
	runs   RunService
	domain func(name string) (domains.Domain, error)
	log    *slog.Logger
	keys   keys
	hosts  map[string]bool
	poll   time.Duration
	pages  map[string]*template.Template
	static map[string]asset
}

// New returns the pages as a handler. It panics when the token is empty: pages
// without a token would be open to every program on the machine.
func New(o Options) http.Handler {
	s := newSite(o)
	return s.guard(s.routes())
}

func newSite(o Options) *site {
	if o.Token == "" {
		panic("web: New needs a token")
	}
	s := &site{
		reg:    o.Registry,
		runs:   o.Runs,
		domain: o.Domain,
		log:    cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		keys:   newKeys(o.Token),
		hosts:  map[string]bool{"localhost": true},
		poll:   cmp.Or(o.Poll, time.Second),
		pages:  parsePages(),
		static: loadAssets(),
	}
	if s.domain == nil {
		s.domain = func(string) (domains.Domain, error) { return nil, errNoPage }
	}
	for _, h := range o.Hosts {
		s.hosts[strings.ToLower(h)] = true
	}
	return s
}

// routes lists every page.
func (s *site) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page(s.showRuns))
	mux.HandleFunc("GET /runs/{id}", s.page(s.showRun))
	mux.HandleFunc("GET /runs/{id}/events", s.page(s.followRun))
	mux.HandleFunc("GET /runs/{id}/report", s.page(s.showRunReport))
	mux.HandleFunc("GET /runs/{id}/report/{file}", s.page(s.serveRunReport))
	mux.HandleFunc("POST /runs/{id}/decision", s.page(s.decide))
	mux.HandleFunc("/runs/{id}/decision", s.page(s.onlyPost))
	mux.HandleFunc("GET /runs/{id}/labels", s.page(s.showLabels))
	mux.HandleFunc("POST /runs/{id}/labels/me", s.page(s.nameMe))
	mux.HandleFunc("POST /runs/{id}/labels/go-on", s.page(s.goOnLabels))
	mux.HandleFunc("GET /runs/{id}/labels/{doc}", s.page(s.showLabelDoc))
	mux.HandleFunc("GET /runs/{id}/labels/{doc}/state", s.page(s.labelState))
	mux.HandleFunc("POST /runs/{id}/labels/{doc}/answers", s.page(s.takeAnswer))
	mux.HandleFunc("/runs/{id}/labels/{doc}/answers", s.page(s.onlyPost))
	mux.HandleFunc("GET /data", s.page(s.showAllData))
	mux.HandleFunc("GET /data/{version}", s.page(s.showData))
	mux.HandleFunc("GET /models", s.page(s.showModels))
	mux.HandleFunc("GET /models/{name}", s.page(s.showModel))
	mux.HandleFunc("GET /models/{name}/report", s.page(s.showModelReport))
	mux.HandleFunc("GET /models/{name}/report/{file}", s.page(s.serveModelReport))
	mux.HandleFunc("GET /domains/{domain}", s.page(s.showDomain))
	mux.HandleFunc("POST /domains/{domain}/rollback", s.page(s.rollback))
	mux.HandleFunc("/domains/{domain}/rollback", s.page(s.onlyPost))
	mux.HandleFunc("GET /static/{file}", s.page(s.serveStatic))
	mux.HandleFunc("/", s.page(s.noPage))
	return mux
}

// parsePages parses each page of templates/ together with the layout.
func parsePages() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/parts.html"))
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		panic(err) // the pattern is well formed
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		pages[name[len("templates/"):]] = template.Must(template.Must(layout.Clone()).ParseFS(files, name))
	}
	return pages
}

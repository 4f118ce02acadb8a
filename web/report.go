package web

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"adapt/artifact"
)

// reportFiles are the files of a report that are served, with their types.
var reportFiles = map[string]string{
	"report.html": "text/html; charset=utf-8",
	"report.json": "application/json",
	"report.md":   "text/markdown; charset=utf-8",
}

type reportView struct {
	base
	Of   string // "run legal-1"
	Back string // the path of the run or model
}

var errNoReport = pageError{http.StatusNotFound, "There is no report yet", "A report is written when the candidate has been measured. Look at the run's progress."}

func (s *site) showRunReport(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	ref, err := s.runReport(r)
	if err != nil {
		return err
	}
	return s.frameReport(w, ref, reportView{s.base("Report of run "+id, "runs", r), "run " + id, "/runs/" + url.PathEscape(id)})
}

func (s *site) serveRunReport(w http.ResponseWriter, r *http.Request) error {
	ref, err := s.runReport(r)
	if err != nil {
		return err
	}
	return s.serveReport(w, r, ref)
}

func (s *site) showModelReport(w http.ResponseWriter, r *http.Request) error {
	m, err := s.reg.GetModel(r.Context(), "", r.PathValue("name"))
	if err != nil {
		return err
	}
	return s.frameReport(w, m.Report, reportView{s.base("Report of model "+m.Name, "models", r), "model " + m.Name, "/models/" + url.PathEscape(m.Name)})
}

func (s *site) serveModelReport(w http.ResponseWriter, r *http.Request) error {
	m, err := s.reg.GetModel(r.Context(), "", r.PathValue("name"))
	if err != nil {
		return err
	}
	return s.serveReport(w, r, m.Report)
}

func (s *site) runReport(r *http.Request) (artifact.Ref, error) {
	view, err := s.runView(r, r.PathValue("id"))
	return view.Report, err
}

// frameReport writes a page that shows the report in a frame.
func (s *site) frameReport(w http.ResponseWriter, ref artifact.Ref, view reportView) error {
	if ref.IsZero() {
		return errNoReport
	}
	return s.render(w, http.StatusOK, "report.html", view)
}

// serveReport writes a file of the report, shut in by reportPolicy.
func (s *site) serveReport(w http.ResponseWriter, r *http.Request, ref artifact.Ref) error {
	name := r.PathValue("file")
	kind, ok := reportFiles[name]
	if !ok {
		return errNoPage
	}
	if ref.IsZero() {
		return errNoReport
	}
	file, err := s.reportFile(ref, name)
	if err != nil {
		return err
	}
	src, err := s.reg.Store().Reader(file)
	if err != nil {
		return err
	}
	defer src.Close()
	w.Header().Set("Content-Security-Policy", reportPolicy)
	w.Header().Set("Content-Type", kind)
	if name != "report.html" {
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	}
	_, err = io.Copy(w, src)
	return err
}

// reportFile finds a file of the report's folder.
func (s *site) reportFile(ref artifact.Ref, name string) (artifact.Ref, error) {
	var tree artifact.Tree
	if err := s.reg.Store().JSON(ref, &tree); err != nil {
		return artifact.Ref{}, err
	}
	for _, f := range tree.Files {
		if f.Path == name {
			return f.Ref, nil
		}
	}
	return artifact.Ref{}, errNoPage
}

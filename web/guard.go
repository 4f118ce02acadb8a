package web

import (
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// pagePolicy lets a page load what this server gives and nothing else.
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	// reportPolicy shuts a report in: its markup comes from documents and
	// models, so it runs nothing, loads nothing and acts for nobody.
	reportPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

// maxForm bounds what a form may send, in bytes.
const maxForm = 64 << 10

// guard lets a request through to next when it is meant for this server, comes
// from somebody who has shown the token and, when it changes something, from a
// form of these pages.
func (s *site) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w := &statusWriter{ResponseWriter: rw}
		start := time.Now()
		defer s.logRequest(w, r, start)
		defer s.recovered(w, r)
		setHeaders(w.Header())
		if err := s.admit(w, r); err != nil {
			s.showError(w, r, err)
			return
		}
		if token := r.URL.Query().Get("token"); r.Method == http.MethodGet && token != "" {
			s.enter(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// setHeaders sets what every answer says. A report replaces the policy.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// admit returns an error for a request that must not be answered.
func (s *site) admit(w http.ResponseWriter, r *http.Request) error {
	if !s.knownHost(r.Host) {
		return pageError{http.StatusMisdirectedRequest, "Unknown host name",
			"The pages are not served under this name. Open them by the link that adapt printed when it started."}
	}
	if strings.HasPrefix(r.URL.Path, "/static/") {
		return nil // nothing secret, and the pages of errors need it
	}
	if !s.keys.signedIn(r) && !(r.Method == http.MethodGet && same(r.URL.Query().Get("token"), s.keys.token)) {
		return pageError{http.StatusUnauthorized, "A token is needed",
			"Open the link that adapt printed when it started: it carries the token. The token is also in the file web-token in adapt's data folder; add ?token= and its text to this page's address."}
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return errForeignForm
	}
	if !same(r.PostFormValue("csrf"), s.keys.form) {
		return errForeignForm
	}
	return nil
}

var errForeignForm = pageError{http.StatusForbidden, "The form was not accepted",
	"It did not come from a page of this server, or the page was older than the server's token, or the text was too long. Nothing was changed. Go back, reload the page, and send the form again."}

// enter gives the cookie to a browser that showed the token, and takes the
// token out of the address, so that it stays in no history.
func (s *site) enter(w http.ResponseWriter, r *http.Request) {
	if same(r.URL.Query().Get("token"), s.keys.token) {
		s.keys.signIn(w)
	}
	// The path alone, with one slash in front, can not lead to another server.
	http.Redirect(w, r, "/"+strings.TrimLeft(r.URL.EscapedPath(), "/\\"), http.StatusSeeOther)
}

// knownHost reports whether host (with or without port) is one that a browser
// can only have for this server. A name can be pointed anywhere by whoever
// owns it; an address can not.
func (s *site) knownHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return s.hosts[strings.ToLower(host)] || net.ParseIP(strings.Trim(host, "[]")) != nil
}

// recovered turns a panic into a page.
func (s *site) recovered(w *statusWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	s.log.Error("web: a page panicked", "page", r.Pattern, "panic", p)
	if w.status == 0 {
		s.showError(w, r, errInternal)
	}
}

// logRequest logs the kind of page, never its address: addresses may hold the
// token.
func (s *site) logRequest(w *statusWriter, r *http.Request, start time.Time) {
	s.log.Debug("web: request", "page", r.Pattern, "method", r.Method, "status", w.status, "took", time.Since(start))
}

// A statusWriter remembers the status that was sent; 0 is none yet.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

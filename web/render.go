package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
)

// base is what the layout needs of every page.
type base struct {
	Title    string
	Section  string // of the navigation: "runs", "models"
	CSRF     string
	SignedIn bool
}

func (s *site) base(title, section string, r *http.Request) base {
	b := base{Title: title, Section: section, SignedIn: s.keys.signedIn(r)}
	if b.SignedIn {
		b.CSRF = s.keys.form
	}
	return b
}

// render writes a page, whole or, when its template fails, not at all.
func (s *site) render(w http.ResponseWriter, status int, name string, view any) error {
	var buf bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&buf, "layout.html", view); err != nil {
		return fmt.Errorf("web: rendering %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := buf.WriteTo(w)
	return err
}

// An asset is a file of static/.
type asset struct {
	data []byte
	kind string
	etag string
}

var assetKinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

func loadAssets() map[string]asset {
	entries, err := files.ReadDir("static")
	if err != nil {
		panic(err) // embedded
	}
	assets := map[string]asset{}
	for _, e := range entries {
		data, err := files.ReadFile("static/" + e.Name())
		if err != nil {
			panic(err) // embedded
		}
		sum := sha256.Sum256(data)
		assets[e.Name()] = asset{data, assetKinds[path.Ext(e.Name())], `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	return assets
}

func (s *site) serveStatic(w http.ResponseWriter, r *http.Request) error {
	a, ok := s.static[r.PathValue("file")]
	if !ok {
		return errNoPage
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "no-cache") // kept, and asked for by its tag
	w.Header().Set("ETag", a.etag)
	if strings.Contains(r.Header.Get("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, err := w.Write(a.data)
	return err
}

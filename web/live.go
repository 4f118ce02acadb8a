package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"time"
)

// A region is a part of a run's page that changes while one looks at it. The
// page holds the regions as they were; then each is sent again when its
// version changes.
type region struct {
	ID      string        `json:"id"`
	Version string        `json:"version"`
	HTML    template.HTML `json:"html"`
}

// regionNames are the regions' IDs; each has a template of that name.
var regionNames = []string{"state", "trouble", "steps", "outcome"}

// regions renders the regions of a run's page. What a person has typed is no
// part of a version: a form that came back with an error must not be replaced
// by an empty one.
func (s *site) regions(view runView) ([]region, error) {
	clean := view
	clean.Form = decisionForm{}
	all := make([]region, len(regionNames))
	for i, name := range regionNames {
		shown, err := s.part(name, view)
		if err != nil {
			return nil, err
		}
		plain, err := s.part(name, clean)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(plain)
		all[i] = region{name, hex.EncodeToString(sum[:8]), template.HTML(shown)}
	}
	return all, nil
}

// part renders one template of the run's page.
func (s *site) part(name string, view runView) ([]byte, error) {
	var buf bytes.Buffer
	if err := s.pages["run.html"].ExecuteTemplate(&buf, name, view); err != nil {
		return nil, fmt.Errorf("web: rendering %s: %w", name, err)
	}
	return bytes.TrimSpace(buf.Bytes()), nil
}

const (
	// quiet is how long a stream says nothing before it says that it lives, so
	// that a connection that has gone is noticed.
	quiet = 15 * time.Second
	// writeTime bounds one write to a stream.
	writeTime = 10 * time.Second
)

// followRun is a stream of server-sent events: "region" with a region that has
// changed, as JSON, and "end" when the run has ended.
func (s *site) followRun(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if _, err := s.runView(r, id); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return nil
	}
	st := &stream{w: w, rc: http.NewResponseController(w), sent: map[string]string{}}
	tick := time.NewTicker(s.poll)
	defer tick.Stop()
	for {
		final, err := s.followOnce(r, id, st)
		if err != nil && r.Context().Err() == nil {
			// What has been sent can not become the page of an error: the stream
			// ends, and the page opens it again.
			s.log.Warn("web: following a run ended", "run", id, "error", err)
		}
		if err != nil || final {
			return nil
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-tick.C:
		}
	}
}

// followOnce sends what has changed and reports whether the run has ended.
func (s *site) followOnce(r *http.Request, id string, st *stream) (final bool, err error) {
	view, err := s.runView(r, id)
	if err != nil {
		return false, err
	}
	regions, err := s.regions(view)
	if err != nil {
		return false, err
	}
	for _, re := range regions {
		// When the workflow does not answer, the page keeps what it shows, and
		// with it the form that somebody may be filling in.
		if view.Trouble != "" && re.ID != "trouble" {
			continue
		}
		if err := st.region(re); err != nil {
			return false, err
		}
	}
	if view.Final() {
		return true, st.write("event: end\ndata: {}\n\n")
	}
	return false, st.live()
}

// A stream writes server-sent events.
type stream struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	sent map[string]string // versions, by region
	last time.Time
}

// region sends a region unless its version was the last one sent.
func (st *stream) region(re region) error {
	if st.sent[re.ID] == re.Version {
		return nil
	}
	b, err := json.Marshal(re) // one line
	if err != nil {
		return err
	}
	st.sent[re.ID] = re.Version
	return st.write("event: region\ndata: " + string(b) + "\n\n")
}

// live says that the stream lives, when it has been quiet.
func (st *stream) live() error {
	if time.Since(st.last) < quiet {
		return nil
	}
	return st.write(": live\n\n")
}

func (st *stream) write(text string) error {
	st.last = time.Now()
	if err := st.rc.SetWriteDeadline(st.last.Add(writeTime)); err != nil {
		return err
	}
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	return st.rc.Flush()
}

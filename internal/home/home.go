// Package home is adapt's data folder: where things are in it, which process
// has it in use, and how another process finds that one.
//
//	registry.db, artifacts/   what runs made (package registry)
//	temporal-*.db             the embedded Temporal server's state
//	work/                     checkpoints and half-done answers of steps
//	progress/                 how far long steps are
//	models/                   models laid out for loading
//	raw/, raw.key             the files as they were found, encrypted, and the key
//	logs/                     what the servers say
//	lock, server.json         the process that serves this folder
//
// Everything in it is private to its owner.
package home

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"adapt/internal/atomicfile"
)

// EnvVar names the data folder in the environment; Default is used without.
const (
	EnvVar  = "ADAPT_HOME"
	Default = ".adapt"
)

// A Home is an open data folder.
type Home struct {
	dir string
}

// Open makes what is missing of the data folder in dir; with an empty dir it
// is $ADAPT_HOME, or .adapt in the current folder.
func Open(dir string) (*Home, error) {
	if dir == "" {
		dir = os.Getenv(EnvVar)
	}
	if dir == "" {
		dir = Default
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	h := &Home{dir: dir}
	for _, sub := range []string{"", "work", "progress", "models", "logs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("data folder: %w; set %s to a folder that can be written to", err, EnvVar)
		}
	}
	// Documents must not get into a repository by accident.
	ignore := h.Path(".gitignore")
	if _, err := os.Stat(ignore); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o600); err != nil {
			return nil, fmt.Errorf("data folder: %w", err)
		}
	}
	return h, nil
}

// Dir returns the folder's absolute path.
func (h *Home) Dir() string { return h.dir }

// Path joins elements to the folder's path.
func (h *Home) Path(elem ...string) string {
	return filepath.Join(append([]string{h.dir}, elem...)...)
}

// Work returns the folder in which the step with this key keeps what it has
// half done, making it when it is missing.
func (h *Home) Work(key string) (string, error) {
	dir := h.Path("work", key)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return dir, nil
}

// Log opens a file in logs for appending.
func (h *Home) Log(name string) (*os.File, error) {
	f, err := os.OpenFile(h.Path("logs", name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	return f, nil
}

// A Server says how to reach the process that serves a data folder.
type Server struct {
	PID       int    `json:"pid"`
	Temporal  string `json:"temporal"`      // host:port of its frontend
	Namespace string `json:"namespace"`     // of the runs
	Web       string `json:"web,omitempty"` // address of the review pages, with the token
}

// ErrNotServed says that no process serves the folder.
var ErrNotServed = errors.New("nothing runs here; start it with `adapt up`")

// SetServer writes how to reach this process. Only the holder of the Lock may.
func (h *Home) SetServer(s Server) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(h.Path("server.json"), append(b, '\n'), false)
}

// Server returns how to reach the process that serves the folder, or
// ErrNotServed. It is ErrNotServed also while that process starts.
func (h *Home) Server() (Server, error) {
	l, err := h.Lock()
	if err == nil {
		l.Unlock()
		return Server{}, ErrNotServed
	}
	if !errors.Is(err, ErrLocked) {
		return Server{}, err
	}
	b, err := os.ReadFile(h.Path("server.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return Server{}, ErrNotServed
	}
	if err != nil {
		return Server{}, fmt.Errorf("data folder: %w", err)
	}
	var s Server
	if err := json.Unmarshal(b, &s); err != nil {
		return Server{}, fmt.Errorf("data folder: reading server.json: %w", err)
	}
	return s, nil
}

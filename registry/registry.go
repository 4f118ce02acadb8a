// Package registry remembers what runs did: the runs themselves, what each
// step made, which documents are held out for testing, the models with their
// lineage, which model is each domain's champion, and who decided so and why.
//
// Metadata lives in one SQLite file, bytes in an [artifact.Store] beside it.
// Several processes may share both. Every change is one transaction, so that a
// process that is killed leaves either all of it or nothing.
//
// Errors that a caller may act on match, with errors.Is:
//
//   - [ErrNotFound]: no such run, model or champion;
//   - [ErrConflict]: somebody else changed the thing meanwhile;
//   - [ErrAmbiguous]: a model's name or hash prefix fits several models;
//   - [ErrInvalid]: a required value is missing or not allowed;
//   - [ErrNewer]: the file was made by a newer adapt.
package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the "sqlite" driver

	"adapt/artifact"
)

var (
	// ErrNotFound: what was asked for is not in the registry. The text says
	// which command lists what there is.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the thing has changed since the caller looked. Look again
	// and decide anew; trying the same again can not succeed.
	ErrConflict = errors.New("conflict")
	// ErrAmbiguous: a name or hash prefix fits several models. Give more of it.
	ErrAmbiguous = errors.New("ambiguous")
	// ErrInvalid: a value that is required is missing, or one is not allowed.
	ErrInvalid = errors.New("invalid")
	// ErrNewer: the registry's file has a schema that this program does not
	// know. Use the newer adapt that wrote it.
	ErrNewer = errors.New("registry made by a newer adapt")
)

// busyTimeout is how long one process waits for another's transaction.
const busyTimeout = 15 * time.Second

// A Registry is an open registry. It is safe for concurrent use.
type Registry struct {
	db    *sql.DB
	store *artifact.Store
	now   func() time.Time
}

// Open opens the registry in home (home/registry.db and home/artifacts),
// making what is missing and bringing an older file up to date.
func Open(home string) (*Registry, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return nil, fmt.Errorf("registry: opening %s: %w", home, err)
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("registry: making the data folder: %w", err)
	}
	store, err := artifact.Open(filepath.Join(home, "artifacts"))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(home, "registry.db")
	db, err := openDB(path)
	if err != nil {
		return nil, fmt.Errorf("registry: opening %s: %w", path, err)
	}
	return &Registry{db: db, store: store, now: time.Now}, nil
}

// openDB opens the SQLite file at path and migrates it.
func openDB(path string) (*sql.DB, error) {
	// SQLite would make the file with the process's umask; its write-ahead log
	// takes the mode that the file has.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f.Close()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, err
	}
	if err := migrate(context.Background(), db, schema); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// dsn is path with the settings that every connection gets. Transactions take
// the write lock when they begin: two that read first and write later could
// otherwise both fail, or both succeed on what they had read.
func dsn(path string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(FULL)", // a promotion that was reported is on the disk
		"foreign_keys(1)",
	}}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

// Close closes the registry's file.
func (r *Registry) Close() error { return r.db.Close() }

// Store returns the store of the artifacts that the registry speaks of.
func (r *Registry) Store() *artifact.Store { return r.store }

// update runs f in one write transaction.
func (r *Registry) update(ctx context.Context, f func(*sql.Tx) error) error {
	return inTx(ctx, r.db, f)
}

func inTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

package registry

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"adapt/artifact"
)

// A ReadDocument is a document that a run has read: enough to find it again
// when its deletion is asked for, and nothing of what it says.
type ReadDocument struct {
	Domain  string `json:"domain"`
	ID      string `json:"id"`
	Raw     string `json:"raw"`               // SHA-256 of the file that it was in
	Subject string `json:"subject,omitempty"` // keyed hash of the patient
}

// NoteDocuments notes documents that were read. One that is known already
// takes the newer values.
func (r *Registry) NoteDocuments(ctx context.Context, docs []ReadDocument) error {
	err := r.update(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `
			INSERT INTO documents (domain, document, raw, subject, read) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (domain, document) DO UPDATE SET raw = excluded.raw, subject = excluded.subject
			WHERE raw <> excluded.raw OR subject <> excluded.subject`)
		if err != nil {
			return err
		}
		defer stmt.Close()
		now := timeText(r.now())
		for _, d := range docs {
			if err := required("domain", d.Domain, "document ID", d.ID); err != nil {
				return err
			}
			if _, err := stmt.ExecContext(ctx, d.Domain, d.ID, d.Raw, d.Subject, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("registry: noting documents: %w", err)
	}
	return nil
}

// The kinds of things that are deleted.
const (
	DeleteDocument = "document" // by the document's ID
	DeleteRaw      = "raw"      // by the SHA-256 of its file
	DeleteSubject  = "subject"  // by the keyed hash of the patient
)

// A Deletion is something that was deleted on request. Neither its value nor
// its reason may name a person; By is who did it.
type Deletion struct {
	Kind   string    `json:"kind"`
	Value  string    `json:"value"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// FindDocuments returns the documents that a deletion of this kind and value
// concerns, sorted by domain and ID.
func (r *Registry) FindDocuments(ctx context.Context, kind, value string) ([]ReadDocument, error) {
	column := map[string]string{DeleteDocument: "document", DeleteRaw: "raw", DeleteSubject: "subject"}[kind]
	if column == "" || value == "" {
		return nil, fmt.Errorf("registry: finding documents: %w: kind %q", ErrInvalid, kind)
	}
	docs, err := collect(ctx, r.db, func(s scanner) (d ReadDocument, err error) {
		err = s.Scan(&d.Domain, &d.ID, &d.Raw, &d.Subject)
		return d, err
	}, `SELECT domain, document, raw, subject FROM documents WHERE `+column+` = ? ORDER BY domain, document`, value)
	if err != nil {
		return nil, fmt.Errorf("registry: finding documents: %w", err)
	}
	return docs, nil
}

// Deletions returns all deletions, oldest first.
func (r *Registry) Deletions(ctx context.Context) ([]Deletion, error) {
	all, err := collect(ctx, r.db, func(s scanner) (d Deletion, err error) {
		err = s.Scan(&d.Kind, &d.Value, &d.By, &d.Reason, timeColumn{&d.At})
		return d, err
	}, `SELECT kind, value, by, reason, at FROM deletions ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("registry: deletions: %w", err)
	}
	return all, nil
}

// A Replacement is an artifact that took the place of another.
type Replacement struct{ Old, New artifact.Ref }

// Erase notes deletions and puts new artifacts in the place of old ones,
// wherever the registry refers to them, all or nothing. What was deleted
// before is noted once.
func (r *Registry) Erase(ctx context.Context, deletions []Deletion, replaced []Replacement) error {
	err := r.update(ctx, func(tx *sql.Tx) error {
		now := timeText(r.now())
		for _, d := range deletions {
			if err := required("who deletes", d.By, "the reason", d.Reason); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO deletions (kind, value, by, reason, at) VALUES (?, ?, ?, ?, ?)`, d.Kind, d.Value, d.By, d.Reason, now)
			if err != nil {
				return err
			}
		}
		columns, err := referring(ctx, tx)
		if err != nil {
			return err
		}
		for _, c := range columns {
			for _, rep := range replaced {
				if err := c.replace(ctx, tx, rep); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("registry: deleting: %w", err)
	}
	return nil
}

// trails are the tables whose rows never change. They refer to models, or to nothing in the store.
var trails = []string{"promotions", "decisions", "deletions", "review_answers", "looks"}

// A column may hold references.
type column struct{ table, name string }

// referring returns every column of text of the tables that may change.
func referring(ctx context.Context, tx *sql.Tx) ([]column, error) {
	columns, err := collect(ctx, tx, func(s scanner) (c column, err error) {
		err = s.Scan(&c.table, &c.name)
		return c, err
	}, `SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND c.type = 'TEXT' ORDER BY t.name, c.cid`)
	return slices.DeleteFunc(columns, func(c column) bool { return slices.Contains(trails, c.table) }), err
}

// replace puts one reference in the place of another: as JSON with its size,
// and as a bare hash.
func (c column) replace(ctx context.Context, tx *sql.Tx, rep Replacement) error {
	quoted := func(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
	update := fmt.Sprintf(`UPDATE %[1]s SET %[2]s = replace(replace(%[2]s, ?1, ?2), ?3, ?4) WHERE instr(%[2]s, ?3) > 0`, quoted(c.table), quoted(c.name))
	_, err := tx.ExecContext(ctx, update, rep.Old.JSONTail(), rep.New.JSONTail(), rep.Old.SHA256, rep.New.SHA256)
	return err
}

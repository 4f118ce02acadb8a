package registry

import (
	"context"
	"fmt"
	"time"
)

// A Look says that somebody looked at the original of a document.
type Look struct {
	Document string    `json:"document"` // its ID
	By       string    `json:"by"`
	At       time.Time `json:"at"`
}

// NoteLook notes a look, before it is granted.
func (r *Registry) NoteLook(ctx context.Context, document, by string) error {
	err := required("document ID", document, "who looks", by)
	if err == nil {
		_, err = r.db.ExecContext(ctx, `INSERT INTO looks (document, by, at) VALUES (?, ?, ?)`, document, by, timeText(r.now()))
	}
	if err != nil {
		return fmt.Errorf("registry: noting a look at an original: %w", err)
	}
	return nil
}

// Looks returns all looks, the last first.
func (r *Registry) Looks(ctx context.Context) ([]Look, error) {
	all, err := collect(ctx, r.db, func(s scanner) (l Look, err error) {
		err = s.Scan(&l.Document, &l.By, timeColumn{&l.At})
		return l, err
	}, `SELECT document, by, at FROM looks ORDER BY id DESC`)
	if err != nil {
		return nil, fmt.Errorf("registry: looks at originals: %w", err)
	}
	return all, nil
}

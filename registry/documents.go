package registry

import (
	"context"
	"database/sql"
	"fmt"
)

// FreezeTest keeps the documents with these IDs (hashes of their content) in
// the domain's test split for ever, whatever later runs would draw. Documents
// that are frozen already stay so.
func (r *Registry) FreezeTest(ctx context.Context, domain string, ids []string) error {
	err := r.insertEach(ctx, ids, `INSERT OR IGNORE INTO frozen_test (domain, document, frozen) VALUES (?, ?, ?)`, domain)
	if err != nil {
		return fmt.Errorf("registry: freezing test documents of %s: %w", domain, err)
	}
	return nil
}

// FrozenTest returns the IDs of the domain's frozen test documents.
func (r *Registry) FrozenTest(ctx context.Context, domain string) (map[string]bool, error) {
	ids, err := r.idSet(ctx, `SELECT document FROM frozen_test WHERE domain = ?`, domain)
	if err != nil {
		return nil, fmt.Errorf("registry: frozen test documents of %s: %w", domain, err)
	}
	return ids, nil
}

// RecordDocuments notes that a run over the folder has used these documents.
// folderKey is a hash of the folder's place, so that the registry tells no
// paths.
func (r *Registry) RecordDocuments(ctx context.Context, domain, folderKey string, ids []string) error {
	err := r.insertEach(ctx, ids, `INSERT OR IGNORE INTO seen_documents (domain, folder, document, seen) VALUES (?, ?, ?, ?)`, domain, folderKey)
	if err != nil {
		return fmt.Errorf("registry: recording documents of %s: %w", domain, err)
	}
	return nil
}

// SeenDocuments returns the IDs of the documents that runs over the folder
// have used: a schedule trains only when the folder holds others.
func (r *Registry) SeenDocuments(ctx context.Context, domain, folderKey string) (map[string]bool, error) {
	ids, err := r.idSet(ctx, `SELECT document FROM seen_documents WHERE domain = ? AND folder = ?`, domain, folderKey)
	if err != nil {
		return nil, fmt.Errorf("registry: documents seen of %s: %w", domain, err)
	}
	return ids, nil
}

// insertEach runs the insertion of (keys…, id, now) for every id, all or none.
func (r *Registry) insertEach(ctx context.Context, ids []string, insert string, keys ...any) error {
	return r.update(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, insert)
		if err != nil {
			return err
		}
		defer stmt.Close()
		now := timeText(r.now())
		for _, id := range ids {
			if err := required("document ID", id); err != nil {
				return err
			}
			if _, err := stmt.ExecContext(ctx, append(append([]any{}, keys...), id, now)...); err != nil {
				return err
			}
		}
		return nil
	})
}

// idSet collects a query's texts.
func (r *Registry) idSet(ctx context.Context, query string, args ...any) (map[string]bool, error) {
	ids, err := collect(ctx, r.db, scanString, query, args...)
	if err != nil {
		return nil, err
	}
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set, nil
}

package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"adapt/artifact"
)

// A DatasetVersion is the data set of one run. Its version is its content's
// hash: equal data sets of two runs are one version.
type DatasetVersion struct {
	Ref       artifact.Ref `json:"ref"`
	Documents artifact.Ref `json:"documents"` // of it, with their texts
	Labeled   artifact.Ref `json:"labeled"`   // what labeling made of them
	Domain    string       `json:"domain"`
	RunID     string       `json:"run_id"`
	// Parent is the version before this one over the same folder of documents.
	Parent  artifact.Ref `json:"parent,omitzero"`
	Created time.Time    `json:"created"`
}

// Version is how people name it: the first digits of its hash.
func (d DatasetVersion) Version() string { return d.Ref.Short() }

// AddDataset notes the data set of a run. Parent and Created are the
// registry's to set; noting it again changes nothing.
func (r *Registry) AddDataset(ctx context.Context, d DatasetVersion) error {
	if err := required("domain", d.Domain, "run ID", d.RunID); err != nil {
		return fmt.Errorf("registry: adding a data set: %w", err)
	}
	var refs [3]string
	for i, ref := range []artifact.Ref{d.Ref, d.Documents, d.Labeled} {
		var err error
		if refs[i], err = refText(ref); err != nil {
			return fmt.Errorf("registry: adding the data set of %s: %w", d.RunID, err)
		}
	}
	err := r.update(ctx, func(tx *sql.Tx) error {
		var parent string
		err := tx.QueryRowContext(ctx, `
			SELECT d.ref FROM datasets d JOIN runs r ON r.id = d.run_id
			WHERE d.domain = ?1 AND d.sha256 <> ?2 AND r.folder_hash = (SELECT folder_hash FROM runs WHERE id = ?3)
			ORDER BY d.id DESC LIMIT 1`, d.Domain, d.Ref.SHA256, d.RunID).Scan(&parent)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO datasets (domain, sha256, ref, documents, labeled, run_id, parent, created)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256, run_id) DO NOTHING`,
			d.Domain, d.Ref.SHA256, refs[0], refs[1], refs[2], d.RunID, parent, timeText(r.now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("registry: adding the data set of %s: %w", d.RunID, err)
	}
	return nil
}

const selectDataset = `SELECT ref, documents, labeled, domain, run_id, parent, created FROM datasets `

func scanDataset(s scanner) (DatasetVersion, error) {
	var d DatasetVersion
	err := s.Scan(refColumn{&d.Ref}, refColumn{&d.Documents}, refColumn{&d.Labeled}, &d.Domain, &d.RunID, refColumn{&d.Parent}, timeColumn{&d.Created})
	return d, err
}

// ListDatasets returns the data sets of a domain's runs, or of all with "",
// newest first.
func (r *Registry) ListDatasets(ctx context.Context, domain string) ([]DatasetVersion, error) {
	all, err := collect(ctx, r.db, scanDataset, selectDataset+`WHERE ?1 = '' OR domain = ?1 ORDER BY id DESC`, domain)
	if err != nil {
		return nil, fmt.Errorf("registry: listing data sets: %w", err)
	}
	return all, nil
}

// leastDigits is how many digits of a hash name a data set.
const leastDigits = 4

// GetDataset returns the data set of a run, or the newest of the version that
// begins with the given digits. It is ErrNotFound when there is none and
// ErrAmbiguous when several versions begin so.
func (r *Registry) GetDataset(ctx context.Context, name string) (DatasetVersion, error) {
	all, err := collect(ctx, r.db, scanDataset, selectDataset+`
		WHERE run_id = ?1 OR length(?1) >= ?2 AND substr(sha256, 1, length(?1)) = ?1 ORDER BY id DESC`, name, leastDigits)
	switch {
	case err != nil:
		return DatasetVersion{}, fmt.Errorf("registry: data set %q: %w", name, err)
	case len(all) == 0:
		return DatasetVersion{}, fmt.Errorf("registry: data set %q: %w; `adapt data list` lists the data sets", name, ErrNotFound)
	}
	for _, d := range all[1:] {
		if d.Ref != all[0].Ref && all[0].RunID != name {
			return DatasetVersion{}, fmt.Errorf("registry: data set %q: %w; give more digits of it", name, ErrAmbiguous)
		}
	}
	return all[0], nil
}

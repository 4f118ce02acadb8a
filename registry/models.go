package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"adapt/artifact"
)

// The kinds of models.
const (
	KindBase      = "base"      // brought in from outside
	KindCandidate = "candidate" // trained by a run
)

// Lineage says from what a model was made: with the same lineage, the same
// bytes come out.
type Lineage struct {
	Documents []artifact.Ref `json:"documents,omitempty"`
	Dataset   artifact.Ref   `json:"dataset,omitzero"`
	Config    artifact.Ref   `json:"config,omitzero"`
	Seed      int64          `json:"seed"`
	Code      string         `json:"code,omitempty"` // the program's version
}

// A Model is a model that the registry knows in one domain.
type Model struct {
	Ref    artifact.Ref `json:"ref"`
	Name   string       `json:"name"` // unique; see ModelName
	Domain string       `json:"domain"`
	Kind   string       `json:"kind"`             // KindBase or KindCandidate
	Parent artifact.Ref `json:"parent,omitzero"`  // what a candidate was trained from
	RunID  string       `json:"run_id,omitempty"` // what made or brought it
	// Settings are what the domain chose for the model (its thresholds), as
	// the domain writes them.
	Settings json.RawMessage `json:"settings,omitempty"`
	Lineage  Lineage         `json:"lineage"`
	Metrics  json.RawMessage `json:"metrics,omitempty"`
	Report   artifact.Ref    `json:"report,omitzero"`
	Created  time.Time       `json:"created"` // when it was added
}

// ModelName returns the name that a model gets when it is added without one:
// of a candidate, its domain and run; of a base, its domain and hash.
func ModelName(m Model) string {
	name := "base-" + m.Ref.Short()
	if m.Kind == KindCandidate && m.RunID != "" {
		name = strings.TrimPrefix(m.RunID, m.Domain+"-")
	}
	return m.Domain + "-" + name
}

// AddModel adds m and returns it as the registry holds it. The store must hold
// the model's files. Adding the same model to the same domain again returns
// the one that is there (the same inputs give the same bytes, whichever run
// made them first); a name that another model has is ErrConflict.
func (r *Registry) AddModel(ctx context.Context, m Model) (Model, error) {
	if m.Name == "" {
		m.Name = ModelName(m)
	}
	row, err := modelRow(m)
	if err == nil {
		err = r.whole(m.Ref)
	}
	if err != nil {
		return Model{}, fmt.Errorf("registry: adding model %s: %w", m.Name, err)
	}
	var added Model
	err = r.update(ctx, func(tx *sql.Tx) error {
		have, err := modelByHash(ctx, tx, m.Domain, m.Ref.SHA256)
		if err == nil {
			added = have
			return nil
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		var other string
		err = tx.QueryRowContext(ctx, `SELECT sha256 FROM models WHERE name = ?`, m.Name).Scan(&other)
		if err == nil {
			return fmt.Errorf("%w: that name belongs to model %.12s already; give another name", ErrConflict, other)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO models (domain, sha256, ref, name, kind, parent, run_id, settings, lineage, metrics, report, created)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append(row, timeText(r.now()))...)
		if err != nil {
			return err
		}
		added, err = modelByHash(ctx, tx, m.Domain, m.Ref.SHA256)
		return err
	})
	if err != nil {
		return Model{}, fmt.Errorf("registry: adding model %s: %w", m.Name, err)
	}
	return added, nil
}

// modelRow checks m and returns its columns, all but the time.
func modelRow(m Model) ([]any, error) {
	if err := required("domain", m.Domain, "model reference", m.Ref.SHA256); err != nil {
		return nil, err
	}
	if m.Kind != KindBase && m.Kind != KindCandidate {
		return nil, fmt.Errorf("%w: unknown kind %q", ErrInvalid, m.Kind)
	}
	var texts [3]string
	for i, ref := range []artifact.Ref{m.Ref, m.Parent, m.Report} {
		t, err := refText(ref)
		if err != nil {
			return nil, err
		}
		texts[i] = t
	}
	settings, err := jsonText(m.Settings)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	metrics, err := jsonText(m.Metrics)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	lineage, err := json.Marshal(m.Lineage)
	if err != nil {
		return nil, fmt.Errorf("lineage: %w", err)
	}
	return []any{m.Domain, m.Ref.SHA256, texts[0], m.Name, m.Kind, texts[1], m.RunID,
		settings, string(lineage), metrics, texts[2]}, nil
}

// minPrefix is how much of a hash a person has to give.
const minPrefix = 4

// GetModel returns the model that key names: its name, its hash, kind:hash, or
// the first digits (at least 4) of its hash. An empty domain searches all of
// them. It returns ErrNotFound, or ErrAmbiguous with the names that fit.
func (r *Registry) GetModel(ctx context.Context, domain, key string) (Model, error) {
	found, err := r.findModels(ctx, domain, key)
	if err != nil {
		return Model{}, fmt.Errorf("registry: model %q: %w", key, err)
	}
	switch len(found) {
	case 0:
		return Model{}, fmt.Errorf("registry: model %q: %w; `adapt models list` lists the models", key, ErrNotFound)
	case 1:
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, m := range found {
		names[i] = m.Name
	}
	return Model{}, fmt.Errorf("registry: model %q: %w: it fits %s; give a full name", key, ErrAmbiguous, strings.Join(names, ", "))
}

// findModels returns the model with the name key or, when there is none, the
// models whose hash begins with it.
func (r *Registry) findModels(ctx context.Context, domain, key string) ([]Model, error) {
	byName, err := collect(ctx, r.db, scanModel, selectModel+`
		WHERE (?1 = '' OR domain = ?1) AND name = ?2`, domain, key)
	if err != nil || len(byName) > 0 {
		return byName, err
	}
	hash := strings.ToLower(strings.TrimPrefix(key, string(artifact.KindModel)+":"))
	if len(hash) < minPrefix {
		return nil, nil
	}
	return collect(ctx, r.db, scanModel, selectModel+`
		WHERE (?1 = '' OR domain = ?1) AND substr(sha256, 1, length(?2)) = ?2
		ORDER BY name`, domain, hash)
}

// ListModels returns the models of a domain, or of all with an empty domain,
// newest first.
func (r *Registry) ListModels(ctx context.Context, domain string) ([]Model, error) {
	models, err := collect(ctx, r.db, scanModel, selectModel+`
		WHERE ?1 = '' OR domain = ?1 ORDER BY created DESC, name`, domain)
	if err != nil {
		return nil, fmt.Errorf("registry: listing models: %w", err)
	}
	return models, nil
}

const selectModel = `SELECT ref, name, domain, kind, parent, run_id, settings, lineage, metrics, report, created FROM models `

func scanModel(s scanner) (Model, error) {
	var m Model
	err := s.Scan(refColumn{&m.Ref}, &m.Name, &m.Domain, &m.Kind, refColumn{&m.Parent}, &m.RunID, jsonColumn{&m.Settings},
		jsonColumn{&m.Lineage}, jsonColumn{&m.Metrics}, refColumn{&m.Report}, timeColumn{&m.Created})
	return m, err
}

func modelByHash(ctx context.Context, q querier, domain, hash string) (Model, error) {
	m, err := scanModel(q.QueryRowContext(ctx, selectModel+`WHERE domain = ? AND sha256 = ?`, domain, hash))
	if errors.Is(err, sql.ErrNoRows) {
		return Model{}, fmt.Errorf("model %.12s of %s: %w; `adapt models list` lists the models", hash, domain, ErrNotFound)
	}
	return m, err
}

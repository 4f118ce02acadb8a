package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"adapt/artifact"
)

// The kinds of promotions: what moved the champion.
const (
	PromotionFirst    = "first"    // the base became the first champion
	PromotionGate     = "gate"     // the gates passed and no approval was required
	PromotionApproval = "approval" // a person approved
	PromotionRollback = "rollback" // a person went back
)

// A Promotion is a move of a domain's champion, asked for or done.
type Promotion struct {
	ID     int64        `json:"id"` // counts up; set by the registry
	Domain string       `json:"domain"`
	Model  artifact.Ref `json:"model"` // the new champion
	// Previous is the champion that the new one was measured against; zero
	// when there was none. If another is live by now, the promotion fails.
	Previous artifact.Ref `json:"previous,omitzero"`
	RunID    string       `json:"run_id,omitempty"` // empty for a rollback
	By       string       `json:"by"`               // required
	Reason   string       `json:"reason"`           // required
	Kind     string       `json:"kind"`
	At       time.Time    `json:"at"` // set by the registry
}

// Champion returns the domain's live model, and whether there is one.
func (r *Registry) Champion(ctx context.Context, domain string) (Model, bool, error) {
	m, ok, err := champion(ctx, r.db, domain)
	if err != nil {
		return Model{}, false, fmt.Errorf("registry: champion of %s: %w", domain, err)
	}
	return m, ok, nil
}

// Promote makes p.Model the champion and writes the audit row, both or
// neither. It fails with ErrConflict when the champion is not p.Previous (any
// more), and with ErrNotFound when the model has not been added. A run
// promotes once: asking again for what a run has done changes nothing, even
// when the champion has moved on since.
func (r *Registry) Promote(ctx context.Context, p Promotion) error {
	if err := r.checkPromotion(p); err != nil {
		return fmt.Errorf("registry: promoting in %s: %w", p.Domain, err)
	}
	err := r.update(ctx, func(tx *sql.Tx) error { return promote(ctx, tx, p, r.now()) })
	if err != nil {
		return fmt.Errorf("registry: promoting in %s: %w", p.Domain, err)
	}
	return nil
}

func (r *Registry) checkPromotion(p Promotion) error {
	if err := required("domain", p.Domain, "run ID", p.RunID, "name", p.By, "reason", p.Reason); err != nil {
		return err
	}
	if !slices.Contains([]string{PromotionFirst, PromotionGate, PromotionApproval}, p.Kind) {
		return fmt.Errorf("%w: unknown kind %q", ErrInvalid, p.Kind)
	}
	return r.whole(p.Model)
}

func promote(ctx context.Context, tx *sql.Tx, p Promotion, now time.Time) error {
	if done, err := promotedBy(ctx, tx, p); done || err != nil {
		return err
	}
	m, err := modelByHash(ctx, tx, p.Domain, p.Model.SHA256)
	if err != nil {
		return err
	}
	live, _, err := champion(ctx, tx, p.Domain)
	if err != nil {
		return err
	}
	if live.Ref.SHA256 != p.Previous.SHA256 {
		return fmt.Errorf("%w: the champion is %s and not %s, which the candidate was compared with; run again to compare with today's", ErrConflict, nameOf(live.Ref), nameOf(p.Previous))
	}
	p.Model, p.Previous = m.Ref, live.Ref
	return move(ctx, tx, p, now)
}

// promotedBy reports whether p's run has done p already. The first champion
// that a run brings in and the candidate that it promotes are two things.
func promotedBy(ctx context.Context, tx *sql.Tx, p Promotion) (bool, error) {
	var hash string
	err := tx.QueryRowContext(ctx, `
		SELECT sha256 FROM promotions
		WHERE domain = ? AND run_id = ? AND (kind = 'first') = ?`, p.Domain, p.RunID, p.Kind == PromotionFirst).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if hash != p.Model.SHA256 {
		return false, fmt.Errorf("%w: run %s has promoted model %.12s already", ErrConflict, p.RunID, hash)
	}
	return true, nil
}

// Rollback makes the champion before the present one live again and returns
// it. Rolling back twice goes back two promotions. ErrNotFound says that there
// is none before.
func (r *Registry) Rollback(ctx context.Context, domain, by, reason string) (Model, error) {
	return r.RollbackFrom(ctx, domain, artifact.Ref{}, by, reason)
}

// RollbackFrom is Rollback on condition that from is the champion (any is,
// when from is zero), so that a form that is sent twice goes back once; the
// second time is ErrConflict.
func (r *Registry) RollbackFrom(ctx context.Context, domain string, from artifact.Ref, by, reason string) (Model, error) {
	var back Model
	err := required("domain", domain, "name", by, "reason", reason)
	if err == nil {
		err = r.update(ctx, func(tx *sql.Tx) (err error) {
			back, err = r.rollback(ctx, tx, domain, from, by, reason)
			return err
		})
	}
	if err != nil {
		return Model{}, fmt.Errorf("registry: rolling back %s: %w", domain, err)
	}
	return back, nil
}

func (r *Registry) rollback(ctx context.Context, tx *sql.Tx, domain string, from artifact.Ref, by, reason string) (Model, error) {
	live, ok, err := champion(ctx, tx, domain)
	if err != nil {
		return Model{}, err
	}
	if !ok {
		return Model{}, fmt.Errorf("%w: there is no champion yet; `adapt run %s FOLDER` makes one", ErrNotFound, domain)
	}
	if !from.IsZero() && from.SHA256 != live.Ref.SHA256 {
		return Model{}, fmt.Errorf("%w: the champion is %s by now and not %s; look again before you go back", ErrConflict, nameOf(live.Ref), nameOf(from))
	}
	moves, err := collect(ctx, tx, scanPromotion, selectPromotion+`WHERE domain = ? ORDER BY id`, domain)
	if err != nil {
		return Model{}, err
	}
	before, ok := before(moves)
	if !ok {
		return Model{}, fmt.Errorf("%w: %s is the first champion, there is none before it", ErrNotFound, nameOf(live.Ref))
	}
	if err := r.whole(before); err != nil {
		return Model{}, err
	}
	p := Promotion{Domain: domain, Model: before, Previous: live.Ref, By: by, Reason: reason, Kind: PromotionRollback}
	if err := move(ctx, tx, p, r.now()); err != nil {
		return Model{}, err
	}
	return modelByHash(ctx, tx, domain, before.SHA256)
}

// before returns the model that was live before the present champion, from all
// moves, oldest first: promotions pile up, a rollback takes the top one off.
func before(moves []Promotion) (artifact.Ref, bool) {
	var pile []artifact.Ref
	for _, p := range moves {
		switch {
		case p.Kind == PromotionRollback:
			pile = pile[:max(0, len(pile)-1)]
		case len(pile) == 0 || pile[len(pile)-1] != p.Model:
			pile = append(pile, p.Model)
		}
	}
	if len(pile) < 2 {
		return artifact.Ref{}, false
	}
	return pile[len(pile)-2], true
}

// CanRollback reports whether there is a champion before the present one.
func (r *Registry) CanRollback(ctx context.Context, domain string) (bool, error) {
	moves, err := r.History(ctx, domain)
	if err != nil {
		return false, err
	}
	slices.Reverse(moves)
	_, ok := before(moves)
	return ok, nil
}

// History returns every move of the domain's champion, newest first.
func (r *Registry) History(ctx context.Context, domain string) ([]Promotion, error) {
	moves, err := collect(ctx, r.db, scanPromotion, selectPromotion+`WHERE domain = ? ORDER BY id DESC`, domain)
	if err != nil {
		return nil, fmt.Errorf("registry: history of %s: %w", domain, err)
	}
	return moves, nil
}

// move writes the audit row and then the alias that points to it.
func move(ctx context.Context, tx *sql.Tx, p Promotion, now time.Time) error {
	model, err := refText(p.Model)
	if err != nil {
		return err
	}
	previous, err := refText(p.Previous)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `
		INSERT INTO promotions (domain, sha256, model, previous, run_id, by, reason, kind, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		p.Domain, p.Model.SHA256, model, previous, p.RunID, p.By, p.Reason, p.Kind, timeText(now))
	if err != nil {
		return err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO champions (domain, sha256, promotion) VALUES (?, ?, ?)
		ON CONFLICT (domain) DO UPDATE SET sha256 = excluded.sha256, promotion = excluded.promotion`,
		p.Domain, p.Model.SHA256, id)
	return err
}

const selectPromotion = `SELECT id, domain, model, previous, run_id, by, reason, kind, at FROM promotions `

func scanPromotion(s scanner) (Promotion, error) {
	var p Promotion
	err := s.Scan(&p.ID, &p.Domain, refColumn{&p.Model}, refColumn{&p.Previous}, &p.RunID, &p.By, &p.Reason, &p.Kind, timeColumn{&p.At})
	return p, err
}

func champion(ctx context.Context, q querier, domain string) (Model, bool, error) {
	m, err := scanModel(q.QueryRowContext(ctx, selectModel+`
		WHERE (domain, sha256) = (SELECT domain, sha256 FROM champions WHERE domain = ?)`, domain))
	if errors.Is(err, sql.ErrNoRows) {
		return Model{}, false, nil
	}
	return m, err == nil, err
}

// nameOf names a model's reference, or its absence, in an error.
func nameOf(r artifact.Ref) string {
	if r.IsZero() {
		return "none"
	}
	return "model " + r.Short()
}

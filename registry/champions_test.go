package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"adapt/artifact"
)

func promotion(m Model, previous artifact.Ref) Promotion {
	return Promotion{Domain: m.Domain, Model: m.Ref, Previous: previous, RunID: m.RunID, By: "Ada", Reason: "better", Kind: PromotionApproval}
}

func wantChampion(t *testing.T, r *Registry, domain string, want artifact.Ref) {
	t.Helper()
	m, ok, err := r.Champion(t.Context(), domain)
	noErr(t, err)
	if ok != !want.IsZero() || m.Ref != want {
		t.Errorf("champion of %s is %s (%v), want %s", domain, m.Ref.Short(), ok, want.Short())
	}
}

func TestPromoteAndRollBack(t *testing.T) {
	ctx, r := t.Context(), open(t)
	wantChampion(t, r, "legal", artifact.Ref{})
	_, err := r.Rollback(ctx, "legal", "Ada", "why not")
	wantErr(t, err, ErrNotFound)

	a, b, c := addModel(t, r, "legal", "a"), addModel(t, r, "legal", "b"), addModel(t, r, "legal", "c")
	first := promotion(a, artifact.Ref{})
	first.Kind = PromotionFirst
	noErr(t, r.Promote(ctx, first))
	_, err = r.Rollback(ctx, "legal", "Ada", "why not")
	wantErr(t, err, ErrNotFound)
	if ok, err := r.CanRollback(ctx, "legal"); ok || err != nil {
		t.Errorf("can roll back the first champion: %v, %v", ok, err)
	}
	noErr(t, r.Promote(ctx, promotion(b, a.Ref)))
	wantErr(t, r.Promote(ctx, promotion(c, a.Ref)), ErrConflict)
	wantChampion(t, r, "legal", b.Ref)
	noErr(t, r.Promote(ctx, promotion(c, b.Ref)))
	wantChampion(t, r, "legal", c.Ref)
	wantChampion(t, r, "medical", artifact.Ref{})

	// Twice back is two promotions back, not there and back again.
	for _, want := range []Model{b, a} {
		got, err := r.Rollback(ctx, "legal", "Grace", "quotes were made up")
		noErr(t, err)
		if got.Ref != want.Ref {
			t.Errorf("rolled back to %s, want %s", got.Name, want.Name)
		}
		wantChampion(t, r, "legal", want.Ref)
	}

	moves, err := r.History(ctx, "legal")
	noErr(t, err)
	var kinds []string
	for i, p := range moves {
		kinds = append(kinds, p.Kind)
		if i > 0 && moves[i-1].Previous != p.Model {
			t.Errorf("move %d comes from %s, but the champion was %s", i-1, moves[i-1].Previous.Short(), p.Model.Short())
		}
		if p.By == "" || p.Reason == "" || p.At.IsZero() {
			t.Errorf("move without a name, a reason or a time: %+v", p)
		}
	}
	if got, want := strings.Join(kinds, " "), "rollback rollback approval approval first"; got != want {
		t.Errorf("history is %q, want %q", got, want)
	}
}

func TestARetriedPromotionChangesNothing(t *testing.T) {
	ctx, r := t.Context(), open(t)
	a, b := addModel(t, r, "legal", "a"), addModel(t, r, "legal", "b")
	// One run may bring in the first champion and promote its candidate.
	first, second := promotion(a, artifact.Ref{}), promotion(b, a.Ref)
	first.Kind, first.RunID, second.RunID = PromotionFirst, "run", "run"
	for range 2 {
		noErr(t, r.Promote(ctx, first))
	}
	for range 2 {
		noErr(t, r.Promote(ctx, second))
	}
	noErr(t, r.Promote(ctx, first))
	wantChampion(t, r, "legal", b.Ref)

	// A retry that comes after a rollback must not undo the rollback.
	_, err := r.Rollback(ctx, "legal", "Grace", "worse in practice")
	noErr(t, err)
	noErr(t, r.Promote(ctx, second))
	wantChampion(t, r, "legal", a.Ref)
	moves, err := r.History(ctx, "legal")
	noErr(t, err)
	if len(moves) != 3 {
		t.Errorf("%d moves, want 3", len(moves))
	}

	c := promotion(addModel(t, r, "legal", "c"), a.Ref)
	c.RunID = "run"
	wantErr(t, r.Promote(ctx, c), ErrConflict)
}

func TestBadPromotionsAreRefused(t *testing.T) {
	ctx, r := t.Context(), open(t)
	a := addModel(t, r, "legal", "a")
	tests := []struct {
		name   string
		change func(*Promotion)
		want   error
	}{
		{"no name", func(p *Promotion) { p.By = " " }, ErrInvalid},
		{"no reason", func(p *Promotion) { p.Reason = "" }, ErrInvalid},
		{"no run", func(p *Promotion) { p.RunID = "" }, ErrInvalid},
		{"unknown kind", func(p *Promotion) { p.Kind = "coup" }, ErrInvalid},
		{"rollback by promotion", func(p *Promotion) { p.Kind = PromotionRollback }, ErrInvalid},
		{"model of another domain", func(p *Promotion) { p.Domain = "medical" }, ErrNotFound},
		{"model without bytes", func(p *Promotion) { p.Model.SHA256 = strings.Repeat("0", 64) }, artifact.ErrNotFound},
		{"champion that is not", func(p *Promotion) { p.Previous = p.Model }, ErrConflict},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := promotion(a, artifact.Ref{})
			tt.change(&p)
			wantErr(t, r.Promote(ctx, p), tt.want)
			wantChampion(t, r, "legal", artifact.Ref{})
		})
	}
	_, err := r.Rollback(ctx, "legal", "", "x")
	wantErr(t, err, ErrInvalid)
	_, err = r.Rollback(ctx, "legal", "x", "")
	wantErr(t, err, ErrInvalid)
}

func TestRollbackNeedsTheOldModelsFiles(t *testing.T) {
	ctx, r := t.Context(), open(t)
	a, b := addModel(t, r, "legal", "a"), addModel(t, r, "legal", "b")
	noErr(t, r.Promote(ctx, promotion(a, artifact.Ref{})))
	noErr(t, r.Promote(ctx, promotion(b, a.Ref)))
	noErr(t, os.Remove(r.Store().Path(a.Ref)))
	_, err := r.Rollback(ctx, "legal", "Ada", "x")
	wantErr(t, err, artifact.ErrNotFound)
	wantChampion(t, r, "legal", b.Ref)
}

func TestARollbackSentTwiceGoesBackOnce(t *testing.T) {
	ctx, r := t.Context(), open(t)
	a, b, c := addModel(t, r, "legal", "a"), addModel(t, r, "legal", "b"), addModel(t, r, "legal", "c")
	noErr(t, r.Promote(ctx, promotion(a, artifact.Ref{})))
	noErr(t, r.Promote(ctx, promotion(b, a.Ref)))
	noErr(t, r.Promote(ctx, promotion(c, b.Ref)))
	_, err := r.RollbackFrom(ctx, "legal", c.Ref, "Ada", "worse")
	noErr(t, err)
	_, err = r.RollbackFrom(ctx, "legal", c.Ref, "Ada", "worse")
	wantErr(t, err, ErrConflict)
	wantChampion(t, r, "legal", b.Ref)
}

// TestOfManyPromotionsOneWins races promotions that were all measured against
// the same champion, over two handles on one file.
func TestOfManyPromotionsOneWins(t *testing.T) {
	home := t.TempDir()
	handles := []*Registry{openAt(t, home), openAt(t, home)}
	base := addModel(t, handles[0], "legal", "base")
	noErr(t, handles[0].Promote(t.Context(), promotion(base, artifact.Ref{})))
	const n = 16
	var candidates [n]Model
	for i := range candidates {
		candidates[i] = addModel(t, handles[0], "legal", fmt.Sprintf("run-%d", i))
	}
	var wg sync.WaitGroup
	var errs [n]error
	for i := range n {
		wg.Go(func() { errs[i] = handles[i%2].Promote(context.Background(), promotion(candidates[i], base.Ref)) })
	}
	wg.Wait()

	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Errorf("candidates %d and %d both won", winner, i)
		case !errors.Is(err, ErrConflict):
			t.Errorf("candidate %d: %v, want a conflict", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	wantChampion(t, handles[1], "legal", candidates[winner].Ref)
	moves, err := handles[1].History(t.Context(), "legal")
	noErr(t, err)
	if len(moves) != 2 {
		t.Errorf("%d moves, want 2", len(moves))
	}
}

// TestAnUnfinishedPromotionLeavesNothing fails a promotion after it has
// written both rows.
func TestAnUnfinishedPromotionLeavesNothing(t *testing.T) {
	ctx, r := t.Context(), open(t)
	a := addModel(t, r, "legal", "a")
	failure := errors.New("power cut")
	err := r.update(ctx, func(tx *sql.Tx) error {
		if err := promote(ctx, tx, promotion(a, artifact.Ref{}), r.now()); err != nil {
			return err
		}
		return failure
	})
	wantErr(t, err, failure)
	wantChampion(t, r, "legal", artifact.Ref{})
	moves, err := r.History(ctx, "legal")
	noErr(t, err)
	if len(moves) != 0 {
		t.Errorf("%d audit rows without a promotion", len(moves))
	}
}

func TestTheAuditTrailIsNeverChanged(t *testing.T) {
	ctx, r := t.Context(), open(t)
	noErr(t, r.Promote(ctx, promotion(addModel(t, r, "legal", "a"), artifact.Ref{})))
	for _, q := range []string{`UPDATE promotions SET by = 'Mallory'`, `DELETE FROM promotions`} {
		if _, err := r.db.ExecContext(ctx, q); err == nil || !strings.Contains(err.Error(), "audit trail") {
			t.Errorf("%s: error is %v", q, err)
		}
	}
}

// TestChampionFollowsAnyHistory compares the registry with a plain pile over
// random promotions and rollbacks.
func TestChampionFollowsAnyHistory(t *testing.T) {
	ctx, r := t.Context(), open(t)
	rng := rand.New(rand.NewPCG(7, 0))
	var models []Model
	for i := range 4 {
		models = append(models, addModel(t, r, "legal", fmt.Sprintf("m%d", i)))
	}
	var pile []artifact.Ref
	top := func() artifact.Ref {
		if len(pile) == 0 {
			return artifact.Ref{}
		}
		return pile[len(pile)-1]
	}
	for i := range 60 {
		if rng.IntN(3) == 0 {
			_, err := r.Rollback(ctx, "legal", "Ada", "back")
			if len(pile) < 2 {
				wantErr(t, err, ErrNotFound)
			} else {
				noErr(t, err)
				pile = pile[:len(pile)-1]
			}
		} else {
			p := promotion(models[rng.IntN(len(models))], top())
			p.RunID = fmt.Sprintf("run-%d", i)
			noErr(t, r.Promote(ctx, p))
			if p.Model != top() {
				pile = append(pile, p.Model)
			}
		}
		wantChampion(t, r, "legal", top())
	}
}

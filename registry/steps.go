package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"adapt/artifact"
)

// StepKey hashes all that decides what a step makes: its name, the version of
// its code, the references that go in, the part of the configuration that it
// reads. Parts are told apart by position and by their JSON, so ("ab", "c")
// and ("a", "bc") differ. StepKey panics on a part that JSON can not hold (a
// function, a NaN), which is a mistake of the program.
func StepKey(parts ...any) string {
	b, err := json.Marshal(parts)
	if err != nil {
		panic(fmt.Sprintf("registry: step key: %v", err))
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Lookup returns what the step with this key made. It reports false when the
// step has not been done, and also when an artifact that the value refers to
// is no longer whole in the store: then the step has to be done again.
func (r *Registry) Lookup(ctx context.Context, key string) (json.RawMessage, bool, error) {
	var value json.RawMessage
	err := r.db.QueryRowContext(ctx, `SELECT value FROM steps WHERE key = ?`, key).Scan(jsonColumn{&value})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("registry: looking up a step: %w", err)
	}
	for _, ref := range refsIn(value) {
		if r.whole(ref) != nil {
			return nil, false, nil
		}
	}
	return value, true, nil
}

// Remember keeps value, which must be JSON-encodable, as what the step with
// this key made. A later value replaces an earlier one.
func (r *Registry) Remember(ctx context.Context, key string, value any) error {
	return r.RememberAll(ctx, map[string]any{key: value})
}

// RememberAll is Remember for the values of several keys, all or none.
func (r *Registry) RememberAll(ctx context.Context, values map[string]any) error {
	err := r.update(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `
			INSERT INTO steps (key, value, made) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, made = excluded.made`)
		if err != nil {
			return err
		}
		defer stmt.Close()
		now := timeText(r.now())
		for _, key := range slices.Sorted(maps.Keys(values)) {
			if err := required("step key", key); err != nil {
				return err
			}
			b, err := json.Marshal(values[key])
			if err != nil {
				return err
			}
			for _, ref := range refsIn(b) {
				if err := r.whole(ref); err != nil {
					return err
				}
			}
			if _, err := stmt.ExecContext(ctx, key, string(b), now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("registry: remembering a step: %w", err)
	}
	return nil
}

// Once returns what the step with this key made, doing the step with do when
// it has not been done, and reports whether it was found.
func Once[T any](ctx context.Context, r *Registry, key string, do func(context.Context) (T, error)) (v T, found bool, err error) {
	raw, found, err := r.Lookup(ctx, key)
	if err != nil {
		return v, false, err
	}
	if found {
		if err := json.Unmarshal(raw, &v); err != nil {
			return v, false, fmt.Errorf("registry: decoding a step's result: %w", err)
		}
		return v, true, nil
	}
	v, err = do(ctx)
	if err != nil {
		return v, false, err
	}
	return v, false, r.Remember(ctx, key, v)
}

// refsIn returns every artifact reference in a JSON value, at any depth, in
// the order of the keys.
func refsIn(value json.RawMessage) []artifact.Ref {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil
	}
	var refs []artifact.Ref
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if ref, ok := asRef(v); ok {
				refs = append(refs, ref)
				return
			}
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k])
			}
		}
	}
	walk(v)
	return refs
}

// asRef reads an object that has a Ref's three keys and no other. An object
// whose hash is empty is a Ref that names nothing.
func asRef(m map[string]any) (artifact.Ref, bool) {
	kind, ok1 := m["kind"].(string)
	hash, ok2 := m["sha256"].(string)
	size, ok3 := m["size"].(json.Number)
	if !ok1 || !ok2 || !ok3 || len(m) != 3 || hash == "" {
		return artifact.Ref{}, false
	}
	n, err := size.Int64()
	return artifact.Ref{Kind: artifact.Kind(kind), SHA256: hash, Size: n}, err == nil
}

// whole returns an error unless the store holds ref and, when ref is a folder,
// every file in it.
func (r *Registry) whole(ref artifact.Ref) error {
	if !r.store.Has(ref) {
		return fmt.Errorf("%w: %s (was the data folder moved or cleaned?)", artifact.ErrNotFound, ref)
	}
	if ref.Kind != artifact.KindModel && ref.Kind != artifact.KindReport {
		return nil
	}
	var tree artifact.Tree
	if err := r.store.JSON(ref, &tree); err != nil {
		return err
	}
	for _, f := range tree.Files {
		if !r.store.Has(f.Ref) {
			return fmt.Errorf("%w: a file of %s (was the data folder moved or cleaned?)", artifact.ErrNotFound, ref)
		}
	}
	return nil
}

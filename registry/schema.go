package registry

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
)

// schema holds every version's statements; see the head of the file.
//
//go:embed schema.sql
var schema string

// versionLine begins the statements of one version.
var versionLine = regexp.MustCompile(`(?m)^-- version (\d+)\n`)

// A migration brings a file from the version before to its own.
type migration struct {
	version int
	sql     string
}

// migrations cuts a schema into its versions, which must count up from 1.
func migrations(schema string) ([]migration, error) {
	heads := versionLine.FindAllStringSubmatchIndex(schema, -1)
	var ms []migration
	for i, h := range heads {
		v, err := strconv.Atoi(schema[h[2]:h[3]])
		if err != nil || v != i+1 {
			return nil, fmt.Errorf("schema: version %s comes where %d is due", schema[h[2]:h[3]], i+1)
		}
		end := len(schema)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		ms = append(ms, migration{version: v, sql: schema[h[1]:end]})
	}
	return ms, nil
}

// migrate applies the versions of schema that db does not have. Processes that
// open a new file together wait for each other, and only one does the work.
func migrate(ctx context.Context, db *sql.DB, schema string) error {
	ms, err := migrations(schema)
	if err != nil {
		return err
	}
	have, err := version(ctx, db)
	if err != nil {
		return err
	}
	if have > len(ms) {
		return fmt.Errorf("%w: its schema has version %d and this program knows %d; upgrade adapt, or give it another data folder", ErrNewer, have, len(ms))
	}
	for _, m := range ms[have:] {
		if err := apply(ctx, db, m); err != nil {
			return fmt.Errorf("bringing the schema to version %d: %w", m.version, err)
		}
	}
	return nil
}

// apply runs one migration, unless another process did so meanwhile.
func apply(ctx context.Context, db *sql.DB, m migration) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		if have, err := version(ctx, tx); err != nil || have >= m.version {
			return err
		}
		if _, err := tx.ExecContext(ctx, m.sql); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", m.version))
		return err
	})
}

// version returns the schema version of a file; a new file has 0.
func version(ctx context.Context, q querier) (int, error) {
	var v int
	err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v)
	return v, err
}

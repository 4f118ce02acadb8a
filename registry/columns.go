package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"adapt/artifact"
)

// A querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// A scanner is a row, one of many or the only one.
type scanner interface{ Scan(dest ...any) error }

// timeLayout has a fixed width, so that text sorts as time does.
const timeLayout = "2006-01-02T15:04:05.000000Z"

func timeText(t time.Time) string { return t.UTC().Format(timeLayout) }

// refText is the column of a reference: JSON, or nothing for the zero Ref.
func refText(r artifact.Ref) (string, error) {
	if r.IsZero() {
		return "", nil
	}
	if err := r.Validate(); err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	b, err := json.Marshal(r)
	return string(b), err
}

// jsonText is the column of a JSON value; none is null.
func jsonText(raw json.RawMessage) (string, error) {
	if len(raw) == 0 {
		return "null", nil
	}
	if !json.Valid(raw) {
		return "", fmt.Errorf("%w: not JSON", ErrInvalid)
	}
	return string(raw), nil
}

// timeColumn, refColumn and jsonColumn scan what the functions above wrote.
type (
	timeColumn struct{ t *time.Time }
	refColumn  struct{ r *artifact.Ref }
	jsonColumn struct{ v any }
)

func (c timeColumn) Scan(src any) (err error) {
	s, _ := src.(string)
	*c.t, err = time.Parse(timeLayout, s)
	return err
}

func (c refColumn) Scan(src any) error {
	s, _ := src.(string)
	if s == "" {
		*c.r = artifact.Ref{}
		return nil
	}
	return json.Unmarshal([]byte(s), c.r)
}

func (c jsonColumn) Scan(src any) error {
	s, _ := src.(string)
	if raw, ok := c.v.(*json.RawMessage); ok {
		*raw = nil
		if s != "null" {
			*raw = json.RawMessage(s)
		}
		return nil
	}
	return json.Unmarshal([]byte(s), c.v)
}

// collect scans every row of a query.
func collect[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// scanString scans a row of one text.
func scanString(s scanner) (v string, err error) {
	err = s.Scan(&v)
	return v, err
}

// required returns an ErrInvalid that names the first of the given values
// (name, value, name, value, …) that is blank.
func required(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.TrimSpace(pairs[i+1]) == "" {
			return fmt.Errorf("%w: %s is required", ErrInvalid, pairs[i])
		}
	}
	return nil
}

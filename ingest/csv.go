package ingest

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// csvKeys are the columns that name a document, the better ones first.
var csvKeys = []string{"uid", "id", "accession", "accession_number", "document_id", "contract_id"}

// csvColumns says where the parts of a document stand in a row.
type csvColumns struct {
	key   int // -1: none
	parts []csvPart
}

type csvPart struct {
	column  int
	section string
}

// readCSV returns a reader of tables: each row is a document, the columns
// findings, impression, indication, comparison, technique and text are its
// sections, and uid, id or accession its key.
func readCSV(comma rune) reader {
	return func(ctx context.Context, data []byte, _ Limits) ([]part, []BadPart, error) {
		text, err := decodeText(data)
		if err != nil {
			return nil, nil, err
		}
		r := csv.NewReader(strings.NewReader(text))
		r.Comma = comma
		if head, _, _ := strings.Cut(text, "\n"); comma == ',' && !strings.Contains(head, ",") && strings.Contains(head, ";") {
			r.Comma = ';'
		}
		header, err := r.Read()
		if err != nil {
			return nil, nil, quarantine(ReasonMalformed, "the table has no header row; put the column names into the first row")
		}
		columns, err := csvHeader(header)
		if err != nil {
			return nil, nil, err
		}
		return csvRows(ctx, r, columns)
	}
}

func csvHeader(header []string) (csvColumns, error) {
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = strings.ToLower(strings.TrimSpace(h))
	}
	columns := csvColumns{key: -1}
	for _, key := range csvKeys {
		if columns.key < 0 {
			columns.key = slices.Index(names, key)
		}
	}
	for i, name := range names {
		section := name
		switch name {
		case "findings", "impression", "indication", "comparison", "technique", "text":
		case "report", "report_text":
			section = "text"
		default:
			continue
		}
		columns.parts = append(columns.parts, csvPart{i, section})
	}
	if len(columns.parts) == 0 {
		return csvColumns{}, quarantine(ReasonMalformed, "the table has none of the columns findings, impression, indication, comparison, technique, text; name its columns so")
	}
	return columns, nil
}

func csvRows(ctx context.Context, r *csv.Reader, columns csvColumns) ([]part, []BadPart, error) {
	var parts []part
	var bad []BadPart
	for index := 0; ; index++ {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return parts, bad, nil
		}
		if err != nil {
			bad = append(bad, BadPart{index, Quarantine{ReasonMalformed, "the row has a stray quotation mark or another number of columns than the header; correct it"}})
			continue
		}
		parts = append(parts, columns.part(index, row))
	}
}

func (c csvColumns) part(index int, row []string) part {
	var b textBuilder
	for _, p := range c.parts {
		b.add(p.section, row[p.column])
	}
	key := ""
	if c.key >= 0 {
		key = strings.TrimSpace(row[c.key])
	}
	return b.part(index, key)
}

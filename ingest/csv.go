package ingest

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// readCSV returns a reader of tables whose first row names the columns: each
// further row is a document, with the columns that [tableColumns] finds.
func readCSV(comma rune) reader {
	return func(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
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
		columns, err := tableColumns(header, lim.Columns)
		if err != nil {
			return nil, nil, err
		}
		return csvRows(ctx, r, columns)
	}
}

func csvRows(ctx context.Context, r *csv.Reader, columns tableText) ([]part, []BadPart, error) {
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
			bad = append(bad, BadPart{Index: index, Quarantine: Quarantine{ReasonMalformed, "the row has a stray quotation mark or another number of columns than the header; correct it"}})
			continue
		}
		parts = append(parts, columns.part(index, row))
	}
}

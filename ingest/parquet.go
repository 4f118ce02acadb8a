package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// readParquet reads a table whose columns are named as those of a CSV file.
// Only columns of the first level are looked at, and of those texts and whole
// numbers.
//
// The library panics on some damaged files (its issue 537).
func readParquet(ctx context.Context, data []byte, lim Limits) (parts []part, bad []BadPart, err error) {
	lim = lim.withDefaults()
	malformed := quarantine(ReasonMalformed, "the Parquet file is damaged or of an unknown version; write it again")
	defer func() {
		if recover() != nil {
			parts, bad, err = nil, nil, malformed
		}
	}()
	// The file ends in the length of its directory, for which the library makes
	// room unseen.
	size := len(data)
	if size < 12 || string(data[size-4:]) != "PAR1" || int64(binary.LittleEndian.Uint32(data[size-8:])) > int64(size-12) {
		return nil, nil, malformed
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, nil, malformed
	}
	if err := parquetSizes(file, int64(len(data)), lim); err != nil {
		return nil, nil, err
	}
	names, leaves := parquetColumns(file.Schema())
	columns, err := tableColumns(names, lim.Columns)
	if err != nil {
		return nil, nil, err
	}
	t := parquetTable{columns: columns, leaves: leaves, width: len(names), lim: lim}
	for _, group := range file.RowGroups() {
		if err := t.group(ctx, group); err != nil {
			var q *Quarantine
			if errors.As(err, &q) || ctx.Err() != nil {
				return nil, nil, err
			}
			return nil, nil, malformed
		}
	}
	return t.parts, nil, nil
}

// parquetSizes refuses a file whose own figures do not fit it: chunks outside
// of it, or more rows and bytes than the limits allow.
func parquetSizes(file *parquet.File, size int64, lim Limits) error {
	var bytes int64
	for _, group := range file.Metadata().RowGroups {
		for _, chunk := range group.Columns {
			m := chunk.MetaData
			if m.TotalCompressedSize < 0 || m.TotalUncompressedSize < 0 || m.DataPageOffset < 0 || m.DataPageOffset > size || m.TotalCompressedSize > size {
				return quarantine(ReasonMalformed, "the Parquet file's directory does not fit it; write it again")
			}
			if bytes += m.TotalUncompressedSize; bytes > lim.left() {
				return errExpansion
			}
		}
	}
	if n := file.NumRows(); n < 0 || n > 1_000_000 {
		return quarantine(ReasonTooLarge, "the Parquet file has more than a million rows; split it")
	}
	return nil
}

// parquetColumns returns the names of the columns of the first level that hold
// texts or whole numbers, and which of them each leaf is, or -1.
func parquetColumns(schema *parquet.Schema) (names []string, leaves []int) {
	for _, path := range schema.Columns() {
		leaf, ok := schema.Lookup(path...)
		index := -1
		if ok && len(path) == 1 && !leaf.Node.Repeated() {
			switch leaf.Node.Type().Kind() {
			case parquet.ByteArray, parquet.FixedLenByteArray, parquet.Int32, parquet.Int64:
				index = len(names)
				names = append(names, path[0])
			}
		}
		leaves = append(leaves, index)
	}
	return names, leaves
}

type parquetTable struct {
	columns tableText
	leaves  []int
	width   int
	lim     Limits
	next    int
	parts   []part
}

// group reads the rows of a group, a few at a time.
func (t *parquetTable) group(ctx context.Context, group parquet.RowGroup) error {
	rows := group.Rows()
	defer rows.Close()
	buffer := make([]parquet.Row, 64)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			if err := t.row(row); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrNoProgress
		}
	}
}

func (t *parquetTable) row(row parquet.Row) error {
	cells := make([]string, t.width)
	for _, v := range row {
		leaf := v.Column()
		if leaf < 0 || leaf >= len(t.leaves) || t.leaves[leaf] < 0 || v.IsNull() {
			continue
		}
		switch v.Kind() {
		case parquet.ByteArray, parquet.FixedLenByteArray:
			text, err := decodeText(v.ByteArray())
			if err != nil {
				return err
			}
			if err := t.lim.expand(len(text)); err != nil {
				return err
			}
			cells[t.leaves[leaf]] = text
		default:
			cells[t.leaves[leaf]] = v.String()
		}
	}
	t.parts = append(t.parts, t.columns.part(t.next, cells))
	t.next++
	return nil
}

package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

type parquetRow struct {
	ID       int64    `parquet:"id"`
	Patient  *string  `parquet:"patient_id,optional"`
	Findings string   `parquet:"findings,zstd"`
	Text     *string  `parquet:"impression,optional,snappy"`
	Tags     []string `parquet:"tags,list"`
	Score    float64  `parquet:"score"`
}

func parquetOf(t testing.TB, rows any) []byte {
	t.Helper()
	var out bytes.Buffer
	var err error
	switch rows := rows.(type) {
	case []parquetRow:
		err = parquet.Write(&out, rows, parquet.MaxRowsPerRowGroup(2))
	case []struct{ Other float64 }:
		err = parquet.Write(&out, rows)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestParquet(t *testing.T) {
	patient, text := "MRN-5", "Normal."
	var rows []parquetRow
	for i := range 150 {
		rows = append(rows, parquetRow{ID: int64(100 + i), Findings: fmt.Sprintf("Finding %d.\r\n", i), Tags: []string{"a", "b"}})
	}
	rows[0].Patient, rows[0].Text = &patient, &text
	docs, bad, err := readWithin(t, Limits{SubjectKey: []byte("k")}, "a.parquet", parquetOf(t, rows))
	if err != nil || len(docs) != 150 || len(bad) != 0 {
		t.Fatalf("%d documents, bad parts %v, error %v", len(docs), bad, err)
	}
	if d := docs[0]; d.Key != "100" || d.Text != "FINDINGS: Finding 0.\n\nIMPRESSION: Normal." || d.Subject == "" || d.Format != "parquet" {
		t.Errorf("document %+v", d)
	}
	if d := docs[149]; d.Key != "249" || d.Text != "FINDINGS: Finding 149." || d.Subject != "" {
		t.Errorf("document %+v", d)
	}
	docs, _, err = readWithin(t, Limits{Columns: Columns{Text: []string{"Impression"}, ID: "id"}}, "a.parquet", parquetOf(t, rows[:1]))
	if err != nil || len(docs) != 1 || docs[0].Text != "Normal." {
		t.Errorf("documents %+v, error %v", docs, err)
	}
}

func TestBadParquet(t *testing.T) {
	good := parquetOf(t, []parquetRow{{ID: 1, Findings: strings.Repeat("Clear lungs. ", 100)}})
	big := parquetOf(t, []parquetRow{{ID: 1, Findings: strings.Repeat("a", 3<<20)}})
	footer := bytes.Clone(good)
	footer[len(footer)-5] = 0x7f // its length
	tests := []struct {
		name    string
		content []byte
		want    Reason
	}{
		{"cut short", good[:len(good)/2], ReasonMalformed},
		{"a wrong footer", footer, ReasonMalformed},
		{"only its mark", []byte("PAR1PAR1"), ReasonMalformed},
		{"no known column", parquetOf(t, []struct{ Other float64 }{{1}}), ReasonMalformed},
		{"a bomb", big, ReasonBomb},
		{"no Parquet", []byte("text"), ReasonWrongFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := readWithin(t, Limits{MaxExpanded: 2 << 20}, "a.parquet", tt.content)
			checkReason(t, err, tt.want)
		})
	}
}

// TestDamagedParquet changes each byte of a file: whatever it makes, the reader
// ends, with documents or a quarantine.
func TestDamagedParquet(t *testing.T) {
	good := parquetOf(t, []parquetRow{{ID: 1, Findings: "Clear."}, {ID: 2, Findings: "Normal heart."}})
	for i := range good {
		damaged := bytes.Clone(good)
		damaged[i] ^= 0x5a
		fuzzRead(t, "a.parquet", damaged)
	}
}

func FuzzParquet(f *testing.F) {
	f.Add(parquetOf(f, []parquetRow{{ID: 1, Findings: "Clear."}}))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.parquet", data) })
}

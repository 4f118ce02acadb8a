package ingest

import "strings"

// A docxTable is an open table. Its cells hold paragraphs.
type docxTable struct {
	rows    [][][]docxParagraph
	row     [][]docxParagraph
	cell    []docxParagraph
	span    int
	deleted bool // the row
}

func (w *docxWriter) inRowProperties() bool {
	return len(w.path) > 0 && w.path[len(w.path)-1] == "trPr" && len(w.tables) > 0
}

func (w *docxWriter) endTable(name string) {
	t := &w.tables[len(w.tables)-1]
	switch name {
	case "tc":
		w.endCarried()
		t = &w.tables[len(w.tables)-1]
		if t.span >= 0 {
			t.row = append(t.row, t.cell)
			for i := 1; i < t.span; i++ {
				t.row = append(t.row, nil)
			}
		}
		t.cell, t.span = nil, 0
	case "tr":
		if !t.deleted {
			t.rows = append(t.rows, t.row)
		}
		t.row, t.deleted = nil, false
	case "tbl":
		done := *t
		w.tables = w.tables[:len(w.tables)-1]
		w.writeTable(done)
	}
}

// writeTable writes a table, or what is in its one column; a table inside
// another becomes a part of its cell.
func (w *docxWriter) writeTable(t docxTable) {
	var rows [][]string
	single := true
	var all []docxParagraph
	for _, row := range t.rows {
		var cells []string
		filled := 0
		for _, cell := range row {
			var lines []string
			for i := range cell {
				lines = append(lines, cell[i].line())
			}
			text := strings.TrimSpace(strings.Join(lines, " "))
			if text != "" {
				filled++
			}
			cells = append(cells, text)
			all = append(all, cell...)
		}
		single = single && filled <= 1
		rows = append(rows, cells)
	}
	switch {
	case len(w.tables) > 0:
		outer := &w.tables[len(w.tables)-1]
		outer.cell = append(outer.cell, all...)
	case single:
		for i := range all {
			w.put(&all[i])
		}
	default:
		w.out.table(maxGap(w.gap, lineGap), rows)
		w.gap = ""
	}
}

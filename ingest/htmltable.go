package ingest

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// table writes a table. One that only lays out its content, as pages did
// before there were style sheets, is written as what its cells hold.
func (w *htmlWriter) table(n *html.Node) {
	w.flush()
	rows := htmlRows(n)
	switch {
	case htmlAttr(n, "role") == "presentation" || oneColumn(rows):
		w.gap = maxGap(w.gap, lineGap)
		for _, row := range rows {
			for _, cell := range row {
				w.wrap(cell, lineGap, Block{Kind: BlockParagraph})
			}
		}
	default:
		var cells [][]string
		for _, row := range rows {
			var line []string
			for _, cell := range row {
				line = append(line, w.cell(cell))
			}
			cells = append(cells, line)
		}
		w.caption(n)
		if !w.labelled(cells) {
			w.out.table(maxGap(w.gap, emptyLineGap), cells)
		}
	}
	w.gap = emptyLineGap
}

// caption writes the table's caption before it.
func (w *htmlWriter) caption(table *html.Node) {
	for c := table.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Caption && !htmlHidden(c) {
			w.wrap(c, emptyLineGap, Block{Kind: BlockParagraph})
		}
	}
}

// labelled writes a table of two columns as a list where the first column
// holds nothing but numbers of clauses: "(a)".
func (w *htmlWriter) labelled(rows [][]string) bool {
	var items [][2]string
	for _, row := range rows {
		var filled []string
		for _, cell := range row {
			if cell = strings.TrimSpace(cell); cell != "" {
				filled = append(filled, cell)
			}
		}
		if len(filled) == 0 {
			continue
		}
		if len(filled) != 2 || !isLabel(filled[0]) {
			return false
		}
		items = append(items, [2]string{filled[0], filled[1]})
	}
	for _, item := range items {
		w.out.add(maxGap(w.gap, lineGap), Block{Kind: BlockClause, Level: 1, Label: item[0]}, item[1])
		w.gap = ""
	}
	return len(items) > 0
}

// cell returns a cell's text on one line; a table inside it becomes a part of
// the line.
func (w *htmlWriter) cell(n *html.Node) string {
	var inner htmlWriter
	inner.children(n)
	inner.flush()
	return strings.Join(strings.Fields(inner.out.text.String()), " ")
}

// htmlRows returns the cells of a table that the page shows, by rows.
func htmlRows(table *html.Node) [][]*html.Node {
	var rows [][]*html.Node
	for group := table.FirstChild; group != nil; group = group.NextSibling {
		switch group.DataAtom {
		case atom.Thead, atom.Tbody, atom.Tfoot:
		default:
			continue
		}
		if htmlHidden(group) {
			continue
		}
		for tr := group.FirstChild; tr != nil; tr = tr.NextSibling {
			if tr.DataAtom != atom.Tr || htmlHidden(tr) {
				continue
			}
			var row []*html.Node
			for cell := tr.FirstChild; cell != nil; cell = cell.NextSibling {
				if (cell.DataAtom == atom.Td || cell.DataAtom == atom.Th) && !htmlHidden(cell) {
					row = append(row, cell)
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// oneColumn says whether no row has two cells with text.
func oneColumn(rows [][]*html.Node) bool {
	for _, row := range rows {
		filled := 0
		for _, cell := range row {
			if holdsText(cell) {
				filled++
			}
		}
		if filled > 1 {
			return false
		}
	}
	return true
}

func holdsText(n *html.Node) bool {
	if n.Type == html.TextNode {
		return strings.TrimSpace(n.Data) != ""
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if holdsText(c) {
			return true
		}
	}
	return false
}

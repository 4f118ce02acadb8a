package ingest

import (
	"slices"
	"strings"
)

// A blockText is a text that is written block by block, by readers of formats
// whose markup says what the blocks are.
type blockText struct {
	text   strings.Builder
	blocks []Block
}

// A gap is what stands between two blocks.
type gap string

const (
	lineGap      gap = "\n"
	emptyLineGap gap = "\n\n"
)

// add writes a block after a gap. The label stands before the text. Text of
// white space alone is left out.
func (b *blockText) add(g gap, block Block, text string) {
	text = strings.TrimRight(lineEnds.Replace(text), " \t\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	if b.text.Len() > 0 {
		b.text.WriteString(string(g))
	} else {
		text = strings.TrimLeft(text, " \t\n")
	}
	block.Start = b.text.Len()
	if block.Label != "" {
		b.text.WriteString(block.Label + " ")
	}
	b.text.WriteString(text)
	block.End = b.text.Len()
	if block.Kind != "" {
		b.blocks = append(b.blocks, block)
	}
}

// table writes the rows of a table on lines, with its cells apart by " | ".
// Columns that are empty throughout are left out.
func (b *blockText) table(g gap, rows [][]string) {
	if text := tableLines(rows); text != "" {
		b.add(g, Block{Kind: BlockTable}, text)
	}
}

func tableLines(rows [][]string) string {
	var filled []bool
	for _, row := range rows {
		for i, cell := range row {
			if i == len(filled) {
				filled = append(filled, false)
			}
			filled[i] = filled[i] || strings.TrimSpace(cell) != ""
		}
	}
	var lines []string
	for _, row := range rows {
		var cells []string
		for i, cell := range row {
			if filled[i] {
				cells = append(cells, strings.Join(strings.Fields(cell), " "))
			}
		}
		for len(cells) > 0 && cells[len(cells)-1] == "" {
			cells = cells[:len(cells)-1]
		}
		if len(cells) > 0 {
			lines = append(lines, strings.Join(cells, " | "))
		}
	}
	return strings.Join(lines, "\n")
}

// part returns what was written.
func (b *blockText) part() part {
	return part{Text: b.text.String(), Blocks: slices.Clip(b.blocks)}
}

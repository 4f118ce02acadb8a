package ingest

import (
	"context"
	"strconv"
	"strings"
)

// endParagraph ends the open paragraph: it is numbered, and goes into the cell,
// the note or the text that it is in.
func (w *docxWriter) endParagraph() {
	n := len(w.open)
	if n == 0 {
		return
	}
	p := w.open[n-1]
	w.open = w.open[:n-1]
	if p.joined && n == 1 {
		w.carried += p.text.String() // it runs on into the next
		return
	}
	w.classify(p)
	switch {
	case n > 1: // in a text box
		w.boxes = append(w.boxes, *p)
		return
	case w.noteTexts != nil:
		w.note(p)
	case len(w.tables) > 0:
		t := &w.tables[len(w.tables)-1]
		t.cell = append(t.cell, *p)
		t.cell = append(t.cell, w.boxes...)
	default:
		w.put(p)
		for i := range w.boxes {
			w.put(&w.boxes[i])
		}
	}
	w.boxes = nil
}

// classify finds out what a paragraph is and counts its list. Empty paragraphs
// have no number, as Word shows none that matters.
func (w *docxWriter) classify(p *docxParagraph) {
	if strings.TrimSpace(p.text.String()) == "" {
		return
	}
	p.block = Block{Kind: BlockParagraph}
	label, level, bullet := w.numbering.label(p.style, p.list)
	if label != "" {
		p.block.Label, p.block.Level = label, level
		p.block.Kind = BlockClause
		if bullet {
			p.block.Kind = BlockListItem
		}
	}
	if outline := w.numbering.outline(p.style, p.outline); outline > 0 {
		p.block.Kind, p.block.Level = BlockHeading, outline
	}
}

// endCarried ends a paragraph whose deleted mark no other one follows.
func (w *docxWriter) endCarried() {
	if w.carried != "" {
		w.open = append(w.open, &docxParagraph{})
		w.paragraph().text.WriteString(w.carried)
		w.carried = ""
		w.endParagraph()
	}
}

// put writes a paragraph. An empty one parts others by an empty line.
func (w *docxWriter) put(p *docxParagraph) {
	text := p.text.String()
	if strings.TrimSpace(text) == "" {
		w.gap = emptyLineGap
		return
	}
	w.out.add(maxGap(w.gap, lineGap), p.block, text)
	w.gap = lineGap
}

func (w *docxWriter) note(p *docxParagraph) {
	if w.noteID == "" {
		return
	}
	text := strings.TrimSpace(w.noteTexts[w.noteID] + "\n" + p.line())
	w.noteTexts[w.noteID] = text
}

// docxNotes returns the texts of a part of notes by their ids.
func docxNotes(ctx context.Context, numbering *docxNumbering, content []byte) (map[string]string, error) {
	w := &docxWriter{numbering: numbering, noteTexts: make(map[string]string)}
	if err := w.run(ctx, content); err != nil {
		return nil, err
	}
	for id, text := range w.noteTexts {
		w.noteTexts[id] = lineEnds.Replace(text)
	}
	return w.noteTexts, nil
}

// docxSymbol returns the character of a symbol font, whose characters stand at
// F020 to F0FF.
func docxSymbol(hex string) string {
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return ""
	}
	if s, ok := docxSymbols[n&0xff]; ok && n >= 0xf000 && n <= 0xf0ff {
		return s
	}
	if n >= 0xf000 && n <= 0xf0ff {
		return "□"
	}
	if n < ' ' || n > 0xffff {
		return ""
	}
	return string(rune(n))
}

// docxSymbols are the characters of Symbol and Wingdings that documents use.
var docxSymbols = map[uint64]string{
	0xb7: "•", 0xa7: "▪", 0xa8: "□", 0x6f: "□", 0x71: "□", 0xfc: "✓", 0xfe: "☑", 0xfd: "☒", 0x78: "☒", 0x52: "☑", 0xd8: "➢",
	0xb0: "°", 0xb1: "±", 0xa3: "≤", 0xb3: "≥", 0xae: "→", 0xac: "←", 0xb4: "×", 0xd2: "®", 0xd3: "©", 0xd4: "™", 0xe2: "®", 0xe3: "©", 0xe4: "™",
	0x61: "α", 0x62: "β", 0x67: "γ", 0x64: "δ", 0x6d: "μ", 0x6c: "λ", 0x73: "σ", 0x44: "Δ", 0x57: "Ω", 0x2d: "−",
}

package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Structure sets the Blocks of a document: its headings, clauses with their
// numbers, list items, tables and paragraphs, in order and apart.
//
// Blocks that the format's markup gave are kept, and the numbers that were
// typed into them are found; of any other text the lines tell. A number counts
// where it goes on with a sequence that is open at that place, or begins one:
// "Section 4.2" at the beginning of a line is a clause after 4.1 and a
// reference elsewhere. What stands on every page, as page numbers do, is in no
// block. The time is linear in the text.
func Structure(doc *Document) {
	s := structurer{text: doc.Text}
	if len(doc.Blocks) > 0 {
		s.markup(doc.Blocks)
	} else {
		s.layout()
	}
	s.finish()
	doc.Blocks = s.blocks
}

// A structurer makes blocks of the paragraphs of a text, in their order.
type structurer struct {
	text     string
	blocks   []Block
	numbers  numbering
	contents int // index of the first block of a table of contents; -1 past it
	started  bool
}

// layout finds the blocks of a text by its lines.
func (s *structurer) layout() {
	s.contents = -1
	all := paragraphs(s.text)
	for _, p := range all {
		if l, ok := parseLabel(s.text[p.start:p.end]); ok {
			s.numbers.note(l)
		}
	}
	for _, p := range all {
		if p.kind != "" {
			s.put(Block{Kind: p.kind, Start: p.start, End: p.end})
			continue
		}
		s.paragraph(p)
	}
}

// markup takes the blocks of a reader and finds the numbers typed into them.
func (s *structurer) markup(blocks []Block) {
	s.contents = -1
	for _, b := range blocks {
		if l, ok := parseLabel(s.text[b.Start:b.End]); ok {
			s.numbers.note(l)
		}
	}
	for _, b := range blocks {
		switch {
		case b.Kind == BlockTable || b.Kind == BlockFootnote:
			s.put(b)
		case b.Label == "" && b.Kind == BlockListItem:
			s.put(b)
		case b.Label != "":
			s.declared(b)
		default:
			p := paragraph{start: b.Start, end: b.End, apart: true, heading: b.Kind == BlockHeading, level: b.Level}
			s.paragraph(p)
		}
	}
}

// declared takes a block whose label the format gave.
func (s *structurer) declared(b Block) {
	l, ok := parseLabel(b.Label + " ")
	switch {
	case b.Kind == BlockListItem:
	case !ok || l.bullet:
		if b.Kind != BlockHeading {
			b.Kind = BlockListItem
		}
	default:
		if level, ok := s.numbers.next(l, true, s.titled()); ok {
			b.Level = level
		} else {
			s.numbers.force(l, max(b.Level, 1))
		}
		if b.Kind == BlockParagraph || b.Kind == "" {
			b.Kind = BlockClause
		}
		text := s.text[b.Start:b.End]
		switch {
		case b.Kind == BlockClause && isHeadingText(text):
			b.Kind = BlockHeading
		case b.Kind == BlockHeading && len(text) > maxHeading && strings.Contains(text[len(b.Label)+1:], ". "):
			b.Kind = BlockClause // a heading with its text in one paragraph
		}
	}
	s.put(b)
}

// paragraph makes a block of a paragraph, or several where it runs on from one
// numbered sentence to the next.
func (s *structurer) paragraph(p paragraph) {
	text := s.text[p.start:p.end]
	if isContentsTitle(text) {
		s.put(Block{Kind: BlockHeading, Level: 1, Start: p.start, End: p.end})
		s.contents, s.started = len(s.blocks), false
		return
	}
	b := Block{Kind: BlockParagraph, Start: p.start, End: p.end}
	if p.heading {
		b.Kind, b.Level = BlockHeading, max(p.level, 1)
	}
	if l, ok := parseLabel(text); ok && !isContentsLine(text) {
		s.number(&b, l, p)
	}
	if b.Kind == BlockParagraph && b.Label == "" && p.apart && isTitle(text, p.followed) {
		b.Kind, b.Level = BlockHeading, 2
		if isUpper(text) {
			b.Level = 1
		}
	}
	if b.Kind != BlockHeading {
		s.runOn(b)
		return
	}
	if resetsNumbers(text) {
		s.numbers.reset()
	}
	s.put(b)
}

// number gives a paragraph its label if that goes on with the numbering.
func (s *structurer) number(b *Block, l numberLabel, p paragraph) {
	text := s.text[p.start:p.end]
	if l.bullet {
		b.Kind, b.Label, b.Level = BlockListItem, l.text, s.numbers.depth()+1
		return
	}
	rest := text[l.end:]
	if !l.mayPrecede(rest) || !p.apart && !p.afterStop {
		return
	}
	if s.contents >= 0 && s.started && s.numbers.restarts(l) {
		s.leaveContents()
	}
	level, ok := s.numbers.next(l, p.apart, s.titled())
	if !ok {
		return
	}
	s.started = true
	b.Label, b.Level = l.text, level
	switch {
	case b.Kind == BlockHeading:
	case isHeadingText(text):
		b.Kind = BlockHeading
	default:
		b.Kind = BlockClause
	}
}

// leaveContents makes paragraphs of the lines of a table of contents, once the
// numbering that it lists begins.
func (s *structurer) leaveContents() {
	end := len(s.blocks)
	for end > s.contents && s.blocks[end-1].Label == "" {
		end-- // what stands between the table and the text
	}
	for i := s.contents; i < end; i++ {
		b := &s.blocks[i]
		if b.Kind == BlockHeading || b.Kind == BlockClause {
			b.Kind, b.Label, b.Level = BlockParagraph, "", 0
		}
	}
	s.contents = -1
	s.numbers.reset()
}

// titled says whether a heading without a number is the last block.
func (s *structurer) titled() bool {
	n := len(s.blocks)
	return n > 0 && s.blocks[n-1].Kind == BlockHeading && s.blocks[n-1].Label == ""
}

// runOn puts a block, cut where inside it the numbering goes on after the end
// of a sentence.
func (s *structurer) runOn(b Block) {
	at := b.Start + len(b.Label)
	for {
		start, l, ok := s.nextInside(at, b.End)
		if !ok {
			break
		}
		at = start + l.end
		level, ok := s.numbers.inside(l, s.text[:start])
		if !ok {
			continue
		}
		head := b
		head.End = trimEnd(s.text, head.Start, start)
		if head.End > head.Start {
			if head.Label != "" && isHeadingText(s.text[head.Start:head.End]) {
				head.Kind = BlockHeading
			}
			s.put(head)
		}
		b = Block{Kind: BlockClause, Label: l.text, Level: level, Start: start, End: b.End}
	}
	s.put(b)
}

// nextInside finds the next number after the end of a sentence, or after two
// spaces, within a paragraph.
func (s *structurer) nextInside(from, end int) (start int, l numberLabel, ok bool) {
	for i := from; i+2 < end; i++ {
		if s.text[i] != ' ' && s.text[i] != '\n' {
			continue
		}
		c := s.text[i+1]
		if !(c >= '0' && c <= '9' || c == 'A' || c == 'S') || i == 0 {
			continue
		}
		stop := strings.IndexByte(".;:)\" ", s.text[i-1]) >= 0
		if !stop && !(s.text[i-1] >= 'A' && s.text[i-1] <= 'Z') {
			continue
		}
		l, ok := parseLabel(s.text[i+1 : end])
		if ok && !stop {
			// "ARTICLE II APPOINTMENT 2.1 The distributor"
			r := l.readings
			ok = len(r) > 0 && len(r[0].path) > 1 && r[0].first() && isUpper(s.text[max(from, i-4):i])
		}
		if ok && l.mayStandInside && l.mayPrecede(s.text[i+1+l.end:end]) {
			return i + 1, l, true
		}
	}
	return 0, numberLabel{}, false
}

func (s *structurer) put(b Block) {
	b.Start, b.End = trimSpan(s.text, b.Start, b.End)
	if b.Start < b.End {
		s.blocks = append(s.blocks, b)
	}
}

// finish joins a number that stands alone with the paragraph after it, and
// tells headings from short items.
func (s *structurer) finish() {
	out := s.blocks[:0]
	for i := 0; i < len(s.blocks); i++ {
		b := s.blocks[i]
		if b.Label != "" && b.End-b.Start == len(b.Label) && i+1 < len(s.blocks) {
			next := s.blocks[i+1]
			named := isHeadingText(s.text[next.Start:next.End])
			switch {
			case next.Label != "" || next.Kind != BlockParagraph && next.Kind != BlockHeading:
			case named || next.Kind == BlockHeading:
				b.End, b.Kind = next.End, BlockHeading
				i++
			case !strings.Contains(b.Label, " "): // "4." rather than "ARTICLE IV"
				b.End, b.Kind = next.End, BlockClause
				i++
			}
		}
		out = append(out, b)
	}
	for i := range out {
		if out[i].Kind == BlockHeading && out[i].Label != "" && !s.heads(out, i) {
			out[i].Kind = BlockClause
		}
	}
	s.blocks = out
}

// heads says whether something stands below a numbered heading. Else it is an
// item of a list of short ones.
func (s *structurer) heads(blocks []Block, i int) bool {
	if isUpper(s.text[blocks[i].Start+len(blocks[i].Label) : blocks[i].End]) {
		return true
	}
	if i+1 == len(blocks) {
		return false
	}
	next := blocks[i+1]
	if next.Kind == BlockHeading || next.Label != "" && next.Kind != BlockListItem {
		return next.Level > blocks[i].Level
	}
	return true
}

// trimSpan takes the white space off a range.
func trimSpan(text string, start, end int) (int, int) {
	part := text[start:end]
	start += spaceLen(part)
	if start > end {
		return end, end
	}
	return start, trimEnd(text, start, end)
}

func trimEnd(text string, start, end int) int {
	return start + len(strings.TrimRightFunc(text[start:end], unicode.IsSpace))
}

// firstRuneOf returns the first character that is no quotation mark.
func firstRuneOf(s string) rune {
	for _, r := range s {
		if !strings.ContainsRune("\"'“”‘’«» \t\u00a0_*", r) {
			return r
		}
	}
	return utf8.RuneError
}

package ingest

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// readRTF reads a Rich Text document: paragraphs, the numbers of lists, tables,
// footnotes where their mark stands. Deleted and hidden text, headers, footers,
// pictures and comments are left out.
//
// Source: Rich Text Format Specification 1.9.1 (Microsoft, 2008).
func readRTF(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	r := rtfReader{data: data, codepage: "windows-1252", fonts: make(map[int]string), font: -1}
	r.state.skip = 1 // the \u fallback
	if err := r.run(ctx); err != nil {
		return nil, nil, err
	}
	if r.doubtful {
		return nil, nil, quarantine(ReasonEncoding, "the document has characters that its code page does not know; save it again as DOCX")
	}
	p := r.out.part()
	if p.Text == "" {
		return nil, nil, quarantine(ReasonNoText, "the document holds no text; save it again in a word processor")
	}
	if r.deleted > 0 {
		p.Meta = map[string]string{"deletions_left_out": strconv.Itoa(r.deleted)}
	}
	return []part{p}, nil, nil
}

const maxRTFDepth = 500

// rtfState is what a group's end takes back.
type rtfState struct {
	hidden   bool // what stands here is not part of the text
	skip     int  // how many characters stand in for one of \u
	font     int
	deleted  bool
	ignored  bool // the group began with \*
	first    bool // nothing of the group was read yet
	listText bool
	fonttbl  bool
	inTable  bool
	outline  int // level of a heading, from 1
	footnote bool
}

type rtfReader struct {
	data  []byte
	at    int
	state rtfState
	stack []rtfState

	out       blockText
	paragraph strings.Builder
	listText  strings.Builder
	note      strings.Builder
	raw       []byte // bytes of a code page, until something else comes
	high      rune   // the first half of a \u pair
	unread    int    // characters to pass over after \u

	cells    []string
	rows     [][]string
	codepage string
	fonts    map[int]string // code pages of fonts
	font     int            // the one being defined
	gap      gap
	notes    int
	deleted  int
	doubtful bool
}

func (r *rtfReader) run(ctx context.Context) error {
	for n := 0; r.at < len(r.data); n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		c := r.data[r.at]
		r.at++
		switch c {
		case '{':
			r.flushBytes()
			if len(r.stack) >= maxRTFDepth {
				return quarantine(ReasonMalformed, "the document's groups nest too deeply; save it again in a word processor")
			}
			r.stack = append(r.stack, r.state)
			r.state.first, r.state.ignored = true, false
		case '}':
			r.flushBytes()
			if len(r.stack) == 0 {
				return quarantine(ReasonMalformed, "the document's groups do not match; save it again in a word processor")
			}
			r.endGroup()
			if len(r.stack) == 0 {
				r.end()
				return nil
			}
		case '\\':
			r.control()
		case '\r', '\n':
		default:
			r.state.first = false
			r.char(c)
		}
	}
	return quarantine(ReasonTruncated, "the document ends in the middle; copy or export it again")
}

func (r *rtfReader) endGroup() {
	inner := r.state
	r.state = r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	r.unread, r.high = 0, 0
	if inner.footnote && !r.state.footnote {
		r.notes++
	}
}

// control reads a control word or symbol after its backslash.
func (r *rtfReader) control() {
	if r.at >= len(r.data) {
		return
	}
	c := r.data[r.at]
	if c < 'A' || c > 'z' || c > 'Z' && c < 'a' {
		r.at++
		r.symbol(c)
		return
	}
	start := r.at
	for r.at < len(r.data) && (r.data[r.at]|0x20) >= 'a' && (r.data[r.at]|0x20) <= 'z' && r.at-start < 32 {
		r.at++
	}
	word := string(r.data[start:r.at])
	start = r.at
	if r.at < len(r.data) && r.data[r.at] == '-' {
		r.at++
	}
	for r.at < len(r.data) && r.data[r.at] >= '0' && r.data[r.at] <= '9' && r.at-start < 12 {
		r.at++
	}
	value, err := strconv.Atoi(string(r.data[start:r.at]))
	if r.at < len(r.data) && r.data[r.at] == ' ' {
		r.at++
	}
	r.word(word, value, err == nil)
	r.state.first = false
}

// symbol reads a control symbol: an escaped character, or \'hh.
func (r *rtfReader) symbol(c byte) {
	switch c {
	case '*':
		r.state.ignored = true
		return // the destination's name follows
	case '\'':
		if r.at+2 <= len(r.data) {
			if n, err := strconv.ParseUint(string(r.data[r.at:r.at+2]), 16, 8); err == nil {
				r.at += 2
				r.char(byte(n))
			}
		}
	case '\\', '{', '}':
		r.char(c)
	case '~':
		r.write(" ")
	case '_':
		r.write("-")
	case '\r', '\n':
		r.word("par", 0, false)
	}
	r.state.first = false
}

// char takes a byte of the current code page.
func (r *rtfReader) char(c byte) {
	if r.unread > 0 {
		r.unread--
		return
	}
	if c < utf8.RuneSelf && len(r.raw) == 0 {
		if c >= ' ' || c == '\t' {
			r.write(string(rune(c)))
		}
		return
	}
	r.raw = append(r.raw, c)
}

// flushBytes decodes the bytes since the last control word. Code pages of East
// Asia have characters of two bytes, the second of which may be ASCII.
func (r *rtfReader) flushBytes() {
	if len(r.raw) == 0 {
		return
	}
	raw := r.raw
	r.raw = r.raw[:0]
	if r.state.hidden || r.state.deleted {
		return
	}
	name := r.codepage
	if own, ok := r.fonts[r.state.font]; ok {
		name = own
	}
	text, ok := decodeRTF(raw, name)
	if !ok {
		r.doubtful = true
	}
	r.write(text)
}

// unicode takes the number of \u, negative from 32768 on, and passes over what
// stands in for it.
func (r *rtfReader) unicode(n int) {
	r.flushBytes()
	if r.unread > 0 { // a \u may stand in for another
		r.unread--
		return
	}
	c := rune(uint16(n))
	r.unread = r.state.skip
	switch {
	case utf16.IsSurrogate(c) && r.high == 0:
		r.high = c
		return
	case r.high != 0:
		c = utf16.DecodeRune(r.high, c)
		r.high = 0
	}
	if c == utf8.RuneError || c < ' ' && c != '\t' {
		r.doubtful = r.doubtful || c == utf8.RuneError && !r.state.hidden
		return
	}
	if c >= 0xf020 && c <= 0xf0ff { // a symbol font's own characters
		c = '•'
	}
	r.write(string(c))
}

// write adds text to what is being read.
func (r *rtfReader) write(s string) {
	if r.high != 0 && s != "" { // half a character
		r.high, r.doubtful = 0, true
	}
	switch {
	case s == "" || r.state.hidden || r.state.deleted:
	case r.state.listText:
		r.listText.WriteString(s)
	case r.state.footnote:
		r.note.WriteString(s)
	default:
		r.paragraph.WriteString(s)
	}
}

// take returns the paragraph with the number of its list item before it.
func (r *rtfReader) take() string {
	text := strings.TrimSpace(r.paragraph.String())
	label := strings.TrimSpace(r.listText.String())
	r.paragraph.Reset()
	r.listText.Reset()
	if label != "" && text != "" {
		return label + " " + text
	}
	return text
}

func (r *rtfReader) endParagraph() {
	if r.state.inTable { // a paragraph inside a cell
		r.paragraph.WriteByte('\n')
		return
	}
	if len(r.cells) > 0 {
		r.rows, r.cells = append(r.rows, r.cells), nil
	}
	if len(r.rows) > 0 {
		r.out.table(lineGap, r.rows)
		r.rows = nil
		r.gap = lineGap
	}
	b := Block{Kind: BlockParagraph}
	if r.state.outline > 0 {
		b.Kind, b.Level = BlockHeading, r.state.outline
	}
	label := strings.TrimSpace(r.listText.String())
	text := strings.TrimSpace(r.paragraph.String())
	r.paragraph.Reset()
	r.listText.Reset()
	if text == "" {
		r.gap = emptyLineGap
		return
	}
	if label != "" {
		b.Label = label
		if b.Kind == BlockParagraph {
			b.Kind, b.Level = BlockClause, 1
		}
	}
	r.out.add(maxGap(r.gap, lineGap), b, text)
	r.gap = lineGap
}

// end writes what is left, and the notes after the text.
func (r *rtfReader) end() {
	r.state = rtfState{}
	r.endParagraph()
	for note := range strings.SplitSeq(r.note.String(), "\n") {
		r.out.add(maxGap(r.gap, lineGap), Block{Kind: BlockFootnote}, note)
		r.gap = lineGap
	}
}

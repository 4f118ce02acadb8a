package ingest

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// A docxWriter collects the text of a part while its elements go by.
type docxWriter struct {
	numbering *docxNumbering
	out       blockText
	gap       gap

	open    []*docxParagraph // the paragraph, and those around it where it is in a text box
	boxes   []docxParagraph  // of text boxes, until the paragraph they hang on ends
	tables  []docxTable      // inside each other
	path    []string         // names of the open elements
	choice  []bool           // of open AlternateContent: a choice was taken
	fields  []bool           // open fields: true in their code
	carried string           // text of paragraphs whose marks were deleted
	inText  bool
	skip    int // depth inside an element whose content is left out

	footnotes, endnotes []docxMark
	noteTexts           map[string]string // of a part of notes, by id
	noteID              string

	insertions, deletions, hidden int
}

// A docxMark is a note's mark in the text: "[3]".
type docxMark struct{ id, text string }

// A docxParagraph is a paragraph with the properties that its text needs.
type docxParagraph struct {
	text    strings.Builder
	list    docxListRef
	style   string
	outline int  // level of a heading, from 1
	joined  bool // the mark at its end was deleted
	hidden  bool // of the run
	block   Block
}

const (
	maxXMLDepth  = 2000
	wordSpace    = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	strictSpace  = "http://purl.oclc.org/ooxml/wordprocessingml/main"
	mathSpace    = "http://schemas.openxmlformats.org/officeDocument/2006/math"
	choicesSpace = "http://schemas.openxmlformats.org/markup-compatibility/2006"
)

// run reads a part. encoding/xml expands no entities that a document declares,
// so that none can grow.
func (w *docxWriter) run(ctx context.Context, content []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(content))
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if w.path = append(w.path, t.Name.Local); len(w.path) > maxXMLDepth {
				return errors.New("elements nest too deeply")
			}
			w.start(t)
		case xml.EndElement:
			w.path = w.path[:len(w.path)-1]
			w.end(t.Name)
		case xml.CharData:
			if w.inText && w.skip == 0 {
				w.write(string(t))
			}
		}
	}
	w.endCarried()
	return nil
}

// leftOut says whether an element's content is not part of the text: what was
// deleted or moved away, earlier properties, the reading aids of ruby, and the
// further forms of content that comes in several.
func (w *docxWriter) leftOut(t xml.StartElement) bool {
	if t.Name.Space == choicesSpace {
		n := len(w.choice) - 1
		switch t.Name.Local {
		case "Choice":
			taken := n >= 0 && w.choice[n]
			if n >= 0 {
				w.choice[n] = true
			}
			return taken
		case "Fallback":
			return n >= 0 && w.choice[n]
		}
	}
	switch t.Name.Local {
	case "del", "moveFrom":
		w.deletions++
		return true
	case "pPrChange", "rPrChange", "sectPrChange", "tblPrChange", "trPrChange", "tcPrChange", "tblGridChange", "numberingChange", "tblPrExChange", "rt":
		return true
	}
	return false
}

func isWord(name xml.Name) bool { return name.Space == wordSpace || name.Space == strictSpace }

func (w *docxWriter) start(t xml.StartElement) {
	if t.Name.Local == "del" && w.skip == 0 && isWord(t.Name) && w.inside("rPr") && w.inside("pPr") {
		w.paragraph().joined = true
	}
	if w.skip > 0 || w.leftOut(t) {
		w.skip++
		return
	}
	if t.Name.Space == choicesSpace && t.Name.Local == "AlternateContent" {
		w.choice = append(w.choice, false)
	}
	if t.Name.Space == mathSpace && t.Name.Local == "t" {
		w.inText = true
	}
	if !isWord(t.Name) {
		return
	}
	switch t.Name.Local {
	case "p":
		w.open = append(w.open, &docxParagraph{})
		if len(w.open) == 1 {
			w.paragraph().text.WriteString(w.carried)
			w.carried = ""
		}
	case "t":
		w.inText = true
	case "r":
		w.paragraph().hidden = false
	case "ins", "moveTo":
		w.insertions++
	case "tbl":
		w.tables = append(w.tables, docxTable{})
	case "footnote", "endnote":
		w.noteID = attribute(t, "id")
		if kind := attribute(t, "type"); kind != "" && kind != "normal" {
			w.noteID = "" // a separator
		}
	default:
		if !w.property(t) {
			w.character(t)
		}
	}
}

// inside says whether an element of that name is open.
func (w *docxWriter) inside(name string) bool {
	for i := len(w.path) - 2; i >= 0 && i >= len(w.path)-6; i-- {
		if w.path[i] == name {
			return true
		}
	}
	return false
}

// paragraph is the open paragraph, or a passing one where there is none.
func (w *docxWriter) paragraph() *docxParagraph {
	if len(w.open) == 0 {
		return &docxParagraph{}
	}
	return w.open[len(w.open)-1]
}

// property takes a property of the paragraph, run, row or cell.
func (w *docxWriter) property(t xml.StartElement) bool {
	p := w.paragraph()
	switch t.Name.Local {
	case "pStyle":
		p.style = attribute(t, "val")
	case "numId":
		p.list.id = attribute(t, "val")
	case "ilvl":
		p.list.level = attribute(t, "val")
	case "outlineLvl":
		if n, err := strconv.Atoi(attribute(t, "val")); err == nil && n >= 0 && n < 9 {
			p.outline = n + 1
		}
	case "vanish":
		if on := attribute(t, "val"); w.inside("r") && on != "0" && on != "false" && on != "off" {
			p.hidden = true
			w.hidden++
		}
	case "gridSpan":
		if n, err := strconv.Atoi(attribute(t, "val")); err == nil && len(w.tables) > 0 {
			w.tables[len(w.tables)-1].span = min(max(n, 1), 100)
		}
	case "cellDel":
		if len(w.tables) > 0 {
			w.tables[len(w.tables)-1].span = -1
		}
	default:
		return false
	}
	return true
}

// character takes an element that stands for characters.
func (w *docxWriter) character(t xml.StartElement) {
	switch t.Name.Local {
	case "tab":
		if !w.inside("tabs") { // there it defines a stop
			w.write("\t")
		}
	case "ptab":
		w.write("\t")
	case "br", "cr":
		w.write("\n")
	case "noBreakHyphen":
		w.write("-")
	case "sym":
		w.write(docxSymbol(attribute(t, "char")))
	case "footnoteReference":
		w.mark(&w.footnotes, t, func(n int) string { return strconv.Itoa(n) })
	case "endnoteReference":
		w.mark(&w.endnotes, t, func(n int) string { return strings.ToLower(romanNumber(n)) })
	case "fldChar":
		w.field(attribute(t, "fldCharType"))
	}
}

// field follows the code and the result of a field.
func (w *docxWriter) field(kind string) {
	n := len(w.fields)
	switch {
	case kind == "begin" && n < 100:
		w.fields = append(w.fields, true)
	case kind == "separate" && n > 0:
		w.fields[n-1] = false
	case kind == "end" && n > 0:
		w.fields = w.fields[:n-1]
	}
}

// mark writes the mark of a note.
func (w *docxWriter) mark(marks *[]docxMark, t xml.StartElement, number func(int) string) {
	mark := docxMark{id: attribute(t, "id")}
	if attribute(t, "customMarkFollows") == "" {
		mark.text = "[" + number(len(*marks)+1) + "]"
		w.write(mark.text)
	}
	*marks = append(*marks, mark)
}

func (w *docxWriter) write(s string) {
	for _, inCode := range w.fields {
		if inCode {
			return
		}
	}
	if p := w.paragraph(); !p.hidden {
		p.text.WriteString(s)
	}
}

func (w *docxWriter) end(name xml.Name) {
	if w.skip > 0 {
		if w.skip--; w.skip == 0 && name.Local == "del" && w.inRowProperties() {
			w.tables[len(w.tables)-1].deleted = true
		}
		return
	}
	if name.Space == choicesSpace && name.Local == "AlternateContent" && len(w.choice) > 0 {
		w.choice = w.choice[:len(w.choice)-1]
	}
	if name.Local == "t" {
		w.inText = false
	}
	if !isWord(name) {
		return
	}
	switch name.Local {
	case "p":
		w.endParagraph()
	case "tc", "tr", "tbl":
		if len(w.tables) > 0 {
			w.endTable(name.Local)
		}
	case "footnote", "endnote":
		w.noteID = ""
	}
}

// line is a paragraph with its label on one line.
func (p *docxParagraph) line() string {
	return strings.TrimSpace(p.block.Label + " " + p.text.String())
}

// attribute returns an attribute's value by its name without a namespace.
func attribute(t xml.StartElement, local string) string {
	for _, a := range t.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

package ingest

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// readHTML reads a page: headings, paragraphs, lists with their numbers and
// tables as blocks. Scripts, styles, deleted and hidden text are left out.
//
// Source: the HTML Living Standard, 4 (elements) and 13.2 (parsing).
func readHTML(_ context.Context, data []byte, _ Limits) ([]part, []BadPart, error) {
	text, name, err := decodeHTML(data)
	if err != nil {
		return nil, nil, err
	}
	p, err := htmlPart(text)
	if err != nil {
		return nil, nil, err
	}
	if p.Text == "" {
		return nil, nil, quarantine(ReasonNoText, "the page holds no text; save it with its content")
	}
	p.Meta = charsetMeta(name)
	return []part{p}, nil, nil
}

// decodeHTML decodes a page. Bytes that are UTF-8 are UTF-8 whatever the page
// declares, unless it declares one of the encodings that use bytes of ASCII.
func decodeHTML(data []byte) (text, name string, err error) {
	head := data[:min(len(data), 1024)]
	declared := ""
	if _, name, _ := charset.DetermineEncoding(head, ""); bytes.Contains(bytes.ToLower(head), []byte("charset")) {
		declared = name
	}
	return decodeDeclared(data, declared)
}

func htmlPart(text string) (part, error) {
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		// Parse fails only on elements that nest too deeply.
		return part{}, quarantine(ReasonMalformed, "the page's elements nest too deeply; save it again from a browser")
	}
	var w htmlWriter
	w.walk(root)
	w.flush()
	p := w.out.part()
	if hasControls(p.Text) {
		return part{}, quarantine(ReasonEncoding, "the page holds control characters that no text has; save it again as UTF-8")
	}
	return p, nil
}

// htmlText returns the text of a fragment, "" where it can not be read.
func htmlText(fragment string) string {
	p, err := htmlPart(fragment)
	if err != nil {
		return ""
	}
	return p.Text
}

// An htmlWriter collects a block while elements go by.
type htmlWriter struct {
	out    blockText
	inline strings.Builder
	space  bool // white space is due before the next word
	pre    int  // depth of preformatted elements
	gap    gap  // before the block
	block  Block
	lists  []htmlList
}

type htmlList struct {
	ordered bool
	kind    string // "1", "a", "A", "i", "I"
	next    int
}

// walk writes a node and what is in it. The parser bounds the depth.
func (w *htmlWriter) walk(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.write(n.Data)
		return
	case html.ElementNode:
		if htmlHidden(n) {
			return
		}
		w.element(n)
		return
	}
	w.children(n)
}

func (w *htmlWriter) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.walk(c)
	}
}

func (w *htmlWriter) element(n *html.Node) {
	switch n.DataAtom {
	case atom.Br:
		w.inline.WriteByte('\n')
		w.space = false
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.wrap(n, emptyLineGap, Block{Kind: BlockHeading, Level: int(n.Data[1] - '0')})
	case atom.P, atom.Blockquote, atom.Figure, atom.Dl:
		w.wrap(n, emptyLineGap, Block{Kind: BlockParagraph})
	case atom.Pre:
		w.pre++
		w.wrap(n, emptyLineGap, Block{Kind: BlockParagraph})
		w.pre--
	case atom.Ol, atom.Ul, atom.Menu:
		w.list(n)
	case atom.Li:
		w.item(n)
	case atom.Table:
		w.table(n)
	case atom.Td, atom.Th:
		w.space = true
		w.children(n)
		w.space = true
	case atom.Q:
		w.write("“")
		w.space = false
		w.children(n)
		w.inline.WriteString("”")
	default:
		if htmlBlocks[n.DataAtom] {
			w.wrap(n, lineGap, Block{Kind: BlockParagraph})
			return
		}
		w.children(n)
	}
}

// htmlBlocks are the further elements that stand on lines of their own.
var htmlBlocks = map[atom.Atom]bool{
	atom.Address: true, atom.Article: true, atom.Aside: true, atom.Body: true, atom.Caption: true, atom.Center: true,
	atom.Dd: true, atom.Details: true, atom.Div: true, atom.Dt: true, atom.Fieldset: true, atom.Figcaption: true,
	atom.Footer: true, atom.Form: true, atom.Header: true, atom.Hr: true, atom.Legend: true, atom.Main: true,
	atom.Nav: true, atom.Section: true, atom.Summary: true, atom.Tr: true,
}

// htmlHidden says whether a page does not show an element as text.
func htmlHidden(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Template, atom.Head, atom.Iframe, atom.Object, atom.Svg, atom.Canvas,
		atom.Audio, atom.Video, atom.Select, atom.Datalist, atom.Del:
		return true
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "style":
			style := strings.ToLower(strings.ReplaceAll(a.Val, " ", ""))
			if strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") {
				return true
			}
		}
	}
	return false
}

// wrap writes an element as a block of its own. A block inside an item of a
// list goes on with it.
func (w *htmlWriter) wrap(n *html.Node, g gap, b Block) {
	if w.block.Kind == BlockListItem && strings.TrimSpace(w.inline.String()) == "" && b.Kind == BlockParagraph {
		w.children(n) // the item's first paragraph
		w.flush()
		return
	}
	w.flush()
	if w.block.Kind == BlockHeading && b.Kind == BlockParagraph {
		b.Kind, b.Level = BlockHeading, w.block.Level
	}
	outer, outerGap := w.block, w.gap
	w.block, w.gap = b, maxGap(w.gap, g)
	w.children(n)
	w.flush()
	w.block, w.gap = outer, maxGap(outerGap, g)
}

func maxGap(a, b gap) gap {
	if len(a) > len(b) {
		return a
	}
	return b
}

// flush writes the block that was collected.
func (w *htmlWriter) flush() {
	text := w.inline.String()
	w.inline.Reset()
	w.space = false
	if strings.TrimSpace(text) == "" {
		return
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	b := w.block
	if b.Kind == "" {
		b.Kind = BlockParagraph
	}
	w.out.add(maxGap(w.gap, lineGap), b, strings.Trim(strings.Join(lines, "\n"), "\n"))
	w.block.Label, w.gap = "", ""
	if w.block.Kind == BlockListItem {
		w.block.Kind = BlockParagraph // what follows in the item
	}
}

// write adds text to the block, with its white space folded.
func (w *htmlWriter) write(s string) {
	if w.pre > 0 {
		w.inline.WriteString(strings.ReplaceAll(s, "\t", "    "))
		return
	}
	for s != "" {
		word := strings.TrimLeft(s, " \t\n\r\f")
		if len(word) < len(s) {
			w.space = true
		}
		end := strings.IndexAny(word, " \t\n\r\f")
		if end < 0 {
			end = len(word)
		}
		if end > 0 {
			if before := w.inline.String(); w.space && before != "" && !strings.HasSuffix(before, "\n") {
				w.inline.WriteByte(' ')
			}
			w.space = false
			w.inline.WriteString(strings.ReplaceAll(word[:end], "\u00a0", " "))
		}
		s = word[end:]
	}
}

func (w *htmlWriter) list(n *html.Node) {
	w.flush()
	l := htmlList{ordered: n.DataAtom == atom.Ol, kind: htmlAttr(n, "type"), next: 1}
	if start, err := strconv.Atoi(htmlAttr(n, "start")); err == nil {
		l.next = start
	}
	outer := w.block
	w.block = Block{Kind: BlockParagraph}
	w.lists = append(w.lists, l)
	w.gap = maxGap(w.gap, lineGap)
	w.children(n)
	w.flush()
	w.lists = w.lists[:len(w.lists)-1]
	w.block = outer
	if len(w.lists) == 0 {
		w.gap = emptyLineGap
	}
}

func (w *htmlWriter) item(n *html.Node) {
	w.flush()
	outer := w.block
	w.block = Block{Kind: BlockListItem, Level: max(len(w.lists), 1), Label: "•"}
	if len(w.lists) > 0 {
		l := &w.lists[len(w.lists)-1]
		if value, err := strconv.Atoi(htmlAttr(n, "value")); err == nil {
			l.next = value
		}
		if l.ordered {
			w.block.Label = l.label()
		}
		l.next++
	}
	if htmlStyle(n, "list-style-type:none") {
		w.block.Label = ""
	}
	w.children(n)
	w.flush()
	w.block = outer
}

func (l *htmlList) label() string {
	formats := map[string]string{"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
	return formatNumber(l.next, formats[l.kind]) + "."
}

func htmlAttr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

func htmlStyle(n *html.Node, want string) bool {
	return strings.Contains(strings.ToLower(strings.ReplaceAll(htmlAttr(n, "style"), " ", "")), want)
}

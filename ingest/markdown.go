package ingest

import (
	"context"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// readMarkdown reads CommonMark with tables. The text stays as it is, marks
// included, so that annotations made on the file stay valid; the marks give
// the blocks.
func readMarkdown(_ context.Context, data []byte, _ Limits) ([]part, []BadPart, error) {
	source, name, err := decodeDeclared(data, "")
	if err != nil {
		return nil, nil, err
	}
	if strings.TrimSpace(source) == "" {
		return nil, nil, quarantine(ReasonEmpty, "the file holds white space only; export it again")
	}
	m := markdown{source: source}
	parser := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser()
	m.blocksOf(parser.Parse(text.NewReader([]byte(source))), 0)
	return []part{{Text: source, Blocks: m.blocks, Meta: charsetMeta(name)}}, nil, nil
}

type markdown struct {
	source string
	blocks []Block
}

const maxMarkdownDepth = 100 // lists and quotations inside each other

// blocksOf collects the blocks of a node that holds others.
func (m *markdown) blocksOf(n ast.Node, depth int) {
	if depth > maxMarkdownDepth {
		return
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Heading:
			m.add(c, Block{Kind: BlockHeading, Level: c.Level}, false)
		case *ast.List:
			m.list(c, depth)
		case *extast.Table:
			m.add(c, Block{Kind: BlockTable}, true)
		case *ast.Blockquote:
			m.blocksOf(c, depth+1)
		default:
			m.add(c, Block{Kind: BlockParagraph}, false)
		}
	}
}

// list makes each item's first block a list item, and its others what they are.
func (m *markdown) list(list *ast.List, depth int) {
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		first := item.FirstChild()
		if first == nil {
			continue
		}
		before := len(m.blocks)
		m.blocksOf(item, depth+1)
		if before == len(m.blocks) || m.blocks[before].Kind != BlockParagraph {
			continue
		}
		b := &m.blocks[before]
		b.Kind, b.Level = BlockListItem, listDepth(list)
		line := strings.LastIndexByte(m.source[:b.Start], '\n') + 1
		if mark := strings.TrimLeft(m.source[line:b.Start], " \t>"); mark != "" {
			b.Start -= len(mark)
			b.Label = strings.TrimSpace(mark)
		}
	}
}

func listDepth(n ast.Node) int {
	depth := 0
	for ; n != nil; n = n.Parent() {
		if _, ok := n.(*ast.List); ok {
			depth++
		}
	}
	return depth
}

// add adds a block with the range of a node's lines; of a table from the
// beginning of its first line on.
func (m *markdown) add(n ast.Node, b Block, whole bool) {
	start, end := len(m.source), 0
	ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering || c.Type() == ast.TypeInline {
			return ast.WalkSkipChildren, nil
		}
		if lines := c.Lines(); lines != nil && lines.Len() > 0 {
			start, end = min(start, lines.At(0).Start), max(end, lines.At(lines.Len()-1).Stop)
		}
		return ast.WalkContinue, nil
	})
	if start >= end {
		return
	}
	if whole {
		start = strings.LastIndexByte(m.source[:start], '\n') + 1
		if i := strings.IndexByte(m.source[end:], '\n'); i >= 0 {
			end += i
		} else {
			end = len(m.source)
		}
	}
	if n := len(m.blocks); n > 0 && start < m.blocks[n-1].End {
		return
	}
	b.Start, b.End = trimSpan(m.source, start, end)
	if b.Start < b.End {
		m.blocks = append(m.blocks, b)
	}
}

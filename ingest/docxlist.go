package ingest

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// docxNumbering counts the lists of a document.
//
// Source: ECMA-376-1, 17.9 (numbering).
type docxNumbering struct {
	lists    map[string]docxList        // by numId
	abstract map[string]docxAbstract    // by abstractNumId
	styles   map[string]docxStyle       // by styleId
	counters map[string]*[maxLevels]int // by abstractNumId
	begun    map[string]bool            // numIds that were used
}

const maxLevels = 9

type docxVal struct {
	Val string `xml:"val,attr"`
}

type docxLevel struct {
	Level   int      `xml:"ilvl,attr"`
	Start   docxVal  `xml:"start"`
	Format  docxVal  `xml:"numFmt"`
	Text    docxVal  `xml:"lvlText"`
	Style   docxVal  `xml:"pStyle"`
	Restart *docxVal `xml:"lvlRestart"`
	Legal   *docxVal `xml:"isLgl"`
}

type docxAbstract struct {
	ID     string      `xml:"abstractNumId,attr"`
	Levels []docxLevel `xml:"lvl"`
	Link   docxVal     `xml:"numStyleLink"`
}

// docxList is an instance of a list, which may override levels.
type docxList struct {
	ID        string  `xml:"numId,attr"`
	Abstract  docxVal `xml:"abstractNumId"`
	Overrides []struct {
		Level int        `xml:"ilvl,attr"`
		Start *docxVal   `xml:"startOverride"`
		Own   *docxLevel `xml:"lvl"`
	} `xml:"lvlOverride"`
}

type docxStyle struct {
	ID      string   `xml:"styleId,attr"`
	Type    string   `xml:"type,attr"`
	Default string   `xml:"default,attr"`
	Name    docxVal  `xml:"name"`
	BasedOn docxVal  `xml:"basedOn"`
	List    docxVal  `xml:"pPr>numPr>numId"`
	Level   docxVal  `xml:"pPr>numPr>ilvl"`
	Outline *docxVal `xml:"pPr>outlineLvl"`
}

// docxListRef is the list property of a paragraph.
type docxListRef struct{ id, level string }

// numbering reads the parts that define lists and styles, if there are any.
func (a *docxArchive) numbering(ctx context.Context) (*docxNumbering, error) {
	var lists struct {
		Abstract []docxAbstract `xml:"abstractNum"`
		Nums     []docxList     `xml:"num"`
	}
	var styles struct {
		Styles []docxStyle `xml:"style"`
	}
	if err := a.unmarshal(ctx, "numbering.xml", &lists); err != nil {
		return nil, err
	}
	if err := a.unmarshal(ctx, "styles.xml", &styles); err != nil {
		return nil, err
	}
	n := &docxNumbering{
		lists: make(map[string]docxList), abstract: make(map[string]docxAbstract), styles: make(map[string]docxStyle),
		counters: make(map[string]*[maxLevels]int), begun: make(map[string]bool),
	}
	for _, abstract := range lists.Abstract {
		n.abstract[abstract.ID] = abstract
	}
	for _, num := range lists.Nums {
		n.lists[num.ID] = num
	}
	for _, s := range styles.Styles {
		n.styles[s.ID] = s
		if s.Type == "paragraph" && (s.Default == "1" || s.Default == "true") {
			n.styles[""] = s // of paragraphs without a style
		}
	}
	return n, nil
}

// unmarshal reads a part, if there is one.
func (a *docxArchive) unmarshal(ctx context.Context, name string, into any) error {
	content, ok, err := a.read(a.sibling(name))
	if err != nil || !ok {
		return err
	}
	if xml.Unmarshal(content, into) != nil {
		return docxError(ctx)
	}
	return nil
}

// outline returns the level of a heading, by the paragraph's own property or
// its style's; 0 is no heading.
func (n *docxNumbering) outline(style string, own int) int {
	if own > 0 {
		return own
	}
	for range 10 {
		s, ok := n.styles[style]
		if !ok {
			break
		}
		if s.Outline != nil {
			if level, err := strconv.Atoi(s.Outline.Val); err == nil && level >= 0 && level < 9 {
				return level + 1
			}
			return 0
		}
		switch strings.ToLower(s.Name.Val) {
		case "title":
			return 1
		case "subtitle":
			return 2
		}
		if s.BasedOn.Val == "" {
			break
		}
		style = s.BasedOn.Val
	}
	return 0
}

// label counts a paragraph and returns the label before it, "1.2", with its
// level from 1. A bullet is "•" whatever its font shows.
func (n *docxNumbering) label(style string, ref docxListRef) (label string, level int, bullet bool) {
	id, at := n.inherit(style, ref)
	list, ok := n.lists[id]
	depth, err := strconv.Atoi(at)
	if !ok || err != nil || depth < 0 || depth >= maxLevels {
		return "", 0, false
	}
	abstract := n.linked(list.Abstract.Val)
	counter := n.count(list, abstract, depth)
	l, ok := n.level(list, abstract, depth)
	switch {
	case !ok || l.Format.Val == "none" && !strings.Contains(l.Text.Val, "%"):
		return "", 0, false
	case l.Format.Val == "bullet":
		return "•", depth + 1, true
	}
	label = l.Text.Val
	for i := range depth + 1 {
		place := fmt.Sprintf("%%%d", i+1)
		if !strings.Contains(label, place) {
			continue
		}
		other, _ := n.level(list, abstract, i)
		format := other.Format.Val
		if l.Legal != nil && l.Legal.Val != "0" && l.Legal.Val != "false" && format != "decimalZero" {
			format = "decimal"
		}
		label = strings.ReplaceAll(label, place, formatNumber(max(counter[i], other.start()), format))
	}
	return strings.Join(strings.Fields(label), " "), depth + 1, false
}

// linked follows the link of a list that is defined by a style.
func (n *docxNumbering) linked(abstract string) string {
	for range 5 {
		a := n.abstract[abstract]
		if a.Link.Val == "" || len(a.Levels) > 0 {
			break
		}
		list, ok := n.lists[n.styles[a.Link.Val].List.Val]
		if !ok {
			break
		}
		abstract = list.Abstract.Val
	}
	return abstract
}

// inherit takes a list property that the paragraph lacks from its style. Where
// the style names a list, the level is the one that names the style.
func (n *docxNumbering) inherit(style string, ref docxListRef) (id, level string) {
	if ref.id == "0" {
		return "", "" // the paragraph has left its style's list
	}
	id, level = ref.id, ref.level
	for range 10 {
		s, ok := n.styles[style]
		if !ok || id != "" && level != "" {
			break
		}
		if id == "" && s.List.Val != "" {
			if s.List.Val == "0" {
				return "", ""
			}
			id = s.List.Val
			if level == "" {
				level = n.levelOfStyle(id, s.ID)
			}
		}
		if level == "" {
			level = s.Level.Val
		}
		if s.BasedOn.Val == "" {
			break
		}
		style = s.BasedOn.Val
	}
	if id != "" && level == "" {
		level = "0"
	}
	return id, level
}

func (n *docxNumbering) levelOfStyle(id, style string) string {
	for _, l := range n.abstract[n.linked(n.lists[id].Abstract.Val)].Levels {
		if l.Style.Val == style {
			return strconv.Itoa(l.Level)
		}
	}
	return ""
}

// count counts a paragraph of a list. The instances of a list count together,
// but one that overrides a start begins there when it is first used.
func (n *docxNumbering) count(list docxList, abstract string, depth int) *[maxLevels]int {
	counter := n.counters[abstract]
	if counter == nil {
		counter = new([maxLevels]int)
		for i := range counter {
			l, _ := n.level(list, abstract, i)
			counter[i] = l.start() - 1
		}
		n.counters[abstract] = counter
	}
	if !n.begun[list.ID] {
		n.begun[list.ID] = true
		for _, o := range list.Overrides {
			if o.Start != nil && o.Level >= 0 && o.Level < maxLevels {
				counter[o.Level] = docxLevel{Start: *o.Start}.start() - 1
			}
		}
	}
	counter[depth]++
	for deeper := depth + 1; deeper < maxLevels; deeper++ {
		l, _ := n.level(list, abstract, deeper)
		if l.restartsAfter(depth) {
			counter[deeper] = l.start() - 1
		}
	}
	return counter
}

// restartsAfter says whether a level begins anew after one of a lower depth:
// by default after any, by lvlRestart after those up to a level, from 1, or
// with 0 never.
func (l docxLevel) restartsAfter(depth int) bool {
	if l.Restart == nil {
		return true
	}
	n, err := strconv.Atoi(l.Restart.Val)
	return err != nil || depth < n
}

func (n *docxNumbering) level(list docxList, abstract string, depth int) (docxLevel, bool) {
	for _, o := range list.Overrides {
		if o.Level == depth && o.Own != nil {
			return *o.Own, true
		}
	}
	for _, l := range n.abstract[abstract].Levels {
		if l.Level == depth {
			return l, true
		}
	}
	return docxLevel{}, false
}

func (l docxLevel) start() int {
	if start, err := strconv.Atoi(l.Start.Val); err == nil && start >= 0 && start < 100_000 {
		return start
	}
	return 1
}

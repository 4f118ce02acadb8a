package ingest

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// docxNumbering counts the lists of a document. A nil one labels nothing.
//
// Source: ECMA-376-1, 17.9 (numbering).
type docxNumbering struct {
	lists    map[string]string          // numId to abstractNumId
	levels   map[string][]docxLevel     // by abstractNumId
	styles   map[string]docxStyle       // by styleId
	counters map[string]*[maxLevels]int // by abstractNumId
}

const maxLevels = 9

type docxLevel struct {
	Level  int     `xml:"ilvl,attr"`
	Start  docxVal `xml:"start"`
	Format docxVal `xml:"numFmt"`
	Text   docxVal `xml:"lvlText"`
}

type docxVal struct {
	Val string `xml:"val,attr"`
}

// docxList is the list property of a paragraph or a style.
type docxList struct {
	ID    docxVal `xml:"numId"`
	Level docxVal `xml:"ilvl"`
}

type docxStyle struct {
	ID      string   `xml:"styleId,attr"`
	BasedOn docxVal  `xml:"basedOn"`
	List    docxList `xml:"pPr>numPr"`
}

// numbering reads the parts that define lists and styles, if there are any.
func (a *docxArchive) numbering(ctx context.Context) (*docxNumbering, error) {
	var lists struct {
		Abstract []struct {
			ID     string      `xml:"abstractNumId,attr"`
			Levels []docxLevel `xml:"lvl"`
		} `xml:"abstractNum"`
		Nums []struct {
			ID       string  `xml:"numId,attr"`
			Abstract docxVal `xml:"abstractNumId"`
		} `xml:"num"`
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
		lists: make(map[string]string), levels: make(map[string][]docxLevel),
		styles: make(map[string]docxStyle), counters: make(map[string]*[maxLevels]int),
	}
	for _, abstract := range lists.Abstract {
		n.levels[abstract.ID] = abstract.Levels
	}
	for _, num := range lists.Nums {
		n.lists[num.ID] = num.Abstract.Val
	}
	for _, s := range styles.Styles {
		n.styles[s.ID] = s
	}
	return n, nil
}

// unmarshal reads a part, if there is one.
func (a *docxArchive) unmarshal(ctx context.Context, name string, into any) error {
	content, ok, err := a.read(name)
	if err != nil || !ok {
		return err
	}
	if xml.Unmarshal(content, into) != nil {
		return docxError(ctx)
	}
	return nil
}

// label counts a paragraph and returns the label before it: "1.2 ".
func (n *docxNumbering) label(style, listID, level string) string {
	if n == nil {
		return ""
	}
	listID, level = n.inherit(style, listID, level)
	abstract, ok := n.lists[listID]
	depth, err := strconv.Atoi(level)
	if !ok || err != nil || depth < 0 || depth >= maxLevels {
		return ""
	}
	counter := n.counter(abstract)
	counter[depth]++
	for deeper := depth + 1; deeper < maxLevels; deeper++ {
		counter[deeper] = n.start(abstract, deeper) - 1
	}
	l, ok := n.level(abstract, depth)
	if !ok || l.Format.Val == "none" {
		return ""
	}
	if l.Format.Val == "bullet" {
		return "• "
	}
	label := l.Text.Val
	for i := range depth + 1 {
		place := fmt.Sprintf("%%%d", i+1)
		if strings.Contains(label, place) {
			other, _ := n.level(abstract, i)
			label = strings.ReplaceAll(label, place, formatNumber(max(counter[i], n.start(abstract, i)), other.Format.Val))
		}
	}
	if label = strings.TrimSpace(label); label == "" {
		return ""
	}
	return label + " "
}

// inherit takes a list property that the paragraph lacks from its style.
func (n *docxNumbering) inherit(style, listID, level string) (string, string) {
	for range 10 {
		s, ok := n.styles[style]
		if !ok || listID != "" && level != "" {
			break
		}
		if listID == "" {
			listID = s.List.ID.Val
		}
		if level == "" {
			level = s.List.Level.Val
		}
		style = s.BasedOn.Val
	}
	if listID != "" && level == "" {
		level = "0"
	}
	return listID, level
}

func (n *docxNumbering) counter(abstract string) *[maxLevels]int {
	c := n.counters[abstract]
	if c == nil {
		c = new([maxLevels]int)
		for i := range c {
			c[i] = n.start(abstract, i) - 1
		}
		n.counters[abstract] = c
	}
	return c
}

func (n *docxNumbering) level(abstract string, depth int) (docxLevel, bool) {
	for _, l := range n.levels[abstract] {
		if l.Level == depth {
			return l, true
		}
	}
	return docxLevel{}, false
}

func (n *docxNumbering) start(abstract string, depth int) int {
	l, _ := n.level(abstract, depth)
	if start, err := strconv.Atoi(l.Start.Val); err == nil && start >= 0 && start < 100_000 {
		return start
	}
	return 1
}

// formatNumber writes a list number; formats that are not known are decimal.
func formatNumber(n int, format string) string {
	switch format {
	case "lowerLetter":
		return strings.ToLower(letterNumber(n))
	case "upperLetter":
		return letterNumber(n)
	case "lowerRoman":
		return strings.ToLower(romanNumber(n))
	case "upperRoman":
		return romanNumber(n)
	case "decimalZero":
		return fmt.Sprintf("%02d", n)
	}
	return strconv.Itoa(n)
}

// letterNumber counts A to Z, then AA, BB and so on, as Word does.
func letterNumber(n int) string {
	if n < 1 || n > 780 {
		return strconv.Itoa(n)
	}
	return strings.Repeat(string(rune('A'+(n-1)%26)), (n-1)/26+1)
}

func romanNumber(n int) string {
	if n < 1 || n > 3999 {
		return strconv.Itoa(n)
	}
	var b strings.Builder
	values := []int{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1}
	letters := []string{"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"}
	for i, v := range values {
		for ; n >= v; n -= v {
			b.WriteString(letters[i])
		}
	}
	return b.String()
}

package samples

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// plainText lays a contract out as a text file.
func plainText(c *contract, rng *rand.Rand) string {
	width := pick(rng, []int{0, 72, 78, 90}) // 0: a line a paragraph
	centered := width > 0 && rng.IntN(2) == 0
	indent := ""
	if width > 0 && rng.IntN(3) == 0 {
		indent = "    "
	}
	var b strings.Builder
	for i, p := range c.blocks {
		text := p.prefix + p.text
		switch {
		case p.role == blockTitle && centered:
			text = strings.Repeat(" ", max(0, (width-len(text))/2)) + text
		case p.role == blockText && p.prefix != "":
			text = wrap(indent+text, width)
		default:
			text = wrap(text, width)
		}
		b.WriteString(text)
		b.WriteString("\n")
		if p.role != blockSignature || i+1 < len(c.blocks) && strings.HasPrefix(p.text, "Title: ") {
			b.WriteString("\n")
		}
	}
	return b.String()
}

// wrap breaks a paragraph into lines of at most width characters.
func wrap(text string, width int) string {
	if width == 0 {
		return text
	}
	var b strings.Builder
	lead := len(text) - len(strings.TrimLeft(text, " "))
	b.WriteString(text[:lead])
	column := lead
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// pageNumber is the foot of a page.
func pageNumber(style, page, pages int) string {
	switch style {
	case 0:
		return fmt.Sprintf("Page %d of %d", page, pages)
	case 1:
		return fmt.Sprintf("- %d -", page)
	case 2:
		return fmt.Sprint(page)
	default:
		return ""
	}
}

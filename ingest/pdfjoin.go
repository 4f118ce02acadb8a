package ingest

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// joinPages makes one text of the pages. Headers and footers stay in it, as
// paragraphs of their own: annotations and quotes made on other renderings of
// a document hold them, and nothing that a page says is lost. Each page's Body
// tells them from the running text.
//
// A page's range includes the empty line after it, so that every offset
// belongs to a page. A sentence that goes on over a page without header or
// footer between has no empty line in it.
func joinPages(pages []pdfPage) part {
	lines := make([][]string, len(pages))
	for i := range pages {
		if pages[i].text != "" {
			lines[i] = strings.Split(pages[i].text, "\n")
		}
	}
	joinHyphens(lines)
	edges := findEdges(lines)
	var p part
	var b strings.Builder
	empty := 0
	for i, page := range pages {
		head, body, foot := edges[i].cut(lines[i])
		out := Page{Number: i + 1, Start: b.Len(), Reader: page.reader}
		writeBlock(&b, head, body != "" || foot != "")
		out.BodyStart = b.Len()
		b.WriteString(body)
		out.BodyEnd = b.Len()
		if body != "" && foot != "" {
			b.WriteString("\n\n")
		}
		b.WriteString(foot)
		switch {
		case b.Len() == out.Start:
			empty++
		case i == len(pages)-1:
		case foot == "" && edges[i+1].top == 0 && runsOn(body, strings.Join(lines[i+1], "\n")):
			b.WriteByte('\n')
		default:
			b.WriteString("\n\n")
		}
		out.End = b.Len()
		p.Pages = append(p.Pages, out)
	}
	p.Text = b.String()
	if empty > 0 {
		p.Meta = map[string]string{"pages_without_text": strconv.Itoa(empty)}
	}
	return p
}

func writeBlock(b *strings.Builder, text string, more bool) {
	b.WriteString(text)
	if text != "" && more {
		b.WriteString("\n\n")
	}
}

// runsOn says whether a sentence goes on from the end of one text to the
// beginning of the next.
func runsOn(text, next string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	first, _ := utf8.DecodeRuneInString(next)
	return text != "" && !strings.ContainsRune(".:;!?", last) && unicode.IsLower(first)
}

// joinHyphens puts words together that the ends of lines divide. The rest of
// the word comes up to the first line.
func joinHyphens(pages [][]string) {
	var known map[string]bool
	for page, lines := range pages {
		for i := 0; i+1 < len(lines); i++ {
			left, right, ok := dividedWord(lines[i], lines[i+1])
			if !ok {
				continue
			}
			if known == nil {
				known = wordsOf(pages)
			}
			line := lines[i]
			if !keepsHyphen(left, right, known) {
				line = line[:len(line)-1]
			}
			lines[i] = line + right
			lines[i+1] = strings.TrimPrefix(lines[i+1][len(right):], " ")
			if lines[i+1] == "" {
				lines = slices.Delete(lines, i+1, i+2)
			}
		}
		pages[page] = lines
	}
}

// dividedWord returns the two parts of a word that line ends with, without the
// hyphen, and that next goes on with.
func dividedWord(line, next string) (left, right string, ok bool) {
	if !strings.HasSuffix(line, "-") || next == "" {
		return "", "", false
	}
	left = line[strings.LastIndexByte(line, ' ')+1 : len(line)-1]
	right, _, _ = strings.Cut(next, " ")
	last, _ := utf8.DecodeLastRuneInString(left)
	first, _ := utf8.DecodeRuneInString(right)
	return left, right, (unicode.IsLetter(last) || unicode.IsDigit(last)) && (unicode.IsLetter(first) || unicode.IsDigit(first))
}

// prefixes are parts of words that English writes with a hyphen.
var prefixes = map[string]bool{
	"anti": true, "co": true, "counter": true, "cross": true, "ex": true, "full": true, "half": true, "high": true,
	"inter": true, "intra": true, "long": true, "low": true, "mid": true, "multi": true, "non": true, "off": true,
	"on": true, "one": true, "over": true, "part": true, "post": true, "pre": true, "pro": true, "quasi": true,
	"re": true, "self": true, "semi": true, "short": true, "sub": true, "third": true, "two": true, "well": true,
}

// keepsHyphen tells a compound ("two-day") from a word divided for the line
// ("compen-sation"). What the document writes elsewhere decides; else the
// forms of the parts.
func keepsHyphen(left, right string, known map[string]bool) bool {
	left, right = strings.ToLower(trimMarks(left)), trimMarks(right)
	first, _ := utf8.DecodeRuneInString(right)
	last, _ := utf8.DecodeLastRuneInString(left)
	if !unicode.IsLower(first) || unicode.IsDigit(last) || strings.ContainsRune(left, '-') {
		return true
	}
	right, _, _ = strings.Cut(strings.ToLower(right), "-")
	switch {
	case known[left+right]:
		return false
	case known[left+"-"+right] || prefixes[left]:
		return true
	}
	return len(right) >= 3 && known[left] && known[right]
}

func trimMarks(word string) string {
	return strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// wordsOf collects the words of a document in lower case, but for those that
// the end of a line may have divided.
func wordsOf(pages [][]string) map[string]bool {
	known := make(map[string]bool)
	for _, lines := range pages {
		divided := false
		for _, line := range lines {
			words := strings.Fields(line)
			if divided && len(words) > 0 {
				words = words[1:]
			}
			divided = strings.HasSuffix(line, "-")
			if divided && len(words) > 0 {
				words = words[:len(words)-1]
			}
			for _, w := range words {
				known[strings.ToLower(trimMarks(w))] = true
			}
		}
	}
	return known
}

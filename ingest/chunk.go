package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Chunk is a range of a document's text with its length in tokens.
type Chunk struct {
	Start  int `json:"start"` // bytes
	End    int `json:"end"`
	Tokens int `json:"tokens"`
}

// Chunks cuts a document's text into ranges of at most max tokens, as count
// counts them. The chunks follow each other and cover the text. They end at
// paragraphs where they can, else at sentences, else at words, and inside a
// word only when it alone is longer than max; a single character of more than
// max tokens stays whole.
func Chunks(doc *Document, count func(string) int, max int) []Chunk {
	c := chunker{text: doc.Text, count: count, max: max}
	return c.split(0, len(doc.Text), 0)
}

type chunker struct {
	text  string
	count func(string) int
	max   int
}

// cutters end at ever smaller borders.
var cutters = []func(string) int{firstParagraph, firstSentence, firstWord, firstRune}

// split returns the chunks of a range. A unit that is too long is cut at the
// next smaller borders and packed by itself, so that its neighbours end where
// they should.
func (c *chunker) split(start, end, level int) []Chunk {
	var chunks, fitting []Chunk
	for start < end {
		size := cutters[level](c.text[start:end])
		n := c.count(c.text[start : start+size])
		if n <= c.max || level+1 == len(cutters) {
			fitting = append(fitting, Chunk{start, start + size, n})
		} else {
			chunks = append(chunks, c.pack(fitting)...)
			chunks = append(chunks, c.split(start, start+size, level+1)...)
			fitting = nil
		}
		start += size
	}
	return append(chunks, c.pack(fitting)...)
}

// pack joins neighbouring pieces as long as they fit together.
func (c *chunker) pack(pieces []Chunk) []Chunk {
	var chunks []Chunk
	for len(pieces) > 0 {
		sum, n := pieces[0].Tokens, 1
		for n < len(pieces) && sum+pieces[n].Tokens <= c.max {
			sum += pieces[n].Tokens
			n++
		}
		// Tokens may fall otherwise at the seams, seldom to more.
		chunk := c.join(pieces[:n])
		for chunk.Tokens > c.max && n > 1 {
			n--
			chunk = c.join(pieces[:n])
		}
		chunks = append(chunks, chunk)
		pieces = pieces[n:]
	}
	return chunks
}

func (c *chunker) join(pieces []Chunk) Chunk {
	if len(pieces) == 1 {
		return pieces[0]
	}
	start, end := pieces[0].Start, pieces[len(pieces)-1].End
	return Chunk{start, end, c.count(c.text[start:end])}
}

// firstParagraph returns the length of a paragraph with the empty lines after
// it.
func firstParagraph(s string) int {
	from := 0
	for {
		i := strings.Index(s[from:], "\n")
		if i < 0 {
			return len(s)
		}
		end := from + i
		space := end + spaceLen(s[end:])
		if strings.Count(s[end:space], "\n") > 1 {
			return space
		}
		from = max(space, end+1)
	}
}

// firstSentence returns the length of a sentence with the white space after
// it. An abbreviation may end a sentence early, which does no harm here.
func firstSentence(s string) int {
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(".!?;:", s[i]) < 0 {
			continue
		}
		end := i + 1
		for end < len(s) && strings.IndexByte(`"')]`, s[end]) >= 0 {
			end++
		}
		if space := spaceLen(s[end:]); space > 0 {
			return end + space
		}
	}
	return len(s)
}

// firstWord returns the length of a word with the white space after it.
func firstWord(s string) int {
	lead := spaceLen(s)
	i := strings.IndexFunc(s[lead:], unicode.IsSpace)
	if i < 0 {
		return len(s)
	}
	return lead + i + spaceLen(s[lead+i:])
}

func firstRune(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func spaceLen(s string) int {
	return len(s) - len(strings.TrimLeftFunc(s, unicode.IsSpace))
}

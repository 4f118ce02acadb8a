package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A numberLabel is a number or bullet at the beginning of a paragraph.
type numberLabel struct {
	text     string // as written: "Section 4.2", "(a)", "•"
	end      int    // where the text after it begins
	bullet   bool
	readings []reading
	// mayStandInside: it may begin a clause inside a paragraph.
	mayStandInside bool
	lower          bool // a lower-case word may follow
}

// A reading is a value that a label may have: "(i)" is the first Roman number
// or the ninth letter.
type reading struct {
	style string // labels of a sequence share it: "article I", "1.1", "(a)"
	path  []int  // 4.2 is [4 2]
}

// labelWords introduce numbers. They are the common words for the parts of a
// document.
var labelWords = []string{"article", "section", "clause", "chapter", "part", "paragraph", "sec.", "§"}

const bullets = "•·▪■□●○◦‣⁃➢➤►▶–—-*o\uf0b7\uf0a7\uf0d8"

// isLabel says whether a text is a label and nothing else.
func isLabel(text string) bool {
	text = strings.TrimSpace(text)
	l, ok := parseLabel(text + " ")
	return ok && l.text == text
}

// parseLabel reads the label at the beginning of a text, if there is one.
func parseLabel(text string) (numberLabel, bool) {
	if text == "" {
		return numberLabel{}, false
	}
	if r, size := utf8.DecodeRuneInString(text); strings.ContainsRune(bullets, r) {
		if size < len(text) && (text[size] == ' ' || text[size] == '\t') {
			return numberLabel{text: text[:size], end: size + spaceLen(text[size:]), bullet: true, lower: true}, true
		}
		return numberLabel{}, false
	}
	if text[0] == '(' {
		return parseParenthesis(text)
	}
	for _, word := range labelWords {
		if len(text) > len(word) && strings.EqualFold(text[:len(word)], word) {
			return parseWord(text, word)
		}
	}
	return parseNumber(text, "")
}

// parseParenthesis reads "(a)", "(iv)", "(12)".
func parseParenthesis(text string) (numberLabel, bool) {
	end := strings.IndexByte(text[:min(len(text), 8)], ')')
	if end < 2 {
		return numberLabel{}, false
	}
	readings := singles(text[1:end], "(", ")")
	if len(readings) == 0 {
		return numberLabel{}, false
	}
	return numberLabel{text: text[:end+1], end: end + 1 + spaceLen(text[end+1:]), readings: readings, lower: true}, true
}

// parseWord reads "ARTICLE IV", "Section 4.2.", "§ 3".
func parseWord(text, word string) (numberLabel, bool) {
	rest := text[len(word):]
	space := spaceLen(rest)
	if space == 0 && word != "§" || space > 4 || strings.Contains(rest[:space], "\n\n") {
		return numberLabel{}, false
	}
	l, ok := parseNumber(rest[space:], word+" ")
	if !ok {
		return numberLabel{}, false
	}
	before := len(word) + space
	l.text, l.end = text[:before+len(l.text)], l.end+before
	l.text = strings.Join(strings.Fields(l.text), " ")
	l.mayStandInside, l.lower = true, false
	if r := text[0]; unicode.IsLower(rune(r)) {
		return numberLabel{}, false // "section 4" begins no clause
	}
	return l, true
}

// parseNumber reads "4.2", "4.", "IV.", "a)", and after a word also "4", "IV",
// "A".
func parseNumber(text, word string) (numberLabel, bool) {
	i, path := 0, []int(nil)
	for i < len(text) && len(path) < 7 {
		n, digits := 0, 0
		for i+digits < len(text) && text[i+digits] >= '0' && text[i+digits] <= '9' && digits < 4 {
			n = n*10 + int(text[i+digits]-'0')
			digits++
		}
		if digits == 0 || digits == 4 || n > 300 {
			break
		}
		path = append(path, n)
		i += digits
		if i+1 >= len(text) || text[i] != '.' || text[i+1] < '0' || text[i+1] > '9' {
			break
		}
		i++
	}
	if len(path) == 0 {
		return parseLetters(text, word)
	}
	end, mark := i, ""
	if end < len(text) && (text[end] == '.' || text[end] == ')' || text[end] == ':' && word != "") {
		mark = text[end : end+1]
		end++
	}
	if end > 0 && text[end-1] == '.' && mark == "" {
		return numberLabel{}, false
	}
	l := numberLabel{text: text[:end], mayStandInside: len(path) > 1 || mark == "."}
	space := spaceLen(text[end:])
	if end < len(text) && space == 0 {
		// "3.3Suppliers" lost its space; "3.3%" is no label.
		r, _ := utf8.DecodeRuneInString(text[end:])
		if !unicode.IsUpper(r) && r != '[' && !(word != "" && strings.ContainsRune("-–—(", r)) || len(path) == 1 && mark == "" {
			return numberLabel{}, false
		}
	}
	if len(path) == 1 && mark == "" && word == "" {
		// "4 Title": many sentences begin with a number.
		l.mayStandInside = false
	}
	l.end = end + space
	style := word + "1" + strings.Repeat(".1", len(path)-1)
	if len(path) == 1 && word == "" {
		style += mark
	}
	l.readings = []reading{{style, path}}
	return l, true
}

// parseLetters reads "a.", "IV)", and after a word "IV" and "A".
func parseLetters(text, word string) (numberLabel, bool) {
	n := 0
	for n < len(text) && n < 8 && (text[n] >= 'a' && text[n] <= 'z' || text[n] >= 'A' && text[n] <= 'Z') {
		n++
	}
	if n == 0 {
		return numberLabel{}, false
	}
	name, end, mark := text[:n], n, ""
	if n < len(text) && strings.IndexByte(".):", text[n]) >= 0 {
		mark = text[n : n+1]
		end++
	}
	if word == "" && (mark == "" || mark == ":") {
		return numberLabel{}, false
	}
	if end < len(text) && spaceLen(text[end:]) == 0 && !(word != "" && strings.HasPrefix(text[end:], "-")) {
		return numberLabel{}, false
	}
	if word != "" {
		mark = ""
	}
	readings := singles(name, word, mark)
	if len(readings) == 0 {
		return numberLabel{}, false
	}
	return numberLabel{text: text[:end], end: end + spaceLen(text[end:]), readings: readings, lower: word == ""}, true
}

// romanValues are the Roman numbers that labels have.
var romanValues = func() map[string]int {
	values := make(map[string]int)
	for n := 1; n <= 50; n++ {
		values[romanNumber(n)] = n
	}
	return values
}()

// singles returns what a number, letter or Roman number between two marks may
// be.
func singles(name, before, after string) []reading {
	if name == "" {
		return nil
	}
	add := func(kind string, n int) reading { return reading{before + kind + after, []int{n}} }
	if name[0] >= '0' && name[0] <= '9' {
		n := 0
		for _, c := range []byte(name) {
			if c < '0' || c > '9' || n > 300 {
				return nil
			}
			n = n*10 + int(c-'0')
		}
		return []reading{add("1", n)}
	}
	var readings []reading
	upper, lower := strings.ToUpper(name), strings.ToLower(name)
	if name != upper && name != lower {
		return nil
	}
	roman, letter := "i", "a"
	if name == upper {
		roman, letter = "I", "A"
	}
	if n, ok := romanValues[upper]; ok {
		readings = append(readings, add(roman, n))
	}
	if strings.Count(upper, upper[:1]) == len(upper) && len(upper) <= 3 {
		readings = append(readings, add(letter, int(upper[0]-'A')+1+26*(len(upper)-1)))
	}
	return readings
}

// mayPrecede says whether the text after a label can be a clause's: a sentence
// that a reference stands in goes on in lower case or with a comma.
func (l numberLabel) mayPrecede(rest string) bool {
	rest = strings.TrimSpace(rest[:min(len(rest), 80)])
	if rest == "" {
		return true
	}
	r, _ := utf8.DecodeRuneInString(rest)
	if strings.ContainsRune(",;)%", r) {
		return false
	}
	if !l.lower && unicode.IsLower(firstRuneOf(rest)) {
		return false
	}
	if len(l.readings) > 0 && l.readings[0].style == "1" && !unicode.IsUpper(firstRuneOf(rest)) {
		return false
	}
	return true
}

package ingest

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/text/encoding/htmlindex"
)

// decodeCharset decodes bytes of an encoding that is certain: by a byte-order
// mark, by being UTF-8 or zero-padded as UTF-16 and UTF-32 are, by what the
// format declares if the bytes agree, or by a detector that has no doubt. It
// returns the encoding's name as the WHATWG Encoding Standard has it.
func decodeCharset(data []byte, declared string) (text, charset string, ok bool) {
	if text, charset, ok, found := decodeUnicode(data); found {
		return text, charset, ok
	}
	escapes := bytes.Contains(data, []byte("\x1b$")) || bytes.Contains(data, []byte("\x1b("))
	if declared != "" && (escapes || !utf8.Valid(data)) {
		if text, charset, ok := decodeNamed(data, declared); ok {
			return text, charset, true
		}
	}
	switch {
	case escapes:
		return decodeNamed(data, "iso-2022-jp")
	case utf8.Valid(data):
		return string(data), "utf-8", true
	}
	return detectCharset(data)
}

// decodeUnicode decodes what is UTF-8, UTF-16 or UTF-32 by its mark or by its
// zero bytes; found is false for anything else.
func decodeUnicode(data []byte) (text, charset string, ok, found bool) {
	marks := []struct {
		mark, charset string
		decode        func([]byte) (string, bool)
	}{
		{"\xef\xbb\xbf", "utf-8", func(b []byte) (string, bool) { return string(b), utf8.Valid(b) }},
		{"\xff\xfe\x00\x00", "utf-32le", func(b []byte) (string, bool) { return decodeUTF32(b, binary.LittleEndian) }},
		{"\x00\x00\xfe\xff", "utf-32be", func(b []byte) (string, bool) { return decodeUTF32(b, binary.BigEndian) }},
		{"\xff\xfe", "utf-16le", func(b []byte) (string, bool) { return decodeUTF16(b, binary.LittleEndian) }},
		{"\xfe\xff", "utf-16be", func(b []byte) (string, bool) { return decodeUTF16(b, binary.BigEndian) }},
	}
	for _, m := range marks {
		if rest, marked := bytes.CutPrefix(data, []byte(m.mark)); marked {
			text, ok = m.decode(rest)
			return text, m.charset, ok, true
		}
	}
	if bytes.IndexByte(data, 0) < 0 {
		return "", "", false, false
	}
	// Without a mark, ASCII letters give the width and order away.
	zeros := [4]int{}
	for i, c := range data {
		if c == 0 {
			zeros[i%4]++
		}
	}
	n := len(data) / 4
	most, none := func(i int) bool { return zeros[i]*10 > n*9 }, func(i int) bool { return zeros[i] == 0 }
	some := func(i, j int) bool { return (zeros[i]+zeros[j])*3 > n*4 } // two in three
	switch {
	case n < 4: // too little to tell
	case most(2) && most(3) && none(0):
		text, ok = decodeUTF32(data, binary.LittleEndian)
		return text, "utf-32le", ok, true
	case most(0) && most(1) && none(3):
		text, ok = decodeUTF32(data, binary.BigEndian)
		return text, "utf-32be", ok, true
	case some(1, 3) && none(0) && none(2):
		text, ok = decodeUTF16(data, binary.LittleEndian)
		return text, "utf-16le", ok, true
	case some(0, 2) && none(1) && none(3):
		text, ok = decodeUTF16(data, binary.BigEndian)
		return text, "utf-16be", ok, true
	}
	return "", "", false, true
}

func decodeUTF16(data []byte, order binary.ByteOrder) (string, bool) {
	if len(data)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	text := string(utf16.Decode(units))
	return text, !strings.ContainsRune(text, utf8.RuneError)
}

func decodeUTF32(data []byte, order binary.ByteOrder) (string, bool) {
	if len(data)%4 != 0 {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(data); i += 4 {
		r := order.Uint32(data[i:])
		if r > unicode.MaxRune || !utf8.ValidRune(rune(r)) {
			return "", false
		}
		b.WriteRune(rune(r))
	}
	return b.String(), true
}

// decodeNamed decodes bytes of a named encoding, each of which must stand for
// a character there.
func decodeNamed(data []byte, name string) (text, charset string, ok bool) {
	e, err := htmlindex.Get(strings.TrimSpace(name))
	if err != nil {
		return "", "", false
	}
	if charset, err = htmlindex.Name(e); err != nil || charset == "replacement" {
		return "", "", false
	}
	out, err := e.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(out, utf8.RuneError) {
		return "", "", false
	}
	text = string(out)
	ok = !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 && r < 0xa0 || unicode.Is(unicode.Co, r) })
	return text, charset, ok
}

const (
	detectSample = 64 << 10 // bytes that the detector looks at
	surely       = 40       // its confidence of 100 that is enough
	byFar        = 10       // and the lead over the next that reads otherwise
	enough       = 8        // bytes beyond ASCII
)

// detectCharset decodes bytes that are no Unicode. Windows-1252, the commonest,
// is taken where each byte makes sense in it, unless the detector is sure of
// another. Bytes that two encodings read differently with about the same right
// are not decoded.
func detectCharset(data []byte) (text, charset string, ok bool) {
	western, _, plain := decodeWindows1252(data)
	guesses, err := chardet.NewTextDetector().DetectAll(data[:min(len(data), detectSample)])
	if err != nil {
		guesses = nil
	}
	best, rival := chardet.Result{}, 0
	for _, g := range guesses {
		t, name, ok := decodeNamed(data, strings.TrimSuffix(g.Charset, "-I"))
		switch {
		case !ok:
		case best.Charset == "":
			best, text, charset = g, t, name
		case t != text:
			rival = max(rival, g.Confidence)
		}
	}
	sure := highBytes(data) >= enough && best.Confidence >= surely && best.Confidence-rival >= byFar && mostlyLetters(text)
	switch {
	case plain && (!sure || charset == "windows-1252"):
		return western, "windows-1252", true
	case sure && charset != "windows-1252":
		return text, charset, true
	}
	return "", "", false
}

// mostlyLetters says whether nearly all characters beyond ASCII are letters or
// punctuation, as in a text that was decoded rightly.
func mostlyLetters(text string) bool {
	all, good := 0, 0
	for _, r := range text {
		if r < utf8.RuneSelf {
			continue
		}
		all++
		if unicode.IsLetter(r) || unicode.IsPunct(r) || unicode.IsSpace(r) || unicode.IsMark(r) {
			good++
		}
	}
	return good*10 >= all*9
}

// decodeWindows1252 decodes bytes that are not UTF-8, if each byte beyond
// ASCII makes sense where it stands: typographic punctuation, a letter beside
// a letter. Broken UTF-8 and other code pages do not pass.
func decodeWindows1252(data []byte) (text, charset string, ok bool) {
	if mixesUTF8(data) {
		return "", "", false
	}
	for i, c := range data {
		if c >= utf8.RuneSelf && !plausible1252(data, i) {
			return "", "", false
		}
	}
	if highBytes(data)*3 > len(data) {
		return "", "", false
	}
	return decodeNamed(data, "windows-1252")
}

// highBytes counts the bytes beyond ASCII.
func highBytes(data []byte) int {
	n := 0
	for _, c := range data {
		if c >= utf8.RuneSelf {
			n++
		}
	}
	return n
}

// mixesUTF8 says whether data holds Western letters or punctuation as UTF-8.
// Other characters may come about where a letter stands before a quotation
// mark.
func mixesUTF8(data []byte) bool {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if size > 1 && (r < 0x250 || r >= 0x2010 && r < 0x2200) {
			return true
		}
		i += max(size, 1)
	}
	return false
}

func plausible1252(data []byte, i int) bool {
	const (
		punctuation = "\x80\x85\x86\x87\x89\x91\x92\x95\x96\x97\x99\xa0\xa2\xa3\xa5\xa7\xa9\xab\xae\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb9\xba\xbb\xbc\xbd\xbe"
		opening     = "\x82\x84\x8b"
		quotes      = "\x93\x94\x9b"
		letters     = "\x8a\x8c\x8e\x9a\x9c\x9e\x9f"
		words       = "\xc0\xc8\xc9\xd3\xe0\xe8\xe9\xf3" // À È É Ó à è é ó
	)
	asciiLetter := func(j int) bool {
		return j >= 0 && j < len(data) && data[j] < utf8.RuneSelf && unicode.IsLetter(rune(data[j]))
	}
	c := data[i]
	switch {
	case strings.IndexByte(punctuation, c) >= 0:
		return true
	case strings.IndexByte(opening, c) >= 0: // in DOS code pages letters
		return !asciiLetter(i - 1)
	case strings.IndexByte(quotes, c) >= 0:
		return !asciiLetter(i-1) || !asciiLetter(i+1)
	}
	apart := func(j int) bool {
		return j < 0 || j >= len(data) || data[j] < utf8.RuneSelf && !unicode.IsLetter(rune(data[j]))
	}
	if strings.IndexByte(words, c) >= 0 && apart(i-1) && apart(i+1) {
		return true
	}
	letter := func(j int) bool {
		return j >= 0 && j < len(data) && (data[j] >= 0xc0 && data[j] != 0xd7 && data[j] != 0xf7 || strings.IndexByte(letters, data[j]) >= 0)
	}
	return letter(i) && (asciiLetter(i-1) || asciiLetter(i+1) || letter(i-1) && asciiLetter(i-2) || letter(i+1) && asciiLetter(i+2))
}

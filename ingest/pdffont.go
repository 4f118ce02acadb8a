package ingest

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ledongthuc/pdf"
	"golang.org/x/text/encoding/charmap"
)

// A glyph is a character as a page draws it.
type glyph struct {
	text  string
	width float64 // in thousandths of the font size
	space bool    // the code is a single byte 32, which word spacing widens
}

// A pdfFont turns the codes of a string into glyphs.
type pdfFont struct {
	composite bool
	unicode   *charMap // nil: none
	simple    [256]string
	widths    map[int]float64
	missing   float64
	utf16     bool          // codes are UTF-16
	known     map[int]glyph // by code and its length
}

// newPDFFont reads a font dictionary. stream reads a stream within the budget.
func newPDFFont(v pdf.Value, stream func(pdf.Value) ([]byte, error)) (*pdfFont, error) {
	f := &pdfFont{widths: make(map[int]float64), missing: 500, known: make(map[int]glyph)}
	if cmap := v.Key("ToUnicode"); cmap.Kind() == pdf.Stream {
		data, err := stream(cmap)
		if err != nil {
			return nil, err
		}
		f.unicode = parseCharMap(data)
	}
	if v.Key("Subtype").Name() == "Type0" {
		f.composite = true
		name := v.Key("Encoding").Name()
		f.utf16 = strings.Contains(name, "UCS2") || strings.Contains(name, "UTF16")
		f.readCompositeWidths(v.Key("DescendantFonts").Index(0))
		return f, nil
	}
	f.readSimpleWidths(v)
	f.readEncoding(v)
	return f, nil
}

func (f *pdfFont) readSimpleWidths(v pdf.Value) {
	first := int(v.Key("FirstChar").Int64())
	widths := v.Key("Widths")
	for i := range min(widths.Len(), 256) {
		f.widths[first+i] = widths.Index(i).Float64()
	}
	if w := v.Key("FontDescriptor").Key("MissingWidth"); w.Kind() != pdf.Null {
		f.missing = w.Float64()
	}
	if v.Key("Subtype").Name() == "Type3" {
		// Type 3 widths are in glyph space, whose scale the matrix gives.
		scale := v.Key("FontMatrix").Index(0).Float64() * 1000
		for code := range f.widths {
			f.widths[code] *= scale
		}
	}
	if widths.Len() == 0 {
		fixed := strings.Contains(v.Key("BaseFont").Name(), "Courier")
		for code := range 256 {
			f.widths[code] = standardWidth(byte(code), fixed)
		}
	}
}

// standardWidth estimates the width of a glyph of the fonts that every viewer
// has and files need not describe. It lies between Helvetica and Times.
func standardWidth(c byte, fixed bool) float64 {
	switch {
	case fixed:
		return 600
	case c == ' ' || strings.IndexByte("iljt.,;:'!|()[]/fI-", c) >= 0:
		return 270
	case strings.IndexByte("mwMW%@", c) >= 0:
		return 830
	case c >= 'A' && c <= 'Z':
		return 670
	}
	return 510
}

// readCompositeWidths reads the W array: "c [w1 w2 …]" or "first last w".
func (f *pdfFont) readCompositeWidths(v pdf.Value) {
	f.missing = 1000
	if dw := v.Key("DW"); dw.Kind() != pdf.Null {
		f.missing = dw.Float64()
	}
	w := v.Key("W")
	for i := 0; i+1 < w.Len() && len(f.widths) < 1<<16; {
		first := int(w.Index(i).Int64())
		if list := w.Index(i + 1); list.Kind() == pdf.Array {
			for j := range list.Len() {
				f.widths[first+j] = list.Index(j).Float64()
			}
			i += 2
			continue
		}
		last, width := int(w.Index(i+1).Int64()), w.Index(i+2).Float64()
		for code := max(first, 0); code <= min(last, 1<<16); code++ {
			f.widths[code] = width
		}
		i += 3
	}
}

// readEncoding fills the characters of the codes of a simple font.
func (f *pdfFont) readEncoding(v pdf.Value) {
	enc := v.Key("Encoding")
	base := enc.Name()
	if enc.Kind() == pdf.Dict {
		base = enc.Key("BaseEncoding").Name()
	}
	for code := range 256 {
		f.simple[code] = baseCharacter(base, byte(code))
	}
	if enc.Kind() != pdf.Dict {
		return
	}
	// The library knows the names of glyphs, but tells only through decoding.
	font := pdf.Font{V: v}
	names := font.Encoder()
	differences := enc.Key("Differences")
	code := 0
	for i := range min(differences.Len(), 1024) {
		d := differences.Index(i)
		if d.Kind() == pdf.Integer {
			code = int(d.Int64())
			continue
		}
		if code >= 0 && code < 256 {
			if text := glyphName(d.Name(), names.Decode(string([]byte{byte(code)})), code); text != "" {
				f.simple[code] = text
			}
		}
		code++
	}
}

// glyphName returns the text of a named glyph: known is what the library says,
// which is the code itself where it does not know the name.
func glyphName(name, known string, code int) string {
	name, _, _ = strings.Cut(name, ".")
	if hex, ok := strings.CutPrefix(name, "uni"); ok && len(hex) >= 4 {
		if n, err := strconv.ParseUint(hex[:4], 16, 32); err == nil {
			return string(rune(n))
		}
	}
	if hex, ok := strings.CutPrefix(name, "u"); ok && len(hex) >= 4 && len(hex) <= 6 {
		if n, err := strconv.ParseUint(hex, 16, 32); err == nil {
			return string(rune(n))
		}
	}
	if r, _ := utf8.DecodeRuneInString(known); known != "" && r != rune(code) {
		return known
	}
	if len(name) == 1 {
		return name
	}
	return ""
}

// standardQuotes are the codes of the standard encoding that are not those of
// Windows-1252 and occur in texts.
var standardQuotes = map[byte]string{
	0x27: "’", 0x60: "‘", 0xa1: "¡", 0xa4: "⁄", 0xa9: "'", 0xaa: "“", 0xac: "‹", 0xad: "›", 0xae: "fi", 0xaf: "fl",
	0xb1: "–", 0xb2: "†", 0xb3: "‡", 0xb4: "·", 0xb7: "•", 0xb8: "‚", 0xb9: "„", 0xba: "”", 0xbc: "…", 0xd0: "—",
}

func baseCharacter(encoding string, code byte) string {
	switch encoding {
	case "MacRomanEncoding":
		return string(charmap.Macintosh.DecodeByte(code))
	case "StandardEncoding", "":
		if s, ok := standardQuotes[code]; ok && (encoding != "" || code >= utf8.RuneSelf) {
			return s
		}
	}
	return string(charmap.Windows1252.DecodeByte(code))
}

// next decodes the first glyph of a string that is not empty, and returns the
// length of its code.
func (f *pdfFont) next(s string) (glyph, int) {
	n := f.codeLength(s)
	code := 0
	for i := range n {
		code = code<<8 | int(s[i])
	}
	key := code<<3 | n
	if g, ok := f.known[key]; ok {
		return g, n
	}
	g := glyph{text: f.textOf(s[:n]), width: f.widthOf(code), space: n == 1 && s[0] == ' '}
	if len(f.known) < maxKnownGlyphs {
		f.known[key] = g
	}
	return g, n
}

const maxKnownGlyphs = 1 << 16

func (f *pdfFont) codeLength(s string) int {
	if !f.composite {
		return 1
	}
	if f.unicode != nil {
		if n := f.unicode.fixed; n > 0 && n <= len(s) {
			return n
		}
		if n := f.unicode.codeLength(s); n > 0 {
			return n
		}
	}
	return min(2, len(s))
}

func (f *pdfFont) textOf(code string) string {
	if f.unicode != nil {
		if text, ok := f.unicode.text(code); ok {
			return text
		}
	}
	if !f.composite {
		return f.simple[code[0]]
	}
	if f.utf16 {
		return utf16Text(code)
	}
	return string(utf8.RuneError)
}

func (f *pdfFont) widthOf(code int) float64 {
	if w, ok := f.widths[code]; ok {
		return w
	}
	return f.missing
}

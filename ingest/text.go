package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// readText reads a plain text file as one document.
func readText(_ context.Context, data []byte, _ Limits) ([]part, []BadPart, error) {
	text, err := decodeText(data)
	if err != nil {
		return nil, nil, err
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil, quarantine(ReasonEmpty, "the file holds white space only; export it again")
	}
	return []part{{Text: text}}, nil, nil
}

// decodeText returns bytes as UTF-8 text with "\n" line ends. It takes UTF-8
// with or without a byte-order mark, UTF-16 with one, and Windows-1252 where
// that is beyond doubt. Text that is UTF-8 with "\n" line ends already comes
// back byte for byte, so that annotations made on the file stay valid.
func decodeText(data []byte) (string, error) {
	text, ok := decodeCharset(data)
	if !ok || hasControls(text) {
		return "", quarantine(ReasonEncoding, "the file is not text in UTF-8, UTF-16 or Windows-1252; save it again as UTF-8")
	}
	return lineEnds.Replace(text), nil
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func decodeCharset(data []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return string(data[3:]), utf8.Valid(data)
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return decodeUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return decodeUTF16(data[2:], binary.BigEndian)
	case utf8.Valid(data):
		return string(data), true
	}
	return decodeWindows1252(data)
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

// decodeWindows1252 decodes bytes that are not UTF-8, if each byte beyond
// ASCII makes sense where it stands: typographic punctuation anywhere, a
// letter beside a letter. Broken UTF-8 and other code pages do not pass.
func decodeWindows1252(data []byte) (string, bool) {
	high := 0
	for i := 0; i < len(data); i++ {
		if data[i] < utf8.RuneSelf {
			continue
		}
		if _, size := utf8.DecodeRune(data[i:]); size > 1 {
			return "", false // a mixture with UTF-8
		}
		high++
		if !plausible1252(data, i) {
			return "", false
		}
	}
	if high*3 > len(data) {
		return "", false
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	return string(text), err == nil
}

func plausible1252(data []byte, i int) bool {
	const punctuation = "\x80\x82\x84\x85\x86\x87\x89\x8b\x91\x92\x93\x94\x95\x96\x97\x99\x9b\xa0\xa2\xa3\xa5\xa7\xa9\xab\xae\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb9\xba\xbb\xbc\xbd\xbe"
	c := data[i]
	if strings.IndexByte(punctuation, c) >= 0 {
		return true
	}
	letter := c >= 0xc0 && c != 0xd7 && c != 0xf7 || strings.IndexByte("\x8a\x8c\x8e\x9a\x9c\x9e\x9f", c) >= 0
	asciiLetter := func(j int) bool {
		return j >= 0 && j < len(data) && data[j] < utf8.RuneSelf && unicode.IsLetter(rune(data[j]))
	}
	return letter && (asciiLetter(i-1) || asciiLetter(i+1))
}

// hasControls says whether text holds control characters that no text has.
func hasControls(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != '\v' || r == 0x7f
	})
}

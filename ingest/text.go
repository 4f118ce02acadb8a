package ingest

import (
	"context"
	"strings"
)

// readText reads a plain text file as one document.
func readText(_ context.Context, data []byte, _ Limits) ([]part, []BadPart, error) {
	text, name, err := decodeDeclared(data, "")
	if err != nil {
		return nil, nil, err
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil, quarantine(ReasonEmpty, "the file holds white space only; export it again")
	}
	return []part{{Text: text, Meta: charsetMeta(name)}}, nil, nil
}

// decodeText returns bytes as UTF-8 text with "\n" line ends, in whatever
// encoding they are.
func decodeText(data []byte) (string, error) {
	text, _, err := decodeDeclared(data, "")
	return text, err
}

// decodeDeclared returns bytes as UTF-8 text with "\n" line ends and the name
// of their encoding, taking what the format declares of it ("" for nothing)
// into account. Text that is UTF-8 with "\n" line ends already comes back byte
// for byte, so that annotations made on the file stay valid.
func decodeDeclared(data []byte, declared string) (text, charset string, err error) {
	text, charset, ok := decodeCharset(data, declared)
	if !ok || hasControls(text) {
		return "", "", quarantine(ReasonEncoding, "the file is not text in an encoding that is certain (UTF-8, UTF-16, UTF-32, or enough text in a Windows, ISO or East Asian one); save it again as UTF-8")
	}
	return lineEnds.Replace(text), charset, nil
}

// charsetMeta declares an encoding other than UTF-8.
func charsetMeta(name string) map[string]string {
	if name == "utf-8" {
		return nil
	}
	return map[string]string{"charset": name}
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// hasControls says whether text holds control characters that no text has.
func hasControls(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != '\v' || r == 0x7f
	})
}

package tokenizer

import "strings"

// byteRunes returns the characters by which byte-level vocabularies write
// bytes: visible Latin-1 characters stand for themselves, the others for the
// characters from U+0100 on.
func byteRunes() [256]rune {
	var runes [256]rune
	next := rune(0x100)
	for b := range rune(256) {
		visible := '!' <= b && b <= '~' || '¡' <= b && b <= '¬' || '®' <= b && b <= 'ÿ'
		if visible {
			runes[b] = b
			continue
		}
		runes[b] = next
		next++
	}
	return runes
}

// runeBytes is the inverse of byteRunes.
var runeBytes = func() map[rune]byte {
	m := make(map[rune]byte, 256)
	for b, r := range byteRunes() {
		m[r] = byte(b)
	}
	return m
}()

func fromByteLevel(token string) (string, bool) {
	b := make([]byte, 0, len(token))
	for _, r := range token {
		c, ok := runeBytes[r]
		if !ok {
			return "", false
		}
		b = append(b, c)
	}
	return string(b), true
}

func toByteLevel(token string) string {
	runes := byteRunes()
	var b strings.Builder
	for i := range len(token) {
		b.WriteRune(runes[token[i]])
	}
	return b.String()
}

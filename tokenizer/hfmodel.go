package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// spaceMark stands for a space in SentencePiece vocabularies.
const spaceMark = "▁"

// vocabulary returns the ids of the mergeable tokens.
func (t hfTokenizer) vocabulary() (map[string]int32, error) {
	var vocab map[string]int32
	if err := json.Unmarshal(t.Model.Vocab, &vocab); err != nil {
		return nil, fmt.Errorf("read the vocabulary: %w", err)
	}
	seen := make(map[int32]string, len(vocab))
	for token, id := range vocab {
		if err := checkID(token, id); err != nil {
			return nil, err
		}
		if other, ok := seen[id]; ok {
			return nil, fmt.Errorf("the tokens %q and %q share the id %d", min(token, other), max(token, other), id)
		}
		seen[id] = token
	}
	for _, a := range t.AddedTokens {
		if err := checkID(a.Content, a.ID); err != nil {
			return nil, err
		}
	}
	return vocab, nil
}

func checkID(token string, id int32) error {
	switch {
	case id < 0:
		return fmt.Errorf("token %q has the negative id %d", token, id)
	case id >= maxVocab:
		return fmt.Errorf("token %q has the id %d, more than any vocabulary can have (%d)", token, id, maxVocab)
	}
	return nil
}

// fill sets the text of every id and the whole pieces; plain returns the text
// of a token of the vocabulary.
func (e *encoding) fill(t hfTokenizer, vocab map[string]int32, plain func(token string) string) {
	added := make(map[int32]bool, len(t.AddedTokens))
	e.text = make(map[int32]string, len(vocab)+len(t.AddedTokens))
	for _, a := range t.AddedTokens {
		added[a.ID] = true
		e.text[a.ID] = a.Content
		e.size = max(e.size, int(a.ID)+1)
	}
	for token, id := range vocab {
		e.size = max(e.size, int(id)+1)
		if !added[id] {
			e.text[id] = plain(token)
		}
	}
}

// fillByteLevel sets the tables of a byte-level encoding.
func (e *encoding) fillByteLevel(t hfTokenizer, vocab map[string]int32, steps hfSteps) error {
	if err := checkDecoder(t.Decoder, "ByteLevel"); err != nil {
		return err
	}
	special := t.special()
	e.fill(t, vocab, func(token string) string {
		if text, ok := fromByteLevel(token); ok {
			return text
		}
		return token // as Hugging Face decodes it
	})
	if t.Model.IgnoreMerges {
		for token, id := range vocab {
			if text, ok := fromByteLevel(token); ok && !special[id] {
				e.whole[text] = id
			}
		}
	}
	e.split, e.strip = chain(steps.splits), steps.strip
	var byteIDs [256]int32
	for b, r := range byteRunes() {
		id, ok := vocab[string(r)]
		switch {
		case ok:
			byteIDs[b] = id
		case needed(byte(b)):
			return fmt.Errorf("the vocabulary has no token for the byte 0x%02x", b)
		default:
			byteIDs[b] = -1
		}
	}
	join, err := hfJoiner(t.Model.Merges, vocab, special)
	if err != nil {
		return err
	}
	allBytes := !slices.Contains(byteIDs[:], -1)
	e.encode = func(piece string) []int32 {
		if !allBytes {
			piece = known(piece, &byteIDs)
		}
		return merge(piece, byteParts(piece, &byteIDs), join)
	}
	return nil
}

// needed says whether a byte-level vocabulary must have a byte: visible ASCII,
// common white space and the bytes of U+FFFD, which stands for what is missing.
func needed(b byte) bool {
	return ' ' <= b && b <= '~' || strings.IndexByte("\t\n\r\xef\xbf\xbd", b) >= 0
}

// known replaces every character that has a byte without a token by U+FFFD.
// Some vocabularies lack bytes that their training text did not have.
func known(piece string, byteIDs *[256]int32) string {
	var b strings.Builder
	for i := 0; i < len(piece); {
		_, n := utf8.DecodeRuneInString(piece[i:])
		char := piece[i : i+n]
		for _, c := range []byte(char) {
			if byteIDs[c] < 0 {
				char = string(utf8.RuneError)
			}
		}
		b.WriteString(char)
		i += n
	}
	return b.String()
}

// fillSentencePiece sets the tables of a SentencePiece BPE with byte_fallback:
// characters merge, and those that are not in the vocabulary are the tokens of
// their bytes.
func (e *encoding) fillSentencePiece(t hfTokenizer, vocab map[string]int32, steps hfSteps) error {
	strip, err := stripsSpace(t.Decoder)
	if err != nil {
		return err
	}
	if t.Model.IgnoreMerges {
		return fmt.Errorf("the model has byte_fallback and ignore_merges: only one of them can be read")
	}
	var byteIDs [256]int32
	bytes := make(map[string]string, 256)
	for b := range byteIDs {
		token := fmt.Sprintf("<0x%02X>", b)
		id, ok := vocab[token]
		if !ok {
			return fmt.Errorf("the model has byte_fallback, but its vocabulary has no token %s", token)
		}
		byteIDs[b], bytes[token] = id, string([]byte{byte(b)})
	}
	e.fill(t, vocab, func(token string) string {
		if b, ok := bytes[token]; ok {
			return b
		}
		return strings.ReplaceAll(token, spaceMark, " ")
	})
	e.strip = strip
	join, err := hfJoiner(t.Model.Merges, vocab, t.special())
	if err != nil {
		return err
	}
	if wordsStandAlone(t.Model.Merges) {
		steps.splits = append(steps.splits, splitWords)
		if steps.rest != nil {
			steps.rest = append(steps.rest, splitWords)
		}
	}
	e.split = chain(steps.splits)
	if steps.rest != nil {
		e.splitRest = chain(steps.rest)
	}
	special := t.special()
	e.encode = func(piece string) []int32 {
		return merge(piece, runeParts(piece, vocab, special, &byteIDs), join)
	}
	return nil
}

// runeParts returns every character of a piece that is in the vocabulary as a
// part, and every byte of the others.
func runeParts(piece string, vocab map[string]int32, special map[int32]bool, byteIDs *[256]int32) []part {
	parts := make([]part, 0, len(piece))
	for i := 0; i < len(piece); {
		r, n := utf8.DecodeRuneInString(piece[i:])
		id, ok := vocab[piece[i:i+n]]
		if ok && !special[id] && (r != utf8.RuneError || n > 1) {
			parts = append(parts, part{start: i, end: i + n, id: id})
			i += n
			continue
		}
		for range n {
			parts = append(parts, part{start: i, end: i + 1, id: byteIDs[piece[i]]})
			i++
		}
	}
	return parts
}

// wordsStandAlone says whether no merge makes a token in which a space follows
// something else, so that every word can be encoded by itself.
func wordsStandAlone(merges []hfMerge) bool {
	return !slices.ContainsFunc(merges, func(m hfMerge) bool {
		return strings.Contains(strings.TrimLeft(m.left+m.right, spaceMark), spaceMark)
	})
}

// splitWords cuts before every run of marked spaces.
func splitWords(text string, yield func(string)) {
	scan(func(s string) int {
		body := strings.TrimLeft(s, spaceMark)
		if end := strings.Index(body, spaceMark); end >= 0 {
			return len(s) - len(body) + end
		}
		return len(s)
	})(text, yield)
}

// special are the ids that no text may yield.
func (t hfTokenizer) special() map[int32]bool {
	ids := make(map[int32]bool)
	for _, a := range t.AddedTokens {
		if a.Special {
			ids[a.ID] = true
		}
	}
	return ids
}

// hfJoiner returns the merges as a joiner: an earlier merge has a lower rank,
// whatever the ids are. Of a merge that is listed twice the last counts.
func hfJoiner(merges []hfMerge, vocab map[string]int32, special map[int32]bool) (joiner, error) {
	type merged struct{ rank, id int32 }
	key := func(left, right int32) uint64 { return uint64(left)<<32 | uint64(uint32(right)) }
	table := make(map[uint64]merged, len(merges))
	for rank, m := range merges {
		left, okLeft := vocab[m.left]
		right, okRight := vocab[m.right]
		id, ok := vocab[m.left+m.right]
		if !okLeft || !okRight || !ok {
			return nil, fmt.Errorf("merge %d joins tokens that are not in the vocabulary", rank)
		}
		if !special[id] {
			table[key(left, right)] = merged{int32(rank), id}
		}
	}
	return func(left, right int32, _ string) (int32, int32, bool) {
		m, ok := table[key(left, right)]
		return m.rank, m.id, ok
	}, nil
}

// checkDecoder wants every step of a decoder to be one of those named.
func checkDecoder(c *hfComponent, known ...string) error {
	if c == nil {
		return nil
	}
	if c.Type != "Sequence" {
		if !slices.Contains(known, c.Type) {
			return fmt.Errorf("the decoder %s is not supported here: %s can be read", c.Type, strings.Join(known, ", "))
		}
		return nil
	}
	for i := range c.Decoders {
		if c.Decoders[i].Type == "Sequence" {
			return fmt.Errorf("the decoder has a sequence in a sequence, which is not supported")
		}
		if err := checkDecoder(&c.Decoders[i], known...); err != nil {
			return err
		}
	}
	return nil
}

// stripsSpace says whether a SentencePiece decoder drops the space before a
// text.
func stripsSpace(c *hfComponent) (bool, error) {
	if err := checkDecoder(c, "Replace", "ByteFallback", "Fuse", "Strip", "Metaspace"); err != nil || c == nil {
		return false, err
	}
	for _, d := range append([]hfComponent{*c}, c.Decoders...) {
		switch {
		case d.Type == "Strip" && d.Content == " " && d.Start == 1 && d.Stop == 0:
			return true, nil
		case d.Type == "Strip":
			return false, fmt.Errorf("the decoder Strip can be read for one space at the start only")
		case d.Type == "Metaspace" && d.scheme() != "never":
			return true, nil
		}
	}
	return false, nil
}

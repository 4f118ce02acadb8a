package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxSteps bounds the steps of a sequence, maxInsert the bytes that a step may
// put into a text, so that a hostile file can not exhaust memory.
const (
	maxSteps  = 32
	maxInsert = 16
)

// hfNormalizer returns what a normalizer does to text; nil means nothing.
func hfNormalizer(c *hfComponent) (func(string) string, error) {
	if c == nil {
		return nil, nil
	}
	switch c.Type {
	case "NFC":
		return norm.NFC.String, nil
	case "NFD":
		return norm.NFD.String, nil
	case "NFKC":
		return norm.NFKC.String, nil
	case "NFKD":
		return norm.NFKD.String, nil
	case "Prepend":
		if len(c.Prepend) > maxInsert {
			return nil, fmt.Errorf("the normalizer Prepend adds %d bytes, at most %d can be", len(c.Prepend), maxInsert)
		}
		return func(s string) string {
			if s == "" {
				return ""
			}
			return c.Prepend + s
		}, nil
	case "Replace":
		if c.Pattern == nil || c.Pattern.String == "" || len(c.Content) > maxInsert {
			return nil, fmt.Errorf("the normalizer Replace can be read for a String pattern and at most %d bytes of content", maxInsert)
		}
		return func(s string) string { return strings.ReplaceAll(s, c.Pattern.String, c.Content) }, nil
	case "Sequence":
		return hfNormalizers(c.Normalizers)
	}
	return nil, fmt.Errorf("the normalizer %s is not supported: NFC, NFD, NFKC, NFKD, Prepend, Replace and sequences of them can be read", c.Type)
}

func hfNormalizers(steps []hfComponent) (func(string) string, error) {
	if len(steps) > maxSteps {
		return nil, fmt.Errorf("the normalizer has %d steps, at most %d can be", len(steps), maxSteps)
	}
	var all func(string) string
	for i := range steps {
		next, err := hfNormalizer(&steps[i])
		if err != nil {
			return nil, err
		}
		if before := all; before != nil && next != nil {
			all = func(s string) string { return next(before(s)) }
		} else if next != nil {
			all = next
		}
	}
	return all, nil
}

// hfSteps is what a pre-tokenizer does.
type hfSteps struct {
	splits    []splitter // at the beginning of a text
	rest      []splitter // after an added token; nil: as splits
	byteLevel bool       // whether it maps bytes to characters
	strip     bool       // whether it puts a space before the text
}

func hfPreTokenizer(c *hfComponent) (hfSteps, error) {
	if c == nil {
		return hfSteps{}, nil
	}
	switch c.Type {
	case "Sequence":
		return hfSequence(c.PreTokenizers)
	case "ByteLevel":
		steps := hfSteps{byteLevel: true, strip: isTrue(c.AddPrefixSpace, false)}
		if steps.strip {
			steps.splits = append(steps.splits, prefixed(" "))
		}
		if isTrue(c.UseRegex, true) {
			steps.splits = append(steps.splits, scan(gpt2Piece))
		}
		return steps, nil
	case "Digits":
		return hfSteps{splits: []splitter{splitDigits(c.IndividualDigits)}}, nil
	case "Punctuation":
		behavior := c.Behavior
		if behavior == "" {
			behavior = "Isolated"
		}
		s, err := behave(behavior, runeSpans(isPunctuation))
		return hfSteps{splits: []splitter{s}}, err
	case "Split":
		s, err := hfSplit(c)
		return hfSteps{splits: []splitter{s}}, err
	case "Metaspace":
		return hfMetaspace(c)
	}
	return hfSteps{}, fmt.Errorf("the pre-tokenizer %s is not supported: ByteLevel, Split, Digits, Punctuation, Metaspace and sequences of them can be read", c.Type)
}

func hfSequence(components []hfComponent) (hfSteps, error) {
	if len(components) > maxSteps {
		return hfSteps{}, fmt.Errorf("the pre-tokenizer has %d steps, at most %d can be", len(components), maxSteps)
	}
	var all hfSteps
	for i := range components {
		one, err := hfPreTokenizer(&components[i])
		if err != nil {
			return hfSteps{}, err
		}
		if one.rest != nil && len(components) > 1 {
			return hfSteps{}, errors.New(`the pre-tokenizer Metaspace with prepend_scheme "first" can be read alone only, not in a sequence`)
		}
		if all.byteLevel {
			if t := components[i].Type; one.byteLevel || t == "Metaspace" {
				return hfSteps{}, fmt.Errorf("the pre-tokenizer %s after a ByteLevel step is not supported: Split, Digits and Punctuation can be read there", t)
			}
			for j, split := range one.splits {
				one.splits[j] = mapped(split)
			}
		}
		all.splits = append(all.splits, one.splits...)
		all.rest = one.rest
		all.byteLevel = all.byteLevel || one.byteLevel
		all.strip = all.strip || one.strip
	}
	return all, nil
}

// mapped cuts where split cuts the characters that stand for bytes: a step
// after ByteLevel sees these.
func mapped(split splitter) splitter {
	return func(text string, yield func(string)) {
		split(toByteLevel(text), func(piece string) {
			if b, ok := fromByteLevel(piece); ok {
				piece = b
			}
			yield(piece)
		})
	}
}

// prefixed puts prefix before a text that does not begin with it.
func prefixed(prefix string) splitter {
	return func(text string, yield func(string)) {
		if !strings.HasPrefix(text, prefix) {
			text = prefix + text
		}
		yield(text)
	}
}

// hfMetaspace writes spaces as the replacement, which is "▁", and puts one
// before the text (always, or at its beginning only) if none is there.
func hfMetaspace(c *hfComponent) (hfSteps, error) {
	if c.Replacement != spaceMark {
		return hfSteps{}, fmt.Errorf("the pre-tokenizer Metaspace writes a space as %q: only %q can be read", c.Replacement, spaceMark)
	}
	mark := func(text string, yield func(string)) { yield(strings.ReplaceAll(text, " ", spaceMark)) }
	bare := []splitter{mark}
	begun := []splitter{mark, prefixed(spaceMark)}
	if isTrue(c.Split, true) {
		words := mergedWithNext(stringSpans(spaceMark))
		bare, begun = append(bare, words), append(begun, words)
	}
	switch scheme := c.scheme(); scheme {
	case "always":
		return hfSteps{splits: begun, strip: true}, nil
	case "first":
		return hfSteps{splits: begun, rest: bare, strip: true}, nil
	case "never":
		return hfSteps{splits: bare}, nil
	default:
		return hfSteps{}, fmt.Errorf("the prepend_scheme %q of Metaspace is not supported: always, first and never can be read", scheme)
	}
}

// scheme is the prepend_scheme of a Metaspace; older files have
// add_prefix_space.
func (c *hfComponent) scheme() string {
	switch {
	case c.PrependScheme != "":
		return c.PrependScheme
	case isTrue(c.AddPrefixSpace, true):
		return "always"
	default:
		return "never"
	}
}

func hfSplit(c *hfComponent) (splitter, error) {
	if c.Pattern == nil || c.Pattern.Regex == "" && c.Pattern.String == "" {
		return nil, errors.New("the pre-tokenizer Split has no pattern")
	}
	behavior := c.Behavior
	if isTrue(c.Invert, false) {
		// Removing what does not match is isolating, where the pattern matches all.
		if behavior != "Removed" && behavior != "Isolated" {
			return nil, fmt.Errorf("the inverted pre-tokenizer Split with behavior %q is not supported: Isolated or Removed can be read", behavior)
		}
		behavior = "Isolated"
	}
	if c.Pattern.Regex == "" {
		return behave(behavior, stringSpans(c.Pattern.String))
	}
	if behavior == "Isolated" {
		return newSplitter(c.Pattern.Regex)
	}
	spans, err := patternSpans(c.Pattern.Regex)
	if err != nil {
		return nil, err
	}
	return behave(behavior, spans)
}

// behave returns what a behavior does with matches.
func behave(behavior string, spans spanner) (splitter, error) {
	switch behavior {
	case "Isolated":
		return isolated(spans), nil
	case "MergedWithPrevious":
		return mergedWithPrevious(spans), nil
	case "MergedWithNext":
		return mergedWithNext(spans), nil
	case "Contiguous":
		return contiguous(spans), nil
	}
	return nil, fmt.Errorf("the pre-tokenizer behavior %q is not supported: Isolated, MergedWithPrevious, MergedWithNext and Contiguous can be read", behavior)
}

// isPunctuation says what the Punctuation pre-tokenizer looks for.
func isPunctuation(r rune) bool {
	if r < unicode.MaxASCII {
		return '!' <= r && r <= '/' || ':' <= r && r <= '@' || '[' <= r && r <= '`' || '{' <= r && r <= '~'
	}
	return unicode.IsPunct(r)
}

// chain makes one splitter of several, each cutting the pieces of the last.
func chain(splits []splitter) splitter {
	switch len(splits) {
	case 0:
		return func(text string, yield func(string)) { yield(text) }
	case 1:
		return splits[0]
	}
	rest := chain(splits[1:])
	return func(text string, yield func(string)) {
		splits[0](text, func(piece string) { rest(piece, yield) })
	}
}

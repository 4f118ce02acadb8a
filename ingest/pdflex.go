package ingest

import (
	"bytes"
	"math"
	"strconv"
)

// An operand of a content stream is a number, a string, a name, an array, or
// something that no text operator takes.
type operand struct {
	kind  operandKind
	num   float64
	str   string // of strings and names
	array []operand
}

type operandKind uint8

const (
	otherOperand operandKind = iota
	numberOperand
	stringOperand
	nameOperand
	arrayOperand
)

const (
	maxOperands = 1 << 16 // on the stack or in an array
	maxNesting  = 20
)

// lexer reads the tokens of a content stream or a character map. It never
// fails: what it does not understand it passes over.
type lexer struct {
	data []byte
	pos  int
}

// scanContent calls do for each operator of a content stream with the operands
// before it, until do returns an error.
func scanContent(data []byte, do func(op string, args []operand) error) error {
	lex := lexer{data: data}
	var args []operand
	for {
		tok, ok := lex.next(0)
		if !ok {
			return nil
		}
		if tok.op == "" {
			if len(args) < maxOperands {
				args = append(args, tok.operand)
			}
			continue
		}
		if tok.op == "ID" {
			lex.skipInlineImage()
		} else if err := do(tok.op, args); err != nil {
			return err
		}
		args = args[:0]
	}
}

// A token is an operand, or an operator when op is set.
type token struct {
	operand
	op string
}

func (l *lexer) next(depth int) (token, bool) {
	l.skipSpace()
	if l.pos >= len(l.data) {
		return token{}, false
	}
	c := l.data[l.pos]
	switch {
	case c == '(':
		return token{operand: operand{kind: stringOperand, str: l.literal()}}, true
	case c == '<' && l.peek(1) == '<':
		l.pos += 2
		l.skipDict(depth)
		return token{}, true
	case c == '<':
		return token{operand: operand{kind: stringOperand, str: l.hexString()}}, true
	case c == '/':
		l.pos++
		return token{operand: operand{kind: nameOperand, str: unescapeName(l.regular())}}, true
	case c == '[':
		l.pos++
		return token{operand: operand{kind: arrayOperand, array: l.array(depth)}}, true
	case bytes.IndexByte([]byte("]>){}"), c) >= 0:
		l.pos++
		return token{}, true
	}
	word := l.regular()
	if n, ok := number(word); ok {
		return token{operand: operand{kind: numberOperand, num: n}}, true
	}
	return token{op: word}, true
}

func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.data) {
		return l.data[l.pos+n]
	}
	return 0
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.data) {
		switch c := l.data[l.pos]; {
		case c == '%':
			for l.pos < len(l.data) && l.data[l.pos] != '\n' && l.data[l.pos] != '\r' {
				l.pos++
			}
		case isPDFSpace(c):
			l.pos++
		default:
			return
		}
	}
}

func isPDFSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

// regular reads a run of regular characters.
func (l *lexer) regular() string {
	start := l.pos
	for l.pos < len(l.data) && !irregular[l.data[l.pos]] {
		l.pos++
	}
	return string(l.data[start:l.pos])
}

// irregular are white space and delimiters.
var irregular = func() (table [256]bool) {
	for _, c := range []byte("\x00\t\n\f\r ()<>[]{}/%") {
		table[c] = true
	}
	return table
}()

// literal reads a string in parentheses.
func (l *lexer) literal() string {
	l.pos++
	var b []byte
	for depth := 1; l.pos < len(l.data); l.pos++ {
		c := l.data[l.pos]
		switch c {
		case '\\':
			b = l.escaped(b)
			continue
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.pos++
				return string(b)
			}
		}
		b = append(b, c)
	}
	return string(b)
}

// escaped reads what follows a backslash and leaves pos on its last byte.
func (l *lexer) escaped(b []byte) []byte {
	l.pos++
	if l.pos >= len(l.data) {
		return b
	}
	c := l.data[l.pos]
	switch c {
	case 'n':
		return append(b, '\n')
	case 'r':
		return append(b, '\r')
	case 't':
		return append(b, '\t')
	case 'b':
		return append(b, '\b')
	case 'f':
		return append(b, '\f')
	case '\r':
		if l.peek(1) == '\n' {
			l.pos++
		}
		return b
	case '\n':
		return b
	}
	if c < '0' || c > '7' {
		return append(b, c)
	}
	n := 0
	for i := 0; i < 3 && l.pos < len(l.data) && l.data[l.pos] >= '0' && l.data[l.pos] <= '7'; i++ {
		n = n*8 + int(l.data[l.pos]-'0')
		l.pos++
	}
	l.pos--
	return append(b, byte(n))
}

func (l *lexer) hexString() string {
	l.pos++
	var b []byte
	half, have := byte(0), false
	for l.pos < len(l.data) {
		c := l.data[l.pos]
		l.pos++
		if c == '>' {
			break
		}
		d, ok := hexDigit(c)
		if !ok {
			continue
		}
		if have {
			b = append(b, half<<4|d)
		}
		half, have = d, !have
	}
	if have {
		b = append(b, half<<4)
	}
	return string(b)
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func unescapeName(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '#' && i+2 < len(s) {
			high, ok1 := hexDigit(s[i+1])
			low, ok2 := hexDigit(s[i+2])
			if ok1 && ok2 {
				b = append(b, high<<4|low)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func (l *lexer) array(depth int) []operand {
	var items []operand
	for {
		l.skipSpace()
		if l.pos >= len(l.data) {
			return items
		}
		if l.data[l.pos] == ']' {
			l.pos++
			return items
		}
		if depth >= maxNesting {
			l.pos++
			continue
		}
		tok, _ := l.next(depth + 1)
		if tok.op == "" && len(items) < maxOperands {
			items = append(items, tok.operand)
		}
	}
}

func (l *lexer) skipDict(depth int) {
	for {
		l.skipSpace()
		if l.pos >= len(l.data) {
			return
		}
		if l.data[l.pos] == '>' && l.peek(1) == '>' {
			l.pos += 2
			return
		}
		if depth >= maxNesting {
			l.pos++
			continue
		}
		l.next(depth + 1)
	}
}

// skipInlineImage passes over the bytes of an image between ID and EI.
func (l *lexer) skipInlineImage() {
	for from := l.pos; ; {
		i := bytes.Index(l.data[from:], []byte("EI"))
		if i < 0 {
			l.pos = len(l.data)
			return
		}
		at := from + i
		before := at == 0 || isPDFSpace(l.data[at-1])
		after := at+2 >= len(l.data) || isPDFSpace(l.data[at+2])
		if before && after {
			l.pos = at + 2
			return
		}
		from = at + 2
	}
}

// number reads a number as writers of PDF write them, sometimes wrongly
// ("--5", "1.-2").
func number(s string) (float64, bool) {
	if s == "" || s[0] != '+' && s[0] != '-' && s[0] != '.' && (s[0] < '0' || s[0] > '9') {
		return 0, false
	}
	if n, ok := plainNumber(s); ok {
		return n, true
	}
	for len(s) > 1 && s[0] == '-' && s[1] == '-' {
		s = s[1:]
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		for i := 1; i < len(s); i++ {
			if s[i] == '-' {
				n, err = strconv.ParseFloat(s[:i], 64)
				break
			}
		}
	}
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, err == nil
	}
	return n, true
}

// plainNumber reads the numbers that most are: up to 15 digits with a sign
// and a point, which are exact.
func plainNumber(s string) (float64, bool) {
	digits, scale, i := 0, -1, 0
	if s[0] == '-' {
		i = 1
	}
	n := 0
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.' && scale < 0:
			scale = 0
		case c >= '0' && c <= '9' && digits < 15:
			n = n*10 + int(c-'0')
			digits++
			if scale >= 0 {
				scale++
			}
		default:
			return 0, false
		}
	}
	if digits == 0 {
		return 0, false
	}
	v := float64(n) / powers[max(scale, 0)]
	if s[0] == '-' {
		v = -v
	}
	return v, true
}

var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

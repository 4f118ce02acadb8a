package ingest

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/ledongthuc/pdf"
)

const (
	maxFormDepth = 8
	maxFragments = 2_000_000
)

// A fragment is a piece of text that one operator draws, in points, with x to
// the right and y upwards along the direction of its writing.
type fragment struct {
	text     string
	x, y     float64 // the left end of the baseline
	end      float64 // where the next glyph would begin
	size     float64 // of the font
	quadrant int     // of the writing direction: 0 right, 1 up, 2 left, 3 down
}

// A matrix is an affine map: x' = ax + cy + e, y' = bx + dy + f.
type matrix struct{ a, b, c, d, e, f float64 }

var identity = matrix{a: 1, d: 1}

// mul returns the map that applies m, then n.
func (m matrix) mul(n matrix) matrix {
	return matrix{
		m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d,
		m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d,
		m.e*n.a + m.f*n.c + n.e, m.e*n.b + m.f*n.d + n.f,
	}
}

// area is that of the unit square, which a picture fills.
func (m matrix) area() float64 { return math.Abs(m.a*m.d - m.b*m.c) }

// graphicsState is what q saves and Q restores.
type graphicsState struct {
	ctm                  matrix
	font                 *pdfFont
	size                 float64
	charSpace, wordSpace float64
	scale, leading, rise float64
}

// pdfInterpreter runs content streams for the text they draw.
//
// Source: ISO 32000-1, 8.4 (graphics state) and 9 (text).
type pdfInterpreter struct {
	ctx       context.Context
	budget    *int64 // bytes that streams may still expand to
	fragments []fragment
	ops       int
	shown     int     // bytes of strings shown, but for white space
	pictures  float64 // area of pictures, in square points
	buf       []byte  // of draw

	state      graphicsState
	stack      []graphicsState
	text, line matrix
	resources  pdf.Value
	fonts      map[string]*pdfFont // of resources
	shared     fontCache
	depth      int
}

func newPDFInterpreter(ctx context.Context, budget *int64, shared fontCache) *pdfInterpreter {
	return &pdfInterpreter{
		ctx: ctx, budget: budget,
		state: graphicsState{ctm: identity, scale: 1},
		text:  identity, line: identity,
		shared: shared,
		fonts:  make(map[string]*pdfFont),
	}
}

// A fontCache keeps the fonts of a file by the dictionary that names them,
// which most pages share. The dictionary is written with its references, so
// that equal ones mean the same fonts.
type fontCache map[string]map[string]*pdfFont

// of returns the fonts read so far of a resource dictionary.
func (c fontCache) of(resources pdf.Value) map[string]*pdfFont {
	key := resources.Key("Font").String()
	fonts := c[key]
	if fonts == nil {
		fonts = make(map[string]*pdfFont)
		c[key] = fonts
	}
	return fonts
}

// run interprets a page.
func (in *pdfInterpreter) run(page pdf.Page) error {
	contents := page.V.Key("Contents")
	var data []byte
	switch contents.Kind() {
	case pdf.Stream:
		more, err := in.stream(contents)
		if err != nil {
			return err
		}
		data = more
	case pdf.Array:
		for i := range contents.Len() {
			more, err := in.stream(contents.Index(i))
			if err != nil {
				return err
			}
			// Tokens do not span streams.
			data = append(append(data, more...), '\n')
		}
	}
	in.resources = inherited(page.V, "Resources")
	in.fonts = in.shared.of(in.resources)
	return scanContent(data, in.do)
}

// inherited looks a key up in a page and its parents.
func inherited(v pdf.Value, key string) pdf.Value {
	for range maxPageDepth {
		if found := v.Key(key); !found.IsNull() {
			return found
		}
		v = v.Key("Parent")
	}
	return pdf.Value{}
}

var errExpands = quarantine(ReasonBomb, "the PDF expands beyond ingest.max_expanded_mb; print it to a new PDF or raise the limit")

// stream returns the bytes of a stream within the budget.
func (in *pdfInterpreter) stream(v pdf.Value) ([]byte, error) {
	if v.Kind() != pdf.Stream {
		return nil, nil
	}
	r := v.Reader()
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, *in.budget+1))
	if *in.budget -= int64(len(data)); *in.budget < 0 {
		return nil, errExpands
	}
	// Viewers draw what they could decode of a stream with a bad checksum.
	if err != nil && len(data) == 0 {
		return nil, err
	}
	return data, nil
}

func (in *pdfInterpreter) do(op string, args []operand) error {
	if in.ops++; in.ops%1024 == 0 && in.ctx.Err() != nil {
		return in.ctx.Err()
	}
	s := &in.state
	switch op {
	case "q":
		if len(in.stack) < 1000 {
			in.stack = append(in.stack, *s)
		}
	case "Q":
		if n := len(in.stack); n > 0 {
			*s, in.stack = in.stack[n-1], in.stack[:n-1]
		}
	case "cm":
		if m, ok := matrixOf(args); ok {
			s.ctm = m.mul(s.ctm)
		}
	case "Do":
		return in.form(args)
	case "BT":
		in.text, in.line = identity, identity
	case "Tf":
		return in.setFont(args)
	case "Tc":
		s.charSpace = last(args)
	case "Tw":
		s.wordSpace = last(args)
	case "Tz":
		s.scale = last(args) / 100
	case "TL":
		s.leading = last(args)
	case "Ts":
		s.rise = last(args)
	case "Td":
		in.move(args)
	case "TD":
		if len(args) >= 2 {
			s.leading = -args[len(args)-1].num
		}
		in.move(args)
	case "T*":
		in.nextLine()
	case "Tm":
		if m, ok := matrixOf(args); ok {
			in.text, in.line = m, m
		}
	case "Tj", "TJ":
		return in.show(args)
	case "'":
		in.nextLine()
		return in.show(args)
	case "\"":
		if len(args) >= 3 {
			s.wordSpace, s.charSpace = args[len(args)-3].num, args[len(args)-2].num
		}
		in.nextLine()
		return in.show(args)
	}
	return nil
}

// last returns the number before an operator.
func last(args []operand) float64 {
	if len(args) == 0 {
		return 0
	}
	return args[len(args)-1].num
}

func matrixOf(args []operand) (matrix, bool) {
	if len(args) < 6 {
		return matrix{}, false
	}
	a := args[len(args)-6:]
	return matrix{a[0].num, a[1].num, a[2].num, a[3].num, a[4].num, a[5].num}, true
}

func (in *pdfInterpreter) move(args []operand) {
	if len(args) < 2 {
		return
	}
	shift := matrix{1, 0, 0, 1, args[len(args)-2].num, args[len(args)-1].num}
	in.line = shift.mul(in.line)
	in.text = in.line
}

func (in *pdfInterpreter) nextLine() {
	in.line = matrix{1, 0, 0, 1, 0, -in.state.leading}.mul(in.line)
	in.text = in.line
}

func (in *pdfInterpreter) setFont(args []operand) error {
	if len(args) < 2 {
		return nil
	}
	name := args[len(args)-2].str
	in.state.size = last(args)
	font, ok := in.fonts[name]
	if !ok {
		var err error
		font, err = newPDFFont(in.resources.Key("Font").Key(name), in.stream)
		if err != nil {
			return err
		}
		in.fonts[name] = font
	}
	in.state.font = font
	return nil
}

// form draws a form: a content stream with its own resources and matrix.
func (in *pdfInterpreter) form(args []operand) error {
	if len(args) == 0 || in.depth >= maxFormDepth {
		return nil
	}
	v := in.resources.Key("XObject").Key(args[len(args)-1].str)
	switch v.Key("Subtype").Name() {
	case "Form":
	case "Image":
		in.pictures += in.state.ctm.area()
		return nil
	default:
		return nil
	}
	data, err := in.stream(v)
	if err != nil {
		return err
	}
	outer := *in
	if m := v.Key("Matrix"); m.Len() == 6 {
		f := func(i int) float64 { return m.Index(i).Float64() }
		in.state.ctm = matrix{f(0), f(1), f(2), f(3), f(4), f(5)}.mul(in.state.ctm)
	}
	if r := v.Key("Resources"); r.Kind() == pdf.Dict {
		in.resources, in.fonts = r, in.shared.of(r)
	}
	in.stack = nil
	in.depth++
	err = scanContent(data, in.do)
	outer.fragments, outer.ops, outer.shown, outer.pictures = in.fragments, in.ops, in.shown, in.pictures
	*in = outer
	return err
}

// show draws a string, or the strings and shifts of an array.
func (in *pdfInterpreter) show(args []operand) error {
	if len(args) == 0 || in.state.font == nil {
		return nil
	}
	items := args[len(args)-1:]
	if items[0].kind == arrayOperand {
		items = items[0].array
	}
	for _, item := range items {
		switch item.kind {
		case numberOperand:
			in.advance(-item.num / 1000 * in.state.size * in.state.scale)
		case stringOperand:
			if err := in.draw(item.str); err != nil {
				return err
			}
		}
	}
	return nil
}

func (in *pdfInterpreter) advance(tx float64) {
	in.text.e += tx * in.text.a
	in.text.f += tx * in.text.b
}

// draw appends the fragment of a string and moves on.
func (in *pdfInterpreter) draw(s string) error {
	if len(in.fragments) >= maxFragments {
		return errors.New("the page draws too many strings")
	}
	st := &in.state
	codes := len(s)
	from := in.place()
	in.buf = in.buf[:0]
	tx := 0.0
	for len(s) > 0 {
		g, n := st.font.next(s)
		s = s[n:]
		in.buf = append(in.buf, g.text...)
		tx += g.width/1000*st.size + st.charSpace
		if g.space {
			tx += st.wordSpace
		}
	}
	in.advance(tx * st.scale)
	f := makeFragment(string(in.buf), from, in.place())
	if f.text == "" || strings.TrimSpace(f.text) != "" {
		in.shown += codes
	}
	if f.text != "" && !math.IsNaN(f.x+f.y+f.end+f.size) && !math.IsInf(f.x+f.y+f.end+f.size, 0) {
		in.fragments = append(in.fragments, f)
	}
	return nil
}

// place is the map from glyph space to the page.
func (in *pdfInterpreter) place() matrix {
	st := &in.state
	return matrix{st.size * st.scale, 0, 0, st.size, 0, st.rise}.mul(in.text).mul(st.ctm)
}

// makeFragment turns positions so that writing runs to the right.
func makeFragment(text string, from, to matrix) fragment {
	f := fragment{text: text, size: math.Hypot(from.c, from.d)}
	f.quadrant = quadrantOf(math.Atan2(from.b, from.a))
	f.x, f.y = turn(f.quadrant, from.e, from.f)
	f.end, _ = turn(f.quadrant, to.e, to.f)
	return f
}

// quadrantOf returns the quarter turns that are nearest to an angle in radians.
func quadrantOf(angle float64) int {
	return (int(math.Round(angle/(math.Pi/2)))%4 + 4) % 4
}

// pictureShare returns the share of a page that pictures cover.
func (in *pdfInterpreter) pictureShare(page pdf.Page) (share float64) {
	defer func() {
		if recover() != nil {
			share = 1 // a page without a size: what covers it is not known
		}
	}()
	box := inherited(page.V, "MediaBox")
	width := box.Index(2).Float64() - box.Index(0).Float64()
	height := box.Index(3).Float64() - box.Index(1).Float64()
	if in.pictures == 0 {
		return 0
	}
	if area := math.Abs(width * height); area > 0 {
		return min(1, in.pictures/area)
	}
	return 1
}

// turn rotates a point clockwise by quarter turns.
func turn(quarters int, x, y float64) (float64, float64) {
	switch quarters {
	case 1:
		return y, -x
	case 2:
		return -x, -y
	case 3:
		return -y, x
	}
	return x, y
}

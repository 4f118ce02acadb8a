package eval

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPerplexity(t *testing.T) {
	stretches := []LogLoss{{Nats: 3 * math.Log(8), Tokens: 3}, {Nats: math.Log(2), Tokens: 1}}
	// Eight choices three times and two once: the fourth root of 8·8·8·2.
	want := math.Pow(8*8*8*2, 0.25)
	if got := SumLogLoss(stretches).Perplexity(); !near(got, want) {
		t.Errorf("perplexity %g, want %g", got, want)
	}
	f := PerplexityFigure(stretches, Options{Resamples: 200})
	if !f.Defined || !near(f.Value, want) || f.N != 2 || f.Low > f.Value || f.High < f.Value {
		t.Errorf("figure %+v, want %g", f, want)
	}
	if got := (LogLoss{}).Perplexity(); !math.IsNaN(got) {
		t.Errorf("perplexity of nothing is %g", got)
	}
	for _, none := range [][]LogLoss{nil, {{}}} {
		if f := PerplexityFigure(none, Options{Resamples: 10}); f.Defined {
			t.Errorf("perplexity of nothing: %+v", f)
		}
	}
}

func TestPerplexityRatio(t *testing.T) {
	base := []LogLoss{{300, 100}, {280, 100}, {600, 200}}
	worse := []LogLoss{{310, 100}, {290, 100}, {620, 200}} // 0.1 nats a token more everywhere
	f := PerplexityRatio(worse, base, Options{Resamples: 200})
	if want := math.Exp(0.1); !near(f.Value, want) || !near(f.Low, want) || !near(f.High, want) {
		t.Errorf("ratio %+v, want %g whatever is drawn", f, want)
	}
	if f := PerplexityRatio(worse[:2], base, Options{}); f.Defined {
		t.Errorf("ratio over different texts: %+v", f)
	}
	if f := PerplexityRatio([]LogLoss{{310, 99}, {290, 100}, {620, 200}}, base, Options{}); f.Defined {
		t.Errorf("ratio over different tokens: %+v", f)
	}
}

func FuzzStretches(f *testing.F) {
	f.Add("one two\nthree", 5)
	f.Add("ééééééééééé", 4)
	f.Add("\xff\xfe\xfd\xfc\xfb\xfa", 0)
	f.Fuzz(func(t *testing.T, text string, size int) {
		pieces := Stretches(text, size)
		if strings.Join(pieces, "") != text {
			t.Fatalf("the pieces %q are not %q", pieces, text)
		}
		for _, p := range pieces {
			if p == "" || len(p) > max(size, utf8.UTFMax) {
				t.Fatalf("a piece of %d bytes, want at most %d", len(p), size)
			}
			if utf8.ValidString(text) && !utf8.ValidString(p) {
				t.Fatalf("%q is cut within a character", p)
			}
		}
	})
}

package bench

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestDecodeOnTinyShapes(t *testing.T) {
	c := tiny(gpt2Small())
	c.VocabSize, c.MaxPositions = 8208, 256
	fixed := limits{memory: func(int) float64 { return 40 }}
	figures, err := decode(context.Background(), Options{Quick: true, Threads: 2}, c, fixed)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]Figure{}
	for _, f := range figures {
		by[f.Name] = f
	}
	if len(figures) != 4*3+2 || len(by) != len(figures) {
		t.Errorf("%d figures, %d names", len(figures), len(by))
	}
	for _, stored := range []string{"float32", "bf16", "int8", "nf4"} {
		f, speed, reads := by["decode "+stored], by["decode "+stored+" speed"], by["decode "+stored+" reads"]
		if f.OK == nil || f.Limit == nil || *f.Limit != 40 || !strings.Contains(f.Shape, "2 cores") {
			t.Errorf("%+v", f)
		}
		if got := speed.Figure * reads.Figure / 1e3; math.Abs(got/f.Figure-1) > 1e-9 {
			t.Errorf("%s: %g tokens/s of %g MB are not %g GB/s", stored, speed.Figure, reads.Figure, f.Figure)
		}
	}
	// Two layers of 16×(48+16+2·32) weights, the head, and the cache of 2·2·16 for
	// each of some 110 tokens.
	if got, least := by["decode float32 reads"].Figure*1e6, 4.0*(2*16*128+8208*16); got < least || got > least+4*64*130+1000 {
		t.Errorf("a token reads %g bytes, want a little above %g", got, least)
	}
	if f := by["decode bf16 together / alone"]; f.Limit == nil || *f.Limit != by["decode bf16 speed"].Figure {
		t.Errorf("together is %+v", f)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := decode(ctx, Options{Quick: true, Threads: 1}, c, fixed); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled measurement gives %v", err)
	}
}

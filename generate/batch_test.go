package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"adapt/model"
	"adapt/nn/kernel"
	"adapt/prompt"
)

// answers has a model answer inputs of many lengths, parallel at a time.
func answers(t *testing.T, text *Text, parallel int) []string {
	t.Helper()
	out, slots, wg := make([]string, 24), make(chan struct{}, parallel), sync.WaitGroup{}
	for i := range out {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			var err error
			if out[i], err = answer(text, i); err != nil {
				t.Errorf("exchange %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	return out
}

// answer has a model answer in all ways that a session knows.
func answer(text *Text, i int) (string, error) {
	input := strings.Repeat("The tenant pays the rent. ", i%7*i%11) + fmt.Sprint("Clause ", i)
	exchange, err := text.Begin(context.Background())
	if err != nil {
		return "", err
	}
	s := exchange.(*Session)
	defer s.Close()
	if err := s.Ask(input); err != nil {
		return "", err
	}
	p, err := s.Next([]string{"", " Law", " extraordinarily long"})
	if err := errors.Join(err, s.Say(" Law"), s.End(), s.Ask("Next")); err != nil {
		return "", err
	}
	if i%3 == 0 {
		err = s.Sample(Sampling{Temperature: 1.5, TopK: 50, Seed: uint64(i)})
	}
	w, werr := s.Write(12)
	nats, n, lerr := text.LogLoss(context.Background(), input, 100)
	return fmt.Sprintf("%v %+v %v %d", p, w, nats, n), errors.Join(err, werr, lerr)
}

// TestBatched wants exchanges to have the same answers to the last bit alone and
// together, whoever the others are.
func TestBatched(t *testing.T) {
	for _, test := range []struct {
		name   string
		kind   kernel.Kind
		lora   *model.LoRA
		prefix bool
	}{
		{name: "f32"}, {name: "bf16", kind: kernel.BF16}, {name: "int8", kind: kernel.Int8},
		{name: "nf4 with an adapter", kind: kernel.NF4, lora: &model.LoRA{R: 2, Alpha: 2, DoRA: true}}, {name: "prefix", prefix: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			alone := tinyText(t)
			c := alone.d.c
			c.Hidden, c.Intermediate, c.MaxPositions = 64, 128, 500
			m := randomModel(t, c)
			o := Options{Prefix: test.prefix}
			if test.lora != nil {
				o.Adapter = randomAdapter(t, m, *test.lora)
			}
			if test.kind != kernel.F32 {
				store(t, m, test.kind)
			}
			alone, err := NewText(m, alone.tok, o)
			check(t, err)
			want := answers(t, alone, 1)
			o.Threads = 2
			text, err := NewText(m, alone.tok, o)
			check(t, err)
			for _, b := range []BatchOptions{{}, {Exchanges: 5, Rows: 1}, {Exchanges: 12, Rows: 1000}} {
				// LogLoss takes a place beside its exchange's.
				batched := text.Batched(b)
				got := answers(t, batched, batched.Parallel()/2)
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("%+v: answer %d is\n%s\nalone\n%s", b, i, got[i], want[i])
					}
				}
			}
		})
	}
}

func TestBatchBounds(t *testing.T) {
	text := tinyText(t)
	one := text.d.slabBytes(text.MaxTokens())
	if n := text.Batched(BatchOptions{CacheBytes: 3*one + 1}).Parallel(); n != 3 {
		t.Errorf("%d exchanges in the memory of three", n)
	}
	batched := text.Batched(BatchOptions{CacheBytes: 1})
	s := begin(t, batched)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := batched.Begin(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second exchange in the place of one: %v", err)
	}
	s.Close()
	s.Close()
	if err := s.Ask("x"); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed exchange says %v", err)
	}
	begin(t, batched).Close()
}

// TestBatchCancelled cancels exchanges amid others, which must go on.
func TestBatchCancelled(t *testing.T) {
	text := tinyText(t).Batched(BatchOptions{Exchanges: 8})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			s, err := text.Begin(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			err = s.Ask("The term of this agreement is")
			if i%2 == 0 {
				go cancel()
			}
			_, werr := s.Write(20)
			if err := errors.Join(err, werr); err != nil && (i%2 != 0 || !errors.Is(err, context.Canceled)) {
				t.Errorf("exchange %d says %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := len(text.batch.slots); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

// TestPrefixSession wants the first input, and only that, to see itself in both
// directions.
func TestPrefixSession(t *testing.T) {
	causal := tinyText(t)
	prefix, err := NewText(tinyModel(t, causal.tok), causal.tok, Options{Prefix: true})
	check(t, err)
	var logits [2][]float32
	for i, text := range []*Text{causal, prefix} {
		s := begin(t, text)
		check(t, s.Ask("The term"), s.Say(" Law"), s.End(), s.Ask("Next"))
		_, err := s.Next([]string{""})
		check(t, err)
		logits[i] = s.logits
		if want := len(text.tok.Markers().Begin) + len(prompt.Ask(text.tok, "The term")); i == 1 && s.cache.prefix != want {
			t.Errorf("the prefix has %d tokens, want %d", s.cache.prefix, want)
		}
	}
	if slices.Equal(logits[0], logits[1]) {
		t.Error("the prefix changes nothing")
	}
}

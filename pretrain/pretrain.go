package pretrain

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"runtime"
	"sync"
	"time"

	"adapt/model"
	"adapt/tokenizer"
	"adapt/train"
)

// Options say what to train on and how long.
type Options struct {
	Sources   []Source
	Config    model.Config
	Seed      uint64
	Steps     int     // 0: one pass over the text
	Context   int     // tokens in a sequence
	Batch     int     // tokens in a step
	Rate      float64 // peak learning rate
	Schedule  string  // of the learning rate, as in train.Config
	Precision string  // of the products, as in train.Config
	DevShare  float64 // of the documents, held out to measure the loss
	Dir       string  // checkpoints
	Threads   int
	Progress  func(train.Progress)
}

// A Kind says what was read of one kind of text.
type Kind struct {
	Name      string
	Documents int
	Tokens    int64
	DevTokens int64
	DevLoss   float64 // nats a token of the final model; 0 when nothing was held out
}

// Result is a pretrained model with what its model card says.
type Result struct {
	Model *model.Model
	Train train.Result
	Kinds []Kind
}

// maxDev bounds the dev sequences of one kind.
const maxDev = 40

// Run pretrains a model from random weights. A run that was stopped goes on
// from its checkpoint.
func Run(ctx context.Context, tok tokenizer.Tokenizer, o Options) (Result, error) {
	m, err := model.New(o.Config, o.Seed)
	if err != nil {
		return Result{}, err
	}
	res := Result{Model: m}
	var seqs, dev []train.Sequence
	var devs [][]train.Sequence
	for _, s := range o.Sources {
		kind, tr, dv, err := read(s, tok, o)
		if err != nil {
			return Result{}, err
		}
		res.Kinds = append(res.Kinds, kind)
		seqs, dev, devs = append(seqs, tr...), append(dev, dv...), append(devs, dv)
	}
	c := train.Config{
		Seed: o.Seed, Steps: o.Steps, Epochs: 1, LearningRate: o.Rate, Warmup: 0.03, MinLR: 0.05,
		BatchTokens: o.Batch, MaxTokens: o.Context, WeightDecay: 0.1, Clip: 1, Threads: o.Threads, Schedule: o.Schedule, Precision: o.Precision,
		Checkpoint: 5 * time.Minute,
	}
	res.Train, err = train.Fit(ctx, m, seqs, dev, c, train.Options{Dir: o.Dir, Progress: o.Progress})
	if err != nil {
		return res, err
	}
	for i, dv := range devs {
		if len(dv) == 0 {
			continue // too few documents to hold one out
		}
		if res.Kinds[i].DevLoss, err = train.Loss(m, dv, c); err != nil {
			return res, err
		}
	}
	return res, nil
}

// read tokenizes a source and cuts it into sequences.
func read(s Source, tok tokenizer.Tokenizer, o Options) (Kind, []train.Sequence, []train.Sequence, error) {
	kind := Kind{Name: s.Kind}
	var texts []string
	var copies []int
	if err := s.documents(func(text string) {
		// A share of 2.3 reads all documents twice and 0.3 of them once more.
		if n := int(math.Ceil(s.Share - draw(text, "share"))); n > 0 {
			texts, copies = append(texts, tidy(text)), append(copies, n)
		}
	}); err != nil {
		return kind, nil, nil, err
	}
	kind.Documents = len(texts)
	tokens := encodeAll(tok, texts)
	// Every kind of text holds out at least the document of the lowest draw,
	// unless it is all there is.
	lowest := 1.0
	if o.DevShare > 0 && len(texts) > 1 {
		for _, text := range texts {
			lowest = min(lowest, draw(text, "dev"))
		}
	}
	var seqs, dev []train.Sequence
	for i, ids := range tokens {
		held := draw(texts[i], "dev") < o.DevShare || draw(texts[i], "dev") == lowest
		for n, at := 0, 0; at+2 < len(ids); n, at = n+1, at+o.Context {
			// Sequences overlap by one token, so that every token is predicted.
			seq := train.Sequence{ID: fmt.Sprintf("%s/%d/%d", s.Kind, i, n), IDs: ids[at:min(at+o.Context+1, len(ids))]}
			if !held {
				for range copies[i] {
					seqs = append(seqs, seq)
				}
				kind.Tokens += int64(copies[i] * (len(seq.IDs) - 1))
			} else if len(dev) < maxDev {
				dev = append(dev, seq)
				kind.DevTokens += int64(len(seq.IDs) - 1)
			}
		}
	}
	return kind, seqs, dev, nil
}

var (
	blanks = regexp.MustCompile(`[ \t]+`)
	breaks = regexp.MustCompile(`\n\s*\n\s*`)
)

// tidy folds runs of blanks and of empty lines, which carry layout and not
// language.
func tidy(text string) string {
	return breaks.ReplaceAllString(blanks.ReplaceAllString(text, " "), "\n\n")
}

// encodeAll encodes texts on all cores, each after the beginning marker.
func encodeAll(tok tokenizer.Tokenizer, texts []string) [][]int32 {
	out := make([][]int32, len(texts))
	begin := tok.Markers().Begin
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				out[i] = append(append([]int32(nil), begin...), tok.Encode(texts[i])...)
			}
		})
	}
	for i := range texts {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

// Perplexity of a loss in nats a token.
func Perplexity(loss float64) float64 { return math.Exp(loss) }

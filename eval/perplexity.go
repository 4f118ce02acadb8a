package eval

import (
	"math"
	"strings"
	"unicode/utf8"
)

// A LogLoss is how surprised a model was by a stretch of text.
type LogLoss struct {
	Nats   float64 `json:"nats"`   // summed negative log-likelihood
	Tokens int     `json:"tokens"` // that it is summed over
}

// SumLogLoss adds stretches up.
func SumLogLoss(stretches []LogLoss) LogLoss {
	var sum LogLoss
	for _, s := range stretches {
		sum.Nats += s.Nats
		sum.Tokens += s.Tokens
	}
	return sum
}

// Perplexity is exp(nats/tokens), NaN without tokens.
func (l LogLoss) Perplexity() float64 {
	if l.Tokens == 0 {
		return math.NaN()
	}
	return math.Exp(l.Nats / float64(l.Tokens))
}

// PerplexityFigure is the perplexity over all stretches of a text, with the
// bootstrap interval over its stretches. With a single stretch the interval is
// the value.
func PerplexityFigure(stretches []LogLoss, opt Options) Figure {
	return stretchFigure(len(stretches), opt, func(w []float64) float64 {
		return math.Exp(weighedLoss(stretches, w))
	})
}

// PerplexityRatio is the candidate's perplexity divided by the base model's
// on the same stretches of text, in the same order, with the paired bootstrap
// interval. It is undefined when the stretches differ in number or in tokens:
// perplexities of different tokenizers do not compare.
func PerplexityRatio(candidate, base []LogLoss, opt Options) Figure {
	if len(candidate) != len(base) {
		return Figure{}
	}
	for i := range candidate {
		if candidate[i].Tokens != base[i].Tokens {
			return Figure{}
		}
	}
	return stretchFigure(len(candidate), opt, func(w []float64) float64 {
		return math.Exp(weighedLoss(candidate, w) - weighedLoss(base, w))
	})
}

// weighedLoss is the mean loss of a token.
func weighedLoss(stretches []LogLoss, w []float64) float64 {
	nats, tokens := 0.0, 0.0
	for i, s := range stretches {
		nats += w[i] * s.Nats
		tokens += w[i] * float64(s.Tokens)
	}
	return nats / tokens
}

func stretchFigure(n int, opt Options, measure func(w []float64) float64) Figure {
	if n == 0 {
		return Figure{}
	}
	var drawn, left []float64
	draw(n, min(opt.resamples(), 2000), opt.Seed, func(_ int, w []float64) {
		drawn = append(drawn, measure(w))
	})
	leaveOut(n, func(w []float64) { left = append(left, measure(w)) })
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	return interval(measure(ones), n, Metric{Unit: Perplexity}, drawn, left)
}

// Stretches cuts text into pieces of about size bytes, at the ends of lines
// where there are any near, else at spaces, never within a character. The
// pieces joined are the text.
func Stretches(text string, size int) []string {
	size = max(size, utf8.UTFMax)
	var pieces []string
	for len(text) > size {
		end := size
		if i := strings.LastIndexByte(text[:size], '\n'); i >= size/2 {
			end = i + 1
		} else if i := strings.LastIndexByte(text[:size], ' '); i >= size/2 {
			end = i
		} else {
			for end > size-utf8.UTFMax && !utf8.RuneStart(text[end]) {
				end--
			}
		}
		pieces = append(pieces, text[:end])
		text = text[end:]
	}
	if text != "" {
		pieces = append(pieces, text)
	}
	return pieces
}

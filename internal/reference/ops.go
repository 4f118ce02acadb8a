package reference

import (
	"fmt"
	"math"
)

// Linear returns x·wᵀ + bias for every row of x [rows, in]; w is [out, in] and
// bias [out] or nil.
func Linear(x, w, bias []float64, in, out int) []float64 {
	must(len(x)%in == 0 && len(w) == out*in && (bias == nil || len(bias) == out), "linear: %d values, weight of %d, bias of %d for %d to %d", len(x), len(w), len(bias), in, out)
	y := make([]float64, len(x)/in*out)
	for r := range len(x) / in {
		for o := range out {
			sum := 0.0
			for i := range in {
				sum += x[r*in+i] * w[o*in+i]
			}
			if bias != nil {
				sum += bias[o]
			}
			y[r*out+o] = sum
		}
	}
	return y
}

// Embedding returns the rows ids of table [vocabulary, width].
func Embedding(table []float64, width int, ids []int32) []float64 {
	var y []float64
	for _, id := range ids {
		must(id >= 0 && (int(id)+1)*width <= len(table), "embedding: id %d", id)
		y = append(y, table[int(id)*width:(int(id)+1)*width]...)
	}
	return y
}

// LayerNorm normalizes every row of x [rows, len(w)] to mean 0 and variance 1
// and returns it times w plus b (Ba, Kiros and Hinton 2016, arXiv:1607.06450).
func LayerNorm(x, w, b []float64, eps float64) []float64 {
	n := len(w)
	must(len(x)%n == 0 && len(b) == n, "layer norm: %d values, weight of %d, bias of %d", len(x), n, len(b))
	y := make([]float64, len(x))
	for r := 0; r < len(x); r += n {
		mean, variance := 0.0, 0.0
		for i := range n {
			mean += x[r+i] / float64(n)
		}
		for i := range n {
			variance += (x[r+i] - mean) * (x[r+i] - mean) / float64(n)
		}
		for i := range n {
			y[r+i] = (x[r+i]-mean)/math.Sqrt(variance+eps)*w[i] + b[i]
		}
	}
	return y
}

// RMSNorm divides every row of x [rows, len(w)] by its root mean square and
// returns it times w (Zhang and Sennrich 2019, arXiv:1910.07467).
func RMSNorm(x, w []float64, eps float64) []float64 {
	n := len(w)
	must(len(x)%n == 0, "rms norm: %d values, weight of %d", len(x), n)
	y := make([]float64, len(x))
	for r := 0; r < len(x); r += n {
		square := 0.0
		for i := range n {
			square += x[r+i] * x[r+i] / float64(n)
		}
		for i := range n {
			y[r+i] = x[r+i] / math.Sqrt(square+eps) * w[i]
		}
	}
	return y
}

// GELUErf is x·Φ(x) (Hendrycks and Gimpel 2016, arXiv:1606.08415), "gelu" in
// Hugging Face's files.
func GELUErf(x []float64) []float64 {
	return each(x, func(v float64) float64 { return v * normalCDF(v) })
}

func normalCDF(v float64) float64 { return (1 + math.Erf(v/math.Sqrt2)) / 2 }

// GELUTanh is that paper's approximation of it, which GPT-2 uses: "gelu_new".
func GELUTanh(x []float64) []float64 { return each(x, geluTanh) }

func geluTanh(v float64) float64 {
	return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
}

// SiLU is x·σ(x), or Swish with β = 1 (Ramachandran et al. 2017,
// arXiv:1710.05941).
func SiLU(x []float64) []float64 {
	return each(x, func(v float64) float64 { return v * sigmoid(v) })
}

func sigmoid(v float64) float64 { return 1 / (1 + math.Exp(-v)) }

// SwiGLU is SiLU(gate) times up (Shazeer 2020, arXiv:2002.05202).
func SwiGLU(gate, up []float64) []float64 {
	sameLength(gate, up)
	y := SiLU(gate)
	for i := range y {
		y[i] *= up[i]
	}
	return y
}

func each(x []float64, f func(float64) float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

// A Llama3Scaling stretches rotary wavelengths as Llama 3.1 does: those longer
// than OriginalPositions/LowFreqFactor by Factor, those shorter than
// OriginalPositions/HighFreqFactor not at all, and those between smoothly
// (Grattafiori et al. 2024, arXiv:2407.21783; "rope_type": "llama3" in Hugging
// Face's files).
type Llama3Scaling struct {
	Factor, LowFreqFactor, HighFreqFactor float64
	OriginalPositions                     int
}

// Frequencies returns the dim/2 rotary frequencies theta^(-2i/dim) (Su et al.
// 2021, arXiv:2104.09864), in radians a position; s may be nil.
func Frequencies(dim int, theta float64, s *Llama3Scaling) []float64 {
	freqs := make([]float64, dim/2)
	for i := range freqs {
		f := math.Pow(theta, -2*float64(i)/float64(dim))
		if s != nil {
			// turns is how often the pair goes round in the original context.
			turns := float64(s.OriginalPositions) * f / (2 * math.Pi)
			switch {
			case turns < s.LowFreqFactor:
				f /= s.Factor
			case turns <= s.HighFreqFactor:
				smooth := (turns - s.LowFreqFactor) / (s.HighFreqFactor - s.LowFreqFactor)
				f = (1-smooth)*f/s.Factor + smooth*f
			}
		}
		freqs[i] = f
	}
	return freqs
}

// Rotary turns each head of x [rows, heads·dim] by its row's position: pair i
// is elements i and i+dim/2 of the head, as in Hugging Face's files, not 2i
// and 2i+1 as in the paper; the weights of the one are a permutation of the
// other's.
func Rotary(x []float64, heads, dim int, pos []int32, freqs []float64) []float64 {
	half := dim / 2
	must(len(x) == len(pos)*heads*dim && len(freqs) == half, "rotary: %d values, %d positions, %d frequencies for %d heads of %d", len(x), len(pos), len(freqs), heads, dim)
	y := make([]float64, len(x))
	for r, p := range pos {
		for h := range heads {
			at := (r*heads + h) * dim
			for i, f := range freqs {
				sin, cos := math.Sincos(float64(p) * f)
				a, b := x[at+i], x[at+half+i]
				y[at+i] = a*cos - b*sin
				y[at+half+i] = b*cos + a*sin
			}
		}
	}
	return y
}

// A Mask says which positions of a sequence a position attends to. The zero
// Mask is causal.
type Mask struct {
	// Prefix is how many of the first positions all see each other (the
	// prefix language model of Raffel et al. 2020, arXiv:1910.10683).
	Prefix int
	// Window, when not 0, is how many positions one sees, counting itself
	// (Jiang et al. 2023, arXiv:2310.06825). It does not narrow the prefix's
	// view of itself.
	Window int
}

// Sees reports whether position i attends to position j.
func (m Mask) Sees(i, j int) bool {
	if i < m.Prefix && j < m.Prefix {
		return true
	}
	return j <= i && (m.Window == 0 || i-j < m.Window)
}

// Attention is the scaled dot-product attention of one sequence (Vaswani et
// al. 2017, arXiv:1706.03762): softmax(q·kᵀ/√dim)·v for each head, over the
// positions that the mask leaves. q is [rows, heads·dim], k and v are
// [rows, kvHeads·dim], and heads/kvHeads queries in a row share one key and
// value head (Ainslie et al. 2023, arXiv:2305.13245).
func Attention(q, k, v []float64, heads, kvHeads, dim int, m Mask) []float64 {
	rows := len(q) / (heads * dim)
	must(heads%kvHeads == 0 && len(q) == rows*heads*dim && len(k) == rows*kvHeads*dim && len(v) == len(k), "attention: %d, %d, %d values for %d and %d heads of %d", len(q), len(k), len(v), heads, kvHeads, dim)
	y := make([]float64, len(q))
	for h := range heads {
		shared := h / (heads / kvHeads)
		for i := range rows {
			qi := q[(i*heads+h)*dim:]
			scores := make([]float64, rows)
			for j := range rows {
				scores[j] = math.Inf(-1)
				if m.Sees(i, j) {
					kj := k[(j*kvHeads+shared)*dim:]
					scores[j] = 0
					for d := range dim {
						scores[j] += qi[d] * kj[d] / math.Sqrt(float64(dim))
					}
				}
			}
			for j, p := range Softmax(scores, rows) {
				for d := range dim {
					y[(i*heads+h)*dim+d] += p * v[(j*kvHeads+shared)*dim+d]
				}
			}
		}
	}
	return y
}

// Softmax returns exp(x) over its sum for every row of x [rows, n]; an element
// of -Inf gets 0.
func Softmax(x []float64, n int) []float64 { return each(LogSoftmax(x, n), math.Exp) }

// LogSoftmax returns the logarithm of Softmax.
func LogSoftmax(x []float64, n int) []float64 {
	must(len(x)%n == 0, "softmax: %d values in rows of %d", len(x), n)
	y := make([]float64, len(x))
	for r := 0; r < len(x); r += n {
		top, sum := math.Inf(-1), 0.0
		for _, v := range x[r : r+n] {
			top = max(top, v)
		}
		for _, v := range x[r : r+n] {
			sum += math.Exp(v - top)
		}
		for i, v := range x[r : r+n] {
			y[r+i] = v - top - math.Log(sum)
		}
	}
	return y
}

// CrossEntropy returns the weighted sum over rows of -Σ q·log softmax(logits)
// for logits [rows, vocab], in nats, where q is 1-smoothing at the target plus
// smoothing/vocab everywhere (Szegedy et al. 2016, arXiv:1512.00567). Rows with
// a negative target cost nothing; weights may be nil for ones.
func CrossEntropy(logits []float64, vocab int, targets []int32, weights []float64, smoothing float64) float64 {
	must(len(logits) == len(targets)*vocab, "cross-entropy: %d logits, %d targets, vocabulary of %d", len(logits), len(targets), vocab)
	logp, q := LogSoftmax(logits, vocab), goals(vocab, targets, weights, smoothing)
	sum := 0.0
	for i := range q {
		sum -= q[i] * logp[i]
	}
	return sum
}

// goals returns the distribution that each row should have, times its weight.
func goals(vocab int, targets []int32, weights []float64, smoothing float64) []float64 {
	q := make([]float64, len(targets)*vocab)
	for i, t := range targets {
		if t < 0 {
			continue
		}
		must(int(t) < vocab, "cross-entropy: target %d in a vocabulary of %d", t, vocab)
		w := rowWeight(targets, weights, i)
		for v := range vocab {
			q[i*vocab+v] = w * smoothing / float64(vocab)
		}
		q[i*vocab+int(t)] += w * (1 - smoothing)
	}
	return q
}

// KL returns the weighted sum over rows of Σ p·(log p - log softmax(logits))
// with p the softmax of the teacher's logits, both [rows, vocab]: the Kullback-
// Leibler divergence from the teacher. Rows with a negative target cost
// nothing; weights may be nil for ones.
func KL(teacher, logits []float64, vocab int, targets []int32, weights []float64) float64 {
	sameLength(teacher, logits)
	must(len(logits) == len(targets)*vocab, "divergence: %d logits, %d targets, vocabulary of %d", len(logits), len(targets), vocab)
	logp, logq := LogSoftmax(teacher, vocab), LogSoftmax(logits, vocab)
	sum := 0.0
	for i := range targets {
		for v := i * vocab; v < (i+1)*vocab; v++ {
			sum += rowWeight(targets, weights, i) * math.Exp(logp[v]) * (logp[v] - logq[v])
		}
	}
	return sum
}

func rowWeight(targets []int32, weights []float64, i int) float64 {
	switch {
	case targets[i] < 0:
		return 0
	case weights == nil:
		return 1
	}
	return weights[i]
}

func must(ok bool, format string, args ...any) {
	if !ok {
		panic(fmt.Sprintf("reference: "+format, args...))
	}
}

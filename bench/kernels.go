package bench

import (
	"context"
	"fmt"
	"time"

	"adapt/nn/kernel"
)

// gemmTarget is the share of the FMA limit that matrix products must reach.
const gemmTarget = 0.85

// bf16Target is how many times as fast as in float32 they must be with operands
// rounded to bfloat16.
const bf16Target = 1.6

// A product is one of op(A) [m, k] and op(B) [k, n].
type product struct {
	name           string
	transA, transB bool
	m, n, k        int
}

func (p product) form() string {
	return map[bool]string{false: "N", true: "T"}[p.transA] + map[bool]string{false: "N", true: "T"}[p.transB]
}

func (p product) flops() float64 { return 2 * float64(p.m) * float64(p.n) * float64(p.k) }

// linearProducts are those of a linear layer: its output x·Wᵀ, the gradient
// dy·W of its input and the gradient dyᵀ·x of its weight.
func linearProducts(name string, tokens, in, out int) []product {
	return []product{
		{name, false, true, tokens, out, in},
		{name, false, false, tokens, in, out},
		{name, true, false, out, in, tokens},
	}
}

// products lists the square ones and those of a step of GPT-2 124M over 1,024
// tokens, whose head sees 512 tokens at a time.
func products() []product {
	list := []product{
		{"square", false, false, 1024, 1024, 1024},
		{"square", false, true, 1024, 1024, 1024},
		{"square", true, false, 1024, 1024, 1024},
	}
	list = append(list, linearProducts("gpt2 attention", 1024, 768, 768)...)
	list = append(list, linearProducts("gpt2 mlp up", 1024, 768, 3072)...)
	list = append(list, linearProducts("gpt2 mlp down", 1024, 3072, 768)...)
	return append(list, linearProducts("gpt2 head", 512, 768, 50257)...)
}

// Kernels measures matrix products beside the limit of the machine's
// arithmetic, and the other kernels of a step beside that of its memory.
func Kernels(ctx context.Context, o Options) ([]Figure, error) {
	return kernels(ctx, o, products(), passes(1024, 768, 12, 256, 8192), machine())
}

func kernels(ctx context.Context, o Options, products []product, passes []pass, lim limits) ([]Figure, error) {
	var figures []Figure
	counts := []int{1, o.threads()}
	if counts[1] == 1 {
		counts = counts[:1]
	}
	for _, threads := range counts {
		for _, p := range products {
			f, err := gemm(ctx, o, lim, threads, p)
			if err != nil {
				return nil, err
			}
			figures = append(figures, f...)
		}
		for _, p := range passes {
			limit := lim.memory
			if p.unit == gflops {
				limit = lim.fma
			}
			r, err := rate(ctx, o, p.work, func() { p.run(threads) }, func() float64 { return limit(threads) })
			if err != nil {
				return nil, err
			}
			f := Figure{Name: p.name, Shape: p.shape + ", " + cores(threads), Figure: r.rate, Unit: p.unit}.of(r.limit)
			o.logf("%s %s: %s %s, limit %s", f.Name, f.Shape, number(f.Figure), f.Unit, number(*f.Limit))
			figures = append(figures, f)
		}
	}
	return figures, nil
}

// gemm measures a product in float32 beside the limit of arithmetic and, where
// the machine multiplies bfloat16s, with operands rounded to them beside float32.
func gemm(ctx context.Context, o Options, lim limits, threads int, p product) ([]Figure, error) {
	a, b, c := random(p.m*p.k), random(p.k*p.n), make([]float32, p.m*p.n)
	lda, ldb := p.k, p.n
	if p.transA {
		lda = p.m
	}
	if p.transB {
		ldb = p.k
	}
	single := func() { kernel.Gemm(threads, p.transA, p.transB, p.m, p.n, p.k, 1, a, lda, b, ldb, 0, c, p.n) }
	shape := fmt.Sprintf("%d×%d×%d, %s", p.m, p.n, p.k, cores(threads))
	r, err := rate(ctx, o, p.flops(), single, func() float64 { return lim.fma(threads) })
	if err != nil {
		return nil, err
	}
	figures := []Figure{Figure{Name: p.name + " " + p.form(), Shape: shape, Figure: r.rate, Unit: gflops}.of(r.limit).atLeast(gemmTarget)}
	if kernel.HasBF16() {
		rounded := func() {
			kernel.GemmBF16(threads, p.transA, p.transB, p.m, p.n, p.k, 1, a, lda, b, ldb, 0, c, p.n)
		}
		r, err := rate(ctx, o, p.flops(), rounded, func() float64 {
			start := time.Now()
			single()
			return p.flops() / float64(time.Since(start).Nanoseconds())
		})
		if err != nil {
			return nil, err
		}
		figures = append(figures, Figure{Name: p.name + " " + p.form() + " bf16 / float32", Shape: shape, Figure: r.rate, Unit: gflops}.of(r.limit).atLeast(bf16Target))
	}
	for _, f := range figures {
		o.logf("%s, %s: ratio %s", f.Name, f.Shape, number(*f.Ratio))
	}
	return figures, nil
}

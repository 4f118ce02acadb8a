//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// machineLevels returns the implementations that this machine can run, the
// fastest first.
func machineLevels() []*ops {
	levels := []*ops{portable}
	x := cpu.X86
	if !x.HasAVX2 || !x.HasFMA {
		return levels
	}
	levels = append([]*ops{avx2}, levels...)
	if !x.HasAVX512F || !x.HasAVX512DQ || !x.HasAVX512BW || !x.HasAVX512VL {
		return levels
	}
	return append([]*ops{avx512}, levels...)
}

// gemmBF16AVX512 multiplies by the instructions of AVX512_BF16.
var gemmBF16AVX512 = gemmKernel{
	rows:    14,
	cols:    32,
	perStep: 2,
	micro: []microFunc{
		micro1x32bf16, micro2x32bf16, micro3x32bf16, micro4x32bf16, micro5x32bf16,
		micro6x32bf16, micro7x32bf16, micro8x32bf16, micro9x32bf16, micro10x32bf16,
		micro11x32bf16, micro12x32bf16, micro13x32bf16, micro14x32bf16,
	},
	packTrans: packTransBF16,
	transRows: 16,
	packRows:  packRowsBF16,
	packColsA: packCols14BF16,
	packColsB: packCols32BF16,
	peak:      peakBF16,
	peakOps:   24 * 32 * 2,
}

var avx512 = &ops{
	level:      "avx512",
	dot:        dotAVX512,
	dot3:       dot3AVX512,
	axpy:       axpyAVX512,
	add:        addAVX512,
	scale:      scaleAVX512,
	scaleMul:   scaleMulAVX512,
	sumSquares: sumSquaresAVX512,
	finite:     func(x []float32) bool { return zerosAVX512(x) == 0 },
	max:        maxAVX512,
	expSum:     expSumAVX512,
	sumExp:     sumExpAVX512,
	swiglu:     swigluAVX512,
	swigluGrad: swigluGradAVX512,
	mulSub:     mulSubAVX512,
	normGrad:   normGradAVX512,
	rotate:     rotateAVX512,
	adamw:      func(w, g, m, v []float32, p *adam) { adamwAVX512(w, g, m, v, &p.beta1) },

	sum:           sumAVX512,
	squaresAround: squaresAroundAVX512,
	dot3Around:    dot3AroundAVX512,
	layerNorm:     layerNormAVX512,
	layerGradX:    layerGradXAVX512,
	layerGrad:     layerGradAVX512,
	geluTanh:      geluTanhAVX512,
	geluTanhGrad:  geluTanhGradAVX512,
	geluErf:       geluErfAVX512,
	geluErfGrad:   geluErfGradAVX512,
	addTo:         addToAVX512,
	scaleAdd:      scaleAddAVX512,
	dotDiff:       dotDiffAVX512,
	dropout:       func(y, x []float32, d draw) { dropoutAVX512(y, x, &d.key0) },
	noise:         func(y, x []float32, d draw) { noiseAVX512(y, x, &d.key0) },
	read:          readAVX512,

	stored: [...]storedLoops{
		BF16: {decodeBF16AVX512, dotsBF16AVX512},
		Int8: {decodeInt8AVX512, dotsInt8AVX512},
		NF4:  {decodeNF4AVX512, dotsNF4AVX512},
	},

	gemm:     gemmAVX512,
	gemmBF16: kernelBF16(),
}

var avx2 = &ops{
	level:      "avx2",
	dot:        dotAVX2,
	dot3:       dot3AVX2,
	axpy:       axpyAVX2,
	add:        addAVX2,
	scale:      scaleAVX2,
	scaleMul:   scaleMulAVX2,
	sumSquares: sumSquaresAVX2,
	finite:     func(x []float32) bool { return zerosAVX2(x) == 0 },
	max:        maxAVX2,
	expSum:     expSumAVX2,
	sumExp:     sumExpAVX2,
	swiglu:     swigluAVX2,
	swigluGrad: swigluGradAVX2,
	mulSub:     mulSubAVX2,
	normGrad:   normGradAVX2,
	rotate:     rotateAVX2,
	adamw:      func(w, g, m, v []float32, p *adam) { adamwAVX2(w, g, m, v, &p.beta1) },

	sum:           sumAVX2,
	squaresAround: squaresAroundAVX2,
	dot3Around:    dot3AroundAVX2,
	layerNorm:     layerNormAVX2,
	layerGradX:    layerGradXAVX2,
	layerGrad:     layerGradAVX2,
	geluTanh:      geluTanhAVX2,
	geluTanhGrad:  geluTanhGradAVX2,
	geluErf:       geluErfAVX2,
	geluErfGrad:   geluErfGradAVX2,
	addTo:         addToAVX2,
	scaleAdd:      scaleAddAVX2,
	dotDiff:       dotDiffAVX2,
	dropout:       func(y, x []float32, d draw) { dropoutAVX2(y, x, &d.key0) },
	noise:         func(y, x []float32, d draw) { noiseAVX2(y, x, &d.key0) },
	read:          readAVX2,

	stored: [...]storedLoops{
		BF16: {decodeBF16AVX2, dotsBF16AVX2},
		Int8: {decodeInt8AVX2, dotsInt8AVX2},
		NF4:  {decodeNF4AVX2, dotsNF4AVX2},
	},

	gemm:     gemmAVX2,
	gemmBF16: gemmAVX2.rounding(),
}

var gemmAVX512 = gemmKernel{
	rows:    14,
	cols:    32,
	perStep: 1,
	micro: []microFunc{
		micro1x32avx512, micro2x32avx512, micro3x32avx512, micro4x32avx512, micro5x32avx512,
		micro6x32avx512, micro7x32avx512, micro8x32avx512, micro9x32avx512, micro10x32avx512,
		micro11x32avx512, micro12x32avx512, micro13x32avx512, micro14x32avx512,
	},
	spread: []spreadFunc{
		spread1x32avx512, spread2x32avx512, spread3x32avx512, spread4x32avx512, spread5x32avx512,
		spread6x32avx512, spread7x32avx512, spread8x32avx512, spread9x32avx512, spread10x32avx512,
		spread11x32avx512, spread12x32avx512, spread13x32avx512, spread14x32avx512,
	},
	half: []spreadFunc{
		spread1x16avx512, spread2x16avx512, spread3x16avx512, spread4x16avx512, spread5x16avx512,
		spread6x16avx512, spread7x16avx512, spread8x16avx512, spread9x16avx512, spread10x16avx512,
		spread11x16avx512, spread12x16avx512, spread13x16avx512, spread14x16avx512,
	},
	packTrans: packTransAVX512,
	transRows: 16,
	packRows:  packRowsAVX512,
	packColsA: packCols14AVX512,
	packColsB: packCols32AVX512,
	dots:      []dotsFunc{dots1x4avx512, dots2x4avx512, dots3x4avx512, dots4x4avx512},
	peak:      peakAVX512,
	peakOps:   24 * 16 * 2,
}

var gemmAVX2 = gemmKernel{
	rows:    6,
	cols:    16,
	perStep: 1,
	micro: []microFunc{
		micro1x16avx2, micro2x16avx2, micro3x16avx2, micro4x16avx2, micro5x16avx2, micro6x16avx2,
	},
	spread: []spreadFunc{
		spread1x16avx2, spread2x16avx2, spread3x16avx2, spread4x16avx2, spread5x16avx2, spread6x16avx2,
	},
	packTrans: packTransAVX2,
	transRows: 8,
	packRows:  packRowsAVX2,
	dots:      []dotsFunc{dots1x4avx2, dots2x4avx2, dots3x4avx2},
	peak:      peakAVX2,
	peakOps:   12 * 8 * 2,
}

// kernelBF16 returns what the machine multiplies bfloat16s by, if it has AVX-512.
func kernelBF16() gemmKernel {
	if cpu.X86.HasAVX512BF16 {
		return gemmBF16AVX512
	}
	return gemmAVX512.rounding()
}

package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// nf4Levels are the levels of NF4, as QLoRA's appendix E and bitsandbytes give
// them: quantiles of the normal distribution, scaled to [-1,1], with an exact 0.
var nf4Levels = [16]float32{
	-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
	-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
	0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
	0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
}

// dynamicLevels are the levels of the bytes that NF4's scales are stored in:
// bitsandbytes' signed dynamic map (Dettmers 2016, arXiv:1511.04561). For each of
// seven powers of ten it has the middles of 2^i equal parts of a decade, with both
// signs. Half of the levels are within a tenth of the largest magnitude: a group
// with one scale far off the others still tells those apart, which equal steps
// would not.
var dynamicLevels = func() (levels [256]float32) {
	at := 2
	for i := range 7 {
		parts := 1 << i
		decade := math.Pow(10, float64(i-6))
		for j := range parts {
			v := float32(decade * (0.1 + 0.9*(float64(j)+0.5)/float64(parts)))
			levels[at], levels[at+1] = v, -v
			at += 2
		}
	}
	levels[0], levels[1] = 0, 1
	slices.Sort(levels[:])
	return levels
}()

// middles returns the bounds between levels: a value belongs to the level whose
// number is how many bounds are below it.
func middles(levels []float32) []float32 {
	m := make([]float32, len(levels)-1)
	for i := range m {
		m[i] = float32((float64(levels[i]) + float64(levels[i+1])) / 2)
	}
	return m
}

var nf4Middles, dynamicMiddles = middles(nf4Levels[:]), middles(dynamicLevels[:])

// nearest returns the number of the level that is nearest to x, given the middles.
func nearest(middles []float32, x float32) byte {
	i, _ := slices.BinarySearch(middles, x)
	return byte(i)
}

// QuantizeMatrix stores data, rows×cols, in another form; F32 is a copy. Int8 and
// NF4 cannot hold values that are not finite: it is an error if there is one.
func QuantizeMatrix(threads int, kind Kind, rows, cols int, data []float32) (*Matrix, error) {
	parts, err := MatrixParts(kind, rows, cols)
	if err != nil {
		return nil, err
	}
	if len(data) != rows*cols {
		return nil, fmt.Errorf("kernel: a matrix of %d×%d has %d elements, got %d", rows, cols, rows*cols, len(data))
	}
	if (kind == Int8 || kind == NF4) && HasNaNInf(threads, data) {
		return nil, fmt.Errorf("kernel: a matrix of %d×%d holds NaN or Inf, which %v cannot store", rows, cols, kind)
	}
	memory := make([][]byte, len(parts))
	for i, p := range parts {
		memory[i] = alignedBytes(p.Size())
	}
	w, err := MatrixFromBytes(kind, rows, cols, memory...)
	if err != nil {
		return nil, err
	}
	to := memory[0]
	switch kind {
	case F32:
		copy(w.floats(0), data)
	case BF16:
		parallelCost(threads, chunks(len(data)), 4*chunk, func(lo, hi int) {
			lo, hi = elements(lo, hi, len(data))
			for i := lo; i < hi; i++ {
				binary.LittleEndian.PutUint16(to[2*i:], roundBF16(data[i]))
			}
		})
	case Int8:
		scales, perRow := w.floats(1), ceilDiv(cols, blockLen)
		parallelCost(threads, rows, 8*cols, func(lo, hi int) {
			for r := lo; r < hi; r++ {
				for b := range perRow {
					from, end := r*cols+b*blockLen, r*cols+min(cols, (b+1)*blockLen)
					scales[r*perRow+b] = quantizeInt8(to[from:end], data[from:end])
				}
			}
		})
	case NF4:
		quantizeNF4(threads, w, data)
	}
	return w, nil
}

// alignedBytes returns n bytes that lie as float32s do.
func alignedBytes(n int) []byte {
	x := make([]float32, ceilDiv(n, 4))
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), n)
}

// roundBF16 rounds to the nearest bfloat16, half to even. NaN stays NaN.
func roundBF16(x float32) uint16 {
	b := math.Float32bits(x)
	if x != x {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

func largest(x []float32) float32 {
	var m float32
	for _, v := range x {
		m = max(m, abs(v))
	}
	return m
}

// quantizeInt8 writes a block and returns its scale.
func quantizeInt8(to []byte, x []float32) float32 {
	scale := largest(x) / 127
	if scale == 0 { // all zero, or too small to be told from it
		clear(to)
		return 0
	}
	for i, v := range x {
		q := math.RoundToEven(float64(v) / float64(scale))
		to[i] = byte(int8(max(-127, min(127, q))))
	}
	return scale
}

func quantizeNF4(threads int, w *Matrix, data []float32) {
	codes, absmax, groups := w.parts[0].Data, w.parts[1].Data, w.floats(2)
	scales := make([]float32, len(absmax))
	parallelCost(threads, ceilDiv(len(data), blockLen), 20*blockLen, func(lo, hi int) {
		lo, hi = lo*blockLen, min(hi*blockLen, len(data))
		for at := lo; at < hi; at += blockLen {
			x := data[at:min(hi, at+blockLen)]
			scale := largest(x)
			scales[at/blockLen] = scale
			for i, v := range x {
				level := byte(7) // 0
				if scale > 0 {
					level = nearest(nf4Middles, v/scale)
				}
				if i%2 == 0 {
					codes[(at+i)/2] = level << 4
				} else {
					codes[(at+i)/2] |= level
				}
			}
		}
	})
	var sum float64
	for _, s := range scales {
		sum += float64(s)
	}
	offset := float32(sum / float64(len(scales)))
	w.floats(3)[0] = offset
	for g := range groups {
		lo, hi := g*groupLen, min(len(scales), (g+1)*groupLen)
		for i := lo; i < hi; i++ {
			scales[i] -= offset
		}
		groups[g] = largest(scales[lo:hi])
		for i := lo; i < hi; i++ {
			absmax[i] = nearest(dynamicMiddles, scales[i]/max(groups[g], math.SmallestNonzeroFloat32))
		}
	}
}

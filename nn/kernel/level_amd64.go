//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// machineLevels returns the implementations that this machine can run, the fastest first.
func machineLevels() []*ops {
	var levels []*ops
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasFMA && cpu.X86.HasAVX2 {
		levels = append(levels, avx512())
	}
	return append(levels, portable)
}

func avx512() *ops {
	o := *portable
	o.level = "avx512"
	o.gemm = gemmKernel{
		rows: 14,
		cols: 32,
		micro: []func(int, *float32, *float32, int, *float32, int, float32, int, uint32){
			micro1x32avx512, micro2x32avx512, micro3x32avx512, micro4x32avx512, micro5x32avx512,
			micro6x32avx512, micro7x32avx512, micro8x32avx512, micro9x32avx512, micro10x32avx512,
			micro11x32avx512, micro12x32avx512, micro13x32avx512, micro14x32avx512,
		},
		packTrans: packTransAVX512,
		transRows: 16,
		packRows:  packRowsAVX512,
		dots: []func(int, *float32, int, *float32, int, *float32){
			dots1x4avx512, dots2x4avx512, dots3x4avx512, dots4x4avx512,
		},
		peak:    peakAVX512,
		peakOps: 24 * 16 * 2,
	}
	return &o
}

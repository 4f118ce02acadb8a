// Command asm writes the assembly of package kernel, in three parts: matrix
// products, loops over vectors, and loops over stored weights. Run it by
//
//	go generate ./nn/kernel
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	parts := map[string]func(){"gemm": gemm, "vector": vector, "stored": storedWeights}
	name := flag.String("part", "", "`part` to write: gemm, vector or stored")
	flag.Parse()
	part := parts[*name]
	if part == nil {
		log.Fatalf("-part is %q, want gemm, vector or stored", *name)
	}
	ConstraintExpr("!purego")
	part()
	Generate()
}

// gemm writes the inner loops of matrix products.
func gemm() {
	laneMasks()
	laneBitTable()
	for rows := 1; rows <= rows512; rows++ {
		micro512(rows)
		spread512(rows, false)
		spread512(rows, true)
	}
	for rows := 1; rows <= 4; rows++ {
		dots512(rows)
	}
	packTrans512()
	packRows512()
	packCols512(rows512)
	packCols512(cols512)
	peak512()

	pairWordTable()
	for rows := 1; rows <= rows512; rows++ {
		microBF16(rows)
	}
	packTransBF16()
	packRowsBF16()
	packColsBF16(rows512)
	packColsBF16(cols512)
	peakBF16()

	for rows := 1; rows <= rows2; rows++ {
		micro2(rows)
		spread2(rows)
	}
	for rows := 1; rows <= 3; rows++ {
		dots2(rows)
	}
	packTrans2()
	packRows2()
	peak2()
}

// vector writes the loops over vectors.
func vector() {
	laneMasks()
	data()
	avx512.vectors()
	avx2.vectors()
}

// storedWeights writes the loops over weights that are stored in fewer bits.
func storedWeights() {
	avx512.storedLoops()
	avx2.storedLoops()
}

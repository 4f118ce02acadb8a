// Command asm writes the assembly of package kernel. Run it by
//
//	go generate ./nn/kernel
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("!purego")
	data()
	for rows := 1; rows <= rows512; rows++ {
		micro512(rows)
	}
	for rows := 1; rows <= 4; rows++ {
		dots512(rows)
	}
	packTrans512()
	packRows512()
	peak512()
	avx512.vectors()

	for rows := 1; rows <= rows2; rows++ {
		micro2(rows)
	}
	for rows := 1; rows <= 3; rows++ {
		dots2(rows)
	}
	packTrans2()
	packRows2()
	peak2()
	avx2.vectors()
	Generate()
}

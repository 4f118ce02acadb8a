// Command asm writes the assembly of package kernel. Run it by
//
//	go generate ./nn/kernel
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("!purego")
	for rows := 1; rows <= rows512; rows++ {
		micro512(rows)
	}
	packTrans512()
	packRows512()
	for rows := 1; rows <= 4; rows++ {
		dots512(rows)
	}
	peak512()
	Generate()
}

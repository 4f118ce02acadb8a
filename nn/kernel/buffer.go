package kernel

import (
	"math/bits"
	"runtime"
)

// buffer is scratch memory that is used again.
type buffer struct{ data []float32 }

// buffers holds those of 1<<i elements at i that are free. They are kept: made
// again, large ones would cost more than many a call that needs them.
var buffers [bits.UintSize]freeList[*buffer]

func sizeClass(n int) int { return bits.Len(uint(max(n, 1) - 1)) }

// getBuffer returns scratch memory of n elements of any value. If it makes a small
// one it makes one for every processor, since what takes it is mostly a goroutine
// of several: a later call, in which more of them meet, needs no other.
func getBuffer(n int) *buffer {
	const small = 1 << 20 // less than this is
	class := sizeClass(n)
	make := func() *buffer { return &buffer{make([]float32, 1<<class)} }
	var b *buffer
	if n < small {
		b = buffers[class].get(runtime.GOMAXPROCS(0), make)
	} else {
		b = buffers[class].get(1, make)
	}
	b.data = b.data[:n]
	return b
}

func putBuffer(b *buffer) { buffers[sizeClass(cap(b.data))].put(b) }

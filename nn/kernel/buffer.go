package kernel

import (
	"math/bits"
	"sync"
)

// buffer is scratch memory that is used again.
type buffer struct{ data []float32 }

// buffers holds those of at most 1<<i elements at i, so that a small one is never
// thrown away for a large one.
var buffers [bits.UintSize]sync.Pool

func sizeClass(n int) int { return bits.Len(uint(max(n, 1) - 1)) }

// getBuffer returns scratch memory of n elements of any value.
func getBuffer(n int) *buffer {
	class := sizeClass(n)
	b, ok := buffers[class].Get().(*buffer)
	if !ok {
		b = &buffer{make([]float32, 1<<class)}
	}
	b.data = b.data[:n]
	return b
}

func putBuffer(b *buffer) { buffers[sizeClass(cap(b.data))].Put(b) }

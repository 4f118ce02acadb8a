package kernel

import "math/bits"

// buffer is scratch memory that is used again.
type buffer struct{ data []float32 }

// buffers holds those of 1<<i elements at i that are free. They are kept: made
// again, large ones would cost more than many a call that needs them.
var buffers [bits.UintSize]freeList[*buffer]

func sizeClass(n int) int { return bits.Len(uint(max(n, 1) - 1)) }

// getBuffer returns scratch memory of n elements of any value.
func getBuffer(n int) *buffer {
	class := sizeClass(n)
	b, ok := buffers[class].take()
	if !ok {
		b = &buffer{make([]float32, 1<<class)}
	}
	b.data = b.data[:n]
	return b
}

func putBuffer(b *buffer) { buffers[sizeClass(cap(b.data))].put(b) }

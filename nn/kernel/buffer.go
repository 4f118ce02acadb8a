package kernel

import "sync"

// buffer is scratch memory that is used again.
type buffer struct{ data []float32 }

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// getBuffer returns scratch memory of n elements of any value.
func getBuffer(n int) *buffer {
	b := buffers.Get().(*buffer)
	if cap(b.data) < n {
		b.data = make([]float32, n)
	}
	b.data = b.data[:n]
	return b
}

func putBuffer(b *buffer) { buffers.Put(b) }

package artifact

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Each ranges over the lines of an artifact, one in memory at a time. After an
// error it ends.
func Each[T any](s *Store, r Ref) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		f, err := s.Reader(r)
		if err != nil {
			yield(none, err)
			return
		}
		defer f.Close()
		dec := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
		for n := 1; ; n++ {
			var v T
			err := dec.Decode(&v)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(none, fmt.Errorf("artifact: decoding %s, line %d: %w", r, n, err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

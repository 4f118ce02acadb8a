//go:build !unix

package model

import "os"

// A mapping is a file in memory: here all of it, for as long as it is open.
type mapping struct{ data []byte }

func mapFile(path string) (*mapping, error) {
	data, err := os.ReadFile(path)
	return &mapping{data}, err
}

func (m *mapping) release(span) error  { return nil }
func (m *mapping) prefetch(span) error { return nil }
func (m *mapping) close() error        { return nil }

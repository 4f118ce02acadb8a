//go:build unix

package model

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// A mapping is a file in memory, of which the system loads pages when they are
// used.
type mapping struct{ data []byte }

func mapFile(path string) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping stays
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Size() == 0 || int64(int(fi.Size())) != fi.Size() {
		return nil, fmt.Errorf("mapping %s: %d bytes", path, fi.Size())
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(fi.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping %s: %w", path, err)
	}
	return &mapping{data}, nil
}

// release gives pages back; they are loaded again when they are used.
func (m *mapping) release(s span) error { return m.advise(s, unix.MADV_DONTNEED) }

// prefetch asks for pages to be loaded in the background.
func (m *mapping) prefetch(s span) error { return m.advise(s, unix.MADV_WILLNEED) }

func (m *mapping) advise(s span, advice int) error {
	page := os.Getpagesize()
	lo, hi := s.lo/page*page, min(len(m.data), (s.hi+page-1)/page*page)
	if lo >= hi {
		return nil
	}
	err := unix.Madvise(m.data[lo:hi], advice)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return nil // advice that this system does not take
	}
	return err
}

func (m *mapping) close() error { return unix.Munmap(m.data) }

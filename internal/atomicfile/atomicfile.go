// Package atomicfile writes files that appear whole or not at all.
package atomicfile

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
)

// Write makes path hold what write writes: under another name beside it, which
// becomes path when all of it is on the disk. A bufio.Writer keeps its first
// error, so that write need not look at each.
func Write(path string, write func(w *bufio.Writer) error) error {
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	defer os.Remove(path + ".part")
	w := bufio.NewWriterSize(f, 1<<20)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// WriteFile makes path hold b, for its owner's eyes alone. Several processes may
// write the same path at once: a reader sees what one of them wrote. With
// durable it is on the disk when WriteFile returns; without, that takes the
// system some seconds more.
func WriteFile(path string, b []byte, durable bool) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	if err == nil && durable {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// Create makes a new file that holds b, for its owner's eyes alone and on the
// disk when Create returns. It is fs.ErrExist when path is there: of two
// processes that make it at once one gets that, and finds the other's file whole.
func Create(path string, b []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Link(tmp.Name(), path)
}

// Package atomicfile writes files that appear whole or not at all.
package atomicfile

import (
	"bufio"
	"os"
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

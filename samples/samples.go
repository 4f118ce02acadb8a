// Package samples carries the sample documents in the program: contracts and
// radiology reports with their gold labels, and general English text. They
// were written for this project; README.md says how they are made.
package samples

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:generate go run ../internal/samples/gen

//go:embed legal medical general.txt
var files embed.FS

// Extract lays the samples out under dir: legal/, medical/ and general.txt.
// A file that is there already with the right content is left alone; any
// other is written anew, so that Extract may be repeated after an
// interruption. Each file appears whole or not at all.
func Extract(dir string) error {
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("samples: reading the embedded files: %w", err)
		}
		target := filepath.Join(dir, filepath.FromSlash(name))
		if entry.IsDir() {
			if err := os.MkdirAll(target, 0o755); err != nil {
				return fmt.Errorf("samples: making the folder for the sample documents (is the data folder writable?): %w", err)
			}
			return nil
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("samples: reading the embedded files: %w", err)
		}
		if there, err := os.ReadFile(target); err == nil && bytes.Equal(there, data) {
			return nil
		}
		return writeWhole(target, data)
	})
}

// writeWhole puts data under name by way of a temporary file beside it.
func writeWhole(name string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".sample-*")
	if err != nil {
		return fmt.Errorf("samples: writing the sample documents (is the data folder writable?): %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Chmod(0o644)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("samples: writing the sample documents (is there space left?): %w", err)
	}
	return nil
}

// General returns plain English prose of no domain, about 12 KB of UTF-8. It
// is never trained on: a model's loss on it shows what fine-tuning forgets.
func General() string {
	data, err := files.ReadFile("general.txt")
	if err != nil {
		panic("samples: general.txt is not in the program: " + err.Error())
	}
	return string(data)
}

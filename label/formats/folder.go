package formats

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"adapt/label"
)

// A folder is where an export goes. It appears whole under its name when it is
// closed, or not at all.
type folder struct {
	dir   string // the name
	tmp   string // where it is made
	info  Info
	files map[string]*file
	// frame is what stands around and between the items of a file.
	frame frame
}

// A frame turns items into one JSON text. The zero frame makes JSON lines.
type frame struct{ ext, open, between, end string }

type file struct {
	f     *os.File
	w     *bufio.Writer
	items int
}

// Info says what is exported, for the formats with room for it.
type Info struct {
	Name        string // "legal-3f2a91c07b1e"
	Description string
	Version     string // of the data set
	License     string // an SPDX name, or empty
}

// Create begins to write data in a format to the folder dir, which must not
// exist or be empty. Close must be called, and removes what is half written
// when it fails; Discard gives up.
func Create(dir, format string, info Info) (Writer, error) {
	i := slices.IndexFunc(table, func(f Format) bool { return f.Name == format })
	if i < 0 {
		return nil, fmt.Errorf("there is no format %q; write one of %v", format, Names())
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("the folder to write to: %w", err)
	case len(entries) > 0:
		return nil, fmt.Errorf("%s holds files already, and nothing is overwritten; name another folder", dir)
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(parent, ".adapt-export-*")
	if err != nil {
		return nil, err
	}
	return table[i].create(&folder{dir: dir, tmp: tmp, info: info, files: map[string]*file{}}), nil
}

// Discard removes what a Writer that is not closed has written.
func Discard(w Writer) error {
	d, ok := w.(interface{ discard() error })
	if !ok {
		return nil
	}
	return d.discard()
}

func (f *folder) discard() error {
	for _, open := range f.files {
		// The error of a file that is removed next is of no use.
		_ = open.f.Close()
	}
	f.files = map[string]*file{}
	return os.RemoveAll(f.tmp)
}

// open returns the file of that path below the folder, made at the first call.
func (f *folder) open(name string) (*file, error) {
	if have, ok := f.files[name]; ok {
		return have, nil
	}
	path := filepath.Join(f.tmp, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	have := &file{f: out, w: bufio.NewWriterSize(out, 1<<16)}
	f.files[name] = have
	return have, nil
}

// write makes a small file of its own.
func (f *folder) write(name, text string) error {
	out, err := f.open(name)
	if err != nil {
		return err
	}
	if _, err := out.w.WriteString(text); err != nil {
		return err
	}
	return f.finish(name)
}

// finish closes one file.
func (f *folder) finish(name string) error {
	out := f.files[name]
	delete(f.files, name)
	return errors.Join(out.w.Flush(), out.f.Close())
}

// splitName names the file of a split.
func splitName(s label.Split) string {
	if s == "" {
		return "all"
	}
	return string(s)
}

// line writes v to the file of a split.
func (f *folder) line(split label.Split, v any) error {
	fr := f.frame
	if fr.ext == "" {
		fr = frame{ext: ".jsonl", between: "\n", end: "\n"}
	}
	out, err := f.open(splitName(split) + fr.ext)
	if err != nil {
		return err
	}
	lead := fr.between
	if out.items++; out.items == 1 {
		lead = fr.open
	}
	if _, err := out.w.WriteString(lead); err != nil {
		return err
	}
	b, err := marshal(v)
	if err != nil {
		return err
	}
	_, err = out.w.Write(b)
	return err
}

// marshal is json.Marshal that leaves <, > and & readable.
func marshal(v any) ([]byte, error) {
	var b trimmed
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b, err
}

// trimmed collects what is written without the line feed at its end.
type trimmed []byte

func (t *trimmed) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	if n := len(*t); n > 0 && (*t)[n-1] == '\n' {
		*t = (*t)[:n-1]
	}
	return len(p), nil
}

// close ends every file and gives the folder its name.
func (f *folder) close() error {
	fr := f.frame
	if fr.ext == "" {
		fr.end = "\n"
	}
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		if _, err := io.WriteString(f.files[name].w, fr.end); err != nil {
			return errors.Join(err, f.discard())
		}
		if err := f.finish(name); err != nil {
			return errors.Join(err, f.discard())
		}
	}
	made, err := os.ReadDir(f.tmp)
	if err == nil && len(made) == 0 {
		err = ErrNothing
	}
	if err != nil {
		return errors.Join(err, f.discard())
	}
	// An empty folder of that name gives way.
	if err := os.Remove(f.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, f.discard())
	}
	if err := os.Chmod(f.tmp, 0o755); err != nil {
		return errors.Join(err, f.discard())
	}
	if err := os.Rename(f.tmp, f.dir); err != nil {
		return errors.Join(err, f.discard())
	}
	return nil
}

// ErrNothing is returned by Close when there was nothing that the format can
// hold.
var ErrNothing = errors.New("there is nothing to write that this format holds")

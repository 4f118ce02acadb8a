package artifact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
)

// ErrNotFound is returned, wrapped, when a store does not hold an artifact.
var ErrNotFound = errors.New("artifact not found")

// A Store keeps artifacts as files in a folder, named by their hash. Writing
// is atomic (a temporary file, synced, then renamed) and idempotent; any
// number of processes may share a folder.
type Store struct {
	dir string
}

// Open returns the store in dir, making the folder when it is missing.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return nil, fmt.Errorf("artifact: opening store: %w", err)
	}
	return &Store{dir: dir}, nil
}

// Path returns where the artifact's bytes are. The file must not be changed.
func (s *Store) Path(r Ref) string {
	return filepath.Join(s.dir, r.SHA256[:2], r.SHA256)
}

// Has reports whether the store holds r.
func (s *Store) Has(r Ref) bool {
	if r.Validate() != nil {
		return false
	}
	fi, err := os.Stat(s.Path(r))
	return err == nil && fi.Size() == r.Size
}

// Put stores what src gives and returns its reference.
func (s *Store) Put(kind Kind, src io.Reader) (Ref, error) {
	w, err := s.Create(kind)
	if err != nil {
		return Ref{}, err
	}
	defer w.Discard()
	if _, err := io.Copy(w, src); err != nil {
		return Ref{}, fmt.Errorf("artifact: put %s: %w", kind, err)
	}
	return w.Keep()
}

// PutBytes stores b.
func (s *Store) PutBytes(kind Kind, b []byte) (Ref, error) {
	return s.Put(kind, bytes.NewReader(b))
}

// PutFile stores the content of the file at path.
func (s *Store) PutFile(kind Kind, path string) (Ref, error) {
	f, err := os.Open(path)
	if err != nil {
		return Ref{}, fmt.Errorf("artifact: put %s: %w", kind, err)
	}
	defer f.Close()
	return s.Put(kind, f)
}

// PutJSON stores v as JSON. Equal values give equal references as long as v
// holds no clock times and its maps have string keys (which are sorted).
func (s *Store) PutJSON(kind Kind, v any) (Ref, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return Ref{}, fmt.Errorf("artifact: put %s: %w", kind, err)
	}
	return s.PutBytes(kind, b)
}

// Reader opens the artifact's bytes. The caller closes it.
func (s *Store) Reader(r Ref) (io.ReadCloser, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	f, err := os.Open(s.Path(r))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s (was the data folder moved or cleaned?)", ErrNotFound, r)
	}
	return f, err
}

// Bytes returns the artifact's bytes after checking them against the hash, so
// that a damaged disk is an error and not a wrong answer.
func (s *Store) Bytes(r Ref) ([]byte, error) {
	f, err := s.Reader(r)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("artifact: reading %s: %w", r, err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != r.SHA256 {
		return nil, fmt.Errorf("artifact: %s is damaged on disk: its hash is %x", r, sum)
	}
	return b, nil
}

// JSON decodes the artifact into v.
func (s *Store) JSON(r Ref, v any) error {
	b, err := s.Bytes(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("artifact: decoding %s: %w", r, err)
	}
	return nil
}

// PutLines stores items as JSON lines.
func PutLines[T any](s *Store, kind Kind, items []T) (Ref, error) {
	w, err := s.Create(kind)
	if err != nil {
		return Ref{}, err
	}
	defer w.Discard()
	for i := range items {
		if err := w.Line(&items[i]); err != nil {
			return Ref{}, err
		}
	}
	return w.Keep()
}

// Lines decodes an artifact of JSON lines.
func Lines[T any](s *Store, r Ref) ([]T, error) {
	var items []T
	for v, err := range Each[T](s, r) {
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	return items, nil
}

// A Tree lists the files of a folder artifact by slash-separated path.
type Tree struct {
	Files []TreeFile `json:"files"` // sorted by path
}

// A TreeFile is one file of a Tree.
type TreeFile struct {
	Path string `json:"path"`
	Ref  Ref    `json:"ref"`
}

// PutDir stores the regular files below dir and a Tree that lists them, and
// returns the Tree's reference: equal folders give equal references.
func (s *Store) PutDir(kind Kind, dir string) (Ref, error) {
	var tree Tree
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		ref, err := s.PutFile(kind, path)
		if err != nil {
			return err
		}
		tree.Files = append(tree.Files, TreeFile{Path: filepath.ToSlash(rel), Ref: ref})
		return nil
	})
	if err != nil {
		return Ref{}, fmt.Errorf("artifact: put folder: %w", err)
	}
	return s.PutTree(kind, tree)
}

// PutTree stores a list of files, sorted by path: equal lists give equal
// references.
func (s *Store) PutTree(kind Kind, tree Tree) (Ref, error) {
	sort.Slice(tree.Files, func(i, j int) bool { return tree.Files[i].Path < tree.Files[j].Path })
	return s.PutJSON(kind, tree)
}

// Dir lays the folder artifact r out below dst with hard links where the file
// system allows and copies elsewhere, and returns dst. Files that are there
// already with the right size are kept.
func (s *Store) Dir(r Ref, dst string) (string, error) {
	var tree Tree
	if err := s.JSON(r, &tree); err != nil {
		return "", err
	}
	for _, f := range tree.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return "", fmt.Errorf("artifact: %s lists the path %q outside its folder", r, f.Path)
		}
		if !s.Has(f.Ref) {
			return "", fmt.Errorf("%w: file %q of %s", ErrNotFound, f.Path, r)
		}
		path := filepath.Join(dst, filepath.FromSlash(f.Path))
		if fi, err := os.Stat(path); err == nil && fi.Size() == f.Ref.Size {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", fmt.Errorf("artifact: laying out %s: %w", r, err)
		}
		if err := linkOrCopy(s.Path(f.Ref), path); err != nil {
			return "", fmt.Errorf("artifact: laying out %s: %w", r, err)
		}
	}
	return dst, nil
}

// linkOrCopy makes dst hold what src holds; dst appears only when complete.
func linkOrCopy(src, dst string) error {
	os.Remove(dst)
	if os.Link(src, dst) == nil {
		return nil
	}
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	tmp, err := os.CreateTemp(filepath.Dir(dst), ".copy-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := io.Copy(tmp, in); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), dst)
}

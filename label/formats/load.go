package formats

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"adapt/label"
)

// Load reads a file, or a folder of brat's files, of a Hugging Face data set
// or of JSON files, recognizing the format by what is in it.
func Load(name string) (*Set, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("opening it: %w", withoutPath(err))
	}
	if fi.IsDir() {
		return LoadFS(os.DirFS(name))
	}
	if path.Ext(name) == ".parquet" {
		s := &Set{}
		return s, readParquet(s, os.DirFS(filepath.Dir(name)), filepath.Base(name))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening it: %w", withoutPath(err))
	}
	defer f.Close()
	return Read(f)
}

// LoadGold reads what people annotated.
func LoadGold(name string) ([]label.Gold, error) {
	s, err := Load(name)
	if err != nil {
		return nil, err
	}
	return s.Gold(), nil
}

// withoutPath takes the path out of a file error: paths may name people.
func withoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// LoadFS reads a folder.
func LoadFS(dir fs.FS) (*Set, error) {
	s := &Set{}
	var data []string
	brat := false
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return withoutPath(err)
		case entry.IsDir():
			if name != "." && strings.HasPrefix(entry.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		brat = brat || path.Ext(name) == ".ann"
		if isData(name) {
			data = append(data, name)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case brat:
		err = readBrat(s, dir)
	case len(data) == 0:
		err = errors.New("the folder holds neither brat's .ann files nor a data set's .parquet, .jsonl or .json files")
	default:
		err = readFiles(s, dir, data)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Reads reports whether a folder's file of that name may be part of what
// [LoadFS] reads.
func Reads(name string) bool {
	ext := path.Ext(name)
	return isData(name) || ext == ".ann" || ext == ".txt"
}

// isData reports whether a file of a folder is data and not about data.
func isData(name string) bool {
	switch base := path.Base(name); {
	case base == "dataset_infos.json", base == "dataset_info.json", base == "state.json", base == "croissant.json":
		return false
	}
	switch path.Ext(name) {
	case ".jsonl", ".json", ".parquet":
		return true
	}
	return false
}

// readFiles reads a data set's files in the order of their names.
func readFiles(s *Set, dir fs.FS, names []string) error {
	slices.Sort(names)
	for i, name := range names {
		docs, exchanges := len(s.Docs), len(s.Exchanges)
		if err := readDataFile(s, dir, name); err != nil {
			return fmt.Errorf("file %d of %d in the order of names: %w", i+1, len(names), err)
		}
		split := splitOf(name)
		for j := range s.Docs[docs:] {
			if d := &s.Docs[docs+j]; d.Split == "" {
				d.Split = split
			}
		}
		for j := range s.Exchanges[exchanges:] {
			s.Exchanges[exchanges+j].Split = split
		}
	}
	return nil
}

func readDataFile(s *Set, dir fs.FS, name string) error {
	if path.Ext(name) == ".parquet" {
		return readParquet(s, dir, name)
	}
	f, err := dir.Open(name)
	if err != nil {
		return withoutPath(err)
	}
	defer f.Close()
	return readInto(s, f)
}

// splitWords are what data sets call their splits (the datasets library's
// keywords).
var splitWords = map[string]label.Split{
	"train": label.Train, "training": label.Train,
	"dev": label.Dev, "validation": label.Dev, "valid": label.Dev, "val": label.Dev,
	"test": label.Test, "testing": label.Test, "eval": label.Test, "evaluation": label.Test,
}

// splitOf reads the split off a file's name, or off its folder's.
func splitOf(name string) label.Split {
	base := strings.TrimSuffix(path.Base(name), path.Ext(name))
	for _, text := range []string{base, path.Base(path.Dir(name))} {
		for _, word := range strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return strings.ContainsRune("-_. ", c) }) {
			if s, ok := splitWords[word]; ok {
				return s
			}
		}
	}
	return ""
}

// usual are the names by which annotations beside documents are found, in the
// order in which they are looked for.
var usual = []string{
	"gold.jsonl", "clauses.jsonl", "gold.json", "label-studio.json", "doccano.jsonl", "squad.json",
	"annotations.jsonl", "annotations.json", "gold",
}

// Find returns the path of annotations in a folder of documents or its parent
// by their usual names: a file, a folder "gold", or the folder itself where
// brat's .ann files lie beside the documents. It returns "" when there are
// none.
func Find(documents string) string {
	for _, dir := range []string{documents, filepath.Dir(filepath.Clean(documents))} {
		for _, name := range usual {
			p := filepath.Join(dir, name)
			fi, err := os.Stat(p)
			if err == nil && (fi.Mode().IsRegular() && path.Ext(name) != "" || fi.IsDir() && path.Ext(name) == "") {
				return p
			}
		}
		if dir == documents && holdsBrat(dir) {
			return dir
		}
	}
	return ""
}

// holdsBrat reports whether an .ann file lies in a folder.
func holdsBrat(dir string) bool {
	found, err := filepath.Glob(filepath.Join(globSafe(dir), "*.ann"))
	return err == nil && len(found) > 0
}

// globSafe quotes what a pattern would take for its own.
func globSafe(s string) string {
	return strings.NewReplacer(`[`, `\[`, `*`, `\*`, `?`, `\?`).Replace(s)
}

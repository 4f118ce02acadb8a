package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A File is a file of an ingested folder.
type File struct {
	Path string `json:"path"` // slash-separated, relative to the folder
	Size int64  `json:"size"` // bytes
}

// Scan lists the files of a folder and its subfolders that may be documents,
// sorted by path. Hidden files, annotations, and files that speak of
// the folder (README, LICENSE, MANIFEST) are none. A symbolic link counts when
// it leads to a file inside the folder.
//
// include holds patterns as of [path.Match]. A pattern without a slash is
// held against the file's name, one with a slash against its path; "reports/**"
// takes all under a folder. No pattern takes every file.
func Scan(root string, include []string) ([]File, error) {
	if err := checkPatterns(include); err != nil {
		return nil, err
	}
	dir, err := openFolder(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	var files []File
	walk := func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("list the document folder: %w", withoutPath(err))
		}
		if name != "." && strings.HasPrefix(entry.Name(), ".") {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() || !mayBeDocument(entry.Name()) || !included(name, include) {
			return nil
		}
		// Root.Stat follows links, but not out of the folder.
		info, err := dir.Stat(name)
		if err == nil && info.Mode().IsRegular() && (!isJSONLines(name) || holdsTexts(dir, name)) {
			files = append(files, File{Path: name, Size: info.Size()})
		}
		return nil
	}
	if err := fs.WalkDir(dir.FS(), ".", walk); err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, noFiles(include)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

func openFolder(root string) (*os.Root, error) {
	info, err := os.Stat(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("the document folder does not exist: check its path")
	case err != nil:
		return nil, fmt.Errorf("open the document folder: %w", withoutPath(err))
	case !info.IsDir():
		return nil, errors.New("the document folder is a file: give the folder that holds the documents")
	}
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("open the document folder: %w", withoutPath(err))
	}
	return dir, nil
}

func noFiles(include []string) error {
	if len(include) > 0 {
		return fmt.Errorf("no file in the document folder matches ingest.include %q: change the patterns or leave them empty", include)
	}
	return errors.New("the document folder has no documents: put PDF, DOCX, RTF, HTML, text, e-mail, HL7 v2, FHIR, DICOM SR, CSV, Parquet or ZIP files into it")
}

// withoutPath takes the path out of a file error: paths may name people.
func withoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return fmt.Errorf("%s: %w", pathError.Op, pathError.Err)
	}
	return err
}

// mayBeDocument tells documents from files that annotate or describe them. A
// name such as "License Agreement.pdf" is a document's.
func mayBeDocument(name string) bool {
	if strings.HasPrefix(name, "~$") {
		return false // a lock file of an office program
	}
	switch strings.ToUpper(strings.TrimSuffix(name, path.Ext(name))) {
	case "README", "LICENSE", "LICENCE", "MANIFEST", "NOTICE":
		return false
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".ann", ".conf":
		return false
	}
	switch strings.ToLower(name) {
	case "index.jsonl", "gold.jsonl", "clauses.jsonl", "doccano.jsonl", "index.json", "gold.json", "label-studio.json", "squad.json", "annotations.json", "thumbs.db":
		return false
	}
	return true
}

func checkPatterns(include []string) error {
	for _, pattern := range include {
		if _, err := path.Match(pattern, "x"); err != nil {
			return fmt.Errorf("ingest.include has the malformed pattern %q", pattern)
		}
	}
	return nil
}

func included(name string, include []string) bool {
	if len(include) == 0 {
		return true
	}
	for _, pattern := range include {
		pattern = filepath.ToSlash(pattern)
		if folder, ok := strings.CutSuffix(pattern, "/**"); ok {
			if strings.HasPrefix(name, folder+"/") {
				return true
			}
			continue
		}
		target := name
		if !strings.Contains(pattern, "/") {
			target = path.Base(name)
		}
		if ok, _ := path.Match(pattern, target); ok {
			return true
		}
	}
	return false
}

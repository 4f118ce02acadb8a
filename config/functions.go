package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"gopkg.in/yaml.v3"

	"adapt/label"
)

// maxFunctions bounds a file of labeling functions in bytes.
const maxFunctions = 4 << 20

// readFunctions takes the file of labeling functions and the dictionaries that
// they name into l, so that it is complete by itself. Paths are relative to dir.
func (l *Label) readFunctions(dir string) error {
	if err := label.ReadFiles(l.Functions, dir); err != nil {
		return err
	}
	if l.FunctionsFile == "" {
		return nil
	}
	path := l.FunctionsFile
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() || st.Size() > maxFunctions {
		return fmt.Errorf("label.functions_file: %s is no file of at most %d MB; its path is relative to adapt.yaml", l.FunctionsFile, maxFunctions>>20)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("label.functions_file: %w", err)
	}
	more, err := parseFunctions(b)
	if err == nil {
		err = label.Check(more)
	}
	if err == nil {
		err = label.ReadFiles(more, filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("label.functions_file: %s: %w", l.FunctionsFile, err)
	}
	l.Functions = append(l.Functions, more...)
	l.FunctionsFile = ""
	return nil
}

// parseFunctions reads a list of labeling functions.
func parseFunctions(b []byte) ([]label.Spec, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil, decodeError(err)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	if doc.Content[0].Kind != yaml.SequenceNode {
		return nil, errors.New("line 1: a list of functions is expected: lines that begin with \"- name: \"")
	}
	if err := checkKeys(doc.Content[0], reflect.TypeFor[[]label.Spec](), "functions"); err != nil {
		return nil, err
	}
	var specs []label.Spec
	if err := doc.Decode(&specs); err != nil {
		return nil, decodeError(err)
	}
	return specs, nil
}

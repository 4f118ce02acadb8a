package tokenizer

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// maxFile bounds the tokenizer files that are read; Gemma's has 34 MB.
const maxFile = 64 << 20

// Load returns the tokenizer of a model folder: the one that
// adapt_tokenizer.json describes, else that of a Hugging Face tokenizer.json.
func Load(dir string) (Tokenizer, error) {
	data, err := readFile(dir, specFile)
	if err == nil {
		s, err := parseSpec(data)
		if err != nil {
			return nil, err
		}
		return newTiktoken(s)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, hfFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the model folder has no tokenizer: put %s or %s beside its weights", hfFile, specFile)
	}
	return loadHF(dir)
}

// Save writes into dir the files from which [Load] makes the same tokenizer,
// given the model's config.json beside them: tokenizer.json and
// tokenizer_config.json as Hugging Face reads them, with the chat template, and
// for tiktoken's encodings adapt_tokenizer.json.
func Save(dir string, t Tokenizer) error {
	e, ok := t.(*encoding)
	if !ok {
		return fmt.Errorf("save tokenizer: a %T did not come from this package", t)
	}
	files, err := e.files()
	if err != nil {
		return fmt.Errorf("save tokenizer: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return fmt.Errorf("save tokenizer: %w", err)
		}
	}
	return nil
}

// readFile reads a file of bounded size from a model folder.
func readFile(dir, name string) ([]byte, error) {
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("read tokenizer: %w", err)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("read tokenizer: %s has %d bytes, more than a tokenizer can need (%d)", name, info.Size(), maxFile)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("read tokenizer: %w", err)
	}
	return data, nil
}

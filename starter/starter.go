// Package starter carries the base model that adapt ships, for teams that
// bring none of their own. Its model card is README.md beside this file.
package starter

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed config.json model.safetensors adapt_tokenizer.json tokenizer.json tokenizer_config.json README.md training.json
var files embed.FS

// Dir lays the model folder out below home and returns its path. The path
// names the weights, so that another version of adapt gets another folder;
// one that is there already is taken as it is.
func Dir(home string) (string, error) {
	weights, err := files.ReadFile("model.safetensors")
	if err != nil {
		return "", fmt.Errorf("starter: %w", err)
	}
	sum := sha256.Sum256(weights)
	dir := filepath.Join(home, "starter-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := layOut(home, dir); err != nil {
		return "", fmt.Errorf("starter: laying out the model: %w", err)
	}
	return dir, nil
}

// layOut writes the files to a folder of another name first: dir appears
// whole, whoever else is doing the same.
func layOut(home, dir string) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(home, ".starter-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	entries, err := files.ReadDir(".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		b, err := fs.ReadFile(files, e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(tmp, e.Name()), b, 0o600); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, dir); err != nil {
		if _, exists := os.Stat(dir); exists == nil {
			return nil // another process was faster
		}
		return err
	}
	return nil
}

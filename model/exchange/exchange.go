// Package exchange brings models in from other tools' files and out to them.
// Between, a model is a Hugging Face folder.
package exchange

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"adapt/model"
	"adapt/model/gguf"
)

// TokenizerFiles are the files of a model's folder that have its tokenizer in
// them and what belongs to it; training leaves them as they are.
var TokenizerFiles = []string{
	"adapt_tokenizer.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"chat_template.jinja", "generation_config.json",
}

// ErrFormat is returned, wrapped, for a path that holds no model.
var ErrFormat = errors.New("no model")

// Folder returns a Hugging Face folder of the model at path: a Hugging Face
// folder itself; a GGUF file; or the folder of a PEFT adapter whose
// base_model_name_or_path is a folder, which is merged. The latter two are
// written to work.
func Folder(path, work string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("exchange: %w", err)
	}
	switch {
	case !info.IsDir() && strings.EqualFold(filepath.Ext(path), ".gguf"):
		if err := empty(work); err != nil {
			return "", err
		}
		return work, gguf.Import(path, work)
	case !info.IsDir():
		return "", fmt.Errorf("exchange: %w: a file that is not GGUF; name a Hugging Face folder, a PEFT adapter's folder or a .gguf file", ErrFormat)
	case isAdapter(path):
		return work, merge(path, work)
	}
	return path, nil
}

func isAdapter(dir string) bool {
	_, adapter := os.Stat(filepath.Join(dir, model.AdapterConfigFile))
	_, config := os.Stat(filepath.Join(dir, "config.json"))
	return adapter == nil && errors.Is(config, fs.ErrNotExist)
}

// merge writes the base of an adapter with the adapter in its weights.
func merge(dir, work string) error {
	name, err := model.AdapterBase(dir)
	if err != nil {
		return err
	}
	base := name
	if !filepath.IsAbs(base) {
		base = filepath.Join(dir, base)
	}
	if info, err := os.Stat(base); err != nil || !info.IsDir() {
		return fmt.Errorf("exchange: %w: the adapter's base_model_name_or_path is %q, which is no folder; download that model and write its path there", ErrFormat, name)
	}
	m, err := model.Load(base)
	if err != nil {
		return err
	}
	a, err := model.LoadAdapter(dir, m.Config)
	if err != nil {
		return err
	}
	a.Merge(m, 1)
	if err := empty(work); err != nil {
		return err
	}
	if err := m.Save(work); err != nil {
		return err
	}
	return CopyTokenizer(base, work)
}

// CopyTokenizer copies what belongs to the tokenizer from one model's folder to
// another's.
func CopyTokenizer(from, to string) error {
	for _, name := range TokenizerFiles {
		b, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("exchange: %w", err)
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
			return fmt.Errorf("exchange: %w", err)
		}
	}
	return nil
}

// Formats are what Export writes.
var Formats = []string{"hf", "peft", "gguf"}

// Types are the number formats that Export writes to a GGUF file, and to a
// Hugging Face folder the first two.
var Types = []string{"f32", "bf16", "f16", "q8_0"}

// AdapterFolder is where a model's folder keeps the adapter that was merged
// into it, as PEFT's files.
const AdapterFolder = "adapter"

// Export writes the model of a Hugging Face folder to out, which must not exist:
// as such a folder ("hf"), as the PEFT adapter that it came of ("peft") or as a
// GGUF file for llama.cpp and Ollama ("gguf"). What was written is read back and
// compared.
func Export(dir, out, format, kind string) error {
	if _, err := os.Stat(out); err == nil {
		return fmt.Errorf("exchange: %s is there already; name a new path", out)
	}
	if !slices.Contains(Types, kind) {
		return fmt.Errorf("exchange: type %q is none of %s", kind, strings.Join(Types, ", "))
	}
	switch format {
	case "hf":
		return exportFolder(dir, out, kind)
	case "peft":
		from := filepath.Join(dir, AdapterFolder)
		if _, err := os.Stat(from); err != nil {
			return fmt.Errorf("exchange: the model has no adapter: it was not trained with train.method lora; export it as hf or gguf")
		}
		return os.CopyFS(out, os.DirFS(from))
	case "gguf":
		types := map[string]gguf.Type{"f32": gguf.F32, "bf16": gguf.BF16, "f16": gguf.F16, "q8_0": gguf.Q8_0}
		return gguf.Export(dir, out, types[kind])
	}
	return fmt.Errorf("exchange: format %q is none of %s", format, strings.Join(Formats, ", "))
}

func exportFolder(dir, out, kind string) error {
	if kind != "f32" && kind != "bf16" {
		return fmt.Errorf("exchange: a Hugging Face folder is written as f32 or bf16, not as %s", kind)
	}
	m, err := model.Load(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("exchange: %w", err)
	}
	save := m.Save
	if kind == "bf16" {
		save = m.SaveBF16
	}
	if err := save(out); err != nil {
		return err
	}
	if err := m.VerifySaved(out, nil); err != nil {
		return err
	}
	return CopyTokenizer(dir, out)
}

func empty(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("exchange: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("exchange: %w", err)
	}
	return nil
}

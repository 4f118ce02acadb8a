package tokenizer

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fullEnv makes TestRoundTripOfData read every byte of the data.
const fullEnv = "ADAPT_TEST_FULL"

// sampleSize is how much of each file is read otherwise.
const sampleSize = 4 << 10

// dataFiles returns every file of the data beside the repository, unpacked,
// whole or a part of each from its middle; or skips.
func dataFiles(t *testing.T, full bool) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(root); err != nil {
		t.Skip("the data is not beside the repository")
	}
	return once(t, fmt.Sprint("data ", full), func() (map[string]string, error) { return readData(root, full) })
}

func readData(root string, full bool) (map[string]string, error) {
	files := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.Ext(path) == ".gz" {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			most := int64(1 << 20)
			if full {
				most = 1 << 30
			}
			if data, err = io.ReadAll(io.LimitReader(z, most)); err != nil {
				return err
			}
		}
		if at := len(data) / 2; !full && at > sampleSize {
			data = data[at : at+sampleSize]
		}
		files[path] = string(data)
		return nil
	})
	return files, err
}

// TestRoundTripOfData holds Decode(Encode(x)) == x on all kinds of files,
// PDF and other binary ones included: text is bytes.
func TestRoundTripOfData(t *testing.T) {
	files := dataFiles(t, os.Getenv(fullEnv) != "")
	toks := map[string]*encoding{
		"starter":      starter(t),
		"r50k_base":    whole(t, "r50k_base"),
		"p50k_base":    whole(t, "p50k_base"),
		"cl100k_base":  whole(t, "cl100k_base"),
		"o200k_base":   whole(t, "o200k_base"),
		"Hugging Face": savedAsHF(t, "cl100k_base"),
	}
	if data, err := os.ReadFile(stories); err == nil {
		toks["SentencePiece"] = parse(t, sentencePiece(t, readStories(t, data), prepending))
	}
	for name, tok := range toks {
		t.Run(name, func(t *testing.T) {
			total := 0
			for path, text := range files {
				if name == "SentencePiece" {
					text = strings.ReplaceAll(text, spaceMark, "")
				}
				if tok.Decode(tok.Encode(text)) != text {
					t.Errorf("%s does not round trip", path)
				}
				total += len(text)
			}
			t.Logf("%d files, %d bytes", len(files), total)
		})
	}
}

// TestHFEqualsTiktokenOnData compares the tokenizer.json made of an encoding
// with tiktoken-go on parts of all text files.
func TestHFEqualsTiktokenOnData(t *testing.T) {
	files := dataFiles(t, false)
	for _, name := range []string{"r50k_base", "cl100k_base", "o200k_base"} {
		tok, ref := savedAsHF(t, name), reference(t, name, 0)
		paths := slices.Sorted(maps.Keys(files))
		for i := 0; i < len(paths); i += 13 {
			text := strings.ToValidUTF8(files[paths[i]], "")
			text = text[:min(len(text), 2<<10)]
			text = strings.ToValidUTF8(text, "")
			if got, want := tok.Encode(text), ref(text); !slices.Equal(got, want) {
				t.Errorf("%s: %s encodes otherwise than with tiktoken", name, paths[i])
			}
		}
	}
}

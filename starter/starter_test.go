package starter

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"adapt/generate"
	"adapt/model"
	"adapt/tokenizer"
)

// TestDir loads the shipped model strictly and wants it to know English: far
// below the loss of guessing, which is 9.01 nats a token.
func TestDir(t *testing.T) {
	home := t.TempDir()
	dir, err := Dir(home)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Dir(home); err != nil || again != dir {
		t.Fatalf("Dir again gives %q, %v; want %q", again, err, dir)
	}
	if entries, _ := os.ReadDir(home); len(entries) != 1 {
		t.Errorf("home holds %d entries, want the model folder alone", len(entries))
	}
	m, err := model.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if n := m.Config.Params(); n < 5e6 || n > 10e6 {
		t.Errorf("the starter has %d weights, want 5 to 10 million", n)
	}
	text, err := generate.NewText(m, tok, generate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	nats, n, err := text.LogLoss(context.Background(),
		"This Agreement shall be governed by and construed in accordance with the laws of the State of New York.", 100)
	if err != nil {
		t.Fatal(err)
	}
	if loss := nats / float64(n); loss > 4 {
		t.Errorf("a sentence of a contract costs %.2f nats a token, want at most 4", loss)
	}
}

// TestTokenizerFiles wants the files that other programs read to be those of
// the encoding.
func TestTokenizerFiles(t *testing.T) {
	tok, err := tokenizer.Starter()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := tokenizer.Save(dir, tok); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"adapt_tokenizer.json", "tokenizer.json", "tokenizer_config.json"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := files.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the tokenizer saves; %v", name, err)
		}
	}
}

package starter

import (
	"context"
	"os"
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
	text, err := generate.NewText(m, tok, 1)
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

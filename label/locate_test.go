package label

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFind(t *testing.T) {
	long := strings.Repeat("each party shall keep the other's secrets; ", 6)
	tests := []struct {
		name, text, quote string
		hint              int
		want              string // the located text; "" when there is none
		at                int
	}{
		{"exact", "the laws of Ohio", "laws of Ohio", -1, "laws of Ohio", 4},
		{"first", "Fox and Fox", "Fox", -1, "Fox", 0},
		{"nearest", "Fox and Fox and Fox", "Fox", 9, "Fox", 8},
		{"at the hint, inside a word", "Effective Dates", "Date", 10, "Date", 10},
		{"not inside a word", "limits ITS", "its", -1, "", 0},
		{"whole word", "limits of its", "its", -1, "its", 10},
		{"line break", "laws of\n   Ohio.", "laws of Ohio.", -1, "laws of\n   Ohio.", 0},
		{"lost blanks", "lawsof Ohio", "laws of Ohio", 0, "lawsof Ohio", 0},
		{"hyphenated", "this agree-\nment is", "agreement", -1, "agree-\nment", 5},
		{"soft hyphen", "agree\u00adment", "agreement", -1, "agree\u00adment", 0},
		{"dash", "non–compete", "non-compete", -1, "non–compete", 0},
		{"quotation marks", "(the “Company’s”)", `the "Company's"`, -1, "the “Company’s”", 1},
		{"ligature", "the ﬁrst ofﬁce", "first office", -1, "ﬁrst ofﬁce", 4},
		{"exact before loose", "a  b; a b", "a b", -1, "a b", 6},
		{"nearest loose", "a  b; a\tb", "a b", 6, "a\tb", 6},
		{"page footer inside", long[:150] + "\n\n- 12 -\n\n" + long[150:], strings.TrimSpace(long), -1, strings.TrimSpace(long[:150] + "\n\n- 12 -\n\n" + long[150:]), 0},
		{"missing", "laws of Ohio", "laws of Iowa", -1, "", 0},
		{"empty", "laws", " ", -1, "", 0},
		{"dashes only", "a b", "-", 7, "", 0},
		{"hint beyond", "laws", "laws", 99, "laws", 0},
		{"invalid UTF-8", "a \xff laws", "laws", -1, "laws", 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start, end, ok := Find(tt.text, tt.quote, tt.hint)
			if ok != (tt.want != "") {
				t.Fatalf("ok = %v, want %v", ok, !ok)
			}
			if ok && (tt.text[start:end] != tt.want || start != tt.at) {
				t.Errorf("found %q at %d, want %q at %d", tt.text[start:end], start, tt.want, tt.at)
			}
		})
	}
}

// TestFindRespaced finds pieces of a text whose white space was changed.
func TestFindRespaced(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("the party of the first part shall not, in any way, assign this Agreement without “consent”")
	var b strings.Builder
	for range 400 {
		b.WriteString(words[rng.IntN(len(words))])
		b.WriteString([]string{" ", "  ", "\n", " \n\t "}[rng.IntN(4)])
	}
	text := b.String()
	loc := NewLocator(text)
	for range 300 {
		fields := strings.Fields(text)
		n := 5 + rng.IntN(20)
		from := rng.IntN(len(fields) - n)
		quote := strings.Join(fields[from:from+n], " ")
		start, end, ok := loc.Find(quote, rng.IntN(len(text)))
		if !ok || strings.Join(strings.Fields(text[start:end]), " ") != quote {
			t.Fatalf("%q was not found", quote)
		}
		if !loc.Has(quote) {
			t.Fatalf("Has(%q) = false", quote)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("the laws\nof Ohio", "laws of", 3)
	f.Add("a\xffb", "\xff", -1)
	f.Add("ﬁ", "i", 0)
	f.Fuzz(func(t *testing.T, text, quote string, hint int) {
		loc := NewLocator(text)
		start, end, ok := loc.Find(quote, hint)
		if !ok {
			return
		}
		if start < 0 || end > len(text) || start >= end {
			t.Fatalf("range %d:%d of %d bytes", start, end, len(text))
		}
		if utf8.ValidString(text) && !utf8.ValidString(text[start:end]) {
			t.Fatal("a character was cut")
		}
		if len(quote) < 3*anchor && !loc.Has(text[start:end]) && len(squeeze(text[start:end])) > 0 {
			t.Fatal("what was found is not in the text")
		}
	})
}

func BenchmarkLocator(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("the party of the first part shall not assign this Agreement without consent of any other and all")
	var sb strings.Builder
	for sb.Len() < 300_000 {
		sb.WriteString(words[rng.IntN(len(words))])
		sb.WriteByte(" \n"[rng.IntN(2)])
	}
	text := sb.String()
	fields := strings.Fields(text)
	for b.Loop() {
		loc := NewLocator(text)
		for i := range 300 {
			loc.Find(strings.Join(fields[i*50:i*50+20], " "), -1)
		}
	}
}

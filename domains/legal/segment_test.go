package legal

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSegments(t *testing.T) {
	long := "The Supplier shall deliver the goods in good order; " + strings.Repeat("the Buyer shall inspect all of them without delay, ", 6) + "and pay"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty", " \n\n ", nil},
		{"sentences", "This Agreement is governed by the laws of Ohio. It ends on May 1, 2020.",
			[]string{"This Agreement is governed by the laws of Ohio.", "It ends on May 1, 2020."}},
		{"a line break inside a sentence", "This Agreement shall be governed by the\nlaws of the State of Ohio.",
			[]string{"This Agreement shall be governed by the\nlaws of the State of Ohio."}},
		{"blank line", "Acme shall pay the\n\nfees in time.", []string{"Acme shall pay the", "fees in time."}},
		{"title", "SUPPLY AGREEMENT\nThis Agreement is made by Acme.", []string{"SUPPLY AGREEMENT", "This Agreement is made by Acme."}},
		{"label", "Master Services Agreement\nThis Agreement is made by Acme.", []string{"Master Services Agreement", "This Agreement is made by Acme."}},
		{"heading after a sentence", "Acme shall pay in time.\nGOVERNING LAW\nThe laws of Ohio govern.",
			[]string{"Acme shall pay in time.", "GOVERNING LAW", "The laws of Ohio govern."}},
		{"items", "Acme shall:\n(a) pay the fees;\n(b) keep the books; and\n(c) insure.",
			[]string{"Acme shall:", "(a) pay the fees;", "(b) keep the books; and", "(c) insure."}},
		{"numbered clauses", "shall survive.\n12.1 Term. This Agreement lasts one year\n12.2 Renewal. It is renewed.",
			[]string{"shall survive.", "12.1 Term. This Agreement lasts one year", "12.2 Renewal. It is renewed."}},
		{"a number that begins a line by chance", "as is said in Section\n12.1 of this Agreement.", []string{"as is said in Section\n12.1 of this Agreement."}},
		{"abbreviations", "Acme Inc. Ohio and J. Smith of U.S. Steel Corp. Pittsburgh agree. They sign.",
			[]string{"Acme Inc. Ohio and J. Smith of U.S. Steel Corp. Pittsburgh agree.", "They sign."}},
		{"quotation at the end", "It is called the “Term.” It ends.", []string{"It is called the “Term.”", "It ends."}},
		{"items after runs of blanks", "Acme shall do as follows:          (a)  pay the fees in time;           (b)  keep books.",
			[]string{"Acme shall do as follows:", "(a)  pay the fees in time;", "(b)  keep books."}},
		{"a lone number joins what follows", "4.\n\nTerm of the contract", []string{"4.\n\nTerm of the contract"}},
		{"long sentence", long, []string{long[:strings.LastIndex(long, ";")+1][:51], long[52:]}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, s := range segments(tt.text) {
				got = append(got, s.of(tt.text))
			}
			if tt.name == "long sentence" { // cut somewhere, but whole
				if strings.Join(got, " ") != strings.TrimSpace(long) || len(got) != 1+len(long)/(maxSegment+1) {
					t.Errorf("got %q", got)
				}
				return
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPieceEnd(t *testing.T) {
	head := strings.Repeat("x", 200)
	for _, tt := range []struct{ name, text, want string }{
		{"semicolon", head + "; a, b: c, " + head, head + ";"},
		{"colon", head + ", a b: c, " + head, head + ", a b:"},
		{"comma", head + ", a b c" + head, head + ","},
		{"blank", head + " a" + head, head + " "},
		{"nothing", head + head + head, head + head},
		{"no number is cut", head + " 1,000" + head, head + " "},
		{"characters", strings.Repeat("é", 150) + "a" + strings.Repeat("é", 150), strings.Repeat("é", 150) + "a" + strings.Repeat("é", 49)},
	} {
		if got := tt.text[:pieceEnd(tt.text)]; got != tt.want {
			t.Errorf("%s: got %d bytes, want %d", tt.name, len(got), len(tt.want))
		}
	}
}

// checkSegments reports what is wrong with the segments of a text.
func checkSegments(t *testing.T, text string) {
	t.Helper()
	at := 0
	for i, s := range segments(text) {
		switch {
		case s.start < at || s.end > len(text) || s.len() <= 0:
			t.Fatalf("segment %d is %v, after %d, in %d bytes", i, s, at, len(text))
		case strings.TrimSpace(text[at:s.start]) != "":
			t.Fatalf("text before segment %d is in none", i)
		case s.len() > maxSegment:
			t.Fatalf("segment %d has %d bytes", i, s.len())
		case strings.TrimSpace(s.of(text)) != s.of(text):
			t.Fatalf("segment %d is not trimmed", i)
		case utf8.ValidString(text) && !utf8.ValidString(s.of(text)):
			t.Fatalf("segment %d cuts a character", i)
		}
		at = s.end
	}
	if strings.TrimFunc(text[at:], unicode.IsSpace) != "" {
		t.Fatal("text after the last segment is in none")
	}
}

func TestSegmentsHoldEverything(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	parts := []string{"The party", "shall", " ", "  ", "\n", "\n\n", "\f", ". ", "; ", ", ", "(a)", "1.2", "A.", "§", "“", "”", "é", "EXHIBIT A", "\u00a0", "Inc.", "_____", "\u2028", "…"}
	for range 300 {
		var b strings.Builder
		for range rng.IntN(400) {
			b.WriteString(parts[rng.IntN(len(parts))])
		}
		checkSegments(t, b.String())
	}
}

func TestSegmentsOfContracts(t *testing.T) {
	for _, c := range cuadContracts(t, nil) {
		checkSegments(t, c.doc.Text)
	}
}

func FuzzSegments(f *testing.F) {
	f.Add("1. TERM. This Agreement shall;\n(a) end. (b) Or not")
	f.Add("\xff\xfe\n\n•")
	f.Fuzz(checkSegments)
}

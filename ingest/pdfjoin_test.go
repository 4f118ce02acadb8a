package ingest

import (
	"fmt"
	"strings"
	"testing"
)

// pagesOf makes pages of texts.
func pagesOf(texts ...string) []pdfPage {
	pages := make([]pdfPage, len(texts))
	for i, text := range texts {
		pages[i].text = text
	}
	return pages
}

// body returns the running text of each page.
func body(p part) []string {
	out := make([]string, len(p.Pages))
	for i, page := range p.Pages {
		out[i] = p.Text[page.BodyStart:page.BodyEnd]
	}
	return out
}

func TestHeadersAndFooters(t *testing.T) {
	tests := []struct {
		name         string
		pages, wants []string
	}{
		{"page numbers", []string{"alpha\nbeta\n\n1", "gamma\n2", "delta\n\n- 3 -", "epsilon\n4"},
			[]string{"alpha\nbeta", "gamma", "delta\n\n- 3 -", "epsilon"}},
		{"page of pages", []string{"alpha\n\nPage 1 of 3", "beta\nPage 2 of 3", "gamma\nPage 3 of 3"},
			[]string{"alpha", "beta", "gamma"}},
		{"two pages", []string{"alpha\nLease, page 1", "beta\nLease, page 2"}, []string{"alpha", "beta"}},
		{"two pages that end alike", []string{"alpha\nand more", "beta\nand more"}, []string{"alpha\nand more", "beta\nand more"}},
		{"two pages that end in the same number", []string{"alpha\n7", "beta\n7"}, []string{"alpha\n7", "beta\n7"}},
		{"header and footer of several lines", []string{
			"Lease\n\nalpha\nbeta\n\nSource: X, 8-K, 3/13/2020\n1", "Lease\ngamma\nSource: X, 8-K, 3/13/2020\n2", "Lease\ndelta\nSource: X, 8-K, 3/13/2020\n3",
		}, []string{"alpha\nbeta", "gamma", "delta"}},
		{"prefixed and Roman numbers", []string{"alpha\nE - 4", "beta\nE - 5", "gamma\nE - 6", "delta\niii", "epsilon\niv", "zeta\nv"},
			[]string{"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}},
		{"headings that count otherwise", []string{"alpha\nArticle 3", "beta\nArticle 9", "gamma\nArticle 14", "delta\nArticle 33"},
			[]string{"alpha\nArticle 3", "beta\nArticle 9", "gamma\nArticle 14", "delta\nArticle 33"}},
		{"pages of nothing else", []string{"Lease\n1", "Lease\n2", "Lease\n3"}, []string{"Lease\n1", "Lease\n2", "Lease\n3"}},
		{"a page without", []string{"alpha\n1", "", "beta\n3", "gamma\n4"}, []string{"alpha", "", "beta", "gamma"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := joinPages(pagesOf(tt.pages...))
			if got := body(p); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.wants) {
				t.Errorf("running text %q, want %q", got, tt.wants)
			}
			// Nothing is lost or changed but white space.
			if got, want := strings.Fields(p.Text), strings.Fields(strings.Join(tt.pages, " ")); strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("text %q, want the words of %q", got, want)
			}
			checkDocument(t, Document{ID: strings.Repeat("0", 32), Text: p.Text, Pages: p.Pages})
		})
	}
}

// TestSignaturesAreNoFooters: lines that repeat on a few pages of many.
func TestSignaturesAreNoFooters(t *testing.T) {
	var texts []string
	for i := range 30 {
		texts = append(texts, fmt.Sprintf("page text %c\nmore of %c", 'a'+i%26, 'a'+i*7%26))
	}
	for i := 26; i < 30; i++ {
		texts[i] = fmt.Sprintf("IN WITNESS WHEREOF %d\nFor and on behalf of", i)
	}
	for i, page := range joinPages(pagesOf(texts...)).Pages {
		if page.BodyEnd-page.BodyStart < len(texts[i]) {
			t.Errorf("page %d has lost a line of its running text", i+1)
		}
	}
}

// TestRunning reads a clause over the end of a page.
func TestRunning(t *testing.T) {
	p := joinPages(pagesOf(
		"Lease\n1. The Tenant shall pay\n\nPage 1", "Lease\nthe rent.\n2. The Landlord shall\n\nPage 2", "Lease\nrepair.\n\nPage 3"))
	d := Document{Text: p.Text, Pages: p.Pages}
	start, end := strings.Index(d.Text, "1. The"), strings.Index(d.Text, "2. The")
	if got, want := d.Running(start, end), "1. The Tenant shall pay\nthe rent.\n"; got != want {
		t.Errorf("clause 1 is %q, want %q", got, want)
	}
	if got, want := d.Running(end, strings.Index(d.Text, "Page 3")), "2. The Landlord shall\nrepair."; got != want {
		t.Errorf("clause 2 is %q, want %q", got, want)
	}
	at := strings.Index(d.Text, "Page 2")
	if got := d.Running(at, at+6); got != "Page 2" {
		t.Errorf("a range in a footer is %q", got)
	}
	if got := (&Document{Text: "no pages"}).Running(3, 8); got != "pages" {
		t.Errorf("without pages it is %q", got)
	}
	plain := joinPages(pagesOf("one sentence goes", "on here."))
	if plain.Text != "one sentence goes\non here." {
		t.Errorf("a sentence that goes on is %q", plain.Text)
	}
}

func TestHyphens(t *testing.T) {
	tests := []struct{ name, page, want string }{
		{"divided word", "the compen-\nsation of X", "the compensation\nof X"},
		{"compound with a prefix", "a non-\ncompete clause", "a non-compete\nclause"},
		{"compound of known words", "a year to end; the year-\nend and so on", "a year to end; the year-end\nand so on"},
		{"as written elsewhere", "a sub-lease; the sub-\nlease ends; a rent-\nal car; rental", "a sub-lease; the sub-lease\nends; a rental\ncar; rental"},
		{"several parts", "out-of-\npocket costs", "out-of-pocket\ncosts"},
		{"a number", "Form S-\n3 and 212-455-\n2502", "Form S-3\nand 212-455-2502"},
		{"a name", "made by CC-\nPharming Ltd", "made by CC-Pharming\nLtd"},
		{"a rule", "signed -----\nName", "signed -----\nName"},
		{"a dash", "the rent -\nif any", "the rent -\nif any"},
		{"the last word of a paragraph", "the compen-\nsation.\nNext", "the compensation.\nNext"},
		{"before an empty line", "the compen-\n\nsation", "the compen-\n\nsation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := joinPages(pagesOf(tt.page)).Text; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

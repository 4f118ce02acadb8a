package ingest

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/htmlindex"
)

func TestHTML(t *testing.T) {
	tests := []struct{ name, page, text, blocks string }{
		{"blocks", "<!doctype html><html><head><title>t</title><style>p{}</style></head><body><h1>Lease &amp; terms</h1><p>One\n two<br>three</p><script>alert(1)</script><div>four <b>fi</b>ve</div></body></html>",
			"Lease & terms\n\nOne two\nthree\n\nfour five", "heading 1 [] Lease & terms\nparagraph 0 [] One two⏎three\nparagraph 0 [] four five"},
		{"lists", "<ol start=3><li>three<li><p>four</p><p>more</p><ul><li>inner</ul></ol><ol type=a><li>x</ol><p>end",
			"3. three\n4. four\n\nmore\n\n• inner\n\na. x\n\nend", "list item 1 [3.] 3. three\nlist item 1 [4.] 4. four\nparagraph 0 [] more\nlist item 2 [•] • inner\nlist item 1 [a.] a. x\nparagraph 0 [] end"},
		{"table", "<p>Before</p><table><caption>Fees</caption><tr><th>Part<th>Price<tr><td>Bolt<td></td><td>1 <i>EUR</i></table><p>After",
			"Before\n\nFees\n\nPart | Price\nBolt |  | 1 EUR\n\nAfter", "paragraph 0 [] Before\nparagraph 0 [] Fees\ntable 0 [] Part | Price⏎Bolt |  | 1 EUR\nparagraph 0 [] After"},
		{"nested table", "<table><tr><td>a<td><table><tr><td>b<td>c</table><tr><td>d<td>e</table>", "a | b | c\nd | e", "table 0 [] a | b | c⏎d | e"},
		{"layout table", "<table><tr><td><h2>Title</h2><p>Text</p></table>", "Title\n\nText", "heading 2 [] Title\nparagraph 0 [] Text"},
		{"numbers in a table", "<table><tr><td>(a)<td>first<tr><td>(b)<td>second</table>", "(a) first\n(b) second", "clause 1 [(a)] (a) first\nclause 1 [(b)] (b) second"},
		{"hidden", "<p>a<span hidden>b</span><del>c</del><span style='Display: none'>d</span><template>e</template>", "a", "paragraph 0 [] a"},
		{"entities and spaces", "<p>&sect;&nbsp;4 &#8220;x&#8221;\u00a0y</p><pre>  a\n  b</pre>", "§ 4 “x” y\n\n  a\n  b", "paragraph 0 [] § 4 “x” y\nparagraph 0 [] a⏎  b"},
		{"typed numbers", "<p>1. <b>Scope.</b> The work.</p><p>1.1 More of it.</p><p>2. Price</p>", "1. Scope. The work.\n\n1.1 More of it.\n\n2. Price",
			"clause 1 [1.] 1. Scope. The work.\nclause 2 [1.1] 1.1 More of it.\nclause 1 [2.] 2. Price"},
		{"broken", "<p>a <b>b</p> c</i> <!-- d -- e", "a b\n\nc", "paragraph 0 [] a b\nparagraph 0 [] c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := mustRead(t, "a.html", []byte(tt.page))
			checkBlocks(t, d)
			if d.Text != tt.text || d.Format != "html" {
				t.Errorf("format %s, text %q, want %q", d.Format, d.Text, tt.text)
			}
			if got := show(d); got != tt.blocks {
				t.Errorf("blocks:\n%s\nwant:\n%s", got, tt.blocks)
			}
		})
	}
}

func TestHTMLCharset(t *testing.T) {
	encode := func(charset, s string) []byte {
		e, err := htmlindex.Get(charset)
		if err != nil {
			t.Fatal(err)
		}
		b, err := e.NewEncoder().Bytes([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tt := range []struct{ charset, declared, text, meta string }{
		{"windows-1251", "windows-1251", "Договор", "windows-1251"},
		{"shift_jis", "Shift_JIS", "契約", "shift_jis"},
		{"iso-8859-2", "ISO-8859-2", "Złożono w dniu", "iso-8859-2"},
		{"utf-8", "iso-8859-1", "naïve", ""}, // the declaration is wrong
		{"iso-2022-jp", "iso-2022-jp", "契約", "iso-2022-jp"},
		{"windows-1252", "x-unknown", "a “naïve” café", "windows-1252"},
	} {
		d := mustRead(t, "a.htm", encode(tt.charset, `<html><head><meta charset="`+tt.declared+`"></head><body><p>`+tt.text+`</p></body></html>`))
		if d.Text != tt.text || d.Meta["charset"] != tt.meta {
			t.Errorf("%s declared as %s: text %q, meta %v", tt.charset, tt.declared, d.Text, d.Meta)
		}
	}
}

func TestRTF(t *testing.T) {
	tests := []struct{ name, rtf, text, blocks string }{
		{"text", `{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fswiss Arial;}}{\stylesheet{\s1 heading;}}{\info{\author Jane Doe}}\pard\f0 One \b two\b0  {\i three}.\par\par Fo\'fcr \'93x\'94\line next\par}`,
			"One two three.\n\nFoür “x”\nnext", "paragraph 0 [] One two three.\nparagraph 0 [] Foür “x”⏎next"},
		{"unicode", `{\rtf1\ansi\uc1 \u8364?5 \u-10179?\u-8704? {\uc2\u937 ab}\u233\'e9 \{x\}\~y}`, "€5 😀 Ωé {x} y", "paragraph 0 [] €5 😀 Ωé {x} y"},
		{"code pages", `{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset204 A;}{\f1\fcharset128 B;}{\f2\fcharset0 C;}}\f0 \'c4\'ee\'e3 {\f1 \'8c\'5f\'96\'f1}\par}`, "Дог 契約", "paragraph 0 [] Дог 契約"},
		{"table", `{\rtf1\trowd\cellx100\cellx200\pard\intbl a\cell b\par c\cell\row\trowd\pard\intbl d\cell e\cell\row\pard After\par}`, "a | b c\nd | e\nAfter", "table 0 [] a | b c⏎d | e\nparagraph 0 [] After"},
		{"list", `{\rtf1{\*\listtable{\list x}}{\listtext 1.\tab}First of them.\par{\pntext\f1\'B7\tab}Second\par}`, "1. First of them.\n· Second", "clause 1 [1.] 1. First of them.\nlist item 1 [·] · Second"},
		{"left out", `{\rtf1 {\header Head}{\*\unknown x}a{\v hidden}{\deleted gone}{\revised new}{\field{\*\fldinst PAGE}{\fldrslt 7}}{\pict\bin4 }{{}{\footerf F}}{\*\annotation c}b\par}`, "anew7b", "paragraph 0 [] anew7b"},
		{"notes", `{\rtf1 Text{\super\chftn}{\footnote\pard {\super\chftn} A note.} goes on.\par\pard Last\par}`, "Text[1] goes on.\nLast\n\n1  A note.", "paragraph 0 [] Text[1] goes on.\nparagraph 0 [] Last\nfootnote 0 [] 1  A note."},
		{"heading", `{\rtf1\pard\outlinelevel0 ARTICLE I\par\pard Text of it.\par}`, "ARTICLE I\nText of it.", "heading 1 [ARTICLE I] ARTICLE I\nparagraph 0 [] Text of it."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := mustRead(t, "a.rtf", []byte(tt.rtf))
			checkBlocks(t, d)
			if d.Text != tt.text || d.Format != "rtf" {
				t.Errorf("format %s, text %q, want %q", d.Format, d.Text, tt.text)
			}
			if got := show(d); got != tt.blocks {
				t.Errorf("blocks:\n%s\nwant:\n%s", got, tt.blocks)
			}
		})
	}
	for name, bad := range map[string]struct {
		rtf  string
		want Reason
	}{
		"cut short":      {`{\rtf1 text`, ReasonTruncated},
		"deep":           {`{\rtf1 ` + strings.Repeat("{", 600), ReasonMalformed},
		"empty":          {`{\rtf1 {\info x}}`, ReasonNoText},
		"not in charset": {`{\rtf1\ansi\ansicpg932 \'81}`, ReasonEncoding},
		"lone surrogate": {`{\rtf1 a\u-10179?b}`, ReasonEncoding},
		"of other name":  {`no rtf`, ReasonWrongFormat},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readOne(t, "a.rtf", []byte(bad.rtf))
			checkReason(t, err, bad.want)
		})
	}
}

func TestMarkdown(t *testing.T) {
	source := "# Lease\n\nSome *text*\ngoes on.\n\n- one\n- two\n  1. inner\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n```\ncode\n```\n\nTitle\n-----\n"
	d := mustRead(t, "a.md", []byte(source))
	checkBlocks(t, d)
	want := "heading 1 [] Lease\nparagraph 0 [] Some *text*⏎goes on.\nlist item 1 [-] - one\nlist item 1 [-] - two\nlist item 2 [1.] 1. inner\n" +
		"table 0 [] | a | b |⏎|---|---|⏎| 1 | 2 |\nparagraph 0 [] quoted\nparagraph 0 [] code\nheading 2 [] Title"
	if got := show(d); got != want || d.Text != source || d.Format != "markdown" {
		t.Errorf("format %s, blocks:\n%s\nwant:\n%s", d.Format, got, want)
	}
}

func FuzzHTML(f *testing.F) {
	f.Add([]byte("<h1>a</h1><table><tr><td>b<td>c</table><ol><li>d"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.html", data) })
}

func FuzzRTF(f *testing.F) {
	f.Add([]byte(`{\rtf1\ansi\u-10179?\u-8704?\'e9{\footnote x}\intbl a\cell\row\bin9 }`))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.rtf", append([]byte(`{\rtf1 `), data...)) })
}

func FuzzMarkdown(f *testing.F) {
	f.Add([]byte("# a\n\n- b\n\n|c|\n|-|\n|d|\n"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzRead(t, "a.md", data) })
}

package eval

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"io"
	"regexp"
	"strings"
	"text/template"
)

//go:embed report.html.tmpl report.md.tmpl
var templates embed.FS

// RenderHTML writes the report as one page that needs no network, script or
// font and that the strictest content policy allows.
func RenderHTML(w io.Writer, r Report) error {
	t, err := htmltemplate.New("report.html.tmpl").Funcs(htmltemplate.FuncMap{
		"short": short, "thousands": thousands, "verb": Status.verb,
	}).ParseFS(templates, "report.html.tmpl")
	if err == nil {
		err = t.Execute(w, newPage(r))
	}
	if err != nil {
		return fmt.Errorf("eval: writing the report as HTML: %w", err)
	}
	return nil
}

// RenderMarkdown writes the report for a pull request: verdict, figures and
// categories, and the unsupported claims of the worst examples.
func RenderMarkdown(w io.Writer, r Report) error {
	t, err := template.New("report.md.tmpl").Funcs(template.FuncMap{
		"short": short, "thousands": thousands, "esc": escapeMarkdown, "code": codeSpan, "value": rangeInBrackets,
	}).ParseFS(templates, "report.md.tmpl")
	if err == nil {
		err = t.Execute(w, newPage(r))
	}
	if err != nil {
		return fmt.Errorf("eval: writing the report as Markdown: %w", err)
	}
	return nil
}

func short(hash string) string {
	if len(hash) > 12 {
		return hash[:12]
	}
	return hash
}

var markdownSigns = regexp.MustCompile("[\\\\`*_{}\\[\\]<>()#|~!&$^]")

// escapeMarkdown makes text inert in a line or a table cell of Markdown. A
// zero-width space behind @ and in :// keeps it from calling people and from
// becoming a link.
func escapeMarkdown(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	s = markdownSigns.ReplaceAllString(s, `\$0`)
	return strings.NewReplacer("@", "@\u200b", "://", ":\u200b//", "www.", "www\u200b.").Replace(s)
}

// codeSpan quotes text in as many backticks as it takes.
func codeSpan(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		return "(empty)"
	}
	longest, run := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	return fence + s + fence
}

func rangeInBrackets(c cell) string {
	if c.Range == "" {
		return c.Value
	}
	return c.Value + " [" + c.Range + "]"
}

package ingest

import (
	"html"
	"strings"
)

// blockTags end a line of text.
var blockTags = map[string]bool{
	"p": true, "div": true, "br": true, "li": true, "tr": true, "table": true, "ul": true, "ol": true,
	"h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "pre": true, "hr": true,
}

// stripTags returns the text of an XHTML narrative: blocks on lines of their
// own, cells apart by a space, scripts and styles left out.
func stripTags(s string) string {
	var b strings.Builder
	skip := "" // the element whose content is left out
	for s != "" {
		before, rest, ok := strings.Cut(s, "<")
		if skip == "" {
			b.WriteString(html.UnescapeString(oneLine.Replace(before)))
		}
		if !ok {
			break
		}
		tag, after, closed := cutTag(rest)
		if !closed {
			break
		}
		s = after
		name, closing := tagName(tag)
		switch {
		case skip != "":
			if closing && name == skip {
				skip = ""
			}
		case (name == "script" || name == "style") && !closing && !strings.HasSuffix(tag, "/"):
			skip = name
		case blockTags[name]:
			b.WriteByte('\n')
		case name == "td" || name == "th":
			b.WriteByte(' ')
		}
	}
	return tidyLines(b.String())
}

var oneLine = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ")

// cutTag returns the inside of a tag, of which s is all after "<".
func cutTag(s string) (tag, after string, ok bool) {
	if strings.HasPrefix(s, "!--") {
		_, after, ok = strings.Cut(s, "-->")
		return "!", after, ok
	}
	return strings.Cut(s, ">")
}

func tagName(tag string) (name string, closing bool) {
	tag, closing = strings.CutPrefix(tag, "/")
	name, _, _ = strings.Cut(tag, " ")
	return strings.ToLower(strings.Trim(name, "/\t\n\r ")), closing
}

// tidyLines trims lines and drops empty ones.
func tidyLines(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

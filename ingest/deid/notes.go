package deid

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// labelledNotes are the notes that `adapt bench deid` measures on;
// testdata/notes/README.md says what is marked in them.
//
//go:embed testdata/notes
var labelledNotes embed.FS

// A Note is a text in which every identifier is marked.
type Note struct {
	Style string
	Text  string
	Marks []Mark // in order and apart
}

// A Mark is an identifier in the text of a note, in bytes.
type Mark struct {
	Kind       Kind
	Start, End int
}

// The sets of labelled notes.
const (
	DevNotes     = "dev"     // that rules are tuned on
	HeldoutNotes = "heldout" // that nothing was tuned on
)

// Notes reads one of the sets of labelled notes.
func Notes(set string) ([]Note, error) {
	dir := path.Join("testdata/notes", set)
	files, err := fs.Glob(labelledNotes, dir+"/*.txt")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("deid: there are no notes of the name %q", set)
	}
	var notes []Note
	for _, f := range files {
		b, err := fs.ReadFile(labelledNotes, f)
		if err != nil {
			return nil, err
		}
		n, err := ParseNotes(string(b))
		if err != nil {
			return nil, fmt.Errorf("deid: %s: %w", path.Base(f), err)
		}
		notes = append(notes, n...)
	}
	return notes, nil
}

// ParseNotes reads notes with marks such as "{{NAME:Jane Roe}}". Each begins
// with a line "=== style".
func ParseNotes(text string) ([]Note, error) {
	var notes []Note
	for part := range strings.SplitSeq("\n"+text, "\n=== ") {
		style, body, _ := strings.Cut(part, "\n")
		if strings.TrimSpace(body) == "" {
			continue
		}
		n, err := parseNote(strings.TrimSpace(body))
		if err != nil {
			return nil, fmt.Errorf("note %q: %w", style, err)
		}
		n.Style = style
		notes = append(notes, n)
	}
	return notes, nil
}

func parseNote(body string) (Note, error) {
	var n Note
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(body, "{{")
		b.WriteString(before)
		if !ok {
			n.Text = b.String()
			return n, nil
		}
		kind, rest, ok := strings.Cut(rest, ":")
		if !ok || !slices.Contains(SafeHarbor, Kind(kind)) {
			return n, fmt.Errorf("a mark has no kind, or one that is not known")
		}
		inside, after, ok := strings.Cut(rest, "}}")
		if !ok {
			return n, fmt.Errorf("a mark is not closed")
		}
		start := b.Len()
		b.WriteString(inside)
		n.Marks = append(n.Marks, Mark{Kind(kind), start, b.Len()})
		body = after
	}
}

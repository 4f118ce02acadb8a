package ingest

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// used is what the files inside a file have taken of its limits, at all depths
// together. One goroutine reads a file, so it needs no lock.
type used struct {
	entries  int
	expanded int64 // bytes
}

var (
	errTooDeep   = quarantine(ReasonBomb, "files lie too deep in other files; unpack the outer ones")
	errEntries   = quarantine(ReasonBomb, "the file holds too many files; split it")
	errExpansion = quarantine(ReasonBomb, "the file expands beyond ingest.max_expanded_mb; unpack it or raise the limit")
)

// expand counts bytes that a file expanded to.
func (l Limits) expand(n int) error {
	if l.used.expanded += int64(n); l.used.expanded > l.MaxExpanded {
		return errExpansion
	}
	return nil
}

// left returns how many bytes a file may still expand to.
func (l Limits) left() int64 { return max(l.MaxExpanded-l.used.expanded, 0) }

// A collector gathers the documents of the files inside a file. What can not
// be read of them becomes bad parts; a limit that is passed ends the reading.
type collector struct {
	lim   Limits
	next  int // index of the next part
	parts []part
	bad   []BadPart
}

// newCollector starts the files inside a file that has the limits lim.
func newCollector(lim Limits) (*collector, error) {
	lim = lim.withDefaults()
	if lim.depth++; lim.depth > lim.MaxDepth {
		return nil, errTooDeep
	}
	return &collector{lim: lim}, nil
}

// refuse notes an inner file that is not read.
func (c *collector) refuse(inner string, q *Quarantine) {
	c.bad = append(c.bad, BadPart{Index: c.next, Inner: inner, Quarantine: *q})
	c.next++
}

// read reads an inner file by its name and content. The error is the
// context's, or of a limit that all inner files share.
func (c *collector) read(ctx context.Context, inner string, data []byte) error {
	if c.lim.used.entries++; c.lim.used.entries > c.lim.MaxEntries {
		return errEntries
	}
	parts, bad, err := readInner(ctx, inner, data, c.lim)
	var q *Quarantine
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == errExpansion || err == errEntries || err == ErrSecondReader:
		return err
	case errors.As(err, &q):
		c.refuse(inner, q)
		return nil
	case err != nil:
		c.refuse(inner, quarantine(ReasonMalformed, "the file does not follow its format; export it again"))
		return nil
	}
	first := c.next
	for _, p := range parts {
		p.Index += first
		p.Inner = path.Join(inner, p.Inner)
		c.parts = append(c.parts, p)
		c.next = max(c.next, p.Index+1)
	}
	for _, b := range bad {
		b.Index += first
		b.Inner = path.Join(inner, b.Inner)
		c.bad = append(c.bad, b)
		c.next = max(c.next, b.Index+1)
	}
	return nil
}

// readInner reads a file inside a file. A reader that panics costs this file
// alone.
func readInner(ctx context.Context, name string, data []byte, lim Limits) (parts []part, bad []BadPart, err error) {
	defer func() {
		if recover() != nil {
			parts, bad, err = nil, nil, errCrashed
		}
	}()
	if len(data) == 0 {
		return nil, nil, quarantine(ReasonEmpty, "the file has no bytes; leave it out")
	}
	format, read, err := detect(name, data)
	if err != nil {
		return nil, nil, err
	}
	parts, bad, err = read(ctx, data, lim)
	for i := range parts {
		if parts[i].Format == "" {
			parts[i].Format = format
		}
	}
	return parts, bad, err
}

// innerName returns the path that a file inside a file claims, or an error
// where it would lead out of there or can not be shown.
func innerName(name string) (string, error) {
	name = strings.ReplaceAll(name, "\\", "/")
	bad := quarantine(ReasonMalformed, "the name of a file inside the file leads out of it or holds control characters; pack it again")
	switch {
	case name == "" || len(name) > 1024 || !utf8.ValidString(name):
		return "", bad
	case strings.HasPrefix(name, "/") || len(name) > 1 && name[1] == ':':
		return "", bad
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }):
		return "", bad
	}
	for element := range strings.SplitSeq(name, "/") {
		if element == ".." {
			return "", bad
		}
	}
	if name = path.Clean(name); name == "." {
		return "", bad
	}
	return name, nil
}

// tooLargeInner is the quarantine of an inner file beyond the limit of a file.
func tooLargeInner(limit int64) *Quarantine {
	return quarantine(ReasonTooLarge, fmt.Sprintf("the file has more than %d MB; split it or raise ingest.max_file_mb", limit>>20))
}

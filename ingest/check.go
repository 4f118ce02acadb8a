package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// Check holds a document to what Parse promises of the documents of a file with
// that name and those bytes: that it says where it comes from, and that every
// range lies in its text. A reader in another process is not to be trusted with
// either.
func Check(d *Document, name string, data []byte) error {
	sum := sha256.Sum256(data)
	raw := hex.EncodeToString(sum[:])
	switch {
	case d.File != name && !strings.HasPrefix(d.File, name+"/"), d.RawSHA != raw, d.Index < 0, d.ID != documentID(raw, d.Index):
		return errors.New("a document of another file")
	case d.Text == "" || !utf8.ValidString(d.Text):
		return errors.New("a text that is none")
	case !utf8.ValidString(d.File), !utf8.ValidString(d.Key), len(d.Edits) > 0, d.Group != "":
		return errors.New("a document that has been worked on")
	}
	in := func(start, end int) bool { return 0 <= start && start <= end && end <= len(d.Text) }
	for _, p := range d.Pages {
		if !in(p.Start, p.End) || !in(p.BodyStart, p.BodyEnd) {
			return errors.New("a page outside of the text")
		}
	}
	for _, b := range d.Blocks {
		if !in(b.Start, b.End) {
			return errors.New("a block outside of the text")
		}
	}
	for _, s := range d.Sections {
		if !in(s.Start, s.End) {
			return errors.New("a section outside of the text")
		}
	}
	return nil
}

// maxDetail bounds the sentence of a quarantine, in bytes.
const maxDetail = 1000

// CheckQuarantine holds a quarantine to a known reason and a sentence that is
// short enough to be one.
func CheckQuarantine(q *Quarantine) error {
	if !slices.Contains(reasons, q.Reason) || q.Detail == "" || len(q.Detail) > maxDetail || !utf8.ValidString(q.Detail) {
		return errors.New("a quarantine without a known reason")
	}
	return nil
}

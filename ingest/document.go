// Package ingest turns files into Documents: text with its provenance.
//
// It knows file formats and nothing of any domain. Files are untrusted: a
// file that can not be read becomes a [*Quarantine] with a reason that a
// person understands, never a failure of the run.
package ingest

import (
	"fmt"
	"strings"
)

// A Document is the text of one document with where it came from. All offsets
// are byte offsets into Text, end exclusive.
type Document struct {
	// ID is the first 32 hexadecimal digits of a SHA-256 over the file's bytes
	// and the document's place in the file. It carries no personal data.
	ID string `json:"id"`
	// File is the slash-separated path relative to the ingested folder; of a
	// document inside a file it goes on there: "a.zip/letter.txt". It may name
	// people: it stays out of workflow histories, logs and errors.
	File string `json:"file"`
	// Key names the document to gold labels: File without its extension, or a
	// row's identifier column in a CSV file ("3077"), or a message's id.
	Key    string `json:"key"`
	Index  int    `json:"index"`      // the document's place in its file, from 0
	Format string `json:"format"`     // "pdf", "docx", "text", "hl7", "fhir", "csv"
	RawSHA string `json:"raw_sha256"` // of the file in the folder

	Text string `json:"text"` // UTF-8, "\n" line ends
	// Pages of paginated formats; empty for the others.
	Pages []Page `json:"pages,omitempty"`
	// Blocks are the headings, clauses, list items, tables and paragraphs of
	// Text, in order and apart.
	Blocks []Block `json:"blocks,omitempty"`
	// Sections are named parts that the format itself declares: a CSV column
	// ("findings"), an HL7 or FHIR field. Free-text headings are the domain's.
	Sections []Section `json:"sections,omitempty"`
	// Meta holds what the format declares beside text, without personal data:
	// "modality", "report_date_shifted", "language".
	Meta map[string]string `json:"meta,omitempty"`
	// Edits maps Text back to the text as read, before de-identification.
	Edits []Edit `json:"edits,omitempty"`
	// Subject tells the documents of one patient from those of others where the
	// format names the patient: a keyed hash, never the name or number itself.
	Subject string `json:"subject,omitempty"`
	// Known are the names and numbers that the format declares to be the
	// patient's: de-identification removes them from Text wherever they stand.
	// They are never part of JSON. What carries a Document between processes
	// has to carry them too (encoding/gob does), and nothing else may keep them.
	Known []string `json:"-"`
	// Group joins near-duplicates: documents of one group share a split.
	Group string `json:"group,omitempty"`
}

// A Page is the range of Text that came from one page.
type Page struct {
	Number int `json:"number"` // from 1
	Start  int `json:"start"`
	End    int `json:"end"`
	// The running text of the page, without its headers, footers and page
	// number: see [Document.Running].
	BodyStart int `json:"body_start"`
	BodyEnd   int `json:"body_end"`
	// Reader is what gave the page's text: "pdf", "pdfium", "tesseract".
	Reader string `json:"reader,omitempty"`
}

// A Block is a range of Text with the part that it plays in the document.
type Block struct {
	Kind  BlockKind `json:"kind"`
	Level int       `json:"level,omitempty"` // of a heading, clause or list item, from 1
	// Label is the number that the document gives it, as written: "4.2", "(a)",
	// "ARTICLE IV".
	Label string `json:"label,omitempty"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// A BlockKind is the part that a block plays.
type BlockKind string

// The kinds of blocks.
const (
	BlockHeading   BlockKind = "heading"
	BlockClause    BlockKind = "clause" // a numbered paragraph
	BlockParagraph BlockKind = "paragraph"
	BlockListItem  BlockKind = "list item"
	BlockTable     BlockKind = "table" // rows on lines, cells apart by " | "
	BlockFootnote  BlockKind = "footnote"
)

// A Section is a named range of Text.
type Section struct {
	Name  string `json:"name"` // lower case
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// An Edit says that Text[Start:End] stands for the range [OrigStart,OrigEnd)
// of the text as it was read. The original words are not kept here.
type Edit struct {
	Start     int    `json:"start"`
	End       int    `json:"end"`
	OrigStart int    `json:"orig_start"`
	OrigEnd   int    `json:"orig_end"`
	Kind      string `json:"kind"` // the recognizer: "NAME", "DATE", "PHONE"
}

// Section returns the text of the first section with that name and its
// offset; ok is false where there is none.
func (d *Document) Section(name string) (text string, start int, ok bool) {
	for _, s := range d.Sections {
		if s.Name == name {
			return d.Text[s.Start:s.End], s.Start, true
		}
	}
	return "", 0, false
}

// PageAt returns the number of the page that holds the offset, or 0 when the
// document has no pages.
func (d *Document) PageAt(offset int) int {
	for _, p := range d.Pages {
		if offset >= p.Start && offset < p.End {
			return p.Number
		}
	}
	return 0
}

// Running returns the text of a range without the headers, footers and page
// numbers that lie inside it, so that a clause reads on over the end of a page.
// A range within one page is returned as it is.
func (d *Document) Running(start, end int) string {
	var b strings.Builder
	last := ""
	for _, p := range d.Pages {
		if p.Start <= start && end <= p.End {
			break
		}
		from, to := max(start, p.BodyStart), min(end, p.BodyEnd)
		if from >= to {
			continue
		}
		text := d.Text[from:to]
		switch {
		case last == "":
		case runsOn(last, text):
			b.WriteByte('\n')
		default:
			b.WriteString("\n\n")
		}
		b.WriteString(text)
		last = text
	}
	if last == "" {
		return d.Text[start:end]
	}
	return b.String()
}

// Original maps an offset in Text to the text as it was read.
func (d *Document) Original(offset int) int {
	shift := 0
	for _, e := range d.Edits {
		if offset < e.Start {
			break
		}
		if offset < e.End {
			return e.OrigStart
		}
		shift = e.OrigEnd - e.End
	}
	return offset + shift
}

// OriginalRange maps a range of Text to the text as it was read. A range that
// cuts into a replacement takes in all that it stands for.
func (d *Document) OriginalRange(start, end int) (origStart, origEnd int) {
	origStart, origEnd = d.Original(start), d.Original(end)
	for _, e := range d.Edits {
		if e.Start >= end {
			break
		}
		if e.End > start && end > start {
			origStart, origEnd = min(origStart, e.OrigStart), max(origEnd, e.OrigEnd)
		}
	}
	return origStart, origEnd
}

// Edited maps a range of the text as it was read to Text: the inverse of
// OriginalRange. A range that cuts into what was replaced takes in all of the
// replacement.
func (d *Document) Edited(origStart, origEnd int) (start, end int) {
	shift := 0 // from the original to Text
	start, end = -1, -1
	for _, e := range d.Edits {
		if start < 0 && origStart < e.OrigEnd {
			start = origStart + shift
			if origStart > e.OrigStart {
				start = e.Start
			}
		}
		if end < 0 && origEnd <= e.OrigStart {
			end = origEnd + shift
		}
		if end < 0 && origEnd < e.OrigEnd {
			end = e.End
		}
		shift = e.End - e.OrigEnd
	}
	if start < 0 {
		start = origStart + shift
	}
	if end < 0 {
		end = origEnd + shift
	}
	return start, max(start, end)
}

// A Reason is a machine-readable cause of a quarantine.
type Reason string

// Why a file is quarantined.
const (
	ReasonEmpty       Reason = "empty"
	ReasonTooLarge    Reason = "too large"
	ReasonEncrypted   Reason = "encrypted"
	ReasonTruncated   Reason = "truncated"
	ReasonWrongFormat Reason = "not the format its name says"
	ReasonNoText      Reason = "no text" // scanned pages
	ReasonNoPages     Reason = "no pages"
	ReasonBomb        Reason = "expands beyond the limit"
	ReasonEncoding    Reason = "invalid encoding"
	ReasonMalformed   Reason = "malformed"
	ReasonUnsupported Reason = "unsupported format"
	ReasonCrashed     Reason = "the reader failed"
	ReasonTimeout     Reason = "took too long"
	ReasonMemory      Reason = "needs too much memory"
	ReasonUnreadable  Reason = "can not be opened"
	ReasonDeleted     Reason = "deleted on request"
	ReasonSuperseded  Reason = "superseded" // a later report of the file corrects it
)

// reasons are all of them.
var reasons = []Reason{
	ReasonEmpty, ReasonTooLarge, ReasonEncrypted, ReasonTruncated, ReasonWrongFormat, ReasonNoText, ReasonNoPages,
	ReasonBomb, ReasonEncoding, ReasonMalformed, ReasonUnsupported, ReasonCrashed, ReasonTimeout, ReasonMemory,
	ReasonUnreadable, ReasonSuperseded,
}

// A Quarantine is the error for a file, or one document of a file, that can
// not be used. Detail says in a sentence what to do; it holds no text of the
// document.
type Quarantine struct {
	Reason Reason `json:"reason"`
	Detail string `json:"detail"`
}

func (q *Quarantine) Error() string { return fmt.Sprintf("%s: %s", q.Reason, q.Detail) }

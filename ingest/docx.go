package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"path"
	"strconv"
	"strings"
)

// readDOCX reads the body of a Word document as Word shows it with all changes
// accepted: headings, paragraphs with the numbers of their lists, tables, text
// boxes after the paragraph they hang on, and the notes after the text.
// Deleted and hidden text, comments, headers and footers are left out.
//
// Source: ECMA-376-1, 17 (WordprocessingML).
func readDOCX(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	archive, err := openDOCX(data, lim.withDefaults().left())
	if err != nil {
		return nil, nil, err
	}
	numbering, err := archive.numbering(ctx)
	if err != nil {
		return nil, nil, err
	}
	body, ok, err := archive.read(archive.main)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, quarantine(ReasonWrongFormat, "the archive is no Word document; save the document as DOCX")
	}
	w := &docxWriter{numbering: numbering}
	if err := w.run(ctx, body); err != nil {
		return nil, nil, docxError(ctx)
	}
	if err := archive.notes(ctx, w, "footnotes.xml", w.footnotes); err != nil {
		return nil, nil, err
	}
	if err := archive.notes(ctx, w, "endnotes.xml", w.endnotes); err != nil {
		return nil, nil, err
	}
	p := w.out.part()
	if p.Text == "" {
		return nil, nil, quarantine(ReasonNoText, "the document holds no text; pictures of pages need text recognition (OCR)")
	}
	p.Meta = w.meta()
	return []part{p}, nil, nil
}

// meta counts the tracked changes and what is hidden.
func (w *docxWriter) meta() map[string]string {
	meta := make(map[string]string)
	for key, n := range map[string]int{"insertions": w.insertions, "deletions_left_out": w.deletions, "hidden_left_out": w.hidden} {
		if n > 0 {
			meta[key] = strconv.Itoa(n)
		}
	}
	if len(meta) == 0 {
		return nil
	}
	return meta
}

func docxError(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return quarantine(ReasonMalformed, "the document's XML is broken; open it in a word processor and save it again")
}

// A docxArchive reads the parts of a document within a budget of bytes, which
// holds for all parts together whatever sizes the archive claims.
type docxArchive struct {
	files  map[string]*zip.File
	main   string // the path of the main part
	budget int64
}

const maxZipEntries = 10_000

func openDOCX(data []byte, budget int64) (*docxArchive, error) {
	if zipEntries(data) > maxZipEntries {
		return nil, quarantine(ReasonBomb, "the document's archive has far too many entries; save it again in a word processor")
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if r == nil || err != nil && err != zip.ErrInsecurePath {
		return nil, quarantine(ReasonTruncated, "the document's archive is incomplete; copy or export it again")
	}
	a := &docxArchive{files: make(map[string]*zip.File, len(r.File)), main: "word/document.xml", budget: budget}
	for _, f := range r.File {
		// The first of several entries with a name holds.
		name := zipName(f.Name)
		if _, ok := a.files[name]; !ok {
			a.files[name] = f
		}
		if f.Flags&1 != 0 {
			return nil, quarantine(ReasonEncrypted, "the document's archive is protected by a password; save it without")
		}
	}
	if _, ok := a.files[a.main]; !ok {
		if a.main = a.mainPart(); a.main == "" {
			return nil, quarantine(ReasonWrongFormat, "the archive is no Word document; save the document as DOCX")
		}
	}
	return a, nil
}

// mainPart finds a main part that has another name than the usual one.
func (a *docxArchive) mainPart() string {
	var rels struct {
		Relationship []struct {
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		}
	}
	content, ok, err := a.read("_rels/.rels")
	if !ok || err != nil || xml.Unmarshal(content, &rels) != nil {
		return ""
	}
	for _, r := range rels.Relationship {
		if strings.HasSuffix(r.Type, "/officeDocument") && strings.HasSuffix(r.Target, ".xml") {
			if name := zipName(r.Target); strings.HasPrefix(name, "word/") && a.files[name] != nil {
				return name
			}
		}
	}
	return ""
}

// zipName is the name of a part of a document's archive.
func zipName(name string) string {
	return strings.TrimPrefix(path.Clean(strings.ReplaceAll(name, "\\", "/")), "/")
}

var errDOCXBomb = quarantine(ReasonBomb, "the document expands beyond ingest.max_expanded_mb; save it again in a word processor or raise the limit")

// read returns a part by its path; ok is false where there is none.
func (a *docxArchive) read(name string) (content []byte, ok bool, err error) {
	f := a.files[name]
	if f == nil {
		return nil, false, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, false, quarantine(ReasonUnsupported, "the document is compressed in a way that can not be read; save it again in a word processor")
	}
	defer r.Close()
	content, err = io.ReadAll(io.LimitReader(r, a.budget+1))
	if a.budget -= int64(len(content)); a.budget < 0 {
		return nil, false, errDOCXBomb
	}
	if err != nil {
		return nil, false, quarantine(ReasonTruncated, "the document's archive is damaged; copy or export it again")
	}
	return content, true, nil
}

// sibling is the path of a part beside the main one.
func (a *docxArchive) sibling(name string) string { return path.Join(path.Dir(a.main), name) }

// notes writes the notes that the text refers to, in the order of their marks.
func (a *docxArchive) notes(ctx context.Context, w *docxWriter, name string, marks []docxMark) error {
	if len(marks) == 0 {
		return nil
	}
	content, ok, err := a.read(a.sibling(name))
	if err != nil || !ok {
		return err
	}
	texts, err := docxNotes(ctx, w.numbering, content)
	if err != nil {
		return docxError(ctx)
	}
	g := emptyLineGap
	for _, mark := range marks {
		if text := texts[mark.id]; text != "" {
			w.out.add(g, Block{Kind: BlockFootnote}, strings.TrimSpace(mark.text+" "+text))
			g = lineGap
		}
	}
	return nil
}

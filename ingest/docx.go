package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"
)

// readDOCX reads the body of a Word document with its notes: paragraphs on
// lines, list labels before them, the cells of a table row apart by tabs.
// Deleted text does not enter, inserted text does.
//
// Source: ECMA-376-1, 17 (WordprocessingML).
func readDOCX(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	archive, err := openDOCX(data, lim.withDefaults().MaxExpanded)
	if err != nil {
		return nil, nil, err
	}
	numbering, err := archive.numbering(ctx)
	if err != nil {
		return nil, nil, err
	}
	var texts []string
	for _, name := range []string{"document.xml", "footnotes.xml", "endnotes.xml"} {
		content, ok, err := archive.read(name)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			continue
		}
		text, err := docxText(ctx, content, numbering)
		if err != nil {
			return nil, nil, docxError(ctx)
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	text := strings.Join(texts, "\n\n")
	if text == "" {
		return nil, nil, quarantine(ReasonNoText, "the document holds no text; pictures of pages need text recognition (OCR)")
	}
	return []part{{Text: text}}, nil, nil
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
	folder string // of the main part
	budget int64
}

const maxZipEntries = 10_000

func openDOCX(data []byte, budget int64) (*docxArchive, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, quarantine(ReasonTruncated, "the document's archive is incomplete; copy or export it again")
	}
	if len(r.File) > maxZipEntries {
		return nil, quarantine(ReasonBomb, "the document's archive has far too many entries; save it again in a word processor")
	}
	a := &docxArchive{files: make(map[string]*zip.File, len(r.File)), folder: "word", budget: budget}
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
	if _, ok := a.files["word/document.xml"]; !ok {
		return nil, quarantine(ReasonWrongFormat, "the archive is no Word document; save the document as DOCX")
	}
	return a, nil
}

// zipName is the name of a part of a document's archive.
func zipName(name string) string {
	return strings.TrimPrefix(path.Clean(strings.ReplaceAll(name, "\\", "/")), "/")
}

var errDOCXBomb = quarantine(ReasonBomb, "the document expands beyond ingest.max_expanded_mb; save it again in a word processor or raise the limit")

// read returns a part of the word folder; ok is false where there is none.
func (a *docxArchive) read(name string) (content []byte, ok bool, err error) {
	f := a.files[path.Join(a.folder, name)]
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

// docxWriter collects the text of a part while its elements go by.
type docxWriter struct {
	numbering *docxNumbering
	text      strings.Builder
	paragraph strings.Builder

	inText  bool
	skip    int    // depth inside an element whose content is left out
	rows    int    // depth of table rows
	pending string // what ends the last paragraph, once another follows
	listID  string // of the paragraph
	level   string
	style   string
}

const maxXMLDepth = 2000

// docxText returns the text of a part. encoding/xml expands no entities that a
// document declares, so that none can grow.
func docxText(ctx context.Context, content []byte, numbering *docxNumbering) (string, error) {
	w := &docxWriter{numbering: numbering}
	dec := xml.NewDecoder(bytes.NewReader(content))
	depth := 0
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return "", ctx.Err()
		}
		tok, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxXMLDepth {
				return "", errors.New("elements nest too deeply")
			}
			w.start(t)
		case xml.EndElement:
			depth--
			w.end(t.Name)
		case xml.CharData:
			if w.inText && w.skip == 0 {
				w.paragraph.Write(t)
			}
		}
	}
	if depth != 0 {
		return "", errors.New("the part ends inside an element")
	}
	return strings.TrimSpace(w.text.String()), nil
}

// left out are the second form of alternative content, which repeats the
// first, and the separators of notes.
func leftOut(t xml.StartElement) bool {
	switch t.Name.Local {
	case "Fallback":
		return true
	case "footnote", "endnote":
		kind := attribute(t, "type")
		return kind != "" && kind != "normal"
	}
	return false
}

func (w *docxWriter) start(t xml.StartElement) {
	if w.skip > 0 || leftOut(t) {
		w.skip++
		return
	}
	switch t.Name.Local {
	case "p":
		if t.Name.Space == "w" {
			// A text box holds paragraphs inside one: what came before it ends.
			if w.paragraph.Len() > 0 {
				w.flush()
			}
			w.listID, w.level, w.style = "", "", ""
		}
	case "t":
		w.inText = t.Name.Space == "w"
	case "tab":
		// w:tabs/w:tab defines a tab stop; it has a value, a tab has none.
		if attribute(t, "val") == "" {
			w.paragraph.WriteByte('\t')
		}
	case "br", "cr":
		w.paragraph.WriteByte('\n')
	case "noBreakHyphen":
		w.paragraph.WriteByte('-')
	case "tr":
		w.rows++
	case "pStyle":
		w.style = attribute(t, "val")
	case "numId":
		w.listID = attribute(t, "val")
	case "ilvl":
		w.level = attribute(t, "val")
	}
}

func (w *docxWriter) end(name xml.Name) {
	if w.skip > 0 {
		w.skip--
		return
	}
	switch name.Local {
	case "t":
		w.inText = false
	case "p":
		if name.Space == "w" {
			w.flush()
		}
	case "tc":
		if w.text.Len() > 0 {
			w.pending = "\t"
		}
	case "tr":
		w.rows--
		if w.text.Len() > 0 {
			w.pending = "\n"
		}
	case "tbl":
		if w.text.Len() > 0 {
			w.pending = "\n"
		}
	}
}

// flush writes the paragraph with its list label.
func (w *docxWriter) flush() {
	text := strings.TrimRight(w.paragraph.String(), " \t\n")
	w.paragraph.Reset()
	if strings.TrimSpace(text) == "" {
		// An empty paragraph parts others by an empty line, except in tables.
		if w.rows == 0 && w.text.Len() > 0 {
			w.pending = "\n\n"
		}
		return
	}
	w.text.WriteString(w.pending)
	w.text.WriteString(w.numbering.label(w.style, w.listID, w.level))
	w.text.WriteString(lineEnds.Replace(text))
	w.pending = "\n"
}

func attribute(t xml.StartElement, local string) string {
	for _, a := range t.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

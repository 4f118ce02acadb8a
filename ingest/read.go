package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"
)

// Limits bound the reading of one file. A zero value takes the default.
type Limits struct {
	MaxFile     int64         // bytes of a file; 50 MiB
	MaxExpanded int64         // bytes that a compressed file expands to; 200 MiB
	Timeout     time.Duration // a minute
}

func (l Limits) withDefaults() Limits {
	if l.MaxFile <= 0 {
		l.MaxFile = 50 << 20
	}
	if l.MaxExpanded <= 0 {
		l.MaxExpanded = 200 << 20
	}
	if l.Timeout <= 0 {
		l.Timeout = time.Minute
	}
	return l
}

// A BadPart is a document of a multi-document file that can not be used while
// the others of the file can.
type BadPart struct {
	Index      int        `json:"index"` // the place in the file, from 0
	Quarantine Quarantine `json:"quarantine"`
}

// A part is a document as a reader finds it, without its provenance.
type part struct {
	Index    int
	Key      string // empty: the file's name
	Text     string
	Pages    []Page
	Sections []Section
	Meta     map[string]string
}

// A reader turns the bytes of a file into its documents. An error that is a
// *Quarantine concerns the whole file.
type reader func(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error)

// Read returns the documents of a file of the folder root.
//
// The error is a [*Quarantine] when the file can not be used; it is the
// context's error when ctx ends first, and another error only when the folder
// itself can not be opened. A reader that panics is quarantined too.
func Read(ctx context.Context, root string, f File, lim Limits) ([]Document, []BadPart, error) {
	lim = lim.withDefaults()
	data, err := readBytes(root, f.Path, lim.MaxFile)
	if err != nil {
		return nil, nil, err
	}
	format, read, err := detect(f.Path, data)
	if err != nil {
		return nil, nil, err
	}
	parts, bad, err := bounded(ctx, read, data, lim)
	if err != nil {
		return nil, nil, err
	}
	docs, bad := documents(f.Path, format, data, parts, bad)
	if len(docs) == 0 {
		return nil, nil, worst(bad)
	}
	return docs, bad, nil
}

// quarantine makes the error for a file that can not be used.
func quarantine(reason Reason, detail string) *Quarantine {
	return &Quarantine{Reason: reason, Detail: detail}
}

// worst is the reason of a file none of whose documents can be used.
func worst(bad []BadPart) *Quarantine {
	if len(bad) == 0 {
		return quarantine(ReasonEmpty, "the file holds no document; remove it")
	}
	first := bad[0].Quarantine
	if len(bad) > 1 {
		first.Detail = fmt.Sprintf("none of its %d documents can be used; of the first: %s", len(bad), first.Detail)
	}
	return &first
}

// readBytes reads a file, but no more than max bytes and nothing outside root.
func readBytes(root, name string, max int64) ([]byte, error) {
	dir, err := openFolder(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	unreadable := quarantine(ReasonUnreadable, "check that the file still exists and that its permissions allow reading")
	info, err := dir.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, unreadable
	}
	if info.Size() == 0 {
		return nil, quarantine(ReasonEmpty, "the file has no bytes; export it again")
	}
	tooLarge := quarantine(ReasonTooLarge, fmt.Sprintf(
		"the file has more than %d MB; split it or raise ingest.max_file_mb", max>>20))
	if info.Size() > max {
		return nil, tooLarge
	}
	file, err := dir.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, unreadable
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, max+1))
	if err != nil {
		return nil, unreadable
	}
	if int64(len(data)) > max {
		return nil, tooLarge
	}
	return data, nil
}

type readResult struct {
	parts []part
	bad   []BadPart
	err   error
}

// bounded runs a reader in a time limit and turns a panic into a quarantine.
// A reader that overruns is left behind; readers look at the context in every
// loop, so it ends soon after.
func bounded(ctx context.Context, read reader, data []byte, lim Limits) ([]part, []BadPart, error) {
	inner, cancel := context.WithTimeout(ctx, lim.Timeout)
	defer cancel()
	done := make(chan readResult, 1)
	go func() {
		var r readResult
		defer func() {
			if recover() != nil {
				// What the panic says may hold text of the document.
				r = readResult{err: quarantine(ReasonCrashed, "the file breaks the reader of its format; save it again with another program")}
			}
			done <- r
		}()
		r.parts, r.bad, r.err = read(inner, data, lim)
	}()
	var r readResult
	select {
	case r = <-done:
	case <-inner.Done():
		r.err = inner.Err()
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if inner.Err() != nil && r.err != nil {
		return nil, nil, quarantine(ReasonTimeout, fmt.Sprintf("reading took longer than %v; simplify the file or raise ingest.timeout", lim.Timeout))
	}
	var q *Quarantine
	if r.err != nil && !errors.As(r.err, &q) {
		return nil, nil, quarantine(ReasonMalformed, "the file does not follow its format; export it again")
	}
	return r.parts, r.bad, r.err
}

// documents gives parts their provenance. Parts without text become bad parts.
func documents(name, format string, data []byte, parts []part, bad []BadPart) ([]Document, []BadPart) {
	sum := sha256.Sum256(data)
	raw := hex.EncodeToString(sum[:])
	stem := strings.TrimSuffix(name, path.Ext(name))
	seen := make(map[string]bool)
	var docs []Document
	for _, p := range parts {
		if strings.TrimSpace(p.Text) == "" {
			bad = append(bad, BadPart{p.Index, Quarantine{ReasonNoText, "it holds no text; nothing is lost by leaving it out"}})
			continue
		}
		key := p.Key
		if key == "" || seen[key] {
			key = stem
			if len(parts)+len(bad) > 1 {
				key = fmt.Sprintf("%s#%d", stem, p.Index)
			}
		}
		seen[key] = true
		docs = append(docs, Document{
			ID:       documentID(raw, p.Index),
			File:     name,
			Key:      key,
			Index:    p.Index,
			Format:   format,
			RawSHA:   raw,
			Text:     p.Text,
			Pages:    p.Pages,
			Sections: p.Sections,
			Meta:     p.Meta,
		})
	}
	return docs, bad
}

func documentID(rawSHA string, index int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", rawSHA, index))
	return hex.EncodeToString(sum[:])[:32]
}

// detect chooses the reader by the content and the name of a file, and refuses
// a file that is not what its name says.
func detect(name string, data []byte) (string, reader, error) {
	ext := strings.ToLower(path.Ext(name))
	content := sniff(data)
	if content != "" && content != "text" {
		return detectBinary(ext, content)
	}
	switch ext {
	case ".pdf", ".docx":
		return "", nil, quarantine(ReasonWrongFormat, fmt.Sprintf(
			"the file is named %s but holds no %s; export it again or give it its true ending", ext, strings.ToUpper(ext[1:])))
	case ".hl7":
		return "hl7", readHL7, nil
	case ".json", ".fhir":
		return "fhir", readFHIR, nil
	case ".csv":
		return "csv", readCSV(','), nil
	case ".tsv":
		return "csv", readCSV('\t'), nil
	case "", ".txt", ".text", ".md":
		return detectText(data)
	}
	return "", nil, quarantine(ReasonUnsupported, "files with this ending can not be read; export the document as PDF, DOCX or text")
}

func detectBinary(ext, content string) (string, reader, error) {
	wrong := func(is string) error {
		return quarantine(ReasonWrongFormat, fmt.Sprintf("the file is named %s but is %s; give it its true ending", ext, is))
	}
	switch {
	case content == "pdf" && (ext == ".pdf" || ext == "" || ext == ".txt"):
		return "pdf", readPDF, nil
	case content == "pdf":
		return "", nil, wrong("a PDF")
	case content == "zip" && ext == ".docx":
		return "docx", readDOCX, nil
	case content == "zip" && ext == ".pdf":
		return "", nil, wrong("a ZIP archive, as DOCX files are")
	case content == "ole" && ext == ".docx":
		return "", nil, quarantine(ReasonEncrypted, "the document is protected by a password or in the old Word format; save it as DOCX without a password")
	case ext == ".pdf" || ext == ".docx":
		return "", nil, wrong("something else")
	}
	return "", nil, quarantine(ReasonUnsupported, "the file is in a format that can not be read; export the document as PDF, DOCX or text")
}

// detectText tells messages and resources in files with a plain ending.
func detectText(data []byte) (string, reader, error) {
	head := bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), 4096)], []byte("\xef\xbb\xbf")), " \t\r\n\x0b")
	switch {
	case bytes.HasPrefix(head, []byte("MSH|")):
		return "hl7", readHL7, nil
	case bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"resourceType"`)):
		return "fhir", readFHIR, nil
	}
	return "text", readText, nil
}

// sniff tells binary formats by their first bytes; "" is anything else.
func sniff(data []byte) string {
	head := data[:min(len(data), 1024)]
	magics := []struct{ prefix, name string }{
		{"PK\x03\x04", "zip"}, {"PK\x05\x06", "zip"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"},
		{"\x89PNG", "image"}, {"\xff\xd8\xff", "image"}, {"GIF8", "image"}, {"II*\x00", "image"}, {"MM\x00*", "image"},
		{"{\\rtf", "rtf"}, {"\x1f\x8b", "gzip"}, {"\x7fELF", "program"}, {"%!PS", "postscript"},
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return m.name
		}
	}
	// A PDF may have some bytes before its header; a text that speaks of the
	// header has it within a line.
	if i := bytes.Index(head, []byte("%PDF-")); i == 0 || i > 0 && (head[i-1] == '\n' || head[i-1] == '\r' || !isPlain(head[:i])) {
		return "pdf"
	}
	return ""
}

// isPlain says whether bytes look like text.
func isPlain(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c >= 0x80 {
			return false
		}
	}
	return true
}

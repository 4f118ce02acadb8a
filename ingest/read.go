package ingest

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits bound the reading of one file. A zero value takes the default.
type Limits struct {
	MaxFile     int64         // bytes of a file; 50 MiB
	MaxExpanded int64         // bytes that a compressed file expands to; 200 MiB
	Timeout     time.Duration // DefaultTimeout
	// MaxMemory is how many bytes reading a file may take; DefaultMemory. Package
	// sandbox holds to it: a process can not bound what one of its parts takes.
	MaxMemory  int64
	MaxEntries int // files inside a file, at all depths; 10,000
	MaxDepth   int // how deep files may lie in each other; 4

	// FirstReaderOnly keeps the second reader of PDFs out: what needs it has
	// the error ErrSecondReader.
	FirstReaderOnly bool `json:",omitempty"`
	// OCR is for the pages of PDFs that are pictures.
	OCR OCR
	// Recognized is the text of such pages, by number. [Recognize] fills it.
	Recognized map[int]string `json:",omitempty"`

	// SubjectKey is the secret under which patient identifiers become
	// Document.Subject. Without it no document has a Subject.
	SubjectKey []byte `json:"-"`
	// Columns name the parts of tables.
	Columns Columns

	depth int   // of files in files
	used  *used // by all files of a file together
}

// Columns name the columns of CSV, TSV and Parquet tables and the keys of JSON
// lines. What is not set is found by its usual names.
type Columns struct {
	Text    []string `json:"text,omitempty"`    // the text, each a section if there are several
	ID      string   `json:"id,omitempty"`      // the document's Key
	Patient string   `json:"patient,omitempty"` // the identifier behind Document.Subject
	Known   []string `json:"known,omitempty"`   // names and numbers of the patient
}

// What reading a file may take where nothing else is said.
const (
	DefaultTimeout = time.Minute
	DefaultMemory  = 512 << 20
)

func (l Limits) withDefaults() Limits {
	if l.MaxFile <= 0 {
		l.MaxFile = 50 << 20
	}
	if l.MaxExpanded <= 0 {
		l.MaxExpanded = 200 << 20
	}
	if l.Timeout <= 0 {
		l.Timeout = DefaultTimeout
	}
	if l.MaxMemory <= 0 {
		l.MaxMemory = DefaultMemory
	}
	if l.MaxEntries <= 0 {
		l.MaxEntries = 10_000
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = 4
	}
	if l.used == nil {
		l.used = new(used)
	}
	return l
}

// A BadPart is a document of a multi-document file that can not be used while
// the others of the file can.
type BadPart struct {
	Index int `json:"index"` // the place in the file, from 0
	// Inner is the path of a file inside the file: "letter.txt" in "a.zip".
	Inner      string     `json:"inner,omitempty"`
	Quarantine Quarantine `json:"quarantine"`
}

// A part is a document as a reader finds it, without its provenance.
type part struct {
	Index    int
	Inner    string // the path of a file inside the file; empty: the file itself
	Format   string // of a file inside the file
	Key      string // empty: the file's name
	Text     string
	Pages    []Page
	Blocks   []Block
	Sections []Section
	Meta     map[string]string
	Subject  string   // the patient's identifier as it is: memory only
	Known    []string // as Document.Known
}

// A reader turns the bytes of a file into its documents. An error that is a
// *Quarantine concerns the whole file.
type reader func(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error)

// Read returns the documents of a file of the folder root: [Load], then [Parse].
//
// The error is a [*Quarantine] when the file can not be used; it is the
// context's error when ctx ends first, and another error only when the folder
// itself can not be opened. A reader that panics is quarantined too.
//
// Read parses in this process. Files that others made are better parsed in
// another one: see package sandbox.
func Read(ctx context.Context, root string, f File, lim Limits) ([]Document, []BadPart, error) {
	data, err := Load(root, f, lim)
	if err != nil {
		return nil, nil, err
	}
	return Parse(ctx, f.Path, data, lim)
}

// Load returns the bytes of a file of the folder root, if they are within the
// limits. Its errors are those of [Read].
func Load(root string, f File, lim Limits) ([]byte, error) {
	return readBytes(root, f.Path, lim.withDefaults().MaxFile)
}

// Parse returns the documents in the bytes of a file with that name. Its errors
// are those of [Read]; it opens no file.
func Parse(ctx context.Context, name string, data []byte, lim Limits) ([]Document, []BadPart, error) {
	return Recognize(ctx, inProcess{name, data}, lim)
}

// inProcess is a PageReader of bytes with a name.
type inProcess struct {
	name string
	data []byte
}

func (p inProcess) Parse(ctx context.Context, lim Limits) ([]Document, []BadPart, error) {
	return ParseText(ctx, p.name, p.data, lim)
}

func (p inProcess) Draw(ctx context.Context, page int, lim Limits) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, lim.withDefaults().Timeout)
	defer cancel()
	return DrawPage(ctx, p.data, page)
}

// ParseText is [Parse] without text recognition: it takes the text of pages
// that are pictures from lim.Recognized and has an error of type [*Scans] when
// there are others. It starts no program.
func ParseText(ctx context.Context, name string, data []byte, lim Limits) ([]Document, []BadPart, error) {
	lim = lim.withDefaults()
	format, read, err := detect(name, data)
	if err != nil {
		return nil, nil, err
	}
	parts, bad, err := bounded(ctx, read, data, lim)
	if err != nil {
		return nil, nil, err
	}
	docs, bad := documents(name, format, data, parts, bad, lim)
	if len(docs) == 0 {
		return nil, nil, worst(bad)
	}
	return docs, bad, nil
}

// quarantine makes the error for a file that can not be used.
func quarantine(reason Reason, detail string) *Quarantine {
	return &Quarantine{Reason: reason, Detail: detail}
}

// Broken is the reason of a file that broke its reader.
func Broken() *Quarantine { return errCrashed }

// TooLong is the reason of a file that was not read within the limit.
func TooLong(limit time.Duration) *Quarantine {
	return quarantine(ReasonTimeout, fmt.Sprintf("reading took longer than %v; simplify the file or raise ingest.timeout", limit))
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
				r = readResult{err: errCrashed}
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
		return nil, nil, TooLong(lim.Timeout)
	}
	var q *Quarantine
	if r.err != nil && !errors.As(r.err, &q) {
		return nil, nil, quarantine(ReasonMalformed, "the file does not follow its format; export it again")
	}
	return r.parts, r.bad, r.err
}

// documents gives parts their provenance. Parts without text become bad parts.
func documents(name, format string, data []byte, parts []part, bad []BadPart, lim Limits) ([]Document, []BadPart) {
	sum := sha256.Sum256(data)
	raw := hex.EncodeToString(sum[:])
	perFile := make(map[string]int)
	for _, p := range parts {
		perFile[p.Inner]++
	}
	for _, b := range bad {
		perFile[b.Inner]++
	}
	seen := make(map[string]bool)
	var docs []Document
	for _, p := range parts {
		if strings.TrimSpace(p.Text) == "" {
			bad = append(bad, BadPart{p.Index, p.Inner, Quarantine{ReasonNoText, "it holds no text; nothing is lost by leaving it out"}})
			continue
		}
		file := path.Join(name, p.Inner)
		key := p.Key
		if key == "" || seen[key] {
			key = strings.TrimSuffix(file, path.Ext(file))
			if perFile[p.Inner] > 1 || seen[key] {
				key = fmt.Sprintf("%s#%d", key, p.Index)
			}
		}
		seen[key] = true
		docs = append(docs, Document{
			ID:       documentID(raw, p.Index),
			File:     file,
			Key:      key,
			Index:    p.Index,
			Format:   cmp.Or(p.Format, format),
			RawSHA:   raw,
			Text:     p.Text,
			Pages:    p.Pages,
			Blocks:   p.Blocks,
			Sections: p.Sections,
			Meta:     p.Meta,
			Subject:  SubjectHash(p.Subject, lim.SubjectKey),
			Known:    known(p),
		})
		Structure(&docs[len(docs)-1])
	}
	return docs, bad
}

// SubjectHash is what [Document.Subject] holds: the keyed hash (HMAC-SHA-256, 32
// hexadecimal digits) of a patient's identifier, or "" without one or without a
// key. Identifiers are few enough to be tried one by one, so that a hash without
// a key would hide nothing.
func SubjectHash(identifier string, key []byte) string {
	identifier = strings.ToUpper(strings.Join(strings.Fields(identifier), " "))
	if identifier == "" || len(key) == 0 {
		return ""
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(identifier))
	return hex.EncodeToString(mac.Sum(nil))[:32]
}

// known are a part's names and numbers to remove, each once, the longer ones
// first. One or two characters would take too much with them.
func known(p part) []string {
	var out []string
	for _, k := range append(p.Known, p.Subject) {
		if k = strings.Join(strings.Fields(k), " "); utf8.RuneCountInString(k) > 2 {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	return slices.Compact(out)
}

func documentID(rawSHA string, index int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", rawSHA, index))
	return hex.EncodeToString(sum[:])[:32]
}

// errCrashed is of a file whose reader panicked.
var errCrashed = quarantine(ReasonCrashed, "the file breaks the reader of its format; save it again with another program")

package ingest

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"context"
	"crypto/md5"
	"crypto/rc4"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// pdfBuilder writes small PDF files: object 1 is the catalog, 2 the page tree.
type pdfBuilder struct {
	objects []string // from object 3 on
	pages   []int
	tree    string // of pages, instead of one that has them all
	trailer string
	key     []byte // encrypts streams when set
}

func (b *pdfBuilder) add(object string) int {
	b.objects = append(b.objects, object)
	return len(b.objects) + 2
}

// stream adds a compressed stream.
func (b *pdfBuilder) stream(dict, content string) int {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write([]byte(content))
	w.Close()
	data := z.Bytes()
	if b.key != nil {
		id := len(b.objects) + 3
		sum := md5.Sum(append(bytes.Clone(b.key), byte(id), byte(id>>8), byte(id>>16), 0, 0))
		c, _ := rc4.NewCipher(sum[:])
		c.XORKeyStream(data, data)
	}
	return b.add(fmt.Sprintf("<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", dict, len(data), data))
}

// page adds a page of content in Helvetica as F1, with further resources.
func (b *pdfBuilder) page(content, resources string) {
	font := b.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	contents := b.stream("", content)
	b.pages = append(b.pages, b.add(fmt.Sprintf(
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R /Resources << /Font << /F1 %d 0 R >> %s >> >>",
		contents, font, resources)))
}

func (b *pdfBuilder) bytes() []byte {
	var kids strings.Builder
	for _, p := range b.pages {
		fmt.Fprintf(&kids, "%d 0 R ", p)
	}
	tree := b.tree
	if tree == "" {
		tree = fmt.Sprintf("/Kids [ %s] /Count %d", kids.String(), len(b.pages))
	}
	all := append([]string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages " + tree + " >>"}, b.objects...)
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(all))
	for i, object := range all {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	xref := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(all)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(all)+1, b.trailer, xref)
	return out.Bytes()
}

// encrypt sets the file up for RC4 with 128 bits and a user password
// (ISO 32000-1, 7.6.3, algorithms 2 and 5).
func (b *pdfBuilder) encrypt(password string) {
	const pad = "\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A"
	const id = "0123456789abcdef"
	owner := strings.Repeat("o", 32)
	key := md5.Sum([]byte((password + pad)[:32] + owner + "\xfc\xff\xff\xff" + id))
	for range 50 {
		key = md5.Sum(key[:])
	}
	b.key = key[:]
	user := md5.Sum([]byte(pad + id))
	for i := range 20 {
		round := bytes.Clone(b.key)
		for j := range round {
			round[j] ^= byte(i)
		}
		c, _ := rc4.NewCipher(round)
		c.XORKeyStream(user[:], user[:])
	}
	dict := b.add(fmt.Sprintf("<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <%x> /U <%x%032x> >>", owner, user, 0))
	b.trailer = fmt.Sprintf("/Encrypt %d 0 R /ID [ <%x> <%x> ]", dict, id, id)
}

const pageText = "BT /F1 12 Tf 72 720 Td (This Agreement is made between the parties.) Tj ET"

func simplePDF() []byte {
	var b pdfBuilder
	b.page(pageText, "")
	return b.bytes()
}

// zipOf writes an archive of files, in order: name, content, name, content.
func zipOf(t testing.TB, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(files[i+1]))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const wordNS = `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>`

func docxOf(t testing.TB, body string, more ...string) []byte {
	t.Helper()
	return zipOf(t, append([]string{"word/document.xml", wordNS + body + "</w:body></w:document>"}, more...)...)
}

// readOne reads a file of that name and content from a folder of its own.
func readOne(t testing.TB, name string, content []byte) ([]Document, []BadPart, error) {
	t.Helper()
	return readWithin(t, Limits{}, name, content)
}

func readWithin(t testing.TB, lim Limits, name string, content []byte) ([]Document, []BadPart, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(context.Background(), dir, File{Path: name, Size: int64(len(content))}, lim)
}

// mustRead reads a file that holds one document.
func mustRead(t testing.TB, name string, content []byte) Document {
	t.Helper()
	docs, bad, err := readOne(t, name, content)
	if err != nil || len(docs) != 1 || len(bad) != 0 {
		t.Fatalf("Read = %d documents, bad parts %v, error %v; want one document", len(docs), bad, err)
	}
	checkDocument(t, docs[0])
	return docs[0]
}

// checkDocument holds a document to its invariants.
func checkDocument(t testing.TB, d Document) {
	t.Helper()
	if len(d.ID) != 32 || d.Text == "" || !utf8.ValidString(d.Text) || strings.Contains(d.Text, "\r") {
		t.Errorf("document of format %s breaks the rules of ID or text", d.Format)
	}
	for _, s := range d.Sections {
		if s.Start < 0 || s.End > len(d.Text) || s.Start > s.End || s.Name != strings.ToLower(s.Name) {
			t.Errorf("section %+v does not fit a text of %d bytes", s, len(d.Text))
			continue
		}
		if part := d.Text[s.Start:s.End]; part != strings.TrimSpace(part) {
			t.Errorf("section %s begins or ends with white space: %q", s.Name, part)
		}
	}
	checkBlocks(t, d)
	at := 0
	for i, p := range d.Pages {
		if p.Number != i+1 || p.Start != at || p.End < p.Start {
			t.Errorf("page %+v does not follow %d", p, at)
		}
		if p.BodyStart < p.Start || p.BodyEnd < p.BodyStart || p.BodyEnd > p.End {
			t.Errorf("the running text of page %+v is not on it", p)
		}
		at = p.End
	}
	if len(d.Pages) > 0 && at != len(d.Text) {
		t.Errorf("pages end at %d of %d bytes", at, len(d.Text))
	}
}

func checkReason(t testing.TB, err error, want Reason) {
	t.Helper()
	var q *Quarantine
	if !errors.As(err, &q) {
		t.Fatalf("error %v, want a quarantine for %q", err, want)
	}
	if q.Reason != want {
		t.Errorf("quarantined for %v, want %q", q, want)
	}
	if q.Detail == "" {
		t.Error("the quarantine does not say what to do")
	}
}

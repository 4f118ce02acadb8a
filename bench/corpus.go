package bench

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"adapt/ingest"
	"adapt/samples"
)

// corpusSeed decides everything about documents that are made.
const corpusSeed = 4

// A corpus makes any number of documents out of a few: each is one of them,
// perturbed, in one of several formats.
type corpus struct{ texts []string }

// mostSources bounds what a corpus keeps in memory.
const mostSources = 4000

// newCorpus takes the texts of the documents in a folder, or of the sample
// reports where dir is empty.
func newCorpus(ctx context.Context, dir string) (*corpus, error) {
	if dir == "" {
		tmp, err := os.MkdirTemp("", "adapt-bench-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(tmp)
		if err := samples.Extract(tmp); err != nil {
			return nil, err
		}
		dir = filepath.Join(tmp, "medical")
	}
	files, err := ingest.Scan(dir, nil)
	if err != nil {
		return nil, err
	}
	c := &corpus{}
	for _, f := range files {
		docs, _, err := ingest.Read(ctx, dir, f, ingest.Limits{})
		var q *ingest.Quarantine
		if err != nil && !errors.As(err, &q) {
			return nil, err
		}
		for _, d := range docs {
			if c.texts = append(c.texts, d.Text); len(c.texts) == mostSources {
				return c, nil
			}
		}
	}
	if len(c.texts) == 0 {
		return nil, errors.New("the folder has no document that can be read")
	}
	return c, nil
}

// text returns the i-th text. Sentences are left out and moved, and numbers
// changed, so that no two are the same and few are near copies.
func (c *corpus) text(i int) string {
	rng := rand.New(rand.NewPCG(corpusSeed, uint64(i)))
	var out []string
	for paragraph := range strings.SplitSeq(c.texts[i%len(c.texts)], "\n") {
		sentences := strings.SplitAfter(paragraph, ". ")
		kept := slices.DeleteFunc(sentences, func(string) bool { return len(sentences) > 1 && rng.IntN(4) == 0 })
		if len(kept) > 2 && rng.IntN(2) == 0 {
			j := 1 + rng.IntN(len(kept)-1)
			kept[j-1], kept[j] = kept[j], kept[j-1]
		}
		out = append(out, strings.Join(kept, ""))
	}
	text := strings.Map(func(r rune) rune {
		if r >= '1' && r <= '9' && rng.IntN(2) == 0 {
			return '1' + rune(rng.IntN(9))
		}
		return r
	}, strings.Join(out, "\n"))
	return text + fmt.Sprintf("\nSeries %d of this study was compared.\n", i)
}

// forms are the formats of a made folder with how many of a hundred files each
// has.
var forms = []struct {
	ext    string
	share  int
	render func(text string, i int) ([]byte, error)
}{
	{".txt", 40, func(text string, _ int) ([]byte, error) { return []byte(text), nil }},
	{".hl7", 15, hl7Of},
	{".json", 15, fhirOf},
	{".docx", 10, docxOf},
	{".pdf", 10, pdfOf},
	{".html", 5, htmlOf},
	{".eml", 5, emlOf},
}

// write puts documents from … to-1 into dir, a thousand in a folder.
func (c *corpus) write(ctx context.Context, dir string, from, to int) error {
	for i := from; i < to; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := forms[0]
		at := i * 37 % 100 // mixed, whatever the number of files
		for _, f = range forms {
			if at -= f.share; at < 0 {
				break
			}
		}
		b, err := f.render(c.text(i), i)
		if err != nil {
			return err
		}
		folder := filepath.Join(dir, fmt.Sprintf("%03d", i/1000))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%06d%s", i, f.ext)), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func hl7Of(text string, i int) ([]byte, error) {
	escaped := strings.NewReplacer(`\`, `\E\`, "|", `\F\`, "^", `\S\`, "&", `\T\`, "~", `\R\`, "\n", `\.br\`).Replace(text)
	return fmt.Appendf(nil, "MSH|^~\\&|RIS|HOSPITAL|EHR|HOSPITAL|20240101||ORU^R01|%d|P|2.5\r"+
		"PID|1||%08d^^^HOSPITAL^MR||Example^Person%d\rOBR|1|||71020^CHEST\rOBX|1|TX|71020&GDT||%s||||||F\r", i, i, i, escaped), nil
}

func fhirOf(text string, i int) ([]byte, error) {
	return json.Marshal(map[string]any{
		"resourceType": "DiagnosticReport", "id": fmt.Sprintf("r%d", i), "status": "final",
		"code":          map[string]string{"text": "Radiology report"},
		"presentedForm": []map[string]string{{"contentType": "text/plain", "data": base64.StdEncoding.EncodeToString([]byte(text))}},
	})
}

func escaped(s string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

func docxOf(text string, _ int) ([]byte, error) {
	var body strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(&body, `<w:p><w:r><w:t xml:space="preserve">%s</w:t></w:r></w:p>`, escaped(line))
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("word/document.xml")
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(w, `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>%s</w:body></w:document>`, &body)
	err = z.Close()
	return out.Bytes(), err
}

func htmlOf(text string, _ int) ([]byte, error) {
	return []byte("<html><body><p>" + strings.ReplaceAll(escaped(text), "&#xA;", "</p>\n<p>") + "</p></body></html>"), nil
}

func emlOf(text string, i int) ([]byte, error) {
	return fmt.Appendf(nil, "From: ris@example.org\r\nTo: ward@example.org\r\nSubject: Report %d\r\nDate: Mon, 01 Jan 2024 10:00:00 +0000\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\n\r\n%s", i, strings.ReplaceAll(text, "\n", "\r\n")), nil
}

// pdfOf sets a text in lines of 90 characters, 60 on a page.
func pdfOf(text string, _ int) ([]byte, error) {
	var pages []string
	var page strings.Builder
	n := 0
	escape := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`)
	line := func(s string) {
		s = strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '-'
			}
			return r
		}, s)
		fmt.Fprintf(&page, "(%s) Tj T*\n", escape.Replace(s))
		if n++; n == 60 {
			pages, n = append(pages, page.String()), 0
			page.Reset()
		}
	}
	for paragraph := range strings.SplitSeq(text, "\n") {
		at := ""
		for _, word := range strings.Fields(paragraph) {
			if len(at)+len(word) > 90 {
				line(at)
				at = ""
			}
			at = strings.TrimLeft(at+" "+word, " ")
		}
		line(at)
	}
	if n > 0 {
		pages = append(pages, page.String())
	}
	return pdfFile(pages), nil
}

// pdfFile makes a PDF of pages of text operators.
func pdfFile(pages []string) []byte {
	objects := []string{"<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"}
	var kids []string
	for _, p := range pages {
		content := "BT /F1 10 Tf 12 TL 40 770 Td\n" + p + "ET"
		objects = append(objects,
			fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content),
			fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R /Resources << /Font << /F1 3 0 R >> >> >>", len(objects)+1))
		kids = append(kids, fmt.Sprintf("%d 0 R", len(objects)))
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids))
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, at)
	return out.Bytes()
}

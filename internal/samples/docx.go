package samples

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

const (
	wordNS   = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`
	xmlHead  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	relsNS   = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	officeNS = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
)

// renderDOCX lays a contract out as a WordprocessingML package (ECMA-376).
func renderDOCX(c *contract, rng *rand.Rand) ([]byte, error) {
	header := ""
	if rng.IntN(2) == 0 {
		header = fmt.Sprintf("Draft of record no. %d", 100+rng.IntN(900))
	}
	return zipFiles([][2]string{
		{"[Content_Types].xml", docxTypes(header != "")},
		{"_rels/.rels", xmlHead + `<Relationships ` + relsNS + `><Relationship Id="rId1" Type="` + officeNS + `/officeDocument" Target="word/document.xml"/></Relationships>`},
		{"word/_rels/document.xml.rels", docxRels(header != "")},
		{"word/styles.xml", docxStyles},
		{"word/document.xml", docxBody(c, rng, header != "")},
		{"word/header1.xml", xmlHead + `<w:hdr ` + wordNS + `>` + docxPara("", header) + `</w:hdr>`},
	}[:5+btoi(header != "")], zip.Deflate)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func docxTypes(header bool) string {
	s := xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>`
	if header {
		s += `<Override PartName="/word/header1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/>`
	}
	return s + `</Types>`
}

func docxRels(header bool) string {
	s := xmlHead + `<Relationships ` + relsNS + `><Relationship Id="rId1" Type="` + officeNS + `/styles" Target="styles.xml"/>`
	if header {
		s += `<Relationship Id="rId2" Type="` + officeNS + `/header" Target="header1.xml"/>`
	}
	return s + `</Relationships>`
}

const docxStyles = xmlHead + `<w:styles ` + wordNS + `>` +
	`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:pPr><w:spacing w:after="120"/></w:pPr><w:rPr><w:sz w:val="22"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:pPr><w:jc w:val="center"/></w:pPr><w:rPr><w:b/><w:sz w:val="28"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:pPr><w:keepNext/></w:pPr><w:rPr><w:b/></w:rPr></w:style>` +
	`</w:styles>`

// docxBody writes the paragraphs; signatures stand in a table in some.
func docxBody(c *contract, rng *rand.Rand, header bool) string {
	var b, signatures strings.Builder
	table := rng.IntN(2) == 0
	b.WriteString(xmlHead + `<w:document ` + wordNS + ` xmlns:r="` + officeNS + `"><w:body>`)
	for _, p := range c.blocks {
		style := map[blockRole]string{blockTitle: "Title", blockHeading: "Heading1"}[p.role]
		runs := []string{p.prefix + p.text}
		if p.role == blockText {
			runs = splitRuns(p.prefix+p.text, rng)
		}
		para := docxPara(style, runs...)
		if p.role != blockSignature || !table {
			b.WriteString(para)
			continue
		}
		if strings.HasPrefix(p.text, "By: ") { // a new line of the party's cell
			para = docxPara("", "") + para
		}
		signatures.WriteString(para)
		if strings.HasPrefix(p.text, "Title: ") {
			fmt.Fprintf(&b, "<w:tbl><w:tblPr><w:tblW w:w=\"0\" w:type=\"auto\"/></w:tblPr><w:tblGrid><w:gridCol w:w=\"4800\"/></w:tblGrid><w:tr><w:tc><w:tcPr><w:tcW w:w=\"4800\" w:type=\"dxa\"/></w:tcPr>%s</w:tc></w:tr></w:tbl>%s", signatures.String(), docxPara("", ""))
			signatures.Reset()
		}
	}
	b.WriteString(`<w:sectPr>`)
	if header {
		b.WriteString(`<w:headerReference w:type="default" r:id="rId2"/>`)
	}
	b.WriteString(`<w:pgSz w:w="12240" w:h="15840"/><w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="720" w:footer="720" w:gutter="0"/></w:sectPr></w:body></w:document>`)
	return b.String()
}

// splitRuns cuts a paragraph as an editor's history does, within words too.
func splitRuns(text string, rng *rand.Rand) []string {
	letters := []rune(text)
	var runs []string
	for len(letters) > 60 && rng.IntN(3) > 0 {
		n := 10 + rng.IntN(len(letters)-20)
		runs = append(runs, string(letters[:n]))
		letters = letters[n:]
	}
	return append(runs, string(letters))
}

func docxPara(style string, runs ...string) string {
	var b strings.Builder
	b.WriteString(`<w:p>`)
	if style != "" {
		b.WriteString(`<w:pPr><w:pStyle w:val="` + style + `"/></w:pPr>`)
	}
	for _, r := range runs {
		b.WriteString(`<w:r><w:t xml:space="preserve">`)
		// A strings.Builder does not fail.
		_ = xml.EscapeText(&b, []byte(r))
		b.WriteString(`</w:t></w:r>`)
	}
	b.WriteString(`</w:p>`)
	return b.String()
}

// zipFiles writes an archive whose bytes depend on the files alone. Deflate
// means stored blocks, as in encodeStream.
func zipFiles(files [][2]string, method uint16) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.NoCompression)
	})
	for _, f := range files {
		h := &zip.FileHeader{Name: f[0], Method: method, Modified: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, fmt.Errorf("samples: packing %s: %w", f[0], err)
		}
		if _, err := io.WriteString(w, f[1]); err != nil {
			return nil, fmt.Errorf("samples: packing %s: %w", f[0], err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("samples: packing: %w", err)
	}
	return b.Bytes(), nil
}

package samples

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// BadFiles writes files into dir that an ingestion must refuse, one fault
// each: "empty.txt", "text-named.pdf", "truncated.pdf", "scanned.pdf" (a page
// that is an image), "no-pages.pdf", "encrypted.pdf", "bomb.docx" (256 MB of
// spaces in 300 KB), "not-a-zip.docx", "invalid-utf8.txt",
// "no-header.hl7", "cut-off.hl7", "broken.json" and "not-a-report.json".
func BadFiles(dir string) error {
	files, err := badFiles()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("samples: making the folder of bad files: %w", err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.name), f.data, 0o644); err != nil {
			return fmt.Errorf("samples: writing a bad file: %w", err)
		}
	}
	return nil
}

func badFiles() ([]file, error) {
	whole, err := writePDF(pdfFile{title: "Whole", width: 612, height: 792, fonts: []*font{helvetica},
		contents: []string{"BT\n/F1 12 Tf\n72 700 Td\n(This Agreement is whole.) Tj\nET\n"}})
	if err != nil {
		return nil, err
	}
	bomb, err := zipBomb(256 << 20)
	if err != nil {
		return nil, err
	}
	return []file{
		{"empty.txt", nil},
		{"text-named.pdf", []byte("This is a plain text file with the name of a PDF.\n")},
		{"truncated.pdf", whole[:len(whole)*2/3]},
		{"scanned.pdf", scannedPDF()},
		{"no-pages.pdf", pdfBytes([]string{"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"}, "/Root 1 0 R")},
		{"encrypted.pdf", encryptedPDF()},
		{"bomb.docx", bomb},
		{"not-a-zip.docx", []byte("PK\x03\x04 this goes on as no archive does")},
		{"invalid-utf8.txt", []byte("This Agreement is made by \xff\xfe\xc3\x28 and \xa0\xa1.\n\x80\x81\x82 shall pay.\n")},
		{"no-header.hl7", []byte("PID|1||123^^^H^MR||Umeda^Mei\rOBX|1|TX|RPT||FINDINGS: clear.||||||F\r")},
		{"cut-off.hl7", []byte("MSH|^~\\&|RIS|IMAGING\rPID|1\rOBR|1\rOBX|1|TX|RP")},
		{"broken.json", []byte(`{"resourceType": "DiagnosticReport", "status": "final", "conclusion": "Clear lu`)},
		{"not-a-report.json", []byte(`{"resourceType": "Patient", "id": "p1", "name": [{"family": "Umeda"}]}`)},
	}, nil
}

// scannedPDF has one page, which shows a gray image of 4 by 4 pixels and no
// text.
func scannedPDF() []byte {
	pixels := strings.Repeat("\x20\x80\xc0\xf0", 4)
	content := "q\n468 0 0 648 72 72 cm\n/Im1 Do\nQ\n"
	return pdfBytes([]string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /XObject << /Im1 5 0 R >> >> /Contents 4 0 R >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content),
		fmt.Sprintf("<< /Type /XObject /Subtype /Image /Width 4 /Height 4 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length %d >>\nstream\n%s\nendstream", len(pixels), pixels),
	}, "/Root 1 0 R")
}

// encryptedPDF declares the standard security handler; nobody knows the
// password of its keys.
func encryptedPDF() []byte {
	key := strings.Repeat("5a", 32)
	return pdfBytes([]string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>",
		"<< /Length 16 >>\nstream\n\x91\x02\xb3\x5c\x77\xe1\x0f\x18\xaa\x43\xd9\x60\x2e\xf4\x8b\x35\nendstream",
		"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -1340 /O <" + key + "> /U <" + key + "> >>",
	}, "/Root 1 0 R /Encrypt 5 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]")
}

// zipBomb is a DOCX whose document expands to size bytes and more. A megabyte
// of spaces is compressed once; its blocks are then repeated as they are,
// which is valid because they refer to nothing before them.
func zipBomb(size int) ([]byte, error) {
	const piece = 1 << 20
	head := []byte(xmlHead + `<w:document ` + wordNS + `><w:body><w:p><w:r><w:t xml:space="preserve">`)
	tail := []byte(`</w:t></w:r></w:p></w:body></w:document>`)
	blank := bytes.Repeat([]byte(" "), piece)

	var packed bytes.Buffer
	sum := crc32.NewIEEE()
	expanded := 0
	for _, part := range []struct {
		data  []byte
		times int
		last  bool
	}{{head, 1, false}, {blank, size / piece, false}, {tail, 1, true}} {
		blocks, err := deflate(part.data, part.last)
		if err != nil {
			return nil, err
		}
		for range part.times {
			packed.Write(blocks)
			// A hash does not fail.
			_, _ = sum.Write(part.data)
			expanded += len(part.data)
		}
	}

	var b bytes.Buffer
	z := zip.NewWriter(&b)
	types, err := z.Create("[Content_Types].xml")
	if err == nil {
		_, err = io.WriteString(types, docxTypes(false))
	}
	if err != nil {
		return nil, fmt.Errorf("samples: packing: %w", err)
	}
	w, err := z.CreateRaw(&zip.FileHeader{Name: "word/document.xml", Method: zip.Deflate, CRC32: sum.Sum32(),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(expanded)})
	if err == nil {
		_, err = w.Write(packed.Bytes())
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("samples: packing: %w", err)
	}
	return b.Bytes(), nil
}

// deflate compresses data to blocks that end at a byte; the last ones end the
// stream.
func deflate(data []byte, last bool) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Flush()
	}
	if err == nil && last {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("samples: packing: %w", err)
	}
	return b.Bytes(), nil
}

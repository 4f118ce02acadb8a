package ingest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestQuarantine(t *testing.T) {
	locked, protected := &pdfBuilder{}, zipOf(t, "word/document.xml", "x")
	locked.encrypt("secret")
	locked.page(pageText, "")
	protected[6] |= 1 // the entry's flags; the central directory's follow
	protected[bytes.Index(protected, []byte("PK\x01\x02"))+8] |= 1

	scan := &pdfBuilder{}
	image := scan.stream("/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", "x")
	scan.page("q 612 0 0 792 0 0 cm /Im1 Do Q", "/XObject << /Im1 "+strconv.Itoa(image)+" 0 R >>")

	bomb := &pdfBuilder{}
	bomb.page(strings.Repeat(" ", 3<<20), "")

	tests := []struct {
		name, file string
		content    []byte
		want       Reason
	}{
		{"empty", "a.pdf", nil, ReasonEmpty},
		{"white space", "a.txt", []byte(" \n\t\n"), ReasonEmpty},
		{"encrypted PDF", "a.pdf", locked.bytes(), ReasonEncrypted},
		{"truncated PDF", "a.pdf", simplePDF()[:400], ReasonTruncated},
		{"PDF without its table", "a.pdf", append(simplePDF()[:300], "\nstartxref\n99999\n%%EOF\n"...), ReasonTruncated},
		{"PDF with a broken table", "a.pdf", append(simplePDF()[:300], "\nstartxref\n20\n%%EOF\n"...), ReasonMalformed},
		{"not a PDF", "a.pdf", []byte("Dear Sirs, this is a letter."), ReasonWrongFormat},
		{"an archive named PDF", "a.pdf", zipOf(t, "x", "y"), ReasonWrongFormat},
		{"a PDF named DOCX", "a.docx", simplePDF(), ReasonWrongFormat},
		{"no pages", "a.pdf", (&pdfBuilder{}).bytes(), ReasonNoPages},
		{"scanned PDF", "a.pdf", scan.bytes(), ReasonNoText},
		{"PDF bomb", "a.pdf", bomb.bytes(), ReasonBomb},
		{"PDF table bomb", "a.pdf", bytes.Replace(simplePDF(), []byte("/Size "), []byte("/Size 99999999999 /X "), 1), ReasonBomb},
		{"PDF of unknown compression", "a.pdf", bytes.ReplaceAll(simplePDF(), []byte("FlateDecode"), []byte("XlateDecode")), ReasonUnsupported},

		{"DOCX bomb", "a.docx", zipOf(t, "word/document.xml", wordNS+strings.Repeat("<w:p><w:r><w:t>a</w:t></w:r></w:p>", 100_000)), ReasonBomb},
		{"DOCX bomb in many parts", "a.docx", zipOf(t, "word/styles.xml", "<styles>"+strings.Repeat(" ", 2<<20)+"</styles>", "word/document.xml", strings.Repeat(" ", 1<<20)), ReasonBomb},
		{"DOCX with deep nesting", "a.docx", docxOf(t, strings.Repeat("<w:p>", 5000)), ReasonMalformed},
		{"DOCX that declares entities", "a.docx", zipOf(t, "word/document.xml", `<!DOCTYPE x [<!ENTITY a "aaaa">]><w:document><w:p><w:t>&a;</w:t></w:p></w:document>`), ReasonMalformed},
		{"DOCX with broken XML", "a.docx", docxOf(t, "<w:p><w:r></w:p"), ReasonMalformed},
		{"DOCX without text", "a.docx", docxOf(t, "<w:p></w:p>"), ReasonNoText},
		{"DOCX cut short", "a.docx", docxOf(t, "<w:p></w:p>")[:60], ReasonTruncated},
		{"an archive named DOCX", "a.docx", zipOf(t, "x", "y"), ReasonWrongFormat},
		{"DOCX with an archive password", "a.docx", protected, ReasonEncrypted},
		{"DOCX with a password", "a.docx", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on"), ReasonEncrypted},
		{"text named DOCX", "a.docx", []byte("plain"), ReasonWrongFormat},

		{"invalid UTF-8", "a.txt", []byte("caf\xc3\x28 \xff\xfe\xfa"), ReasonEncoding},
		{"text cut inside a character", "a.txt", []byte("naïve \xe2\x80"), ReasonEncoding},
		{"binary", "a.txt", []byte("a\x00b\x01"), ReasonEncoding},
		{"half a UTF-16 unit", "a.txt", []byte("\xff\xfea\x00b"), ReasonEncoding},
		{"picture", "a.png", []byte("\x89PNG\r\n"), ReasonUnsupported},
		{"unknown ending", "a.xyz", []byte("text"), ReasonUnsupported},

		{"HL7 without MSH", "a.hl7", []byte("PID|1||x\rOBX|1|TX|a||text"), ReasonMalformed},
		{"HL7 with a short MSH", "a.hl7", []byte("MSH|^~\\&|a\rOBX|1|TX|a||text"), ReasonMalformed},
		{"HL7 with equal delimiters", "a.hl7", []byte("MSH||||||||||ORU|1|P|2.5\r"), ReasonMalformed},
		{"HL7 with a broken segment", "a.hl7", []byte("MSH|^~\\&|a|b|c|d|2020||ORU^R01|1|P|2.5\rOBX|1|TX|a||text\rthe rest of the text"), ReasonMalformed},
		{"HL7 without text", "a.hl7", []byte("MSH|^~\\&|a|b|c|d|2020||ORU^R01|1|P|2.5\rOBX|1|NM|a||5"), ReasonNoText},
		{"HL7 of another kind", "a.hl7", []byte("MSH|^~\\&|a|b|c|d|2020||ADT^A01|1|P|2.5\r"), ReasonUnsupported},

		{"FHIR that is no JSON", "a.json", []byte(`{"resourceType": "DiagnosticReport",`), ReasonMalformed},
		{"JSON that is no FHIR", "a.json", []byte(`{"a": 1}`), ReasonMalformed},
		{"FHIR with a field of the wrong type", "a.json", []byte(`{"resourceType":"DiagnosticReport","conclusion":5}`), ReasonMalformed},
		{"FHIR of another kind", "a.json", []byte(`{"resourceType":"Patient"}`), ReasonUnsupported},
		{"FHIR without text", "a.json", []byte(`{"resourceType":"DiagnosticReport"}`), ReasonNoText},
		{"FHIR with bad base64", "a.json", []byte(`{"resourceType":"DiagnosticReport","presentedForm":[{"contentType":"text/plain","data":"%%%"}]}`), ReasonMalformed},
		{"bundle without reports", "a.json", []byte(`{"resourceType":"Bundle"}`), ReasonNoText},

		{"CSV without known columns", "a.csv", []byte("a,b\n1,2\n"), ReasonMalformed},
		{"CSV without rows", "a.csv", []byte("uid,findings\n"), ReasonEmpty},
		{"CSV with empty rows", "a.csv", []byte("uid,findings\n1,\n"), ReasonNoText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := readWithin(t, Limits{MaxExpanded: 2<<20 + 1000}, tt.file, tt.content)
			checkReason(t, err, tt.want)
		})
	}
}

// TestTooLarge reads a file of 200 MB that takes no room on the disk.
func TestTooLarge(t *testing.T) {
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "big.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(200 << 20); err != nil {
		t.Fatal(err)
	}
	_, _, err = Read(context.Background(), dir, File{Path: "big.txt"}, Limits{})
	checkReason(t, err, ReasonTooLarge)
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"gone.txt", "../outside.txt"} {
		_, _, err := Read(context.Background(), dir, File{Path: name}, Limits{})
		checkReason(t, err, ReasonUnreadable)
	}
	secret := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(secret, []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "link.txt")); err != nil {
		t.Skip("no symbolic links here")
	}
	_, _, err := Read(context.Background(), dir, File{Path: "link.txt"}, Limits{})
	checkReason(t, err, ReasonUnreadable)
}

func TestBoundedCrash(t *testing.T) {
	crash := func(context.Context, []byte, Limits) ([]part, []BadPart, error) { panic("text of a patient") }
	_, _, err := bounded(context.Background(), crash, nil, Limits{}.withDefaults())
	checkReason(t, err, ReasonCrashed)
	if strings.Contains(err.Error(), "patient") {
		t.Error("the quarantine repeats what the panic said")
	}
}

func TestBoundedTimeout(t *testing.T) {
	hang := func(ctx context.Context, _ []byte, _ Limits) ([]part, []BadPart, error) {
		<-ctx.Done()
		return nil, nil, ctx.Err()
	}
	lim := Limits{Timeout: time.Millisecond}.withDefaults()
	_, _, err := bounded(context.Background(), hang, nil, lim)
	checkReason(t, err, ReasonTimeout)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := bounded(ctx, hang, nil, lim); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v of a cancelled read, want context.Canceled", err)
	}
}

// TestPDFCycles reads files whose references lead round in circles.
func TestPDFCycles(t *testing.T) {
	tree := bytes.Replace(simplePDF(), []byte("/Kids [ 5 0 R ]"), []byte("/Kids [ 2 0 R ]"), 1)
	_, _, err := readOne(t, "a.pdf", tree)
	checkReason(t, err, ReasonMalformed)

	chain := simplePDF()
	xref := bytes.LastIndex(chain, []byte("xref\n0"))
	chain = bytes.Replace(chain, []byte("/Root 1 0 R"), []byte("/Root 1 0 R /Prev "+strconv.Itoa(xref)), 1)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.pdf"), chain, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err = Read(context.Background(), dir, File{Path: "a.pdf"}, Limits{Timeout: 50 * time.Millisecond})
	checkReason(t, err, ReasonTimeout)
}

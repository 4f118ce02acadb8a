package ingest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// detect chooses the reader by the content and the name of a file, and refuses
// a file that is not what its name says.
func detect(name string, data []byte) (string, reader, error) {
	ext := strings.ToLower(path.Ext(name))
	if kind := sniff(data); kind != "" {
		return detectBinary(ext, kind, data)
	}
	switch ext {
	case ".pdf", ".docx", ".zip", ".parquet", ".dcm", ".rtf":
		return "", nil, quarantine(ReasonWrongFormat, fmt.Sprintf(
			"the file is named %s but holds no %s; export it again or give it its true ending", ext, strings.ToUpper(ext[1:])))
	case ".hl7":
		return "hl7", readHL7, nil
	case ".json", ".fhir", ".ndjson", ".jsonl":
		return jsonFormat(data), readJSON, nil
	case ".csv":
		return "csv", readCSV(','), nil
	case ".tsv", ".tab":
		return "csv", readCSV('\t'), nil
	case ".html", ".htm", ".xhtml":
		return "html", readHTML, nil
	case ".eml":
		return "email", readEmail, nil
	case ".md", ".markdown":
		return "markdown", readMarkdown, nil
	case "", ".txt", ".text":
		return detectText(data)
	}
	return "", nil, quarantine(ReasonUnsupported, "files with this ending can not be read; export the document as PDF, DOCX or text")
}

// A binaryFormat is a format that its first bytes tell.
type binaryFormat struct {
	is      string
	endings []string // beside none, and that of plain text
	read    reader
}

func binaryFormatOf(kind string) (binaryFormat, bool) {
	switch kind {
	case "pdf":
		return binaryFormat{"a PDF", []string{".pdf"}, readPDF}, true
	case "docx":
		return binaryFormat{"a Word document", []string{".docx", ".docm", ".dotx"}, readDOCX}, true
	case "rtf":
		return binaryFormat{"an RTF document", []string{".rtf", ".doc"}, readRTF}, true
	case "zip":
		return binaryFormat{"a ZIP archive", []string{".zip"}, readZIP}, true
	case "parquet":
		return binaryFormat{"a Parquet table", []string{".parquet", ".pq"}, readParquet}, true
	case "dicom":
		return binaryFormat{"a DICOM object", []string{".dcm", ".dicom", ".sr"}, readDICOM}, true
	}
	return binaryFormat{}, false
}

func detectBinary(ext, kind string, data []byte) (string, reader, error) {
	if kind == "zip" && isDOCX(data) {
		kind = "docx"
	}
	if f, ok := binaryFormatOf(kind); ok {
		if slices.Contains(append(f.endings, "", ".txt"), ext) {
			return kind, f.read, nil
		}
		if kind == "zip" && ext == ".docx" {
			return "docx", readDOCX, nil // which says what is wrong
		}
		return "", nil, quarantine(ReasonWrongFormat, fmt.Sprintf("the file is named %s but is %s; give it its true ending", ext, f.is))
	}
	switch {
	case kind == "ole" && (ext == ".docx" || ext == ".docm"):
		return "", nil, quarantine(ReasonEncrypted, "the document is protected by a password or in the old Word format; save it as DOCX without a password")
	case kind == "ole" && ext == ".msg":
		return "", nil, quarantine(ReasonUnsupported, "messages in Outlook's own format can not be read; save them as .eml")
	case ext == ".pdf" || ext == ".docx" || ext == ".rtf" || ext == ".zip":
		return "", nil, quarantine(ReasonWrongFormat, fmt.Sprintf("the file is named %s but is something else; give it its true ending", ext))
	}
	return "", nil, quarantine(ReasonUnsupported, "the file is in a format that can not be read; export the document as PDF, DOCX or text")
}

// isDOCX tells a Word document from other archives.
func isDOCX(data []byte) bool {
	if !bytes.Contains(data, []byte("word/")) && !bytes.Contains(data, []byte(`word\`)) || zipEntries(data) > maxZipEntries {
		return false
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if r == nil || err != nil && err != zip.ErrInsecurePath {
		return false
	}
	for _, f := range r.File {
		if zipName(f.Name) == "word/document.xml" {
			return true
		}
	}
	return false
}

// mailHead is the beginning of a message that a mail program saved.
var mailHead = regexp.MustCompile(`(?i)^(?:from |(?:received|return-path|message-id|mime-version|delivered-to|x-[a-z-]+|from|to|subject|date|sender|reply-to|dkim-signature|thread-topic): )`)

// detectText tells formats in files with a plain ending.
func detectText(data []byte) (string, reader, error) {
	head := bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), 16<<10)], []byte("\xef\xbb\xbf")), " \t\r\n\x0b")
	lower := bytes.ToLower(head)
	switch {
	case bytes.HasPrefix(head, []byte("MSH|")):
		return "hl7", readHL7, nil
	case bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"resourceType"`)):
		return "fhir", readJSON, nil
	case bytes.HasPrefix(lower, []byte("<!doctype html")) || bytes.HasPrefix(lower, []byte("<html")):
		return "html", readHTML, nil
	case mailHead.Match(head) && bytes.Contains(lower, []byte("\nmime-version:")):
		return "email", readEmail, nil
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
		{"{\\rtf", "rtf"}, {"\x1f\x8b", "gzip"}, {"\x7fELF", "program"}, {"%!PS", "postscript"}, {"PAR1", "parquet"},
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return m.name
		}
	}
	if len(head) > 132 && string(head[128:132]) == "DICM" {
		return "dicom"
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

package ingest

import (
	"bytes"
	"compress/zlib"
	"context"
	"io"
	"regexp"
	"strconv"
)

var (
	pdfCounts  = regexp.MustCompile(`/(?:Size|Columns|N|First|Index\s*\[\s*\d*|W\s*\[\s*\d*\s*\d*)\s*(\d{7,})`)
	pdfXrefRow = regexp.MustCompile(`xref[\s]+(\d+)[ ]+(\d+)`)
	pdfStream  = regexp.MustCompile(`stream\r?\n`)
	pdfObjects = regexp.MustCompile(`ObjStm|XRef|#`) // or a name in escapes
)

// checkPDFSizes looks at the raw bytes of a PDF for what would make the
// library use memory without bound: tables of billions of entries, and streams
// that expand beyond the limit.
func checkPDFSizes(ctx context.Context, data []byte, maxExpanded int64) error {
	// An entry of a table takes a byte at least, before compression by no more
	// than a thousand.
	most := uint64(len(data))*100 + 1_000_000
	for _, m := range pdfCounts.FindAllSubmatch(data, -1) {
		if tooMany(m[1], most) {
			return quarantine(ReasonBomb, "the PDF declares tables far larger than itself; print it to a new PDF")
		}
	}
	for _, m := range pdfXrefRow.FindAllSubmatch(data, -1) {
		if tooMany(m[1], most) || tooMany(m[2], most) {
			return quarantine(ReasonBomb, "the PDF declares tables far larger than itself; print it to a new PDF")
		}
	}
	total := int64(0)
	for _, at := range pdfStream.FindAllIndex(data, -1) {
		if err := ctx.Err(); err != nil {
			return err
		}
		total += expandedSize(data, at, maxExpanded-total+1)
		if total > maxExpanded {
			return quarantine(ReasonBomb, "the PDF expands beyond ingest.max_expanded_mb; print it to a new PDF or raise the limit")
		}
	}
	return nil
}

func tooMany(digits []byte, most uint64) bool {
	n, err := strconv.ParseUint(string(digits), 10, 64)
	return err != nil || n > most
}

// expandedSize returns what a compressed stream expands to, up to limit+1
// bytes, if it holds objects: those the library expands without a limit. Of
// all other streams the interpreter keeps count as it reads them.
func expandedSize(data []byte, at []int, limit int64) int64 {
	header := data[max(0, at[0]-600):at[0]]
	if i := bytes.LastIndex(header, []byte(" obj")); i >= 0 {
		header = header[i:]
	}
	if !pdfObjects.Match(header) {
		return 0
	}
	zr, err := zlib.NewReader(bytes.NewReader(data[at[1]:]))
	if err != nil {
		return 0
	}
	n, _ := io.Copy(io.Discard, io.LimitReader(zr, limit))
	return n
}

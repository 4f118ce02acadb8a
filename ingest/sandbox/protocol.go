package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"

	"adapt/ingest"
)

// What is said over the two pipes is a sequence of frames: four bytes of
// length, most significant first, then JSON of that length.
//
//	worker:  hello                                  once, when it is confined
//	program: request, then the bytes of the file
//	worker:  reply with a document, a bad part
//	         or a picture of a page                 any number of times
//	worker:  reply with an end
//	program: the next request …

// bounds are what a worker may use; it is told them when it is started.
type bounds struct {
	Memory int64 `json:"memory"` // bytes
	Output int64 `json:"output"` // bytes of JSON that a file may give
	Files  int   `json:"files"`  // after which it ends
	// Second asks for the second reader of PDFs, which is loaded before the
	// worker is confined, from the folder Cache if that is not empty.
	Second bool   `json:"second,omitempty"`
	Cache  string `json:"cache,omitempty"`
}

// A hello says that the worker is ready.
type hello struct {
	Confined bool `json:"confined"` // the kernel refuses it everything but to compute
}

// A request announces a file of Size bytes, which follow.
type request struct {
	Name   string        `json:"name"`
	Size   int           `json:"size"`
	Limits ingest.Limits `json:"limits"`
	// Draw asks for a picture of that page, from 1, instead of documents.
	Draw int `json:"draw,omitempty"`
	// SubjectKey is that of the limits, which their JSON leaves out.
	SubjectKey []byte `json:"subject_key,omitempty"`
}

// A reply holds one of its parts.
type reply struct {
	Document *ingest.Document `json:"document,omitempty"`
	Known    []string         `json:"known,omitempty"` // of the document, whose JSON leaves it out
	Bad      *ingest.BadPart  `json:"bad,omitempty"`
	Picture  []byte           `json:"picture,omitempty"`
	End      *end             `json:"end,omitempty"`
}

// An end closes what a request gave.
type end struct {
	Quarantine *ingest.Quarantine `json:"quarantine,omitempty"`
	// Scans are pages that are pictures, of which Quarantine speaks.
	Scans []int `json:"scans,omitempty"`
	// Second says that the file needs a worker with the second reader.
	Second bool `json:"second,omitempty"`
	// Fault says that the reader gave an error that is no quarantine. Its text
	// may hold what the file does, so that it stays in the worker.
	Fault bool `json:"fault,omitempty"`
	// Last says that the worker ends now.
	Last bool `json:"last,omitempty"`
}

// maxControl bounds frames that hold no document, in bytes.
const maxControl = 1 << 20

var errFrameTooLarge = errors.New("a frame exceeds its limit")

// encodeFrame returns v as a frame.
func encodeFrame(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...), nil
}

func writeFrame(w io.Writer, v any) error {
	b, err := encodeFrame(v)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// readFrame decodes a frame of at most max bytes into v and returns its length.
func readFrame(r io.Reader, max int64, v any) (int64, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, err
	}
	n := int64(binary.BigEndian.Uint32(head[:]))
	if n > max {
		return n, errFrameTooLarge
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return n, err
	}
	return n, json.Unmarshal(b, v)
}

// Package pretrain makes a starter model from plain text.
package pretrain

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// A Source is a kind of text and where it is.
type Source struct {
	Kind  string  // "contracts"
	Glob  string  // of .txt files, one document each, or .txt.gz files of documents
	Share float64 // of the documents that are used, chosen by hash; above 1: read more than once
}

// separator ends a document in a file of several.
const separator = "<|endoftext|>"

// ParseSource reads KIND=GLOB or KIND=GLOB@SHARE.
func ParseSource(arg string) (Source, error) {
	kind, glob, ok := strings.Cut(arg, "=")
	s := Source{Kind: kind, Glob: glob, Share: 1}
	if !ok || kind == "" || glob == "" {
		return s, fmt.Errorf("pretrain: source %q is not of the form KIND=GLOB or KIND=GLOB@SHARE", arg)
	}
	if glob, share, ok := strings.Cut(glob, "@"); ok {
		f, err := strconv.ParseFloat(share, 64)
		if err != nil || f <= 0 || f > 100 {
			return s, fmt.Errorf("pretrain: share %q of source %s is no number above 0 and up to 100", share, kind)
		}
		s.Glob, s.Share = glob, f
	}
	return s, nil
}

// documents calls f with each document of the source, in a fixed order.
func (s Source) documents(f func(text string)) error {
	paths, err := filepath.Glob(s.Glob)
	if err != nil {
		return fmt.Errorf("pretrain: source %s: %w", s.Kind, err)
	}
	if len(paths) == 0 {
		return fmt.Errorf("pretrain: source %s: no file matches %q", s.Kind, s.Glob)
	}
	sort.Strings(paths)
	for _, path := range paths {
		if err := readDocuments(path, f); err != nil {
			return fmt.Errorf("pretrain: source %s: %s: %w", s.Kind, filepath.Base(path), err)
		}
	}
	return nil
}

func readDocuments(path string, f func(text string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if !strings.HasSuffix(path, ".gz") {
		b, err := io.ReadAll(file)
		if err == nil {
			f(string(b))
		}
		return err
	}
	zr, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(zr)
	lines.Buffer(nil, 64<<20)
	var doc strings.Builder
	flush := func() {
		if strings.TrimSpace(doc.String()) != "" {
			f(doc.String())
		}
		doc.Reset()
	}
	for lines.Scan() {
		if lines.Text() == separator {
			flush()
			continue
		}
		doc.WriteString(lines.Text())
		doc.WriteByte('\n')
	}
	flush()
	return lines.Err()
}

// draw maps a document to [0,1) by its content.
func draw(text, purpose string) float64 {
	sum := sha256.Sum256([]byte(purpose + "\x00" + text))
	return float64(binary.BigEndian.Uint32(sum[:4])) / (1 << 32)
}

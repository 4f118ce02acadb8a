package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
)

// readZIP reads the files of an archive, each by its own format, in the order
// of their names. Folders, hidden files and what programs leave beside
// documents are passed over; an entry whose name leads out of the archive is
// refused. The sizes that the archive claims count for nothing: what comes out
// is counted.
func readZIP(ctx context.Context, data []byte, lim Limits) ([]part, []BadPart, error) {
	archive, err := openZIP(data, lim)
	if err != nil {
		return nil, nil, err
	}
	c, err := newCollector(lim)
	if err != nil {
		return nil, nil, err
	}
	entries := slices.Clone(archive.File)
	slices.SortStableFunc(entries, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	seen := make(map[string]bool)
	for _, f := range entries {
		if f.FileInfo().IsDir() {
			continue
		}
		name, err := innerName(f.Name)
		if err != nil {
			c.refuse("", err.(*Quarantine))
			continue
		}
		if !mayBeInner(name) || seen[name] {
			continue
		}
		seen[name] = true
		content, err := c.entry(f)
		if q := (*Quarantine)(nil); errors.As(err, &q) && err != errExpansion {
			c.refuse(name, q)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if line, _, _ := bytes.Cut(content, []byte("\n")); isJSONLines(name) && !isDocumentLine(string(line)) {
			continue // annotations
		}
		if err := c.read(ctx, name, content); err != nil {
			return nil, nil, err
		}
	}
	if len(c.parts)+len(c.bad) == 0 {
		return nil, nil, quarantine(ReasonEmpty, "the archive holds no document; remove it")
	}
	return c.parts, c.bad, nil
}

// openZIP opens an archive that has no more entries than lim allows.
func openZIP(data []byte, lim Limits) (*zip.Reader, error) {
	if n := zipEntries(data); n > lim.withDefaults().MaxEntries {
		return nil, errEntries
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, quarantine(ReasonTruncated, "the archive is incomplete; copy or export it again")
	}
	if len(r.File) > lim.withDefaults().MaxEntries {
		return nil, errEntries
	}
	return r, nil
}

// zipEntries returns how many entries an archive's directory has at most,
// before memory is spent on them.
func zipEntries(data []byte) int {
	return bytes.Count(data, []byte("PK\x01\x02"))
}

// entry expands an entry within the limits.
func (c *collector) entry(f *zip.File) ([]byte, error) {
	if f.Flags&1 != 0 {
		return nil, quarantine(ReasonEncrypted, "the file in the archive is protected by a password; unpack it")
	}
	if !f.FileInfo().Mode().IsRegular() {
		return nil, quarantine(ReasonUnsupported, "the entry of the archive is a link or a device; pack the file itself")
	}
	r, err := f.Open()
	if err != nil {
		return nil, quarantine(ReasonUnsupported, "the file in the archive is compressed in a way that can not be read; unpack it")
	}
	defer r.Close()
	limit := min(c.lim.MaxFile, c.lim.left())
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(content)) > limit {
		if limit < c.lim.MaxFile {
			return nil, errExpansion
		}
		return nil, tooLargeInner(c.lim.MaxFile)
	}
	if err != nil {
		return nil, quarantine(ReasonTruncated, "the file in the archive is damaged; pack it again")
	}
	return content, c.lim.expand(len(content))
}

// mayBeInner passes over what Scan passes over in a folder.
func mayBeInner(name string) bool {
	for element := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(element, ".") || element == "__MACOSX" {
			return false
		}
	}
	return mayBeDocument(path.Base(name))
}

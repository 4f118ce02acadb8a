package formats

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"adapt/label"
)

// A Hugging Face data set of adapt has two configurations: "documents" with
// their labels, and "examples" with the exchanges made of them, in the columns
// that TRL reads. Each split is a Parquet file.

// documentRow is a document. Offsets count characters (code points), as Python
// does, and bytes beside.
type documentRow struct {
	ID        string     `json:"doc_id" parquet:"doc_id"`
	Text      string     `json:"text" parquet:"text"`
	Reference string     `json:"reference" parquet:"reference"`
	Labels    []labelRow `json:"labels" parquet:"labels,list"`
}

type labelRow struct {
	Category   string    `json:"category" parquet:"category"`
	Start      int64     `json:"start" parquet:"start"`
	End        int64     `json:"end" parquet:"end"`
	ByteStart  int64     `json:"byte_start" parquet:"byte_start"`
	ByteEnd    int64     `json:"byte_end" parquet:"byte_end"`
	Text       string    `json:"text" parquet:"text"`
	Absent     bool      `json:"absent" parquet:"absent"`
	Origin     string    `json:"origin" parquet:"origin"`
	By         string    `json:"by" parquet:"by"`
	Confidence float64   `json:"confidence" parquet:"confidence"`
	Attrs      []attrRow `json:"attrs" parquet:"attrs,list"`
}

type attrRow struct {
	Name  string `json:"name" parquet:"name"`
	Value string `json:"value" parquet:"value"`
}

// exampleRow is an exchange, which is read as chatLine is.
type exampleRow struct {
	ID       string       `parquet:"id"`
	Doc      string       `parquet:"doc_id"`
	Messages []messageRow `parquet:"messages,list"`
	Weights  []float32    `parquet:"weights,list"` // of the assistant's messages in the loss
	Rejected string       `parquet:"rejected"`
}

type messageRow struct {
	Role    string `parquet:"role"`
	Content string `parquet:"content"`
}

func readDocumentRow(s *Set, e *entry) error {
	var row documentRow
	if err := e.decode(&row); err != nil {
		return err
	}
	d, err := s.document(e, row.ID, row.Text, "")
	if err != nil {
		return err
	}
	d.Reference = row.Reference
	for i, l := range row.Labels {
		out := Label{
			Gold:   label.Gold{Key: d.Key, Category: l.Category, Text: l.Text, Start: int(l.ByteStart), Absent: l.Absent, By: l.By},
			Origin: label.Origin(l.Origin), Confidence: l.Confidence,
		}
		if l.Category == "" || out.Text != "" && !d.at(&out) {
			return e.fail("label %d has no category, or its text does not stand at its byte_start", i+1)
		}
		for _, a := range l.Attrs {
			if out.Attrs == nil {
				out.Attrs = map[string]string{}
			}
			out.Attrs[a.Name] = a.Value
		}
		d.Labels = append(d.Labels, out)
	}
	return nil
}

// parquetRows bounds how many rows of a Parquet file are in memory at a time.
const parquetRows = 64

// readParquet reads the rows of a Parquet file as if they were JSON lines. The
// library panics on some damaged files: that is an error here.
func readParquet(s *Set, dir fs.FS, name string) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the Parquet file is damaged; write it again")
		}
	}()
	text, err := readAll(dir, name)
	if err != nil {
		return err
	}
	f, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)), parquet.SkipBloomFilters(true))
	if err != nil {
		return errors.New("it is no Parquet file, or a damaged one; write it again")
	}
	if f.NumRows() == 0 {
		return nil // an empty split
	}
	r := parquet.NewGenericReader[any](bytes.NewReader(text), f.Schema())
	defer r.Close()
	read := reader(s)
	rows := make([]any, parquetRows)
	for n := 0; ; {
		got, err := r.Read(rows)
		for _, row := range rows[:got] {
			n++
			e := &entry{where: fmt.Sprintf("row %d", n)}
			if e.raw, err = rowJSON(row); err != nil {
				return e.fail("it holds a value that is neither text, number nor list")
			}
			if err := one(e, read.entry); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || err == nil && got == 0 {
			return read.end()
		}
		if err != nil {
			return fmt.Errorf("after row %d: the Parquet file is damaged; write it again", n)
		}
	}
}

func rowJSON(row any) ([]byte, error) {
	b, err := json.Marshal(row)
	if err != nil {
		return nil, errors.New("no JSON")
	}
	return b, nil
}

// readAll reads a whole file of at most maxFile bytes.
func readAll(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if len(b) > maxFile {
		err = fmt.Errorf("the file is larger than %d MB; split it", maxFile>>20)
	}
	return b, withoutPath(err)
}

// datasetWriter writes a Hugging Face data set: Parquet files, a card and
// Croissant metadata.
type datasetWriter struct {
	*folder
	documents map[label.Split]*parquetFile[documentRow]
	examples  map[label.Split]*parquetFile[exampleRow]
}

func newDatasetWriter(f *folder) Writer {
	return &datasetWriter{f, map[label.Split]*parquetFile[documentRow]{}, map[label.Split]*parquetFile[exampleRow]{}}
}

// parquetFile is a file of one split.
type parquetFile[T any] struct {
	info parquetInfo
	w    *parquet.GenericWriter[T]
	size int // bytes of text since the last row group
}

// parquetInfo is what the card says of a file.
type parquetInfo struct {
	Config, Split, Path string
	Rows, Bytes         int // Bytes are of the texts
	Size                int64
	SHA256              string
}

// groupBytes is how much text is in one row group, and so in memory, at most
// by more than one row.
const groupBytes = 32 << 20

// hfSplit is what the datasets library calls a split.
func hfSplit(s label.Split) string {
	if s == label.Dev {
		return "validation"
	}
	return splitName(s)
}

func parquetOf[T any](f *folder, files map[label.Split]*parquetFile[T], config string, split label.Split) (*parquetFile[T], error) {
	if have, ok := files[split]; ok {
		return have, nil
	}
	name := fmt.Sprintf("%s/%s-00000-of-00001.parquet", config, hfSplit(split))
	out, err := f.open(name)
	if err != nil {
		return nil, err
	}
	p := &parquetFile[T]{
		info: parquetInfo{Config: config, Split: hfSplit(split), Path: name},
		w:    parquet.NewGenericWriter[T](out.w, parquet.Compression(&zstd.Codec{})),
	}
	files[split] = p
	return p, nil
}

func (p *parquetFile[T]) add(row T, bytes int) error {
	p.info.Rows++
	p.info.Bytes += bytes
	if p.size += bytes; p.size > groupBytes {
		p.size = bytes
		if err := p.w.Flush(); err != nil {
			return err
		}
	}
	_, err := p.w.Write([]T{row})
	return err
}

func (w *datasetWriter) Doc(d *Doc) error {
	p, err := parquetOf(w.folder, w.documents, "documents", d.Split)
	if err != nil {
		return err
	}
	row := documentRow{ID: d.Key, Text: d.Text, Reference: d.Reference}
	r := newRuler(d.Text, codePoints)
	for i := range d.Labels {
		l := &d.Labels[i]
		out := labelRow{Category: l.Category, Text: l.Text, Absent: l.Absent, Origin: string(l.Origin), By: l.By, Confidence: l.Confidence}
		if l.Text != "" {
			if !d.at(l) {
				return errors.New("a label's quote does not stand at its offset")
			}
			out.ByteStart, out.ByteEnd = int64(l.Start), int64(l.Start+len(l.Text))
			out.Start, out.End = int64(r.units(l.Start)), int64(r.units(l.Start+len(l.Text)))
		}
		for _, name := range sortedKeys(l.Attrs) {
			out.Attrs = append(out.Attrs, attrRow{name, l.Attrs[name]})
		}
		row.Labels = append(row.Labels, out)
	}
	return p.add(row, len(d.Text))
}

func (w *datasetWriter) Exchange(x *Exchange) error {
	p, err := parquetOf(w.folder, w.examples, "examples", x.Split)
	if err != nil {
		return err
	}
	row := exampleRow{ID: x.ID, Doc: x.Doc, Rejected: x.Rejected}
	n := 0
	for _, t := range x.Turns {
		weight := t.Weight
		switch {
		case t.Context:
			weight = 0
		case weight == 0:
			weight = 1
		}
		row.Messages = append(row.Messages, messageRow{"user", t.Input}, messageRow{"assistant", t.Output})
		row.Weights = append(row.Weights, weight)
		n += len(t.Input) + len(t.Output)
	}
	return p.add(row, n)
}

func (w *datasetWriter) Close() (Notes, error) {
	var infos []parquetInfo
	for _, s := range []label.Split{"", label.Train, label.Dev, label.Test} {
		if p := w.documents[s]; p != nil {
			info, err := endParquet(w.folder, p)
			if err != nil {
				return nil, errors.Join(err, w.discard())
			}
			infos = append(infos, info)
		}
	}
	for _, s := range []label.Split{"", label.Train, label.Dev, label.Test} {
		if p := w.examples[s]; p != nil {
			info, err := endParquet(w.folder, p)
			if err != nil {
				return nil, errors.Join(err, w.discard())
			}
			infos = append(infos, info)
		}
	}
	if len(infos) > 0 {
		meta, err := croissant(w.info, infos)
		if err == nil {
			err = errors.Join(w.write("croissant.json", meta), w.write("README.md", card(w.info, infos)))
		}
		if err != nil {
			return nil, errors.Join(err, w.discard())
		}
	}
	return nil, w.folder.close()
}

// endParquet closes a file and hashes it.
func endParquet[T any](f *folder, p *parquetFile[T]) (parquetInfo, error) {
	if err := p.w.Close(); err != nil {
		return p.info, err
	}
	if err := f.finish(p.info.Path); err != nil {
		return p.info, err
	}
	in, err := os.Open(filepath.Join(f.tmp, filepath.FromSlash(p.info.Path)))
	if err != nil {
		return p.info, err
	}
	defer in.Close()
	h := sha256.New()
	p.info.Size, err = io.Copy(h, in)
	p.info.SHA256 = hex.EncodeToString(h.Sum(nil))
	return p.info, err
}

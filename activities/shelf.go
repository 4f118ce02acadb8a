package activities

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"adapt/artifact"
)

// A shelf finds single lines in artifacts of JSON lines, by the ID that each
// line begins with. An artifact is gone through once; then each line is a read
// at its place.
type shelf struct {
	store  *artifact.Store
	begins string // a line, up to the ID
	places map[artifact.Ref]map[string]place
	open   artifact.Ref
	file   *os.File
}

// A place is where a line is in its artifact.
type place struct {
	offset int64
	length int
}

// How the lines of artifacts begin.
const (
	documentID = `{"id":"`
	labeledID  = `{"doc_id":"`
)

func newShelf(store *artifact.Store, begins string) *shelf {
	return &shelf{store: store, begins: begins, places: map[artifact.Ref]map[string]place{}}
}

var errNoLine = errors.New("an artifact has lost a document")

// line returns the first line with that ID, with its end. It is errNoLine when
// there is none: somebody deleted the document.
func (s *shelf) line(ref artifact.Ref, id string) ([]byte, error) {
	if err := s.take(ref); err != nil {
		return nil, err
	}
	at, ok := s.places[ref][id]
	if !ok {
		return nil, fmt.Errorf("%w: run again to read it anew", errNoLine)
	}
	b := make([]byte, at.length)
	_, err := s.file.ReadAt(b, at.offset)
	return b, err
}

// take opens an artifact and, the first time, notes where its lines are.
func (s *shelf) take(ref artifact.Ref) error {
	if s.file != nil && s.open == ref {
		return nil
	}
	s.close()
	f, err := os.Open(s.store.Path(ref))
	if err != nil {
		return err
	}
	s.file, s.open = f, ref
	if s.places[ref] != nil {
		return nil
	}
	places := map[string]place{}
	err = eachLine(f, func(offset int64, line []byte) error {
		id, ok := lineID(line, s.begins)
		if !ok {
			return fmt.Errorf("artifact %s: a line does not begin with its ID", ref.Short())
		}
		if _, twice := places[id]; !twice {
			places[id] = place{offset, len(line)}
		}
		return nil
	})
	s.places[ref] = places
	return err
}

func (s *shelf) close() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

// lineID returns the ID that a line begins with.
func lineID(line []byte, begins string) (string, bool) {
	rest, ok := bytes.CutPrefix(line, []byte(begins))
	id, _, ended := bytes.Cut(rest, []byte(`"`))
	return string(id), ok && ended
}

// eachLine calls f for every line with where it begins. The line is valid until
// f returns.
func eachLine(r io.Reader, f func(offset int64, line []byte) error) error {
	in := bufio.NewReaderSize(r, 1<<18)
	var long []byte
	offset := int64(0)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, line...)
			continue
		}
		if err != nil && err != io.EOF {
			return err
		}
		if len(long) > 0 {
			long = append(long, line...)
			line = long
		}
		if len(line) > 0 {
			if err := f(offset, line); err != nil {
				return err
			}
			offset += int64(len(line))
		}
		long = long[:0]
		if err == io.EOF {
			return nil
		}
	}
}

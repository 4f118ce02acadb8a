package sandbox

import (
	"errors"

	"adapt/ingest"
)

// check holds the result of a request to its form.
func (r *result) check(q request, data []byte) error {
	switch {
	case r.end.Quarantine != nil:
		for i, page := range r.end.Scans {
			if page < 1 || i > 0 && page <= r.end.Scans[i-1] {
				return errors.New("scanned pages out of order")
			}
		}
		return ingest.CheckQuarantine(r.end.Quarantine)
	case q.Draw > 0:
		return ingest.CheckPicture(r.picture)
	}
	return check(r.docs, r.bad, q.Name, data)
}

// check holds what a worker gives to what a reader may give: a file that has
// taken a worker over must not pass for another one, nor lead what comes after
// outside of a text.
func check(docs []ingest.Document, bad []ingest.BadPart, name string, data []byte) error {
	if len(docs) == 0 {
		return errors.New("no document")
	}
	for i := range docs {
		if err := ingest.Check(&docs[i], name, data); err != nil {
			return err
		}
	}
	for i := range bad {
		if bad[i].Index < 0 {
			return errors.New("a bad part that has no place")
		}
		if err := ingest.CheckQuarantine(&bad[i].Quarantine); err != nil {
			return err
		}
	}
	return nil
}

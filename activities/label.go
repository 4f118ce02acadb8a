package activities

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/ingest"
	"adapt/label"
	"adapt/registry"
	"adapt/tokenizer"
)

// labelChunk is how many documents are in memory at a time, with what labeling
// makes of them.
const labelChunk = 128

// A labeling labels documents in chunks. What it made of a document is
// remembered by the document, so that a folder with one more file costs the
// labeling of one more file.
type labeling struct {
	a       *Activities
	setting setting
	gold    label.GoldIndex
	base    artifact.Ref
	tok     tokenizer.Tokenizer
	limit   int
	votes   artifact.Ref // what labels of documents without annotations rest on
	shelf   *shelf
	out     *artifact.Writer
	counts  api.Labeled
}

// A labeledOne is what is remembered of a document.
type labeledOne struct {
	In     artifact.Ref `json:"in"` // JSON lines of label.Labeled, this document's among them
	Counts labelCounts  `json:"counts"`
}

type labelCounts struct {
	Examples int  `json:"examples"`
	Skipped  bool `json:"skipped,omitempty"`
	Gold     bool `json:"gold,omitempty"` // a person annotated it
}

// labelAll labels all documents.
func (a *Activities) labelAll(ctx context.Context, in api.DocumentsInput, s setting, gold label.GoldIndex, m *meter) (api.Labeled, error) {
	l := &labeling{a: a, setting: s, gold: gold, base: in.Base, shelf: newShelf(a.store(), labeledID)}
	defer l.shelf.close()
	var err error
	if l.tok, l.limit, err = a.tokenizer(in.Base, s.config.Train.MaxTokens); err != nil {
		return api.Labeled{}, err
	}
	if l.setting.domain, l.votes, err = a.weighed(ctx, in, s, gold, m); err != nil {
		return api.Labeled{}, err
	}
	l.counts.Votes = l.votes
	if l.out, err = a.store().Create(artifact.KindExamples); err != nil {
		return api.Labeled{}, err
	}
	defer l.out.Discard()
	if err := l.run(ctx, in.Documents, m); err != nil {
		return api.Labeled{}, err
	}
	l.counts.Labeled, err = l.out.Keep()
	return l.counts, err
}

func (l *labeling) run(ctx context.Context, documents artifact.Ref, m *meter) error {
	path := l.a.store().Path(documents)
	total, err := countLines(path)
	if err != nil {
		return err
	}
	m.start("documents", 0, total)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var chunk [][]byte
	err = eachLine(f, func(_ int64, line []byte) error {
		if chunk = append(chunk, append([]byte(nil), line...)); len(chunk) < labelChunk {
			return nil
		}
		err := l.chunk(ctx, chunk, m)
		chunk = chunk[:0]
		return err
	})
	if err == nil && len(chunk) > 0 {
		err = l.chunk(ctx, chunk, m)
	}
	return err
}

func countLines(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n := 0
	err = eachLine(f, func(int64, []byte) error {
		n++
		return nil
	})
	return n, err
}

// A labelJob is a document of a chunk.
type labelJob struct {
	line  []byte
	id    string
	gold  []label.Gold
	key   string
	known *labeledOne
	made  label.Labeled
}

// chunk labels the documents of some lines, or finds what was made of them, and
// writes it in their order.
func (l *labeling) chunk(ctx context.Context, lines [][]byte, m *meter) error {
	jobs := make([]labelJob, len(lines))
	err := each(ctx, workers(), len(lines), func(_ context.Context, i int) error {
		jobs[i].line = lines[i]
		return l.name(&jobs[i])
	})
	if err != nil {
		return err
	}
	for i := range jobs {
		if err := l.find(ctx, &jobs[i]); err != nil {
			return err
		}
	}
	err = each(ctx, workers(), len(jobs), func(_ context.Context, i int) error {
		defer m.add(1)
		if jobs[i].known != nil {
			return nil
		}
		return l.label(&jobs[i])
	})
	if err != nil {
		return err
	}
	if err := l.remember(ctx, jobs); err != nil {
		return err
	}
	for _, j := range jobs {
		line, err := l.shelf.line(j.known.In, j.id)
		if err != nil {
			return err
		}
		if _, err := l.out.Write(line); err != nil {
			return err
		}
		j.known.Counts.addTo(&l.counts)
	}
	return nil
}

// name makes the key under which what a document gives is remembered.
func (l *labeling) name(j *labelJob) error {
	var ok bool
	if j.id, ok = lineID(j.line, documentID); !ok {
		return errors.New("a line of documents does not begin with its ID")
	}
	if len(l.gold) > 0 { // else the document need not be decoded to be found
		doc, err := j.document()
		if err != nil {
			return err
		}
		j.gold = l.gold.Document(doc.Key, doc.ID, doc.Text)
	}
	s := l.setting
	var votes artifact.Ref
	if len(j.gold) == 0 {
		votes = l.votes
	}
	sum := sha256.Sum256(j.line)
	j.key = registry.StepKey("label one", s.domain.Name(), s.domain.Version(), sum[:], j.gold, l.base, s.config.Label.GoldOnly, s.config.Train.MaxTokens, votes)
	return nil
}

func (j *labelJob) document() (*ingest.Document, error) {
	doc := new(ingest.Document)
	return doc, json.Unmarshal(j.line, doc)
}

// find looks for what an earlier run made of a document. It is not there any
// more when somebody has deleted the document since.
func (l *labeling) find(ctx context.Context, j *labelJob) error {
	raw, found, err := l.a.Registry.Lookup(ctx, j.key)
	if err != nil || !found {
		return err
	}
	var known labeledOne
	if err := json.Unmarshal(raw, &known); err != nil {
		return err
	}
	switch _, err := l.shelf.line(known.In, j.id); {
	case errors.Is(err, errNoLine):
	case err != nil:
		return err
	default:
		j.known = &known
	}
	return nil
}

func (l *labeling) label(j *labelJob) error {
	doc, err := j.document()
	if err != nil {
		return err
	}
	if l.setting.config.Label.GoldOnly && len(j.gold) == 0 {
		j.made = label.Labeled{DocID: doc.ID, Skipped: "no annotation, and label.gold_only is set"}
		return nil
	}
	j.made, err = l.setting.domain.Label(doc, j.gold, l.tok, l.limit)
	return err
}

// remember stores what was made and notes it by document.
func (l *labeling) remember(ctx context.Context, jobs []labelJob) error {
	var made []label.Labeled
	for i := range jobs {
		if jobs[i].known == nil {
			made = append(made, jobs[i].made)
		}
	}
	if len(made) == 0 {
		return nil
	}
	ref, err := artifact.PutLines(l.a.store(), artifact.KindExamples, made)
	if err != nil {
		return err
	}
	notes := map[string]any{}
	for i := range jobs {
		j := &jobs[i]
		if j.known == nil {
			j.known = &labeledOne{In: ref, Counts: countsOf(j.made)}
			notes[j.key] = *j.known
			j.made = label.Labeled{}
		}
	}
	return l.a.Registry.RememberAll(ctx, notes)
}

func countsOf(l label.Labeled) labelCounts {
	o := l.Truth.Origin
	return labelCounts{
		Examples: len(l.Examples),
		Skipped:  l.Skipped != "",
		Gold:     l.Skipped == "" && (o == label.OriginGold || o == label.OriginReview),
	}
}

// addTo counts a document.
func (c labelCounts) addTo(out *api.Labeled) {
	out.Examples += c.Examples
	switch {
	case c.Skipped:
		out.Skipped++
	case c.Gold:
		out.Gold++
		fallthrough
	default:
		out.Usable++
	}
}

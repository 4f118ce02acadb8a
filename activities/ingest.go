package activities

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/ingest"
	"adapt/internal/runs"
	"adapt/registry"
)

// A manifest is the files of a folder in batches.
type manifest struct {
	Folder  string          `json:"folder"` // a hash of its path
	Batches [][]ingest.File `json:"batches"`
}

// A batch is what one batch of files gave.
type batch struct {
	Documents artifact.Ref `json:"documents"`
	Aside     artifact.Ref `json:"aside"` // JSON lines of Aside
	Count     int          `json:"count"`
	Put       int          `json:"put"` // aside
}

// An Aside is a file, or a document in it, that was put aside.
type Aside struct {
	File   string        `json:"file"`
	Index  int           `json:"index,omitempty"` // the document's place in the file
	SHA256 string        `json:"sha256,omitempty"`
	Reason ingest.Reason `json:"reason"`
	Detail string        `json:"detail"` // what to do about it
}

// scan lists the folder's files.
func (a *Activities) scan(ctx context.Context, job api.Job) (api.ScanResult, error) {
	return run(ctx, a, job, "ingest", func(context.Context, *meter) (api.ScanResult, error) {
		s, err := a.setting(job)
		if err != nil {
			return api.ScanResult{}, err
		}
		files, err := ingest.Scan(s.folder, s.config.Ingest.Include)
		if err != nil {
			return api.ScanResult{}, badInput("%v", err)
		}
		m := manifest{Folder: job.Source.SHA256}
		for b := range slices.Chunk(files, s.config.Ingest.Batch) {
			m.Batches = append(m.Batches, b)
		}
		ref, err := a.store().PutJSON(artifact.KindManifest, m)
		return api.ScanResult{Manifest: ref, Files: len(files), Batches: len(m.Batches)}, err
	})
}

// read reads one batch of files.
func (a *Activities) read(ctx context.Context, in api.ReadInput) (api.ReadResult, error) {
	return run(ctx, a, in.Job, "ingest", func(ctx context.Context, m *meter) (api.ReadResult, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.ReadResult{}, err
		}
		list, err := a.manifest(in.Manifest)
		if err != nil {
			return api.ReadResult{}, err
		}
		m.start("files", min(in.Batch*s.config.Ingest.Batch, list.files()), list.files())
		b, err := a.readBatch(ctx, s, list, in.Batch, m)
		return api.ReadResult{Documents: b.Count, Quarantined: b.Put}, err
	})
}

func (a *Activities) manifest(ref artifact.Ref) (manifest, error) {
	var m manifest
	err := a.store().JSON(ref, &m)
	return m, err
}

func (m manifest) files() int {
	n := 0
	for _, b := range m.Batches {
		n += len(b)
	}
	return n
}

// readBatch reads a batch of the manifest, or finds what it gave. The key
// holds the content of the files, so that a changed file is read again.
func (a *Activities) readBatch(ctx context.Context, s setting, m manifest, i int, meter *meter) (batch, error) {
	if i < 0 || i >= len(m.Batches) {
		return batch{}, fmt.Errorf("the manifest has no batch %d", i)
	}
	files := m.Batches[i]
	sums := make([]string, len(files))
	for j, f := range files {
		sums[j] = fileSum(s.folder, f.Path)
	}
	c := s.config.Ingest
	lim := ingest.Limits{
		MaxFile: int64(c.MaxFileMB) << 20, MaxExpanded: int64(c.MaxExpandedMB) << 20,
		Timeout: c.Timeout, MaxMemory: int64(c.MaxMemoryMB) << 20,
	}
	key := registry.StepKey("read", readerVersion, files, sums, lim)
	return once(ctx, a, key, func(ctx context.Context) (batch, error) {
		var docs []*ingest.Document
		var aside []Aside
		for j, f := range files {
			d, bad, err := a.readFile(ctx, s.folder, f, lim)
			if err != nil {
				return batch{}, err
			}
			docs = append(docs, d...)
			for _, b := range bad {
				b.SHA256 = sums[j]
				aside = append(aside, b)
			}
			if meter != nil {
				meter.add(1)
			}
		}
		return a.putBatch(docs, aside)
	})
}

// readerVersion is part of the key under which read files are remembered.
// Count it up when a reader comes to give another text for the same file.
const readerVersion = 3

// readFile reads one file; what can not be used of it is put aside.
func (a *Activities) readFile(ctx context.Context, folder string, f ingest.File, lim ingest.Limits) ([]*ingest.Document, []Aside, error) {
	read, bad, err := a.Readers.Read(ctx, folder, f, lim)
	var q *ingest.Quarantine
	if errors.As(err, &q) {
		return nil, []Aside{{File: f.Path, Reason: q.Reason, Detail: q.Detail}}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var aside []Aside
	for _, b := range bad {
		aside = append(aside, Aside{File: f.Path, Index: b.Index, Reason: b.Quarantine.Reason, Detail: b.Quarantine.Detail})
	}
	docs := make([]*ingest.Document, len(read))
	for i := range read {
		docs[i] = &read[i]
	}
	return docs, aside, nil
}

func (a *Activities) putBatch(docs []*ingest.Document, aside []Aside) (batch, error) {
	b := batch{Count: len(docs), Put: len(aside)}
	var err error
	if b.Documents, err = artifact.PutLines(a.store(), artifact.KindDocuments, docs); err != nil {
		return b, err
	}
	b.Aside, err = artifact.PutLines(a.store(), artifact.KindManifest, aside)
	return b, err
}

// gather joins the batches: copies of a document are dropped and near copies
// put into groups.
func (a *Activities) gather(ctx context.Context, in api.GatherInput) (api.Ingested, error) {
	return run(ctx, a, in.Job, "ingest", func(ctx context.Context, m *meter) (api.Ingested, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.Ingested{}, err
		}
		list, err := a.manifest(in.Manifest)
		if err != nil {
			return api.Ingested{}, err
		}
		m.say("looking for copies")
		docs, aside, err := a.batches(ctx, s, list)
		if err != nil {
			return api.Ingested{}, err
		}
		out := api.Ingested{Manifest: in.Manifest, Files: list.files(), Quarantined: len(aside), Reasons: countReasons(aside)}
		docs, out.Duplicates = ingest.Dedup(docs)
		slices.SortFunc(docs, func(x, y *ingest.Document) int { return cmp.Compare(x.ID, y.ID) })
		if n := s.config.Ingest.MaxDocuments; n > 0 && len(docs) > n {
			docs = docs[:n]
		}
		out.Count = len(docs)
		if len(docs) == 0 {
			return out, badInput("none of the %d files in the folder could be used: %s", out.Files, whyNone(aside))
		}
		ingest.Group(docs, s.config.Ingest.NearDuplicates)
		if out.Documents, err = a.putDocuments(docs); err != nil {
			return out, err
		}
		out.Quarantine, err = artifact.PutLines(a.store(), artifact.KindManifest, aside)
		return out, err
	})
}

// batches collects what all batches gave, in their order.
func (a *Activities) batches(ctx context.Context, s setting, m manifest) ([]*ingest.Document, []Aside, error) {
	var docs []*ingest.Document
	var aside []Aside
	for i := range m.Batches {
		b, err := a.readBatch(ctx, s, m, i, nil)
		if err != nil {
			return nil, nil, err
		}
		d, err := a.documents(b.Documents)
		if err != nil {
			return nil, nil, err
		}
		q, err := artifact.Lines[Aside](a.store(), b.Aside)
		if err != nil {
			return nil, nil, err
		}
		docs, aside = append(docs, d...), append(aside, q...)
	}
	return docs, aside, nil
}

// countReasons counts what was put aside, the most frequent reason first.
func countReasons(aside []Aside) []api.ReasonCount {
	by := map[ingest.Reason]int{}
	for _, q := range aside {
		by[q.Reason]++
	}
	var counts []api.ReasonCount
	for r, n := range by {
		counts = append(counts, api.ReasonCount{Reason: string(r), Count: n})
	}
	slices.SortFunc(counts, func(x, y api.ReasonCount) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Reason, y.Reason))
	})
	return counts
}

// whyNone says for each reason how often it came up and what to do.
func whyNone(aside []Aside) string {
	first := map[string]string{}
	for _, q := range aside {
		if _, ok := first[string(q.Reason)]; !ok {
			first[string(q.Reason)] = q.Detail
		}
	}
	var parts []string
	for _, r := range countReasons(aside) {
		parts = append(parts, fmt.Sprintf("%d %s (%s)", r.Count, r.Reason, first[r.Reason]))
	}
	return strings.Join(parts, ", ")
}

// plan counts the files whose content no run over the folder has seen.
func (a *Activities) plan(ctx context.Context, in api.PlanInput) (api.PlanResult, error) {
	id, running, err := runs.Next(ctx, a.Registry, in.Domain, in.Config, in.Source)
	if err != nil {
		return api.PlanResult{}, err
	}
	job := api.Job{RunID: id, Domain: in.Domain, Config: in.Config, Source: in.Source}
	return run(ctx, a, job, "plan", func(ctx context.Context, _ *meter) (api.PlanResult, error) {
		s, err := a.setting(job)
		if err != nil {
			return api.PlanResult{}, err
		}
		files, err := ingest.Scan(s.folder, s.config.Ingest.Include)
		if err != nil {
			return api.PlanResult{}, badInput("%v", err)
		}
		seen, err := a.Registry.SeenDocuments(ctx, in.Domain, in.Source.SHA256)
		if err != nil {
			return api.PlanResult{}, err
		}
		fresh := 0
		for _, f := range files {
			if err := ctx.Err(); err != nil {
				return api.PlanResult{}, err
			}
			if !seen[fileSum(s.folder, f.Path)] {
				fresh++
			}
		}
		return api.PlanResult{New: fresh, RunID: id, Running: running}, nil
	})
}

// remember notes the files that a run has used or put aside.
func (a *Activities) remember(ctx context.Context, job api.Job, ref artifact.Ref) error {
	s, err := a.setting(job)
	if err != nil {
		return err
	}
	m, err := a.manifest(ref)
	if err != nil {
		return err
	}
	docs, aside, err := a.batches(ctx, s, m)
	if err != nil {
		return err
	}
	var sums []string
	for _, d := range docs {
		sums = append(sums, d.RawSHA)
	}
	for _, q := range aside {
		sums = append(sums, q.SHA256)
	}
	slices.Sort(sums)
	return a.Registry.RecordDocuments(ctx, job.Domain, job.Source.SHA256, slices.Compact(sums))
}

// fileSum hashes a file inside folder; one that can not be read has a hash of
// its own, so that it counts as seen until it can.
func fileSum(folder, name string) string {
	h := sha256.New()
	if err := hashFile(h, folder, name); err != nil {
		h.Reset()
		fmt.Fprintf(h, "unreadable %s", name)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hashFile(h io.Writer, folder, name string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return err
}

package activities

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/ingest"
	"adapt/ingest/deid"
	"adapt/internal/runs"
	"adapt/vault"
)

// A manifest is the files of a folder, sorted by path, in batches.
type manifest struct {
	Folder  string        `json:"folder"` // a hash of its path
	Files   []ingest.File `json:"files"`
	Batches [][]int       `json:"batches"` // places in Files
}

// An Aside is a file, or a document in it, that was put aside.
type Aside struct {
	File   string        `json:"file"`
	Index  int           `json:"index,omitempty"` // the document's place in the file
	SHA256 string        `json:"sha256,omitempty"`
	Reason ingest.Reason `json:"reason"`
	Detail string        `json:"detail"` // what to do about it
	// Of is the short key of the file's reading, while batches are gathered.
	Of string `json:"of,omitempty"`
}

// knownBatch is how many files are in a batch of those that were read in an
// earlier run: they are looked up, not read.
const knownBatch = 1000

// scan lists the folder's files and finds out which of them no run has read yet
// under these settings: those are read in small batches, so that a stopped run
// loses little, and the others are looked up in large ones.
func (a *Activities) scan(ctx context.Context, job api.Job) (api.ScanResult, error) {
	return run(ctx, a, job, "ingest", func(ctx context.Context, meter *meter) (api.ScanResult, error) {
		r, err := a.reading(ctx, job, artifact.Ref{})
		if err != nil {
			return api.ScanResult{}, err
		}
		files, err := ingest.Scan(r.folder, r.config.Ingest.Include)
		if err != nil {
			return api.ScanResult{}, badInput("%v", err)
		}
		meter.say("looking for what is new")
		known := make([]bool, len(files))
		err = each(ctx, workers(), len(files), func(ctx context.Context, i int) (err error) {
			_, known[i], err = a.Registry.Lookup(ctx, r.keyOf(files[i], fileSum(r.folder, files[i].Path)))
			return err
		})
		if err != nil {
			return api.ScanResult{}, err
		}
		m := manifest{Folder: job.Source.SHA256, Files: files}
		for _, part := range []struct {
			known bool
			size  int
		}{{true, knownBatch}, {false, r.config.Ingest.Batch}} {
			var places []int
			for i := range files {
				if known[i] == part.known {
					places = append(places, i)
				}
			}
			m.Batches = slices.AppendSeq(m.Batches, slices.Chunk(places, part.size))
		}
		ref, err := a.store().PutJSON(artifact.KindManifest, m)
		return api.ScanResult{Manifest: ref, Files: len(files), Batches: len(m.Batches)}, err
	})
}

// read reads one batch of files.
func (a *Activities) read(ctx context.Context, in api.ReadInput) (api.ReadResult, error) {
	return run(ctx, a, in.Job, "ingest", func(ctx context.Context, m *meter) (api.ReadResult, error) {
		r, err := a.reading(ctx, in.Job, in.Manifest)
		if err != nil {
			return api.ReadResult{}, err
		}
		total := len(r.list.Files)
		// Batches are read side by side: all of them count on.
		done := a.counters.of(in.RunID)
		done.atLeast(r.list.before(in.Batch - readAhead))
		m.start("files", done.value(), total)
		b, err := a.readBatch(ctx, r, in.Batch, func() { m.at(min(done.add(1), total)) })
		return api.ReadResult{Documents: b.Count, Quarantined: b.Put}, err
	})
}

// A reading is what decides what files give.
type reading struct {
	setting
	runID    string
	manifest artifact.Ref
	list     *manifest
	engine   *deid.Engine // nil: identifiers stay
	vault    *vault.Vault // nil: raw files are not kept
	deleted  deletions
	limits   ingest.Limits
}

func (a *Activities) reading(ctx context.Context, job api.Job, ref artifact.Ref) (*reading, error) {
	s, err := a.setting(job)
	if err != nil {
		return nil, err
	}
	r := &reading{setting: s, runID: job.RunID, manifest: ref}
	if r.engine, err = a.deid(s); err != nil {
		return nil, err
	}
	c := s.config.Ingest
	r.limits = ingest.Limits{
		MaxFile: int64(c.MaxFileMB) << 20, MaxExpanded: int64(c.MaxExpandedMB) << 20,
		Timeout: c.Timeout, MaxMemory: int64(c.MaxMemoryMB) << 20, Columns: ingest.Columns(c.Columns),
		OCR: a.ocr.of(c),
	}
	if r.engine != nil {
		r.limits.SubjectKey = r.engine.SubjectKey()
	}
	if r.vault, err = a.rawFiles(s); err != nil {
		return nil, err
	}
	if r.deleted, err = a.deletions(ctx); err != nil {
		return nil, err
	}
	if !ref.IsZero() {
		r.list, err = a.lists.get(a.store(), ref)
	}
	return r, err
}

// before counts the files of the batches before one.
func (m *manifest) before(batch int) int {
	n := 0
	for _, b := range m.Batches[:max(0, min(batch, len(m.Batches)))] {
		n += len(b)
	}
	return n
}

// manifests keeps the manifest that was used last: every batch asks for it.
type manifests struct {
	mu   sync.Mutex
	ref  artifact.Ref
	last *manifest
}

func (k *manifests) get(store *artifact.Store, ref artifact.Ref) (*manifest, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last != nil && k.ref == ref {
		return k.last, nil
	}
	m := new(manifest)
	if err := store.JSON(ref, m); err != nil {
		return nil, err
	}
	k.ref, k.last = ref, m
	return m, nil
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
	r, err := a.reading(ctx, job, ref)
	if err != nil {
		return err
	}
	var sums []string
	for i := range r.list.Batches {
		b, err := a.readBatch(ctx, r, i, nil)
		if err != nil {
			return err
		}
		sums = append(sums, b.Sums...)
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

package activities

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/ingest"
	"adapt/ingest/deid"
)

// gather joins the batches: copies of a document are dropped and near copies
// put into groups. It works on what is known of documents; their texts pass
// through one at a time.
func (a *Activities) gather(ctx context.Context, in api.GatherInput) (api.Ingested, error) {
	return run(ctx, a, in.Job, "ingest", func(ctx context.Context, m *meter) (api.Ingested, error) {
		defer a.counters.drop(in.RunID)
		r, err := a.reading(ctx, in.Job, in.Manifest)
		if err != nil {
			return api.Ingested{}, err
		}
		m.say("looking for copies")
		all, aside, err := a.entries(ctx, r)
		if err != nil {
			return api.Ingested{}, err
		}
		out := api.Ingested{Manifest: in.Manifest, Files: len(r.list.Files), Quarantined: len(aside), Reasons: countReasons(aside)}
		kept := dedup(all)
		out.Duplicates = len(all) - len(kept)
		slices.SortFunc(kept, func(x, y gathered) int { return cmp.Compare(x.ID, y.ID) })
		if n := r.config.Ingest.MaxDocuments; n > 0 && len(kept) > n {
			kept = kept[:n]
		}
		out.Count = len(kept)
		if len(kept) == 0 {
			return out, badInput("none of the %d files in the folder could be used: %s", out.Files, whyNone(aside))
		}
		if err := group(kept, r.config.Ingest.NearDuplicates); err != nil {
			return out, err
		}
		m.start("documents", 0, len(kept))
		if out.Documents, err = a.join(ctx, kept, m); err != nil {
			return out, err
		}
		index := make([]entry, len(kept))
		for i, k := range kept {
			index[i] = entry{ID: k.ID, Removed: k.Removed, Leaks: k.Leaks}
		}
		if out.Index, err = artifact.PutLines(a.store(), artifact.KindManifest, index); err != nil {
			return out, err
		}
		out.Quarantine, err = artifact.PutLines(a.store(), artifact.KindManifest, aside)
		return out, err
	})
}

// A gathered document is known by its entry and by the artifact it is in.
type gathered struct {
	entry
	in    artifact.Ref
	group string
}

// entries collects what all batches gave, in the order of the files.
func (a *Activities) entries(ctx context.Context, r *reading) ([]gathered, []Aside, error) {
	// Batches have the files in an order that depends on what was known.
	docs, put := make([][]gathered, len(r.list.Files)), make([][]Aside, len(r.list.Files))
	for i := range r.list.Batches {
		b, err := a.readBatch(ctx, r, i, nil)
		if err != nil {
			return nil, nil, err
		}
		places := make(map[string]int, len(b.Files))
		for j, of := range b.Files {
			places[of] = r.list.Batches[i][j]
		}
		for _, p := range b.Parts {
			index, err := artifact.Lines[entry](a.store(), p.Index)
			if err != nil {
				return nil, nil, err
			}
			for _, e := range index {
				if at, ok := places[e.Of]; ok {
					docs[at] = append(docs[at], gathered{entry: e, in: p.Documents})
				}
			}
			bad, err := artifact.Lines[Aside](a.store(), p.Aside)
			if err != nil {
				return nil, nil, err
			}
			for _, q := range bad {
				if at, ok := places[q.Of]; ok {
					q.Of = ""
					put[at] = append(put[at], q)
				}
			}
		}
	}
	return slices.Concat(docs...), slices.Concat(put...), nil
}

// dedup drops documents whose text is another's but for case, punctuation and
// white space. Of equal ones that with the lowest ID stays.
func dedup(all []gathered) []gathered {
	lowest := make(map[[sha256.Size]byte]int, len(all))
	for i, g := range all {
		sum := [sha256.Size]byte(g.Sum)
		if j, ok := lowest[sum]; !ok || g.ID < all[j].ID {
			lowest[sum] = i
		}
	}
	kept := make([]gathered, 0, len(lowest))
	for i, g := range all {
		if lowest[[sha256.Size]byte(g.Sum)] == i {
			kept = append(kept, g)
		}
	}
	return kept
}

// group puts near copies into groups.
func group(docs []gathered, jaccard float64) error {
	signed := make([]ingest.Signed, len(docs))
	for i := range docs {
		s, err := ingest.ParseSignature(docs[i].Signature)
		if err != nil {
			return err
		}
		signed[i] = ingest.Signed{ID: docs[i].ID, Signature: s}
		docs[i].Signature = nil
	}
	for i, g := range ingest.Groups(signed, jaccard) {
		docs[i].group = g
	}
	return nil
}

// join stores documents in the order given, with their groups.
func (a *Activities) join(ctx context.Context, docs []gathered, m *meter) (artifact.Ref, error) {
	w, err := a.store().Create(artifact.KindDocuments)
	if err != nil {
		return artifact.Ref{}, err
	}
	defer w.Discard()
	shelf := newShelf(a.store(), documentID)
	defer shelf.close()
	for _, d := range docs {
		if err := ctx.Err(); err != nil {
			return artifact.Ref{}, err
		}
		line, err := shelf.line(d.in, d.ID)
		if err != nil {
			return artifact.Ref{}, err
		}
		if line, err = withGroup(line, d.group); err != nil {
			return artifact.Ref{}, err
		}
		if _, err := w.Write(line); err != nil {
			return artifact.Ref{}, err
		}
		m.add(1)
	}
	return w.Keep()
}

// withGroup puts the group into a document's line of JSON, where its last key
// belongs: encoding ten thousand contracts anew would cost more than all else
// here.
func withGroup(line []byte, group string) ([]byte, error) {
	body, ok := bytes.CutSuffix(line, []byte("}\n"))
	if !ok {
		return nil, fmt.Errorf("a line of documents does not end as one does")
	}
	return fmt.Appendf(slices.Clone(body), ",\"group\":%q}\n", group), nil
}

// checkLeaks stops a run whose documents hold identifiers that reading should
// have removed. It names documents and kinds, nothing of the text.
func (a *Activities) checkLeaks(ctx context.Context, in api.CheckInput) (api.Checked, error) {
	return run(ctx, a, in.Job, "deidentify", func(ctx context.Context, m *meter) (api.Checked, error) {
		s, err := a.setting(in.Job)
		if err != nil {
			return api.Checked{}, err
		}
		var out api.Checked
		var named []string
		index, err := artifact.Lines[entry](a.store(), in.Index)
		if err != nil {
			return out, err
		}
		for _, e := range index {
			out.Removed += e.Removed
			if len(e.Leaks) == 0 {
				continue
			}
			if out.Leaking++; len(named) < 10 {
				named = append(named, e.ID+" ("+kindList(e.Leaks)+")")
			}
		}
		if out.Leaking == 0 || s.config.Ingest.Deid.OnLeak == config.LeakWarn {
			return out, nil
		}
		if more := out.Leaking - len(named); more > 0 {
			named = append(named, fmt.Sprintf("and %d more", more))
		}
		return out, badInput("%d documents still hold identifiers after de-identification: %s; "+
			"take them out of the folder, or set ingest.deid.on_leak to warn to go on with them", out.Leaking, strings.Join(named, ", "))
	})
}

func kindList(kinds []deid.Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}

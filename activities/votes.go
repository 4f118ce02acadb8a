package activities

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math/bits"
	"os"
	"slices"

	"adapt/activities/api"
	"adapt/artifact"
	"adapt/config"
	"adapt/domains"
	"adapt/ingest"
	"adapt/label"
	"adapt/registry"
)

// WithFunctions returns the domain with the labeling functions of a team's
// configuration.
func WithFunctions(d domains.Domain, c config.Config) (domains.Domain, error) {
	if len(c.Label.Functions) == 0 {
		return d, nil
	}
	v, ok := d.(domains.Voter)
	if !ok {
		return nil, badInput("label.functions: the domain %s takes no labeling functions; leave label.functions empty", d.Name())
	}
	own, err := label.Compile(c.Label.Functions, v.Panel(), d.Categories())
	if err != nil {
		return nil, err
	}
	return v.With(own, nil)
}

// voteSample is on how many documents at most the label model learns: how often
// functions agree is known well by then.
const voteSample = 1000

// weighed returns the domain with a label model of the votes on the documents,
// and the votes with the model as an artifact. A domain without labeling
// functions comes back as it is.
//
// The model is learned once for a folder, and anew when functions or annotations
// change or the documents have doubled: with each new document its weights would
// move a little, and all labels with them.
func (a *Activities) weighed(ctx context.Context, in api.DocumentsInput, s setting, gold label.GoldIndex, m *meter) (domains.Domain, artifact.Ref, error) {
	v, ok := s.domain.(domains.Voter)
	if !ok {
		return s.domain, artifact.Ref{}, nil
	}
	path := a.store().Path(in.Documents)
	total, err := countLines(path)
	if err != nil {
		return nil, artifact.Ref{}, err
	}
	key := registry.StepKey("votes", voteVersion, s.domain.Name(), s.domain.Version(), in.Source, s.config.Label.Functions, goldKey(gold), s.config.Label.GoldOnly, s.config.Split, s.config.Seed, bits.Len(uint(total)))
	ref, err := once(ctx, a, key, func(ctx context.Context) (artifact.Ref, error) {
		m.say("weighing the labeling functions")
		test, err := a.testDocuments(ctx, in, s, gold)
		if err != nil {
			return artifact.Ref{}, err
		}
		w, err := vote(ctx, v, path, sampleIDs(test, voteSample), gold)
		if err != nil {
			return artifact.Ref{}, err
		}
		return a.store().PutJSON(artifact.KindVotes, w)
	})
	if err != nil {
		return nil, artifact.Ref{}, err
	}
	d, err := a.withVotes(v, ref)
	return d, ref, err
}

// voteVersion is part of the key under which label models are remembered. Count
// it up when they are learned in another way.
const voteVersion = 1

// goldKey tells annotations from others.
func goldKey(gold label.GoldIndex) string {
	if len(gold) == 0 {
		return ""
	}
	h := sha256.New()
	e := json.NewEncoder(h)
	for _, name := range slices.Sorted(maps.Keys(gold)) {
		e.Encode(gold[name]) // a hash does not fail
	}
	return hex.EncodeToString(h.Sum(nil))
}

// vote has the functions read the chosen documents and weighs them.
func vote(ctx context.Context, v domains.Voter, path string, chosen map[string]bool, gold label.GoldIndex) (*label.Weighed, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tally := label.NewTally(v.Panel())
	err = eachLine(f, func(_ int64, line []byte) error {
		if id, ok := lineID(line, documentID); !ok || !chosen[id] {
			return ctx.Err()
		}
		doc := new(ingest.Document)
		if err := json.Unmarshal(line, doc); err != nil {
			return err
		}
		b, err := v.Vote(doc, gold.Document(doc.Key, doc.ID, doc.Text))
		if err != nil {
			return err
		}
		tally.Add(b.Segments, b.Candidates, b.Known, label.Half(doc.ID))
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	return label.Weigh(v.Panel(), tally, v.Known())
}

// testDocuments says of every document that can be labeled whether the split
// will test on it: it goes by group and seed, and so can be known before there
// are labels. Those count for nothing, neither by their votes nor by their
// annotations.
func (a *Activities) testDocuments(ctx context.Context, in api.DocumentsInput, s setting, gold label.GoldIndex) (map[string]bool, error) {
	frozen, err := a.Registry.FrozenTest(ctx, in.Domain)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(a.store().Path(in.Documents))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var groups []label.DocGroup
	err = eachLine(f, func(_ int64, line []byte) error {
		doc := new(ingest.Document)
		if err := json.Unmarshal(line, doc); err != nil {
			return err
		}
		if !s.config.Label.GoldOnly || len(gold.Document(doc.Key, doc.ID, doc.Text)) > 0 {
			groups = append(groups, label.DocGroup{ID: doc.ID, Group: doc.Group})
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	c := s.config
	test := map[string]bool{}
	for id, split := range label.SplitDocs(groups, c.Split.Dev, c.Split.Test, c.Seed, frozen) {
		test[id] = split == label.Test
	}
	return test, nil
}

// sampleIDs picks at most n of the documents that are not tested on, by a hash
// of their IDs.
func sampleIDs(test map[string]bool, n int) map[string]bool {
	type ranked struct {
		id   string
		hash [sha256.Size]byte
	}
	var all []ranked
	for id, tested := range test {
		if !tested {
			all = append(all, ranked{id, sha256.Sum256([]byte("votes\x00" + id))})
		}
	}
	slices.SortFunc(all, func(x, y ranked) int {
		return cmp.Or(slices.Compare(x.hash[:], y.hash[:]), cmp.Compare(x.id, y.id))
	})
	chosen := map[string]bool{}
	for _, r := range all[:min(n, len(all))] {
		chosen[r.id] = true
	}
	return chosen
}

// withVotes returns the domain with the label model that an earlier step kept.
func (a *Activities) withVotes(d domains.Domain, ref artifact.Ref) (domains.Domain, error) {
	v, ok := d.(domains.Voter)
	if !ok || ref.IsZero() {
		return d, nil
	}
	var w label.Weighed
	if err := a.store().JSON(ref, &w); err != nil {
		return nil, err
	}
	return v.With(nil, w.Model)
}

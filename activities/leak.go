package activities

import (
	"crypto/sha256"
	"encoding/json"
	"iter"
	"os"

	"adapt/config"
	"adapt/ingest"
	"adapt/label"
)

// leakage measures what dev, test and the general text have of the training
// documents, and refuses a data set that has more than the configuration
// allows.
func leakage(c config.Config, docs iter.Seq2[*ingest.Document, error], labeled iter.Seq2[label.Labeled, error], d *label.Dataset) error {
	texts := textsOf(docs, d)
	similarity := min(c.Ingest.NearDuplicates, label.NearSimilarity)
	near, err := label.NearTrain(texts, similarity)
	if err != nil {
		return err
	}
	d.NearTrain = near
	l := label.Leakage{Similarity: similarity, Near: len(near), Held: d.Splits[label.Dev].Docs + d.Splits[label.Test].Docs}
	for _, n := range near {
		if n.Jaccard == 1 {
			l.Exact++
		}
	}
	if l.Exchanges, l.HeldExchanges, err = repeated(labeled, d); err != nil {
		return err
	}
	if l.General, err = generalKnown(c, texts); err != nil {
		return err
	}
	d.Leakage = l
	return tooMuch(c, l)
}

// textsOf are the documents of a data set.
func textsOf(docs iter.Seq2[*ingest.Document, error], d *label.Dataset) label.Texts {
	return func(yield func(label.TextDoc, error) bool) {
		for doc, err := range docs {
			if err != nil {
				yield(label.TextDoc{}, err)
				return
			}
			split, ok := d.Docs[doc.ID]
			if ok && !yield(label.TextDoc{ID: doc.ID, Text: doc.Text, Split: split}, nil) {
				return
			}
		}
	}
}

// repeated counts the exchanges of dev and test whose inputs are exactly those
// of a training exchange, and all of dev and test.
func repeated(labeled iter.Seq2[label.Labeled, error], d *label.Dataset) (same, held int, err error) {
	inputs := func(e label.Example) [sha256.Size]byte {
		var all []string
		for _, t := range e.Turns {
			all = append(all, t.Input)
		}
		b, err := json.Marshal(all)
		if err != nil {
			panic(err) // strings
		}
		return sha256.Sum256(b)
	}
	trained := map[[sha256.Size]byte]bool{}
	for l, err := range labeled {
		if err != nil {
			return 0, 0, err
		}
		if d.Docs[l.DocID] == label.Train {
			for _, e := range l.Examples {
				trained[inputs(e)] = true
			}
		}
	}
	for l, err := range labeled {
		if err != nil {
			return 0, 0, err
		}
		if s := d.Docs[l.DocID]; s != label.Dev && s != label.Test {
			continue
		}
		for _, e := range l.Examples {
			held++
			if trained[inputs(e)] {
				same++
			}
		}
	}
	return same, held, nil
}

// generalKnown is how much of the forgetting check's text is trained on.
func generalKnown(c config.Config, texts label.Texts) (float64, error) {
	general, err := generalText(c.Eval)
	if err != nil {
		return 0, err
	}
	replay, err := replayText(c.Train.Forgetting.Replay)
	if err != nil {
		return 0, err
	}
	return label.InTrain(general, func(yield func(label.TextDoc, error) bool) {
		for t, err := range texts {
			if !yield(t, err) {
				return
			}
		}
		yield(label.TextDoc{Text: replay, Split: label.Train}, nil)
	})
}

// replayText is the file that is replayed, where one is.
func replayText(from string) (string, error) {
	if from == config.ReplayNone || from == config.ReplaySelf {
		return "", nil
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return "", badInput("train.forgetting.replay can not be read: %s; write self, none or the path of a text file", withoutPath(err))
	}
	return string(b), nil
}

// tooMuch says what to do about a data set that leaks more than is allowed.
func tooMuch(c config.Config, l label.Leakage) error {
	limit := c.Split.MaxLeakage
	switch {
	case l.Share() > limit && l.Similarity < c.Ingest.NearDuplicates:
		return badInput("%d of %d documents of dev and test (%.1f%%) are at least %.0f%% alike to a training document, and split.max_leakage allows %.1f%%: "+
			"the figures would be too good. Lower ingest.near_duplicates to %g, so that near copies stay in one part, or raise split.max_leakage",
			l.Near, l.Held, 100*l.Share(), 100*l.Similarity, 100*limit, l.Similarity)
	case l.Share() > limit:
		return badInput("%d of %d documents of dev and test (%.1f%%) are at least %.0f%% alike to a training document, and split.max_leakage allows %.1f%%: "+
			"the figures would be too good. Take copies out of the folder, or raise split.max_leakage",
			l.Near, l.Held, 100*l.Share(), 100*l.Similarity, 100*limit)
	case l.General > limit:
		return badInput("%.1f%% of the text of the forgetting check (eval.general_text) is in the training documents or in train.forgetting.replay, and split.max_leakage allows %.1f%%: "+
			"forgetting would not show. Give eval.general_text another text, or raise split.max_leakage", 100*l.General, 100*limit)
	}
	return nil
}

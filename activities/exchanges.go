package activities

import (
	"fmt"
	"strings"

	"adapt/artifact"
	"adapt/ingest"
	"adapt/label"
	"adapt/label/formats"
	"adapt/tokenizer"
)

// Why exchanges of label.gold are left out.
const (
	skippedSplit = "exchanges of label.gold in a dev or test split, which are not trained on"
	skippedHeld  = "exchanges of label.gold about dev or test documents, which are not trained on"
)

// addExchanges adds the exchanges that label.gold holds beside, or instead of,
// annotations to what is trained on, and keeps them as an artifact of the data
// set. Those that the file sets apart for testing are left out, and so are
// those whose text is mostly in a document of dev or test.
func (a *Activities) addExchanges(s setting, documents artifact.Ref, tok tokenizer.Tokenizer, d *label.Dataset) error {
	path := goldPath(s)
	if path == "" {
		return nil
	}
	set, err := loadGold(path)
	if err != nil || len(set.Exchanges) == 0 {
		return err
	}
	var use []formats.Exchange
	var texts []label.TextDoc
	for i, x := range set.Exchanges {
		if x.Split == label.Dev || x.Split == label.Test {
			d.Skip(skippedSplit, 1)
			continue
		}
		use = append(use, x)
		texts = append(texts, label.TextDoc{ID: exchangeID(i), Text: words(x)})
	}
	engine, err := a.deid(s)
	if err != nil {
		return err
	}
	held, err := label.WithinHeld(texts, textsOf(artifact.Each[*ingest.Document](a.store(), documents), d), label.NearSimilarity)
	if err != nil {
		return err
	}
	var keep []label.Example
	for i, x := range use {
		// The file may name the document that it made the exchange of.
		if split := d.Docs[x.Doc]; held[texts[i].ID] || split == label.Dev || split == label.Test {
			d.Skip(skippedHeld, 1)
			continue
		}
		if engine != nil { // the documents' identifiers are gone already
			for j := range x.Turns {
				x.Turns[j].Input, x.Turns[j].Output = engine.ApplyText(x.Turns[j].Input), engine.ApplyText(x.Turns[j].Output)
			}
			x.Rejected = engine.ApplyText(x.Rejected)
		}
		keep = append(keep, label.Example{ID: texts[i].ID, Origin: label.OriginGold, Turns: x.Turns, Rejected: x.Rejected})
	}
	if len(keep) == 0 {
		return nil
	}
	d.AddExchanges(len(keep), lengths(tok, keep))
	d.Exchanges, err = artifact.PutLines(a.store(), artifact.KindExamples, keep)
	return err
}

func exchangeID(i int) string { return fmt.Sprintf("exchange/%d", i) }

// words are all that is said in an exchange.
func words(x formats.Exchange) string {
	var b strings.Builder
	for _, t := range x.Turns {
		b.WriteString(t.Input + " " + t.Output + " ")
	}
	return b.String()
}

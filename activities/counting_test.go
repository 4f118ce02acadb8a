package activities

import (
	"sync/atomic"
	"testing"

	"adapt/domains"
	"adapt/domains/all"
	"adapt/ingest"
	"adapt/label"
	"adapt/tokenizer"
)

// A countingDomain counts the documents that it labels.
type countingDomain struct {
	domains.Domain
	labeled atomic.Int64
}

func mustDomain(t *testing.T, name string) domains.Domain {
	t.Helper()
	d, err := all.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (c *countingDomain) get(string) (domains.Domain, error) { return c, nil }

func (c *countingDomain) Label(doc *ingest.Document, gold []label.Gold, tok tokenizer.Tokenizer, maxTokens int) (label.Labeled, error) {
	c.labeled.Add(1)
	return c.Domain.Label(doc, gold, tok, maxTokens)
}

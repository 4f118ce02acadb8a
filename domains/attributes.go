package domains

import (
	"adapt/ingest"
	"adapt/label"
)

// An Attributed is a Domain whose labels say more than their category.
type Attributed interface {
	// Attributes are what people may say of a label, in the order in which they
	// are asked.
	Attributes() []Attribute
}

// An Attribute is something that a label says of what it shows, such as its
// side. A label need not have it.
type Attribute struct {
	Name   string
	Values []string
}

// A Supporter is a Domain that can tell whether a document bears a proposed
// label out, beyond holding its quote.
type Supporter interface {
	// Support returns the label with what the document says of it (its range and
	// attributes), and false when the document does not support it.
	Support(doc *ingest.Document, proposed label.Span) (label.Span, bool)
}

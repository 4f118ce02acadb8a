package domains

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

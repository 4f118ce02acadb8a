// Package deid removes identifiers from documents and keeps the map back.
package deid

// A Kind of identifier, which is also the tag that replaces it: "[NAME]".
type Kind string

// The kinds of identifiers that recognizers know.
const (
	Name    Kind = "NAME"
	Date    Kind = "DATE"
	Phone   Kind = "PHONE"
	Email   Kind = "EMAIL"
	SSN     Kind = "SSN"
	MRN     Kind = "MRN"
	Account Kind = "ACCOUNT"
	Address Kind = "ADDRESS"
	URL     Kind = "URL"
	IP      Kind = "IP"
	Age     Kind = "AGE" // over 89
)

// Rules say which identifiers a domain removes. The zero value removes none.
type Rules struct {
	Kinds []Kind `json:"kinds"`
}

// Package deid removes identifiers from documents and keeps the map back.
//
// It finds the identifiers of the HIPAA Safe Harbor rule, 45 CFR
// 164.514(b)(2), by pattern, checksum, lexicon and the words around them, and
// replaces them by tags or by surrogates. No such program finds all of them:
// docs/deidentification.md says how well this one does, and where it fails.
package deid

import (
	"fmt"
	"slices"
	"strings"
)

// A Kind of identifier, which is also the tag that replaces it: "[NAME]".
type Kind string

// The kinds of identifiers. Full-face photographs, the seventeenth of the
// rule, are not in text.
const (
	Name      Kind = "NAME"      // of patients, relatives, providers, signers
	Address   Kind = "ADDRESS"   // street, city, county, ZIP: smaller than a state
	Facility  Kind = "FACILITY"  // hospitals, clinics, wards: they give away a place
	Date      Kind = "DATE"      // all but the year
	Age       Kind = "AGE"       // over 89
	Phone     Kind = "PHONE"     // telephone, fax and pager
	Email     Kind = "EMAIL"     //
	SSN       Kind = "SSN"       // social security number
	MRN       Kind = "MRN"       // medical record number
	Plan      Kind = "PLAN"      // health plan beneficiary number
	Account   Kind = "ACCOUNT"   // accounts, cards, IBAN
	License   Kind = "LICENSE"   // certificates and licences, NPI, DEA
	Vehicle   Kind = "VEHICLE"   // VIN, plates
	Device    Kind = "DEVICE"    // serial numbers of devices
	URL       Kind = "URL"       //
	IP        Kind = "IP"        // addresses of the Internet, versions 4 and 6; MAC
	Biometric Kind = "BIOMETRIC" // numbers of finger and voice prints
	ID        Kind = "ID"        // any other number that is one person's: accession, specimen, UUID
	Tax       Kind = "TAX"       // tax numbers: EIN, ITIN, VAT
)

// SafeHarbor are all kinds.
var SafeHarbor = []Kind{Name, Address, Facility, Date, Age, Phone, Email, SSN, MRN, Plan, Account, License, Vehicle, Device, URL, IP, Biometric, ID, Tax}

// ParseKinds reads kinds as a configuration names them, in either case. Its
// error lists those there are.
func ParseKinds(names []string) ([]Kind, error) {
	var kinds []Kind
	for _, n := range names {
		k := Kind(strings.ToUpper(strings.TrimSpace(n)))
		if !slices.Contains(SafeHarbor, k) {
			var all []string
			for _, k := range SafeHarbor {
				all = append(all, strings.ToLower(string(k)))
			}
			return nil, fmt.Errorf("%q is no kind of identifier; they are %s", n, strings.Join(all, ", "))
		}
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds, nil
}

// Rules say which identifiers a domain removes. The zero value removes none.
type Rules struct {
	Kinds []Kind `json:"kinds"`
	// Formal says that the text is one in which many capitalized words are no
	// names, such as a contract: only what is sure is removed.
	Formal bool `json:"formal,omitempty"`
}

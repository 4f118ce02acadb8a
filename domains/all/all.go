// Package all lists the domains that adapt knows. A new domain is registered
// here, in one line.
package all

import (
	"fmt"
	"strings"

	"adapt/domains"
	"adapt/domains/legal"
	"adapt/domains/medical"
)

// known returns every domain, in the order of their names.
func known() []domains.Domain {
	return []domains.Domain{
		legal.New(legal.Options{}),
		medical.New(),
	}
}

// Get returns the domain with that name. The error lists the known ones.
func Get(name string) (domains.Domain, error) {
	for _, d := range known() {
		if d.Name() == name {
			return d, nil
		}
	}
	return nil, fmt.Errorf("there is no domain %q: choose one of %s", name, strings.Join(Names(), ", "))
}

// Names returns the names of the known domains, sorted.
func Names() []string {
	var names []string
	for _, d := range known() {
		names = append(names, d.Name())
	}
	return names
}

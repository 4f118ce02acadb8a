package activities

import (
	"adapt/ingest/deid"
	"adapt/internal/secret"
)

// deid returns the engine that removes identifiers as the configuration says,
// or nil where it says that they stay.
func (a *Activities) deid(s setting) (*deid.Engine, error) {
	c := s.config.Ingest
	if !c.Deidentify {
		return nil, nil
	}
	rules := s.domain.Deid()
	if len(c.Deid.Kinds) > 0 {
		kinds, err := deid.ParseKinds(c.Deid.Kinds)
		if err != nil {
			return nil, badInput("ingest.deid.kinds: %v", err)
		}
		rules.Kinds = kinds
	}
	key, err := secret.Deid(c.Deid.SecretFile, a.Home.Dir())
	if err != nil {
		return nil, badInput("%v", err)
	}
	return deid.New(rules, deid.Options{Replace: deid.Replacement(c.Deid.Replace), Secret: key}), nil
}

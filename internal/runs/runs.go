// Package runs names runs. A run's ID is the ID of its workflow, its key in
// the registry and its address on the review pages.
package runs

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"adapt/artifact"
	"adapt/registry"
)

// Prefix begins the IDs of all runs over the same folder with the same
// configuration: the domain and a hash, so that it tells neither.
func Prefix(domain string, config, source artifact.Ref) string {
	return fmt.Sprintf("%s-%.10s-", domain, registry.StepKey("run", domain, config.SHA256, source.SHA256))
}

// Next returns the run to start or to go on with: the last one over the same
// folder with the same configuration when it has not ended, else the one after
// it.
func Next(ctx context.Context, reg *registry.Registry, domain string, config, source artifact.Ref) (id string, running bool, err error) {
	last, n, err := Last(ctx, reg, domain, config, source)
	if err != nil {
		return "", false, err
	}
	if n > 0 && !last.Status.Final() {
		return last.ID, true, nil
	}
	return Prefix(domain, config, source) + strconv.Itoa(n+1), false, nil
}

// Last returns the last run over a folder with a configuration and its number,
// from 1; 0 says that there is none.
func Last(ctx context.Context, reg *registry.Registry, domain string, config, source artifact.Ref) (registry.Run, int, error) {
	all, err := reg.ListRuns(ctx, registry.RunFilter{Domain: domain})
	if err != nil {
		return registry.Run{}, 0, err
	}
	var last registry.Run
	most := 0
	for _, r := range all {
		num, ok := strings.CutPrefix(r.ID, Prefix(domain, config, source))
		if !ok {
			continue
		}
		if n, err := strconv.Atoi(num); err == nil && n > most {
			last, most = r, n
		}
	}
	return last, most, nil
}

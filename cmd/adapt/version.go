package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version that this source is on the way to.
const release = "0.1.0"

// version is the program's version with the commit that it was built from,
// where the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	v := release
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			v += "+" + s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			v += ".modified"
		}
	}
	return v
}

func newVersion(f *flags) *cobra.Command {
	return f.withJSON(&cobra.Command{
		Use: "version", Short: "Say which adapt this is", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.json {
				return writeJSON(c.OutOrStdout(), map[string]string{"version": version(), "go": runtime.Version()})
			}
			fmt.Fprintf(c.OutOrStdout(), "adapt %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	})
}

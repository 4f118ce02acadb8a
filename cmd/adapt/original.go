package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"adapt/internal/app"
	"adapt/registry"
)

func newOriginal(f *flags) *cobra.Command {
	var by string
	var start, end int
	c := &cobra.Command{
		Use: "original ID --as NAME", Short: "Show a document as it was read, with its identifiers", Args: cobra.ExactArgs(1),
		Long: `Show the text of a document as it was read, before identifiers were removed, from
the encrypted raw files. Who may read their key may look (docs/raw-files.md). Every
look is kept for ever with the name and the time.

With --start and --end, byte offsets in the text that labels and pages show, it is
the words behind that range.`,
		Example: "  adapt data original 3f0c… --as \"Bea Roth\"\n  adapt data original 3f0c… --start 120 --end 126 --as \"Bea Roth\"",
		RunE: func(c *cobra.Command, args []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			text, err := a.Original(c.Context(), args[0], start, end, by)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), text)
			return nil
		},
	}
	c.Flags().StringVar(&by, "as", "", "your name (required)")
	c.Flags().IntVar(&start, "start", 0, "first byte of a range")
	c.Flags().IntVar(&end, "end", 0, "the byte after a range; 0: the whole text")
	if err := c.MarkFlagRequired("as"); err != nil {
		panic(err)
	}
	return c
}

func newOriginals(f *flags) *cobra.Command {
	return f.withJSON(&cobra.Command{
		Use: "originals", Short: "List who looked at originals", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			looks, err := a.Registry.Looks(c.Context())
			if err != nil {
				return err
			}
			return list(c, f, looks, "nobody has looked at an original", "WHEN\tWHO\tDOCUMENT", func(l registry.Look) string {
				return strings.Join([]string{when(l.At), l.By, l.Document}, "\t")
			})
		},
	})
}

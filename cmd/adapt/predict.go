package main

import (
	"github.com/spf13/cobra"

	"adapt/internal/app"
)

const predictLong = `Have the champion read a document and write what it finds as JSON: for legal the
clauses, each with its quote, its place in the text, its page and a confidence;
for medical the impression. Identifiers are removed first, as in training.`

func newPredict(f *flags) *cobra.Command {
	var model string
	c := &cobra.Command{
		Use: "predict DOMAIN FILE", Short: "Ask the model that is live about a document", Long: predictLong,
		Example: "  adapt predict legal lease.pdf\n  adapt predict medical report.hl7 --model medical-1a2b3c4d5e-1",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			ps, err := a.Predict(c.Context(), args[0], args[1], model)
			if err != nil {
				return err
			}
			return writeJSON(c.OutOrStdout(), ps)
		},
	}
	c.Flags().StringVar(&model, "model", "", "another model, by name or hash (default: the champion)")
	return c
}

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"adapt/erase"
	"adapt/internal/app"
	"adapt/model/exchange"
	"adapt/registry"
)

func newModels(f *flags) *cobra.Command {
	c := &cobra.Command{
		Use: "models", Short: "List models, show where one comes from, export one, go back to an earlier one",
		Long: "Every model keeps its lineage: documents, data set, configuration, seed and\nprogram version. One model of each domain is the champion, the one that is live.",
	}
	c.AddCommand(newModelsList(f), newModelsShow(f), newModelsExport(f), newRollback(f))
	return c
}

// modelRow is a model with whether it is live.
type modelRow struct {
	registry.Model
	Champion bool `json:"champion"`
	// Deleted counts the documents that it was trained on and that were deleted
	// since.
	Deleted int `json:"trained_on_deleted,omitempty"`
}

func newModelsList(f *flags) *cobra.Command {
	var domain string
	c := &cobra.Command{
		Use: "list", Short: "List the models", Args: cobra.NoArgs, Example: "  adapt models list --domain legal",
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			models, err := a.Registry.ListModels(c.Context(), domain)
			if err != nil {
				return err
			}
			marks, err := erase.Marks(c.Context(), a.Registry)
			if err != nil {
				return err
			}
			var rows []modelRow
			for _, m := range models {
				live, ok, err := a.Registry.Champion(c.Context(), m.Domain)
				if err != nil {
					return err
				}
				rows = append(rows, modelRow{m, ok && live.Ref == m.Ref, marks[m.Name]})
			}
			return list(c, f, rows, "no models yet; `adapt run DOMAIN FOLDER` makes one", "MODEL\tDOMAIN\tKIND\tHASH\tMADE\tLIVE", func(m modelRow) string {
				live := ""
				if m.Champion {
					live = "champion"
				}
				if m.Deleted > 0 {
					live += fmt.Sprintf(" (trained on %d deleted documents)", m.Deleted)
				}
				return strings.Join([]string{m.Name, m.Domain, m.Kind, m.Ref.Short(), when(m.Created), live}, "\t")
			})
		},
	}
	c.Flags().StringVar(&domain, "domain", "", "only this domain's models")
	return f.withJSON(c)
}

func newModelsShow(f *flags) *cobra.Command {
	var domain string
	c := &cobra.Command{
		Use: "show MODEL", Short: "Show a model with its lineage, as JSON", Args: cobra.ExactArgs(1),
		Long:    "MODEL is a name or the first digits of a hash, as adapt models list shows them.",
		Example: "  adapt models show legal-1a2b3c4d5e-1",
		RunE: func(c *cobra.Command, args []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			m, err := a.Registry.GetModel(c.Context(), domain, args[0])
			if err != nil {
				return err
			}
			live, ok, err := a.Registry.Champion(c.Context(), m.Domain)
			if err != nil {
				return err
			}
			marks, err := erase.Marks(c.Context(), a.Registry)
			if err != nil {
				return err
			}
			return writeJSON(c.OutOrStdout(), modelRow{m, ok && live.Ref == m.Ref, marks[m.Name]})
		},
	}
	c.Flags().StringVar(&domain, "domain", "", "look in this domain only")
	return f.withJSON(c)
}

func newModelsExport(f *flags) *cobra.Command {
	var domain, format, kind string
	c := &cobra.Command{
		Use: "export MODEL PATH", Short: "Write a model for other tools", Args: cobra.ExactArgs(2),
		Long: `Writes a model to PATH, which must not exist, for other tools:

  hf    a Hugging Face folder, for transformers and vLLM (f32 or bf16)
  peft  the adapter alone, for PEFT; of models trained with train.method lora
  gguf  one file, for llama.cpp and Ollama (f32, bf16, f16 or q8_0)

MODEL is a name or the first digits of a hash, as adapt models list shows them.
What was written is read back and compared.`,
		Example: "  adapt models export legal-1a2b3c4d5e-1 ./legal-model\n  adapt models export legal-1a2b3c4d5e-1 legal.gguf --format gguf --type q8_0",
		RunE: func(c *cobra.Command, args []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			m, err := a.Registry.GetModel(c.Context(), domain, args[0])
			if err != nil {
				return err
			}
			if err := a.Export(m.Ref, args[1], format, kind); err != nil {
				return exit{code: exitUsage, err: err}
			}
			fmt.Fprintf(c.OutOrStdout(), "wrote %s as %s to %s\n", m.Name, format, args[1])
			return nil
		},
	}
	c.Flags().StringVar(&domain, "domain", "", "look in this domain only")
	c.Flags().StringVar(&format, "format", "hf", strings.Join(exchange.Formats, ", "))
	c.Flags().StringVar(&kind, "type", "f32", "of the numbers: "+strings.Join(exchange.Types, ", "))
	return c
}

func newRollback(f *flags) *cobra.Command {
	var by, reason string
	c := &cobra.Command{
		Use: "rollback DOMAIN --as NAME --reason TEXT", Short: "Make the champion before the present one live again",
		Args:    cobra.ExactArgs(1),
		Example: "  adapt models rollback legal --as \"Bea Roth\" --reason \"it misses renewal terms in leases\"",
		RunE: func(c *cobra.Command, args []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			m, err := a.Registry.Rollback(c.Context(), args[0], by, reason)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "model %s is live again for %s\n", m.Name, m.Domain)
			return nil
		},
	}
	c.Flags().StringVar(&by, "as", "", "your name (required)")
	c.Flags().StringVar(&reason, "reason", "", "why (required)")
	for _, name := range []string{"as", "reason"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return c
}

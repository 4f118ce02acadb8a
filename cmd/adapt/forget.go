package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"adapt/erase"
	"adapt/internal/app"
	"adapt/registry"
)

const forgetLong = `Delete documents for good, because a patient or a client asks for it: the raw
file, the examples and answers that were made of it, and its cases in reports.
A deleted document is not read again, also when its file is still in the folder
of documents: delete it there yourself.

What a model has learned can not be taken out of it. The models that were
trained on the documents are listed; retrain, or go back to an earlier one.

A raw file that holds documents of others too is deleted whole. Their texts
stay, de-identified, but their original can no longer be looked at.

Without --yes it only says what it would do. Name, reason and time are kept for
ever: give a case number as the reason, not the name of the patient.`

// forgetting is what the flags of `data forget` say.
type forgetting struct {
	document, file, patient string
	secret                  string
	by, reason              string
	yes                     bool
}

func newForget(f *flags) *cobra.Command {
	var o forgetting
	c := &cobra.Command{
		Use:   "forget (--document ID | --file PATH | --patient NUMBER) --as NAME --reason TEXT",
		Short: "Delete documents with all that was made of them", Long: forgetLong, Args: cobra.NoArgs,
		Example: "  adapt data forget --document 3f0c… --as \"Bea Roth\" --reason \"request 2026-17\"\n" +
			"  adapt data forget --patient - --as \"Bea Roth\" --reason \"request 2026-17\" --yes < number.txt",
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			return forget(c, f, a, o)
		},
	}
	c.Flags().StringVar(&o.document, "document", "", "the document's ID, as the pages show it")
	c.Flags().StringVar(&o.file, "file", "", "a file: all documents in it")
	c.Flags().StringVar(&o.patient, "patient", "", "the patient's number as the documents give it: all of the patient's documents; - reads it from the input")
	c.Flags().StringVar(&o.secret, "secret-file", "", "with --patient: ingest.deid.secret_file of the adapt.yaml, if it names one")
	c.Flags().StringVar(&o.by, "as", "", "your name (required)")
	c.Flags().StringVar(&o.reason, "reason", "", "why (required)")
	c.Flags().BoolVar(&o.yes, "yes", false, "do it")
	c.MarkFlagsOneRequired("document", "file", "patient")
	c.MarkFlagsMutuallyExclusive("document", "file", "patient")
	for _, name := range []string{"as", "reason"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return f.withJSON(c)
}

func forget(c *cobra.Command, f *flags, a *app.App, o forgetting) error {
	e, err := a.Eraser()
	if err != nil {
		return err
	}
	req, err := o.request(c, a)
	if err != nil {
		return err
	}
	plan, err := e.Plan(c.Context(), req)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if !o.yes {
		if f.json {
			return writeJSON(out, plan)
		}
		writePlan(out, plan, "Would delete")
		fmt.Fprintln(out, "Nothing was deleted. Add --yes to do it.")
		return nil
	}
	result, err := e.Erase(c.Context(), plan, req)
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(out, result)
	}
	writePlan(out, plan, "Deleted")
	fmt.Fprintf(out, "%d artifacts were removed, of which %d were written anew without the documents; %d reports lost a case.\n", result.Removed, result.Rewritten, result.Reports)
	return nil
}

func (o forgetting) request(c *cobra.Command, a *app.App) (erase.Request, error) {
	req := erase.Request{By: o.by, Reason: o.reason}
	switch {
	case o.document != "":
		req.Kind, req.Value = registry.DeleteDocument, o.document
	case o.file != "":
		sum, err := app.FileSum(o.file)
		if err != nil {
			return req, fmt.Errorf("the file can not be read (%w); give the document's ID instead", errors.Unwrap(err))
		}
		req.Kind, req.Value = registry.DeleteRaw, sum
	default:
		number := o.patient
		if number == "-" {
			b, err := io.ReadAll(io.LimitReader(c.InOrStdin(), 1<<10))
			if err != nil {
				return req, err
			}
			number = strings.TrimSpace(string(b))
		}
		subject, err := a.Subject(number, o.secret)
		if err != nil {
			return req, err
		}
		req.Kind, req.Value = registry.DeleteSubject, subject
	}
	return req, nil
}

// writePlan says what is deleted, or would be.
func writePlan(w io.Writer, p erase.Plan, verb string) {
	fmt.Fprintf(w, "%s %d documents and %d raw files.\n", verb, len(p.Documents), len(p.Raws))
	for _, d := range p.Documents {
		fmt.Fprintf(w, "  %s %s\n", d.Domain, d.ID)
	}
	if p.Others > 0 {
		fmt.Fprintf(w, "The raw files also hold %d other documents, which stay without their original.\n", p.Others)
	}
	if len(p.Models) == 0 {
		fmt.Fprintln(w, "No model was trained on them.")
		return
	}
	fmt.Fprintf(w, "%d models were trained on them:\n", len(p.Models))
	for _, m := range p.Models {
		live := ""
		if m.Champion {
			live = ", live: `adapt run` trains another, `adapt models rollback` goes back"
		}
		fmt.Fprintf(w, "  %s (%d of the documents%s)\n", m.Name, m.Documents, live)
	}
}

func newRotateKey(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "rotate-key", Short: "Put the raw files under a new key", Args: cobra.NoArgs,
		Long: `Put the raw files under a new key. Their contents are not encrypted anew: each
has a key of its own, and only that is.

The keys come from $ADAPT_KEY (32 bytes in base64 or hexadecimal), from the file
that $ADAPT_KEY_FILE names, or from raw.key in the data folder, which is made at
first. Where they are in a file, this makes a new key and takes the old one out
when all is done. With $ADAPT_KEY, put the new key before the old one, apart by a
comma, run this, and take the old one out yourself.

A key beside what it opens protects copies of the files, not the folder: keep it
elsewhere where that matters.`,
		Example: "  adapt data rotate-key\n  ADAPT_KEY=\"$NEW,$OLD\" adapt data rotate-key",
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := app.Open(f.options())
			if err != nil {
				return err
			}
			defer a.Close()
			n, err := a.RotateKey(c.Context(), nil)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%d raw files are under the new key.\n", n)
			return nil
		},
	}
}

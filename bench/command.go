package bench

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

// Command is `adapt bench`.
func Command() *cobra.Command {
	o := &Options{}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this machine, beside its own limits",
		Long: `Bench measures what the trainer reaches on this machine. Every speed stands
beside a limit that is measured in the same run: of arithmetic, by a loop of
fused multiply-adds on registers alone; of memory, by reading a buffer larger
than any cache. The ratio of the two says how good the program is; the figure
alone says how fast the machine is.

Figures are medians; first runs are discarded; the limit is measured again
around each round, because the clocks of machines move. Close other programs
first: what they take of the memory's bandwidth or a shared core shows.

The columns: FIGURE and LIMIT are in UNIT, RATIO is one by the other, and
TARGET is what the project promises of the ratio (of the figure where there is
no limit). The last line says which targets are missed. Progress goes to
standard error.`,
		Example: `  adapt bench kernels            matrix products and the other kernels
  adapt bench train              steps of training
  adapt bench decode             writing tokens
  adapt bench ingest             from a folder to a data set
  adapt bench label              labeling functions against CUAD's annotations
  adapt bench label medical      observations in sentences of radiology reports
  adapt bench plan --params 70e9 what training such a model takes
  adapt bench deid               what de-identification finds and misses
  adapt bench pdf FOLDER         reading PDFs, beside pdftotext
  adapt bench kernels --json     the same for programs
  adapt bench kernels --quick    coarser, in a fraction of the time`,
	}
	f := cmd.PersistentFlags()
	f.BoolVar(&asJSON, "json", false, "write a list of objects: name, shape, figure, unit, limit, ratio, target, at_most, ok")
	f.BoolVar(&o.Quick, "quick", false, "fewer and shorter rounds")
	f.IntVar(&o.Threads, "threads", 0, "cores to use (default: all)")

	// figures makes a subcommand that prints what run measures.
	figures := func(use, short, long, after string, run func(ctx context.Context, o Options) ([]Figure, error)) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, Long: long, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				o.Log = cmd.ErrOrStderr()
				list, err := run(cmd.Context(), *o)
				if err != nil {
					return fmt.Errorf("bench: %w", err)
				}
				return show(cmd, asJSON, list, after, Verdict(list))
			},
		}
	}
	var ingestion IngestOptions
	reading := figures("ingest", "Reading by format, and a run from a folder to its data set", ingestLong, "",
		func(ctx context.Context, o Options) ([]Figure, error) { return Ingest(ctx, o, ingestion) })
	reading.Flags().StringVar(&ingestion.Data, "data", "", "folder whose documents are repeated and perturbed (default: the sample reports)")
	reading.Flags().IntSliceVar(&ingestion.Files, "files", nil, "how many files the runs have (default 1000,2500,5000,10000)")
	cmd.AddCommand(
		reading,
		figures("kernels", "Matrix products, attention, norms, losses, the optimizer", kernelsLong, "", Kernels),
		figures("train", "Training steps: speed, allocations, memory", trainLong, flopsNote, Train),
		figures("decode", "Decoding with a key-value cache", decodeLong, "", Decode),
		planCommand(o, &asJSON),
		deidCommand(&asJSON),
		labelCommand(&asJSON),
		pdfCommand(o, &asJSON),
		&cobra.Command{
			Use: stepCommand, Hidden: true, Args: cobra.ExactArgs(1), Short: "Run one workload; bench starts it for itself",
			RunE: func(cmd *cobra.Command, args []string) error { return serve(cmd.Context(), args[0], cmd.OutOrStdout()) },
		},
	)
	return cmd
}

const kernelsLong = `Kernels measures single-precision matrix products on one core and on all: 1,024
cubed, and the shapes of a training step of GPT-2 124M over 1,024 tokens, as
m×n×k. NT is a layer's output, NN the gradient of its input, TN that of its
weight. The limit is that of arithmetic. Where the machine multiplies bfloat16s,
the same products with operands rounded to them stand beside the float32 ones.

Attention counts the FLOPs that causal attention needs. What goes over its data
once (norms, GELU, the loss, the optimizer) is counted in bytes that must be
read and written, beside the limit of reading memory; data that fits into the
cache may exceed it.`

const trainLong = `Train measures whole steps of the trainer on random weights and tokens, each
workload in a process of its own: GPT-2 124M's shape (12 layers of width 768,
vocabulary 50,257, 4 sequences of 256 tokens) and that of the starter that adapt
ships (8 of 512), with AdamW in float32.

A step's figure is the arithmetic that the algorithm needs by the time it took,
beside the limit of arithmetic. Peak memory is that of the whole process beside
what the algorithm needs: weights, gradients, the optimizer's two moments, and
activations, counted from the shape. LoRA and the other options stand beside full
fine-tuning without them: LIMIT is then the other's time or memory.`

const decodeLong = `Decode measures how fast a model of GPT-2 124M's shape writes tokens one by one,
each from the scores of all tokens, with random weights in float32, bfloat16, int8
and 4-bit NormalFloat. One token has every weight and the cache read once, so that
the limit is that of reading memory. Then 32 exchanges are computed together, as
evaluation does (continuous batching): LIMIT is the speed of one exchange alone.`

const ingestLong = `Ingest measures how documents are read and what a run takes from a folder to its
data set. The documents are made from a few: sentences are left out and moved and
numbers changed, in text, HL7 v2, FHIR, DOCX, PDF, HTML and e-mail, from a fixed seed.

Reading is done in processes of their own, as always; LIMIT is the speed of as many
readers inside this process, so that the ratio says what isolation costs.

Then this program's run is started as a user starts it, with its Temporal server,
over folders of growing size, each into a new data folder, and stopped when the
data set is made. LIMIT is what a run would take if it grew from the smallest in
proportion to the files. Peak memory is the proportional set size of the whole
tree of processes. The last folder then gets a hundredth of new files and is run
over again: LIMIT is the time of the first run. Times are taken from what the
run prints, to half a second.`

// show prints figures and a verdict: after the table, or beside the JSON.
func show(cmd *cobra.Command, asJSON bool, list []Figure, after, verdict string) error {
	out := cmd.OutOrStdout()
	if asJSON {
		fmt.Fprintln(cmd.ErrOrStderr(), verdict)
		return WriteJSON(out, list)
	}
	if err := WriteTable(out, list); err != nil {
		return err
	}
	if after != "" {
		fmt.Fprintln(out, "\n"+after)
	}
	fmt.Fprintln(out, "\n"+verdict)
	return nil
}

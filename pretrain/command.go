package pretrain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"adapt/model"
	"adapt/tokenizer"
	"adapt/train"

	"github.com/spf13/cobra"
)

// Starter is the shape of the model that adapt ships: 6.5 million weights.
func Starter() model.Config {
	return model.Config{
		ModelType: "llama", HiddenAct: "silu", VocabSize: 8208, Hidden: 256, Intermediate: 704, Layers: 6,
		Heads: 8, KVHeads: 4, MaxPositions: 1024, RopeTheta: 10000, NormEps: 1e-5, TieEmbeddings: true,
	}
}

// Command is `adapt pretrain`.
func Command() *cobra.Command {
	var (
		out, work string
		sources   []string
		o         = Options{Config: Starter(), DevShare: 0.01}
	)
	cmd := &cobra.Command{
		Use:   "pretrain --out FOLDER --source KIND=GLOB[@SHARE] ...",
		Short: "Pretrain a starter model from plain text",
		Long: `Pretrain makes a Llama-architecture model of 6.5 million weights from plain
text and writes it as a Hugging Face folder with a model card.

Each source names a kind of text and its files: .txt files of one document
each, or .txt.gz files whose documents end with a line <|endoftext|>. SHARE
takes a part of the documents, chosen by their content; above 1 it reads
documents more than once.

Stop it at any moment; the same command goes on from the last checkpoint and
gives the same weights as an undisturbed run.`,
		Example: `  adapt pretrain --out starter --steps 3000 \
    --source 'contracts=contracts/*.txt' --source 'books=books/*.txt.gz@0.2'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, arg := range sources {
				s, err := ParseSource(arg)
				if err != nil {
					return err
				}
				o.Sources = append(o.Sources, s)
			}
			if len(o.Sources) == 0 {
				return errors.New("no --source given; see `adapt pretrain --help`")
			}
			if o.Dir = work; work == "" {
				o.Dir = out + ".work"
			}
			return run(cmd.Context(), cmd.OutOrStdout(), out, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "folder of the finished model")
	f.StringVar(&work, "work", "", "folder of the checkpoints (default: the out folder with .work added)")
	f.StringArrayVar(&sources, "source", nil, "KIND=GLOB or KIND=GLOB@SHARE; may be repeated")
	f.IntVar(&o.Steps, "steps", 0, "optimizer steps (default: one pass over the text)")
	f.IntVar(&o.Context, "context", 512, "tokens in a sequence")
	f.IntVar(&o.Batch, "batch", 4096, "tokens in a step")
	f.Float64Var(&o.Rate, "rate", 1.5e-3, "peak learning rate")
	f.StringVar(&o.Schedule, "schedule", "wsd", "of the learning rate: wsd, cosine, linear, constant")
	f.StringVar(&o.Precision, "precision", "float32", "of the matrix products: float32 or bf16")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the weights and of the order of the text")
	f.IntVar(&o.Threads, "threads", 0, "cores to use (default: all)")
	cmd.MarkFlagRequired("out")
	return cmd
}

func run(ctx context.Context, w io.Writer, out string, o Options) error {
	tok, err := tokenizer.Starter()
	if err != nil {
		return err
	}
	last := time.Time{}
	o.Progress = func(p train.Progress) {
		if time.Since(last) > 10*time.Second || p.Step == p.Steps {
			fmt.Fprintf(w, "step %d of %d  loss %.3f  dev loss %.3f  %.0f tokens/s  %s left\n",
				p.Step, p.Steps, p.Loss, p.DevLoss, p.TokensPerSec, p.Left.Round(time.Second))
			last = time.Now()
		}
	}
	fmt.Fprintln(w, "reading and tokenizing the text")
	res, err := Run(ctx, tok, o)
	if errors.Is(err, context.Canceled) {
		return errors.New("stopped; the same command goes on from the last checkpoint")
	} else if err != nil {
		return err
	}
	return publish(out, tok, res, o)
}

// publish writes the model folder: weights in bfloat16, which halves the file.
func publish(out string, tok tokenizer.Tokenizer, res Result, o Options) error {
	if err := res.Model.SaveBF16(out); err != nil {
		return err
	}
	if err := tokenizer.Save(out, tok); err != nil {
		return err
	}
	b, err := json.MarshalIndent(map[string]any{
		"params": o.Config.Params(), "seed": o.Seed, "context": o.Context, "batch_tokens": o.Batch,
		"learning_rate": o.Rate, "train": res.Train, "kinds": res.Kinds,
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "training.json"), append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("pretrain: %w", err)
	}
	return os.WriteFile(filepath.Join(out, "README.md"), []byte(card(res, o)), 0o644)
}

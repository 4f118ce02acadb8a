package pretrain

import (
	"fmt"
	"strings"
)

// card is the model card, in Hugging Face's form.
func card(res Result, o Options) string {
	var b strings.Builder
	fmt.Fprintf(&b, `---
license: apache-2.0
language: en
pipeline_tag: text-generation
tags: [llama, adapt, starter]
---
# The adapt starter

A decoder of the Llama architecture with %.1f million weights, pretrained from
scratch with `+"`adapt pretrain`"+` as the base that `+"`adapt`"+` fine-tunes when a team
brings no model of its own.

It is small and has read little. It has a grasp of English, of the language of
contracts and of medical prose, which makes fine-tuning on a narrow task work
on two cores in minutes. It knows no facts to rely on, follows no instructions
and is of no use without fine-tuning. Do not put it, untuned, before anybody.

| | |
|---|---|
| shape | %d layers, width %d, %d heads (%d key-value), MLP %d, tied embeddings, context %d |
| vocabulary | the first 8,192 ranks of r50k_base, then <\|endoftext\|>, <\|input\|>, <\|output\|>, <\|end\|> and 12 unused |
| steps | %d of %d tokens, AdamW, peak learning rate %g, warm-up 3%%, schedule %s down to 5%%, weight decay 0.1, clipping at 1, products in %s |
| tokens seen | %.1f million |
| seed | %d |
| loss | %.3f nats a token in training, %.3f on held-out documents |
| stored as | bfloat16 |

| kind of text | documents | training tokens | held-out loss | perplexity |
|---|---|---|---|---|
`, float64(o.Config.Params())/1e6, o.Config.Layers, o.Config.Hidden, o.Config.Heads, o.Config.KVHeads, o.Config.Intermediate,
		o.Config.MaxPositions, res.Train.Steps, o.Batch, o.Rate, o.Schedule, o.Precision, float64(res.Train.Tokens)/1e6, o.Seed, res.Train.TrainLoss, res.Train.DevLoss)
	for _, k := range res.Kinds {
		if k.DevTokens == 0 {
			fmt.Fprintf(&b, "| %s | %d | %d | none held out | |\n", k.Name, k.Documents, k.Tokens)
			continue
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %.3f | %.1f |\n", k.Name, k.Documents, k.Tokens, k.DevLoss, Perplexity(k.DevLoss))
	}
	b.WriteString(`
## Text

| kind | what | licence |
|---|---|---|
| contracts | CUAD v1, the contracts' text (The Atticus Project) | CC BY 4.0 |
| questions | MedQuAD, question-and-answer pages of the NIH | CC BY 4.0 |
| abstracts | Medical-Abstracts-TC-Corpus | CC BY-SA 3.0 |
| speeches | State of the Union and inaugural addresses | public domain |
| books | Project Gutenberg, a part | public domain in the US |

No radiology report and no text of WikiText, which measures forgetting, was
read. Contracts of CUAD were read as text, without their annotations: figures
on CUAD are of a model that may have met the contract, not its labels.
`)
	return b.String()
}

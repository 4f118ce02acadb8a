package eval

import (
	"slices"
	"strings"
)

// A Unit says how a metric's values are read.
type Unit string

// The units of metrics.
const (
	Share      Unit = "share"      // in [0,1], shown as a percentage
	Tokens     Unit = "tokens"     // tokens a document
	Perplexity Unit = "perplexity" // 1 is a perfect prediction
	Ratio      Unit = "ratio"      // 1 is no change
)

// A Metric describes one published measure.
type Metric struct {
	Name   string `json:"name"`  // "extraction_f1", as rules spell it
	Title  string `json:"title"` // "Extraction F1", as reports spell it
	Higher bool   `json:"higher_is_better"`
	Unit   Unit   `json:"unit"`
	Doc    string `json:"description"` // one sentence
	// ByCategory metrics are also measured for each category.
	ByCategory bool `json:"by_category,omitempty"`
	// FixedText metrics are measured on one given text, not on a sample of
	// documents; a gate judges their value alone.
	FixedText bool `json:"fixed_text,omitempty"`
}

// The names of the metrics that code refers to.
const (
	ExtractionF1           = "extraction_f1"
	ExtractionPrecision    = "extraction_precision"
	ExtractionRecall       = "extraction_recall"
	ExtractionMacroF1      = "extraction_macro_f1"
	AUPR                   = "aupr"
	PrecisionAt80Recall    = "precision_at_80_recall"
	PrecisionAt90Recall    = "precision_at_90_recall"
	HallucinationRate      = "hallucination_rate"
	HallucinatedAnswers    = "hallucinated_answers"
	AnswerRate             = "answer_rate"
	MeanTokens             = "mean_tokens"
	ExactMatch             = "exact_match"
	TokenF1                = "token_f1"
	Rouge1                 = "rouge_1"
	Rouge2                 = "rouge_2"
	RougeL                 = "rouge_l"
	BLEU                   = "bleu"
	GeneralPerplexity      = "general_perplexity"
	GeneralPerplexityRatio = "general_perplexity_ratio"
)

// Metrics returns the published metrics in report order.
func Metrics() []Metric {
	return []Metric{
		{Name: ExtractionF1, Title: "Extraction F1", Higher: true, Unit: Share, ByCategory: true,
			Doc: "Harmonic mean of precision and recall over all decisions of all categories (micro F1)."},
		{Name: ExtractionPrecision, Title: "Extraction precision", Higher: true, Unit: Share, ByCategory: true,
			Doc: "Share of the extracted items that are right."},
		{Name: ExtractionRecall, Title: "Extraction recall", Higher: true, Unit: Share, ByCategory: true,
			Doc: "Share of the true items that were extracted."},
		{Name: ExtractionMacroF1, Title: "Extraction macro F1", Higher: true, Unit: Share,
			Doc: "Mean of the categories' F1 over the categories that have true items, each category counting the same."},
		{Name: AUPR, Title: "Area under precision-recall", Higher: true, Unit: Share, ByCategory: true,
			Doc: "Average precision over all confidence thresholds; true items that are never proposed count as missed."},
		{Name: PrecisionAt80Recall, Title: "Precision at 80% recall", Higher: true, Unit: Share, ByCategory: true,
			Doc: "Best precision of a confidence threshold that finds at least 80% of the true items; 0 when none does."},
		{Name: PrecisionAt90Recall, Title: "Precision at 90% recall", Higher: true, Unit: Share, ByCategory: true,
			Doc: "Best precision of a confidence threshold that finds at least 90% of the true items; 0 when none does."},
		{Name: HallucinationRate, Title: "Hallucination rate", Higher: false, Unit: Share, ByCategory: true,
			Doc: "Share of the model's claims that the source document does not support; undefined for a model that claims nothing."},
		{Name: HallucinatedAnswers, Title: "Answers with a hallucination", Higher: false, Unit: Share,
			Doc: "Share of the answered documents whose answer has at least one unsupported claim."},
		{Name: AnswerRate, Title: "Answer rate", Higher: true, Unit: Share,
			Doc: "Share of the documents for which the model asserted anything."},
		{Name: MeanTokens, Title: "Tokens per answer", Higher: false, Unit: Tokens,
			Doc: "Mean number of tokens that the model wrote for a document."},
		{Name: ExactMatch, Title: "Exact match", Higher: true, Unit: Share,
			Doc: "Share of the documents whose answer equals the reference after normalization."},
		{Name: TokenF1, Title: "Token F1", Higher: true, Unit: Share,
			Doc: "Mean over documents of the F1 between the words of answer and reference."},
		{Name: Rouge1, Title: "ROUGE-1", Higher: true, Unit: Share,
			Doc: "Mean over documents of the F1 between single words of answer and reference."},
		{Name: Rouge2, Title: "ROUGE-2", Higher: true, Unit: Share,
			Doc: "Mean over documents of the F1 between word pairs of answer and reference."},
		{Name: RougeL, Title: "ROUGE-L", Higher: true, Unit: Share,
			Doc: "Mean over documents of the F1 by the longest common subsequence of answer and reference."},
		{Name: BLEU, Title: "BLEU", Higher: true, Unit: Share,
			Doc: "Mean over documents of the smoothed sentence BLEU of the answer against the reference."},
		{Name: GeneralPerplexity, Title: "Perplexity on general text", Higher: false, Unit: Perplexity, FixedText: true,
			Doc: "Perplexity per token on a fixed text outside the domain."},
		{Name: GeneralPerplexityRatio, Title: "Perplexity against the base", Higher: false, Unit: Ratio, FixedText: true,
			Doc: "Perplexity on general text divided by the base model's; above 1 the model forgot."},
	}
}

// MetricByName finds a published metric.
func MetricByName(name string) (Metric, bool) {
	all := Metrics()
	i := slices.IndexFunc(all, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}, false
	}
	return all[i], true
}

// metricOrGuess describes a value that a domain reports under a name of its
// own: a share that is better when higher, as per-document scores are.
func metricOrGuess(name string) Metric {
	if m, ok := MetricByName(name); ok {
		return m
	}
	return Metric{Name: name, Title: clean(strings.ReplaceAll(name, "_", " ")), Higher: true, Unit: Share,
		Doc: "Mean over documents of a score that the domain defines."}
}

func metricNames() []string {
	var names []string
	for _, m := range Metrics() {
		names = append(names, m.Name)
	}
	return names
}

// Precision is TP/(TP+FP); ok is false when nothing was asserted.
func (c Counts) Precision() (p float64, ok bool) { return ratio(c.TP, c.TP+c.FP) }

// Recall is TP/(TP+FN); ok is false when there was nothing to find.
func (c Counts) Recall() (r float64, ok bool) { return ratio(c.TP, c.TP+c.FN) }

// F1 is 2TP/(2TP+FP+FN); ok is false when there was nothing to find and
// nothing was asserted.
func (c Counts) F1() (f float64, ok bool) { return ratio(2*c.TP, 2*c.TP+c.FP+c.FN) }

// Support counts the true items.
func (c Counts) Support() int { return c.TP + c.FN }

// Add returns the sum of both counts.
func (c Counts) Add(d Counts) Counts {
	return Counts{TP: c.TP + d.TP, FP: c.FP + d.FP, FN: c.FN + d.FN}
}

func ratio(a, b int) (float64, bool) {
	if b == 0 {
		return 0, false
	}
	return float64(a) / float64(b), true
}

package eval

// A Rule is one gate: a metric and the limits that it must keep. Every limit
// that is set must hold; limits are judged with their confidence interval, so
// that a verdict can also be "insufficient evidence". [Judge] says how.
type Rule struct {
	// Metric is a name of Metrics: "extraction_f1", "hallucination_rate",
	// "answer_rate", "general_perplexity_ratio".
	Metric string `json:"metric" yaml:"metric"`
	// Category restricts the metric to one category.
	Category string   `json:"category,omitempty" yaml:"category,omitempty"`
	Min      *float64 `json:"min,omitempty" yaml:"min,omitempty"`
	Max      *float64 `json:"max,omitempty" yaml:"max,omitempty"`
	// Margin allows the candidate to be at most this much worse than the
	// champion (non-inferiority); 0 or less demands superiority by that much.
	Margin *float64 `json:"margin,omitempty" yaml:"margin,omitempty"`
	// MinDocuments is how many documents must speak before the point value
	// decides although its interval crosses the limit; 0 stands for
	// DefaultMinDocuments.
	MinDocuments int `json:"min_documents,omitempty" yaml:"min_documents,omitempty"`
}

// DefaultMinDocuments stands for a Rule's MinDocuments of 0.
const DefaultMinDocuments = 20

func (r Rule) minDocuments() int {
	if r.MinDocuments == 0 {
		return DefaultMinDocuments
	}
	return r.MinDocuments
}

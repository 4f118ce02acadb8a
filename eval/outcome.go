// Package eval measures models: extraction accuracy, hallucination,
// forgetting, their uncertainty, and the gates that decide on promotion.
//
// It knows no domain: domains turn an answer into an [Outcome], and eval
// aggregates outcomes over documents.
package eval

// Counts of decisions in one category.
type Counts struct {
	TP int `json:"tp"`
	FP int `json:"fp"`
	FN int `json:"fn"`
}

// A Scored is a candidate answer with its confidence, asserted or not, for
// the confidence sweep.
type Scored struct {
	Category   string  `json:"category"`
	Confidence float64 `json:"confidence"` // a probability in [0,1]
	Correct    bool    `json:"correct"`
}

// A Claim is one thing that an answer asserts about its source.
type Claim struct {
	Kind      string `json:"kind"` // why it is unsupported: "fabricated quote", "wrong side"; "supported" otherwise
	Category  string `json:"category"`
	Text      string `json:"text"` // the model's words, de-identified source only
	Supported bool   `json:"supported"`
	// Start and End locate the support, or the place that contradicts, in the
	// document; both 0 when there is none.
	Start int `json:"start"`
	End   int `json:"end"`
}

// An Outcome is what one model's answer to one document amounted to.
type Outcome struct {
	DocID string `json:"doc_id"`
	Group string `json:"group"`
	// Origin is that of the truth: "gold", "report" or "rules".
	Origin string `json:"origin"`
	// NearTrain marks a document that is nearly one of the training documents;
	// it is left out of the deciding figures.
	NearTrain bool              `json:"near_train,omitempty"`
	Counts    map[string]Counts `json:"counts"`
	// Positives counts the true items of each category, found or not.
	Positives map[string]int `json:"positives,omitempty"`
	Scored    []Scored       `json:"scored,omitempty"`
	Claims    []Claim        `json:"claims,omitempty"`
	// Answered is false when the model asserted nothing.
	Answered bool `json:"answered"`
	Tokens   int  `json:"tokens"` // written by the model
	// Values are further per-document metrics: "rouge_l", "exact_match".
	Values map[string]float64 `json:"values,omitempty"`
	// Answer and Reference are shown in the report (de-identified).
	Answer    string `json:"answer,omitempty"`
	Reference string `json:"reference,omitempty"`
}

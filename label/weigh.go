package label

import "crypto/sha256"

// Weighed is how labeling functions voted on a run's documents and what the
// label model learned of it. It holds no text.
type Weighed struct {
	// Tally counts the votes on the run's documents alone.
	Tally *Tally `json:"tally"`
	Model *Model `json:"model"`
	// Calibration is measured on the annotated ones among them.
	Calibration Calibration `json:"calibration"`
}

// Weigh fits a label model to a tally of a panel's votes, beside what was known
// of the functions before, or nil.
func Weigh(p *Panel, t, known *Tally) (*Weighed, error) {
	all := NewTally(p)
	if known != nil {
		all = known.For(p)
	}
	if err := all.Merge(t); err != nil {
		return nil, err
	}
	return &Weighed{Tally: t, Model: Fit(all), Calibration: Calibrate(t)}, nil
}

// Half is the half of the annotated documents that one belongs to, 0 or 1, by a
// hash of its ID.
func Half(id string) int {
	h := sha256.Sum256([]byte("half\x00" + id))
	return int(h[0] & 1)
}

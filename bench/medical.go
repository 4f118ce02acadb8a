package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"adapt/domains/medical"
)

// A MedicalLabels says how good and how fast the reading of observations is.
type MedicalLabels struct {
	medical.Scores
	SentencesPerSecond float64 `json:"sentences_per_second"` // on one core
}

const medicalLong = `Medical measures what the domain medical reads in sentences of radiology reports:
the 14 observations of the CheXpert labeler with presence, side and severity. The
sentences ship with the program. They were written and labelled for it before
the rules were tuned, and no rule was made by looking at them.

A label counts as found when its observation and its presence are right, a side
or a severity when its value is. Intervals are of 95%, over sentences.`

func medicalLabelCommand(asJSON *bool) *cobra.Command {
	return &cobra.Command{
		Use: "medical", Short: "How well radiology reports are read", Long: medicalLong, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := ReadReports(time.Second)
			if err != nil {
				return fmt.Errorf("bench: %w", err)
			}
			if *asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(m)
			}
			return m.write(cmd.OutOrStdout())
		},
	}
}

// ReadReports measures the reading of observations on the held-out sentences,
// and its speed for as long as given.
func ReadReports(speed time.Duration) (MedicalLabels, error) {
	sentences, err := medical.HeldOut()
	if err != nil {
		return MedicalLabels{}, err
	}
	m := MedicalLabels{Scores: medical.Measure(sentences)}
	n, begun := 0, time.Now()
	for time.Since(begun) < speed {
		for _, s := range sentences {
			medical.Observe(s.Text)
		}
		n += len(sentences)
	}
	m.SentencesPerSecond = float64(n) / time.Since(begun).Seconds()
	return m, nil
}

func (m MedicalLabels) write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s\n%.0f sentences/s on one core\n", m.Format(), m.SentencesPerSecond)
	return err
}

package medical

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkObserve reads the labelled sentences, one at a time and as texts of
// growing length: a sentence must cost the same in each.
func BenchmarkObserve(b *testing.B) {
	sentences, err := HeldOut()
	if err != nil {
		b.Fatal(err)
	}
	var all strings.Builder
	for _, s := range sentences {
		all.WriteString(s.Text + " ")
	}
	b.Run("apart", func(b *testing.B) {
		for b.Loop() {
			for _, s := range sentences {
				Observe(s.Text)
			}
		}
		b.ReportMetric(float64(len(sentences)*b.N)/b.Elapsed().Seconds(), "sentences/s")
	})
	for _, n := range []int{1, 10, 100} {
		text := strings.Repeat(all.String(), n)
		b.Run(fmt.Sprintf("%d_sentences", n*len(sentences)), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Observe(text)
			}
			b.ReportMetric(float64(n*len(sentences)*b.N)/b.Elapsed().Seconds(), "sentences/s")
		})
	}
}

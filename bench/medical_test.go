package bench

import (
	"strings"
	"testing"
	"time"
)

func TestReadReports(t *testing.T) {
	m, err := ReadReports(time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := m.write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| Pleural Effusion |", "| Support Devices |", "| uncertain |", "| side |", "| severity |", "sentences/s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
	if m.Sentences < 200 || m.SentencesPerSecond <= 0 {
		t.Errorf("%d sentences at %v a second", m.Sentences, m.SentencesPerSecond)
	}
}

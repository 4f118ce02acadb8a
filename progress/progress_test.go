package progress

import (
	"encoding/json"
	"testing"
)

func TestFraction(t *testing.T) {
	tests := []struct {
		name string
		step Step
		want float64
		ok   bool
	}{
		{"total unknown", Step{Status: Running, Done: 3}, 0, false},
		{"half", Step{Status: Running, Done: 5, Total: 10}, 0.5, true},
		{"more than promised", Step{Status: Running, Done: 11, Total: 10}, 1, true},
		{"negative", Step{Status: Running, Done: -1, Total: 10}, 0, true},
		{"done without total", Step{Status: Done}, 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.step.Fraction()
			if got != tt.want || ok != tt.ok {
				t.Errorf("Fraction() = %v, %v, want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

// A run that has just begun must not carry fields that say nothing into every
// query's answer.
func TestRunJSONOmitsWhatIsNotKnown(t *testing.T) {
	b, err := json.Marshal(Run{RunID: "r", Domain: "legal", Status: "running"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"run_id":"r","domain":"legal","status":"running","steps":null}`
	if string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
}

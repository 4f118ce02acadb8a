package web

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"adapt/progress"
)

func TestPaceOfAStep(t *testing.T) {
	tests := []struct {
		step         progress.Step
		amount, pace string
	}{
		{progress.Step{Status: progress.Waiting, Done: 1, Total: 2}, "", ""},
		{progress.Step{Status: progress.Running}, "", ""},
		{progress.Step{Status: progress.Running, Done: 1500, Unit: "files"}, "1,500 files", ""},
		{progress.Step{Status: progress.Running, Done: 1, Total: 2, Rate: 0.1234, ETA: 8.2}, "1 of 2", "0.123 a second, about 9 s left"},
		{progress.Step{Status: progress.Running, Rate: 12345.6, ETA: 60}, "", "12,345 a second, about 1 min left"},
		{progress.Step{Status: progress.Running, ETA: 3 * 3600}, "", "about 3.0 h left"},
		{progress.Step{Status: progress.Running, Rate: math.NaN(), ETA: math.NaN()}, "", ""},
		{progress.Step{Status: progress.Running, Rate: math.Inf(1), ETA: math.Inf(1)}, "", ""},
		{progress.Step{Status: progress.Done, Done: 2, Total: 2, Rate: 3, ETA: 4}, "2 of 2", ""},
	}
	for _, tt := range tests {
		if a, p := amount(tt.step), pace(tt.step); a != tt.amount || p != tt.pace {
			t.Errorf("%+v: %q and %q, want %q and %q", tt.step, a, p, tt.amount, tt.pace)
		}
	}
}

func TestTitle(t *testing.T) {
	for text, want := range map[string]string{"": "", "train": "Train", "évaluer": "Évaluer", "F1": "F1"} {
		if got := title(text); got != want {
			t.Errorf("title(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestPairs(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	tests := []struct {
		json string
		want []pair
	}{
		{``, nil},
		{`null`, nil},
		{`{`, nil},
		{`{"b":1234567,"a":"x","none":null,"ok":true}`, []pair{{"a", "x"}, {"b", "1,234,567"}, {"ok", "true"}}},
		{`{"f1_micro":{"point":0.123456789,"low":1e-7}}`, []pair{{"f1 micro: low", "1e-07"}, {"f1 micro: point", "0.1235"}}},
		{`{"names":["a",2],"docs":[{"x":1},{"x":2}]}`, []pair{{"docs", "2 entries"}, {"names", "a, 2"}}},
		{`{"model":{"kind":"model","sha256":"` + hash + `","size":1},"none":{"kind":"","sha256":"","size":0}}`, []pair{{"model", "model abababababab"}}},
	}
	for _, tt := range tests {
		if got := pairs(json.RawMessage(tt.json)); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.json, got, tt.want)
		}
	}
	many := map[string]int{}
	for i := range 200 {
		many[fmt.Sprint(i)] = i
	}
	b, err := json.Marshal(many)
	noErr(t, err)
	if got := pairs(b); len(got) != maxPairs+1 || got[maxPairs].Value != "120 more" {
		t.Errorf("%d lines, the last %q", len(got), got[len(got)-1])
	}
}

package eval

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"adapt/label"
)

func TestDatasetPlot(t *testing.T) {
	d := label.Dataset{Splits: map[label.Split]label.Counts{
		label.Train: {Docs: 70, Examples: 1200, Formats: map[string]int{"pdf": 30, "text": 40}, Origins: map[label.Origin]int{label.OriginGold: 60, label.OriginRules: 10},
			Labels: map[string]int{"Governing Law": 70, "a <b> & c": 3}, Lengths: label.Histogram{0, 0, 10, 400, 790}},
		label.Dev:  {Docs: 10, Examples: 100, Formats: map[string]int{"pdf": 10}, Origins: map[label.Origin]int{label.OriginGold: 10}, Labels: map[string]int{"Governing Law": 9}, Lengths: label.Histogram{0, 0, 0, 100}},
		label.Test: {Docs: 20, Formats: map[string]int{"docx": 20}, Origins: map[label.Origin]int{label.OriginReview: 20}},
	}}
	got := StandaloneSVG(DatasetPlot(d))
	golden := filepath.Join("testdata", "dataset.svg")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the drawing differs from %s; look at it and run with -update", golden)
	}
	dec := xml.NewDecoder(bytes.NewReader(got))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if empty := DatasetPlot(label.Dataset{}); empty == "" {
		t.Error("an empty data set has no drawing")
	}
}

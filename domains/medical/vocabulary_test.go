package medical

import (
	"strings"
	"testing"

	"adapt/domains"
	"adapt/ingest"
)

func TestTerms(t *testing.T) {
	d, err := New().WithTerms(map[string][]string{
		"edema":            {"wet lung*"},
		"Pleural Effusion": {"fluid ~3 hemithorax", "meniscus-sign"},
		"ignore":           {"effusion protocol"},
	})
	if err != nil {
		t.Fatal(err)
	}
	v := d.(Medical).words()
	for text, want := range map[string]string{
		"Wet lungs.": "+Edema",
		"No wet lungs, but fluid in the left hemithorax.": "-Edema; +Pleural Effusion left",
		"A meniscus sign is possible on the right.":       "?Pleural Effusion right",
		"Per effusion protocol.":                          "",
		"Small effusion.":                                 "+Pleural Effusion small",
	} {
		if got := wanted(v.extract(text)); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	if got := Extract("Wet lungs."); len(got) > 0 {
		t.Errorf("a team's wording is in the domain's own vocabulary: %v", got)
	}
	if d.Version() == New().Version() || !strings.HasPrefix(d.Version(), New().Version()) {
		t.Errorf("the version with terms is %s", d.Version())
	}

	settings := d.Tune(nil, nil, nil)
	doc := &ingest.Document{Text: "FINDINGS: Wet lungs.\nIMPRESSION: Wet lungs."}
	shown := New().Present(doc, domains.Answer{Text: "Wet lungs."}, settings).(Impression)
	if len(shown.Findings) != 1 || shown.Findings[0].Name != edema || len(shown.Unsupported) > 0 || len(shown.Report) != 1 || shown.Report[0].Name != edema {
		t.Errorf("a model's terms are not read with its answers: %+v", shown)
	}
}

func TestTermErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		finding, term, want string
	}{
		"unknown":      {"Efusion", "x ray", "is no finding"},
		"empty":        {edema, " ", "1 to 8"},
		"short prefix": {edema, "ab*", "at least 3 letters"},
		"first a gap":  {edema, "~2 lung", "a gap is"},
		"gap of none":  {edema, "wet ~ lung", "a gap is"},
		"marks":        {edema, "wet, lung", "letters and digits"},
		"empty choice": {edema, "wet| lung", "letters and digits"},
		"long":         {edema, strings.Repeat("wet ", 50), "more than 120 bytes"},
		"many words":   {edema, strings.Repeat("wet ", 9), "1 to 8"},
		"star within":  {edema, "we*t lung", "letters and digits"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New().WithTerms(map[string][]string{tt.finding: {tt.term}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want one that says %q", err, tt.want)
			}
		})
	}
}

func FuzzTerms(f *testing.F) {
	for _, s := range []string{"wet lung*", "a|b ~2 c", "~1", "*", "é* x", "fluid-level"} {
		f.Add(s, "Wet lungs and a fluid level.")
	}
	f.Fuzz(func(t *testing.T, term, text string) {
		v, err := withTerms(map[string][]string{edema: {term}})
		if err != nil {
			return
		}
		for _, found := range v.extract(text) {
			if found.Start < 0 || found.End > len(text) || found.Start >= found.End {
				t.Fatalf("finding %+v lies outside a text of %d bytes", found, len(text))
			}
		}
	})
}

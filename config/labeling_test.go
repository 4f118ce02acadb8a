package config

import (
	"strings"
	"testing"
)

func TestATeacherThatMayBeAsked(t *testing.T) {
	for _, url := range []string{"https://llm.example.org/v1", "http://127.0.0.1:8080/v1", "http://localhost:11434/v1", "http://[::1]:8080"} {
		c := Default("legal")
		c.Label.Teacher.URL, c.Label.Teacher.Model = url, "m"
		c.Label.Review.Count = 5
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "consent") {
			t.Errorf("%s without consent: %v", url, err)
		}
		c.Label.Teacher.Consent = c.Label.Teacher.ConsentText()
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		c.Label.Review.Count = 0
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "nobody would look") {
			t.Errorf("proposals that nobody reviews: %v", err)
		}
		c.Label.Teacher.Use = UseTrain
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	c := Default("legal")
	c.Label.Teacher = Teacher{URL: "https://llm.example.org:99/v1", Model: "m", MaxDocuments: 5}
	if got := c.Label.Teacher.Leaves(); got != "the de-identified text of up to 5 documents without annotations is sent to llm.example.org:99 (label.teacher, model m)" {
		t.Errorf("it says %q", got)
	}
	if got := Default("legal").Label.Teacher.Leaves(); got != "" {
		t.Errorf("without a teacher it says %q", got)
	}
}

// A run that was started by an older adapt has a configuration without these
// keys.
func TestAConfigurationWithoutReviewsIsValid(t *testing.T) {
	c := Default("legal")
	c.Label = Label{Gold: GoldAuto}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

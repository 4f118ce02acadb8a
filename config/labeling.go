package config

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"time"
)

// Review says how many labels people decide on before the data set is made.
type Review struct {
	// Count is how many labels people must have decided on, in this run or an
	// earlier one; 0: the run waits for nobody.
	Count int `yaml:"count" json:"count"`
	// Who is how many people decide on each label, 1 or 2. With 2, neither sees
	// the other's answer before both are done.
	Who int `yaml:"who" json:"who"`
	// SpotChecks is the share of Count that is drawn at random, where the others
	// are the least sure ones.
	SpotChecks float64       `yaml:"spot_checks" json:"spot_checks"`
	Deadline   time.Duration `yaml:"deadline" json:"deadline"`
	// OnDeadline is "stop" (the run ends, answers are kept) or "continue" (with
	// what there is).
	OnDeadline string `yaml:"on_deadline" json:"on_deadline"`
}

func (r Review) validate(p *problems) {
	p.check(r.Count >= 0, "label.review.count", "is %d; 0 means that the run waits for nobody", r.Count)
	if r.Count <= 0 {
		return
	}
	p.check(r.Who == 1 || r.Who == 2, "label.review.who", "is %d; it must be 1 or 2", r.Who)
	p.share("label.review.spot_checks", r.SpotChecks)
	p.check(r.Deadline >= time.Minute, "label.review.deadline", "is %v; give people at least 1m", r.Deadline)
	p.word("label.review.on_deadline", r.OnDeadline, DeadlineContinue, DeadlineStop)
}

// Teacher is a language model elsewhere that proposes labels.
type Teacher struct {
	// URL is where an OpenAI-compatible API begins, up to and without
	// /chat/completions. Empty: there is no teacher, and nothing leaves the
	// machine.
	URL   string `yaml:"url" json:"url"`
	Model string `yaml:"model" json:"model"`
	// KeyEnv names the environment variable that holds the key. The key itself
	// is in no file.
	KeyEnv string `yaml:"key_env" json:"key_env"`
	// Consent must be what ConsentText returns before anything is sent.
	Consent string `yaml:"consent" json:"consent"`
	// Use is "review" (a proposal is a label when a person accepts it) or "train"
	// (it is one at once).
	Use string `yaml:"use" json:"use"`
	// AllowHTTP allows a connection without encryption to another machine.
	AllowHTTP    bool          `yaml:"allow_http" json:"allow_http"`
	MaxDocuments int           `yaml:"max_documents" json:"max_documents"` // 0: all; else the first ones by ID
	Concurrency  int           `yaml:"concurrency" json:"concurrency"`     // questions at a time
	Timeout      time.Duration `yaml:"timeout" json:"timeout"`             // for one answer
}

// On reports whether there is a teacher.
func (t Teacher) On() bool { return t.URL != "" }

// Host returns the host of the URL with its port where it names one.
func (t Teacher) Host() string {
	u, err := url.Parse(t.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// ConsentText is the sentence that a person must write into the configuration
// to allow that documents are sent to the teacher.
func (t Teacher) ConsentText() string {
	return "de-identified document text may be sent to " + t.Host()
}

// Leaves says what leaves the machine, for people; empty without a teacher.
func (t Teacher) Leaves() string {
	if !t.On() {
		return ""
	}
	which := "every document without annotations"
	if t.MaxDocuments > 0 {
		which = fmt.Sprintf("up to %d documents without annotations", t.MaxDocuments)
	}
	return fmt.Sprintf("the de-identified text of %s is sent to %s (label.teacher, model %s)", which, t.Host(), t.Model)
}

// envName is what the name of an environment variable looks like; a key does
// not.
var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

func (t Teacher) validate(p *problems, deidentify bool, reviews int) {
	if !t.On() {
		p.check(t.Consent == "", "label.teacher.consent", "is given, but label.teacher.url is empty; remove it, or say where the teacher is")
		return
	}
	u, err := url.Parse(t.URL)
	ok := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
	p.check(ok, "label.teacher.url", "is no web address; write one such as https://llm.example.org/v1, without user, key or query")
	if !ok {
		return
	}
	p.check(u.Scheme == "https" || loopback(u.Hostname()) || t.AllowHTTP, "label.teacher.url", "is not encrypted; use https, or set label.teacher.allow_http if the way to %s is safe", u.Host)
	p.check(t.Model != "", "label.teacher.model", "is missing; name the model that is asked")
	p.check(t.KeyEnv == "" || envName.MatchString(t.KeyEnv), "label.teacher.key_env", "is not the name of an environment variable, such as LLM_KEY; the key itself does not belong into this file")
	p.check(deidentify, "label.teacher", "needs ingest.deidentify: true, since only de-identified text is sent")
	p.check(t.Consent == t.ConsentText(), "label.teacher.consent", "does not allow the teacher to be asked; if you agree, write exactly: consent: %q", t.ConsentText())
	p.word("label.teacher.use", t.Use, UseReview, UseTrain)
	p.check(t.Use != UseReview || reviews > 0, "label.teacher.use", "is %s, but label.review.count is 0, so that nobody would look at what the teacher proposes; set label.review.count, or use: %s", UseReview, UseTrain)
	p.check(t.MaxDocuments >= 0, "label.teacher.max_documents", "is %d; 0 means no limit", t.MaxDocuments)
	p.check(t.Concurrency >= 1 && t.Concurrency <= 64, "label.teacher.concurrency", "is %d; it must be between 1 and 64", t.Concurrency)
	p.check(t.Timeout >= time.Second, "label.teacher.timeout", "is %v; it must be at least 1s", t.Timeout)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

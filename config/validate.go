package config

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"adapt/eval"
	"adapt/ingest/deid"
	"adapt/label"
)

// Validate reports every value that can not work, each with what to write
// instead. It reads no file and knows no domain's names.
func (c Config) Validate() error {
	var p problems
	p.check(c.Domain != "", "domain", "is missing; write the domain's name, such as legal")
	p.check(c.Model.Base != "", "model.base", "is empty; write %s, %s or the path of a model folder", BaseStarter, BaseChampion)
	c.Ingest.validate(&p)
	p.check(c.Label.Gold != "", "label.gold", "is empty; write %s, %s or the path of a file", GoldAuto, GoldNone)
	p.check(!c.Label.GoldOnly || c.Label.Gold != GoldNone, "label.gold_only", "is true while label.gold is %s: no document would be left", GoldNone)
	err := label.Check(c.Label.Functions)
	p.check(err == nil, "label.functions", "%v", err)
	c.Label.Review.validate(&p)
	c.Label.Teacher.validate(&p, c.Ingest.Deidentify, c.Label.Review.Count)
	c.Split.validate(&p)
	c.Train.validate(&p)
	c.Eval.validate(&p)
	validateGates(&p, c.Gates)
	p.check(!c.Approval.Required || c.Approval.Deadline >= time.Minute, "approval.deadline", "is %v; give a person at least 1m to decide", c.Approval.Deadline)
	return p.err()
}

func (i Ingest) validate(p *problems) {
	p.check(i.MaxFileMB >= 1, "ingest.max_file_mb", "is %d; it must be at least 1", i.MaxFileMB)
	p.check(i.MaxExpandedMB >= i.MaxFileMB, "ingest.max_expanded_mb", "is %d; it must be at least max_file_mb (%d)", i.MaxExpandedMB, i.MaxFileMB)
	p.check(i.Timeout >= time.Second, "ingest.timeout", "is %v; it must be at least 1s", i.Timeout)
	p.check(i.MaxMemoryMB >= 64, "ingest.max_memory_mb", "is %d; reading a file takes at least 64", i.MaxMemoryMB)
	p.word("ingest.ocr", i.OCR, OCRAuto, OCROff)
	p.check(languages.MatchString(i.OCRLanguage), "ingest.ocr_language", "is %q; write it as tesseract names it, such as eng or deu+eng", i.OCRLanguage)
	p.check(i.OCRTimeout >= time.Second, "ingest.ocr_timeout", "is %v; it must be at least 1s", i.OCRTimeout)
	p.check(i.MaxDocuments >= 0, "ingest.max_documents", "is %d; 0 means no limit", i.MaxDocuments)
	p.check(i.NearDuplicates > 0 && i.NearDuplicates <= 1, "ingest.near_duplicates", "is %v; it is a similarity above 0 and up to 1 (1: identical texts only)", i.NearDuplicates)
	p.check(i.Batch >= 1 && i.Batch <= maxBatch, "ingest.batch", "is %d; it must be between 1 and %d", i.Batch, maxBatch)
	_, err := deid.ParseKinds(i.Deid.Kinds)
	p.check(err == nil, "ingest.deid.kinds", "holds what can not be: %v", err)
	p.word("ingest.deid.replace", i.Deid.Replace, ReplaceTag, ReplaceSurrogate)
	p.word("ingest.deid.on_leak", i.Deid.OnLeak, LeakStop, LeakWarn)
	for _, name := range slices.Concat(i.Columns.Text, i.Columns.Known) {
		p.check(strings.TrimSpace(name) != "", "ingest.columns", "names a column %q; leave the list empty to take the usual ones", name)
	}
	for _, pattern := range i.Include {
		_, err := path.Match(pattern, "x")
		p.check(err == nil, "ingest.include", "holds %q, which is not a path pattern; patterns look like *.pdf", pattern)
	}
}

// languages are names of tesseract's data: "eng", "deu+eng", "script/Latin".
var languages = regexp.MustCompile(`^\w+(/\w+)?(\+\w+(/\w+)?)*$`)

// maxBatch keeps the time between two heartbeats of a batch short.
const maxBatch = 1000

func (s Split) validate(p *problems) {
	p.check(s.Dev > 0 && s.Dev < 1, "split.dev", "is %v; it is a share between 0 and 1, such as 0.15", s.Dev)
	p.check(s.Test > 0 && s.Test < 1, "split.test", "is %v; it is a share between 0 and 1, such as 0.2", s.Test)
	p.share("split.max_leakage", s.MaxLeakage)
	p.check(s.Dev+s.Test < 0.9, "split", "leaves %.0f%% of the documents for training; lower dev or test", 100*(1-s.Dev-s.Test))
}

func (t Train) validate(p *problems) {
	p.word("train.method", t.Method, MethodFull, MethodLoRA)
	p.word("train.overlength", t.Overlength, OverlengthRaise, OverlengthDrop, OverlengthTruncate)
	p.word("train.schedule", t.Schedule, "cosine", "linear", "constant", "wsd")
	p.word("train.best", t.Best, BestDevLoss, BestF1)
	p.check(t.Best == BestDevLoss || t.Method == MethodFull || t.LoRA.Base == PrecisionFloat32, "train.best",
		"is %s, which needs a merged model, and lora.base is %s; write %s", t.Best, t.LoRA.Base, BestDevLoss)
	p.word("train.precision", t.Precision, PrecisionFloat32, PrecisionBF16)
	p.check(t.Epochs > 0 && t.Epochs <= 1000, "train.epochs", "is %v; it must be above 0 and at most 1000", t.Epochs)
	p.check(t.LearningRate > 0 && t.LearningRate < 1, "train.learning_rate", "is %v; it must be between 0 and 1, such as 5e-4", t.LearningRate)
	p.share("train.warmup", t.Warmup)
	p.share("train.min_lr", t.MinLR)
	p.check(t.MaxTokens >= 32, "train.max_tokens", "is %d; it must be at least 32", t.MaxTokens)
	p.check(t.BatchTokens >= t.MaxTokens, "train.batch_tokens", "is %d; it must be at least max_tokens (%d), so that an example fits", t.BatchTokens, t.MaxTokens)
	p.check(t.WeightDecay >= 0 && t.WeightDecay < 1, "train.weight_decay", "is %v; it must be from 0 to below 1", t.WeightDecay)
	p.check(t.Clip >= 0, "train.clip", "is %v; 0 means no clipping", t.Clip)
	p.check(t.EvalEvery >= 0, "train.eval_every", "is %d; 0 means ten times a run", t.EvalEvery)
	p.check(t.Patience >= 0, "train.patience", "is %d; 0 means no early stopping", t.Patience)
	p.check(t.CheckpointSec >= 1, "train.checkpoint_seconds", "is %d; it must be at least 1", t.CheckpointSec)
	p.check(t.Threads >= 0, "train.threads", "is %d; 0 means all cores", t.Threads)
	p.check(t.MicroTokens == 0 || t.MicroTokens >= t.MaxTokens && t.MicroTokens <= t.BatchTokens, "train.micro_tokens",
		"is %d; it must be between max_tokens (%d) and batch_tokens (%d), or 0", t.MicroTokens, t.MaxTokens, t.BatchTokens)
	p.check(t.LabelSmoothing >= 0 && t.LabelSmoothing < 1, "train.label_smoothing", "is %v; it is a share from 0 to below 1", t.LabelSmoothing)
	p.check(t.NEFTune >= 0, "train.neftune", "is %v; 0 means no noise, 5 is usual", t.NEFTune)
	if t.Method == MethodLoRA {
		t.LoRA.validate(p)
		p.check(len(t.Freeze) == 0, "train.freeze", "is for the method full; with lora everything but the adapter is frozen: use lora.exclude")
	}
	t.Forgetting.validate(p)
	p.check(t.Forgetting.KL == 0 || t.LabelSmoothing == 0, "train.forgetting.kl", "can not be joined with label_smoothing; set one of the two to 0")
}

func (l LoRA) validate(p *problems) {
	p.check(l.R >= 1, "train.lora.r", "is %d; it must be at least 1", l.R)
	p.check(l.Alpha > 0, "train.lora.alpha", "is %v; it must be above 0", l.Alpha)
	p.check(l.Dropout >= 0 && l.Dropout < 1, "train.lora.dropout", "is %v; it is a share from 0 to below 1", l.Dropout)
	p.word("train.lora.base", l.Base, PrecisionFloat32, PrecisionBF16, StoreInt8, StoreNF4)
}

func (f Forget) validate(p *problems) {
	p.check(f.Replay != "", "train.forgetting.replay", "is empty; write %s, %s or the path of a text file", ReplayNone, ReplaySelf)
	p.check(f.Share > 0 && f.Share < 1, "train.forgetting.share", "is %v; it is a share between 0 and 1, such as 0.2", f.Share)
	p.check(f.KL >= 0, "train.forgetting.kl", "is %v; 0 means no such term", f.KL)
}

func (e Eval) validate(p *problems) {
	p.check(e.Bootstrap >= 100, "eval.bootstrap", "is %d; an interval needs at least 100 resamples", e.Bootstrap)
	p.check(e.MaxTest >= 0, "eval.max_test", "is %d; 0 means all", e.MaxTest)
	p.check(e.GeneralText != "", "eval.general_text", "is empty; write %s or the path of a text file", GeneralSample)
	p.check(e.GeneralTokens >= 100, "eval.general_tokens", "is %d; a perplexity needs at least 100", e.GeneralTokens)
}

// validateGates looks for what is missing or misspelt in the file; whether a
// whole rule can be judged is eval's to say.
func validateGates(p *problems, gates []eval.Rule) {
	whole := true
	for i, g := range gates {
		at := fmt.Sprintf("gates[%d]", i)
		_, known := eval.MetricByName(g.Metric)
		limited := g.Min != nil || g.Max != nil || g.Margin != nil
		p.check(known, at+".metric", "is %q, which is not measured; %s", g.Metric, suggest(g.Metric, metricNames()))
		p.check(limited, at, "has no limit; give it min, max or margin")
		whole = whole && known && limited
	}
	if err := eval.ValidateRules(gates); whole && err != nil {
		p.errs = append(p.errs, err)
	}
}

func metricNames() []string {
	var names []string
	for _, m := range eval.Metrics() {
		names = append(names, m.Name)
	}
	return names
}

// problems gathers what is wrong.
type problems struct{ errs []error }

func (p *problems) check(ok bool, key, format string, args ...any) {
	if !ok {
		p.errs = append(p.errs, fmt.Errorf("%s %s", key, fmt.Sprintf(format, args...)))
	}
}

func (p *problems) share(key string, v float64) {
	p.check(v >= 0 && v <= 1, key, "is %v; it is a share from 0 to 1", v)
}

func (p *problems) word(key, v string, words ...string) {
	p.check(slices.Contains(words, v), key, "is %q; it must be %s", v, strings.Join(words, " or "))
}

func (p *problems) err() error { return errors.Join(p.errs...) }

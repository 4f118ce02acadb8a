// Package config is adapt.yaml: what a run does, with a default for every
// value, strict about keys that it does not know.
package config

import (
	"time"

	"adapt/eval"
	"adapt/label"
)

// Config is a whole adapt.yaml. Default gives every value; Load reads a file
// over the defaults; Validate checks the result.
type Config struct {
	Domain string `yaml:"domain" json:"domain"`
	// Seed decides every random choice of the run.
	Seed int64 `yaml:"seed" json:"seed"`

	Model    Model       `yaml:"model" json:"model"`
	Ingest   Ingest      `yaml:"ingest" json:"ingest"`
	Label    Label       `yaml:"label" json:"label"`
	Split    Split       `yaml:"split" json:"split"`
	Train    Train       `yaml:"train" json:"train"`
	Eval     Eval        `yaml:"eval" json:"eval"`
	Gates    []eval.Rule `yaml:"gates" json:"gates"` // nil: the domain's default gates
	Approval Approval    `yaml:"approval" json:"approval"`
}

// Model says what is fine-tuned.
type Model struct {
	// Base is "starter" (the model that adapt ships), "champion" (go on from
	// today's champion) or the path of a Hugging Face folder of a GPT-2, Llama,
	// Mistral, Qwen2 or SmolLM model.
	Base string `yaml:"base" json:"base"`
}

// Ingest bounds the reading of files.
type Ingest struct {
	MaxFileMB      int           `yaml:"max_file_mb" json:"max_file_mb"`
	MaxExpandedMB  int           `yaml:"max_expanded_mb" json:"max_expanded_mb"` // of a compressed file's parts
	Timeout        time.Duration `yaml:"timeout" json:"timeout"`                 // for one file
	MaxMemoryMB    int           `yaml:"max_memory_mb" json:"max_memory_mb"`     // that reading one file may take
	OCR            string        `yaml:"ocr" json:"ocr"`                         // OCRAuto or OCROff
	OCRLanguage    string        `yaml:"ocr_language" json:"ocr_language"`       // as tesseract names it: "eng", "deu+eng"
	OCRTimeout     time.Duration `yaml:"ocr_timeout" json:"ocr_timeout"`         // for the scanned pages of one file, beside Timeout
	MaxDocuments   int           `yaml:"max_documents" json:"max_documents"`     // 0: no limit; else the first ones by ID
	Include        []string      `yaml:"include" json:"include"`                 // path patterns; empty: every known format
	Columns        Columns       `yaml:"columns" json:"columns"`
	Deidentify     bool          `yaml:"deidentify" json:"deidentify"`
	Deid           Deid          `yaml:"deid" json:"deid"`
	KeepRaw        bool          `yaml:"keep_raw" json:"keep_raw"`               // keep the files as they were found, encrypted
	NearDuplicates float64       `yaml:"near_duplicates" json:"near_duplicates"` // Jaccard similarity at which two documents are one group
	Batch          int           `yaml:"batch" json:"batch"`                     // files in one activity
}

// Columns name the columns of tables and the keys of JSON lines. What is empty
// is found by its usual names.
type Columns struct {
	Text    []string `yaml:"text" json:"text"`       // each is a section if there are several
	ID      string   `yaml:"id" json:"id"`           // names a document to gold labels
	Patient string   `yaml:"patient" json:"patient"` // the identifier that joins a patient's documents
	Known   []string `yaml:"known" json:"known"`     // the patient's names and numbers, to be removed from the text
}

// Deid says how identifiers are removed, where Ingest.Deidentify is set.
type Deid struct {
	// Kinds are the kinds of identifiers that are removed, in small letters
	// ("name", "phone"); empty: those of the domain.
	Kinds []string `yaml:"kinds" json:"kinds"`
	// Replace is what stands in their place: "tag" or "surrogate".
	Replace string `yaml:"replace" json:"replace"`
	// OnLeak says what happens when an example, an answer or a report holds an
	// identifier all the same: "stop" or "warn".
	OnLeak string `yaml:"on_leak" json:"on_leak"`
	// SecretFile holds the secret that surrogates and date shifts are derived
	// from; empty: the data folder's own. The environment goes before both.
	SecretFile string `yaml:"secret_file" json:"secret_file"`
}

// The values of Ingest.OCR.
const (
	OCRAuto = "auto" // scanned pages are recognized; without tesseract their documents are put aside
	OCROff  = "off"  // scanned pages are left out; a document of nothing else is put aside
)

// Label says where labels come from.
type Label struct {
	// Gold is a file or folder of annotations in any form that package
	// label/formats reads, relative to the folder; "auto" finds them by their
	// usual names in the folder or its parent; "none" uses labeling functions
	// alone.
	Gold string `yaml:"gold" json:"gold"`
	// GoldOnly leaves documents without gold out of the data set.
	GoldOnly bool `yaml:"gold_only" json:"gold_only"`
	// Terms are a team's own wordings by the name of the finding that they
	// mention, for domains that read findings by wordings (medical).
	Terms map[string][]string `yaml:"terms" json:"terms,omitempty"`
	// Functions are a team's own labeling functions, for domains that label by
	// votes (legal).
	Functions []label.Spec `yaml:"functions" json:"functions,omitempty"`
	// FunctionsFile is a file with a list of more of them, relative to adapt.yaml.
	// Load reads it into Functions.
	FunctionsFile string  `yaml:"functions_file" json:"functions_file,omitempty"`
	Review        Review  `yaml:"review" json:"review,omitzero"`
	Teacher       Teacher `yaml:"teacher" json:"teacher,omitzero"`
}

// Split divides documents, by group.
type Split struct {
	Dev  float64 `yaml:"dev" json:"dev"`   // share of groups
	Test float64 `yaml:"test" json:"test"` // share of groups
	// MaxLeakage is the share of the documents of dev and test that may nearly
	// be training documents, and of the general text that may be trained on.
	// Above it the run ends.
	MaxLeakage float64 `yaml:"max_leakage" json:"max_leakage"`
}

// Train configures fine-tuning.
type Train struct {
	Method         string   `yaml:"method" json:"method"` // "full" or "lora"
	Epochs         float64  `yaml:"epochs" json:"epochs"`
	LearningRate   float64  `yaml:"learning_rate" json:"learning_rate"`
	Schedule       string   `yaml:"schedule" json:"schedule"`         // "cosine", "linear", "constant" or "wsd"
	Warmup         float64  `yaml:"warmup" json:"warmup"`             // share of the steps
	MinLR          float64  `yaml:"min_lr" json:"min_lr"`             // share of the learning rate that the schedule ends at
	BatchTokens    int      `yaml:"batch_tokens" json:"batch_tokens"` // tokens in a step, packed
	MicroTokens    int      `yaml:"micro_tokens" json:"micro_tokens"` // of them at a time; 0: all at once
	MaxTokens      int      `yaml:"max_tokens" json:"max_tokens"`     // in one example
	WeightDecay    float64  `yaml:"weight_decay" json:"weight_decay"`
	Clip           float64  `yaml:"clip" json:"clip"`                       // global gradient norm; 0: none
	Overlength     string   `yaml:"overlength" json:"overlength"`           // "raise", "drop" or "truncate", both counted
	Freeze         []string `yaml:"freeze" json:"freeze"`                   // modules or layers that full fine-tuning leaves alone
	LabelSmoothing float64  `yaml:"label_smoothing" json:"label_smoothing"` // share of the target that is spread over all tokens
	NEFTune        float64  `yaml:"neftune" json:"neftune"`                 // alpha of the noise on embeddings; 0: none
	PrefixLM       bool     `yaml:"prefix_lm" json:"prefix_lm"`             // prompts are read in both directions
	Precision      string   `yaml:"precision" json:"precision"`             // of the products: "float32" or "bf16"
	Checkpointing  bool     `yaml:"checkpointing" json:"checkpointing"`     // compute activations again instead of keeping them
	Best           string   `yaml:"best" json:"best"`                       // what the kept weights are the best by: "dev_loss", "extraction_f1"
	EvalEvery      int      `yaml:"eval_every" json:"eval_every"`           // steps; 0: ten times a run
	Patience       int      `yaml:"patience" json:"patience"`               // evaluations without new best weights; 0: no early stopping
	CheckpointSec  int      `yaml:"checkpoint_seconds" json:"checkpoint_seconds"`
	LoRA           LoRA     `yaml:"lora" json:"lora"`
	Forgetting     Forget   `yaml:"forgetting" json:"forgetting"`
	Threads        int      `yaml:"threads" json:"threads"` // 0: all cores
}

// LoRA configures adapters, in PEFT's terms.
type LoRA struct {
	R              int      `yaml:"r" json:"r"`
	Alpha          float64  `yaml:"alpha" json:"alpha"`
	Dropout        float64  `yaml:"dropout" json:"dropout"`
	Targets        []string `yaml:"targets" json:"targets"` // "q_proj", …; empty: every linear layer
	Exclude        []string `yaml:"exclude" json:"exclude"`
	RankStabilized bool     `yaml:"rank_stabilized" json:"rank_stabilized"`
	DoRA           bool     `yaml:"dora" json:"dora"`
	ModulesToSave  []string `yaml:"modules_to_save" json:"modules_to_save"` // trained whole
	Base           string   `yaml:"base" json:"base"`                       // how the frozen weights are kept: "float32", "bf16", "int8" or "nf4"
}

// Forget configures what keeps a model from forgetting general text.
type Forget struct {
	// Replay is general text that is trained on beside the examples: "self" (what
	// the base model itself writes), the path of a text file, or "none".
	Replay string  `yaml:"replay" json:"replay"`
	Share  float64 `yaml:"share" json:"share"` // of a step's tokens that are replayed
	KL     float64 `yaml:"kl" json:"kl"`       // weight of the divergence from the base model; 0: none
}

// Eval configures measuring.
type Eval struct {
	Bootstrap     int    `yaml:"bootstrap" json:"bootstrap"`           // resamples
	MaxTest       int    `yaml:"max_test" json:"max_test"`             // documents; 0: all
	GeneralText   string `yaml:"general_text" json:"general_text"`     // a text file for the forgetting check; "sample": the one that adapt ships
	GeneralTokens int    `yaml:"general_tokens" json:"general_tokens"` // of it that are read
}

// Approval says who lets a model go live after its gates passed.
type Approval struct {
	// Required asks a person. Without, passing gates promote by themselves.
	Required bool `yaml:"required" json:"required"`
	// AllowSelf lets the person who started the run approve it.
	AllowSelf bool `yaml:"allow_self" json:"allow_self"`
	// Deadline after which a run that nobody decided on is closed, unpromoted.
	Deadline time.Duration `yaml:"deadline" json:"deadline"`
}

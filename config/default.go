package config

import (
	"time"

	"adapt/label"
)

// Default returns the configuration that a domain has when its adapt.yaml
// says nothing. [Template] writes the same values with what they mean.
func Default(domain string) Config {
	return Config{
		Domain: domain,
		Seed:   1,
		Model:  Model{Base: BaseStarter},
		Ingest: Ingest{
			MaxFileMB:      50,
			MaxExpandedMB:  200,
			Timeout:        time.Minute,
			MaxMemoryMB:    512,
			OCR:            OCRAuto,
			OCRLanguage:    "eng",
			OCRTimeout:     10 * time.Minute,
			Deidentify:     true,
			KeepRaw:        true,
			Deid:           Deid{Replace: ReplaceTag, OnLeak: LeakStop},
			NearDuplicates: 0.8,
			Batch:          16,
		},
		Label: Label{
			Gold:      GoldAuto,
			Terms:     map[string][]string{},
			Functions: []label.Spec{},
			Review:    Review{Who: 1, SpotChecks: 0.2, Deadline: 14 * 24 * time.Hour, OnDeadline: DeadlineStop},
			Teacher:   Teacher{Use: UseReview, MaxDocuments: 200, Concurrency: 2, Timeout: 2 * time.Minute},
		},
		Split: Split{Dev: 0.15, Test: 0.2, MaxLeakage: 0.05},
		Train: Train{
			Method:        MethodFull,
			Epochs:        3,
			LearningRate:  5e-4,
			Schedule:      "cosine",
			Warmup:        0.1,
			MinLR:         0.1,
			BatchTokens:   4096,
			MaxTokens:     512,
			WeightDecay:   0.01,
			Clip:          1,
			Overlength:    OverlengthRaise,
			Precision:     PrecisionFloat32,
			Best:          BestDevLoss,
			Patience:      3,
			CheckpointSec: 20,
			LoRA:          LoRA{R: 16, Alpha: 32, Base: PrecisionFloat32},
			Forgetting:    Forget{Replay: ReplaySelf, Share: 0.2, KL: 0.1},
		},
		Eval: Eval{
			Bootstrap:     1000,
			GeneralText:   GeneralSample,
			GeneralTokens: 20000,
		},
		Approval: Approval{
			Required: true,
			Deadline: 7 * 24 * time.Hour,
		},
	}
}

// Words that take the place of a path or a choice in adapt.yaml.
const (
	BaseStarter        = "starter"
	BaseChampion       = "champion"
	GoldAuto           = "auto"
	GoldNone           = "none"
	GeneralSample      = "sample"
	MethodFull         = "full"
	MethodLoRA         = "lora"
	OverlengthRaise    = "raise"
	OverlengthDrop     = "drop"
	OverlengthTruncate = "truncate"
	PrecisionFloat32   = "float32"
	PrecisionBF16      = "bf16"
	StoreInt8          = "int8"
	StoreNF4           = "nf4"
	BestDevLoss        = "dev_loss"
	BestF1             = "extraction_f1"
	ReplaceTag         = "tag"
	ReplaceSurrogate   = "surrogate"
	LeakStop           = "stop"
	LeakWarn           = "warn"
	ReplayNone         = "none"
	ReplaySelf         = "self"
	UseReview          = "review"
	UseTrain           = "train"
	DeadlineContinue   = "continue"
	DeadlineStop       = "stop"
)

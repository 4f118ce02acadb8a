// Package tokenizer turns text into token ids and back, offline.
//
// Encodings are tiktoken-go's (r50k_base, p50k_base, cl100k_base, o200k_base,
// whole or cut after their first ranks) or are loaded from a model folder's
// tokenizer.json: byte-level BPE (GPT-2, Llama 3, Qwen 2, SmolLM, GPT-NeoX) and
// SentencePiece BPE with byte_fallback (Llama 2, Mistral, Gemma).
// Ordinary text never yields a special token: control tokens are placed by id
// through [Markers].
//
// Text is bytes: Decode(Encode(x)) is x, valid UTF-8 or not. What a
// tokenizer.json itself changes is changed as Hugging Face changes it:
// normalizers such as NFC, the stripping around added tokens, a first space
// where one is put before every text (Decode takes one away), and "▁" for
// spaces in SentencePiece vocabularies. A character that has a byte for which a
// byte-level vocabulary has no token becomes U+FFFD, where Hugging Face drops it.
package tokenizer

// A Tokenizer is safe for use by several goroutines.
type Tokenizer interface {
	// Encode returns the ids of ordinary text. Text that spells a special
	// token is encoded as the characters it consists of.
	Encode(text string) []int32
	// Decode returns the text of ids, byte by byte: ids may end within a
	// character. Ids outside the vocabulary are an error in the model or the
	// caller and decode to U+FFFD.
	Decode(ids []int32) string
	// VocabSize is the number of ids, special ones included.
	VocabSize() int
	// Markers are the ids that structure a prompt.
	Markers() Markers
}

// Markers are the id sequences with which package prompt marks the parts of
// an exchange. Each may be one special token, as in the starter's encoding, or
// the ids of a piece of text for models that have no such tokens.
type Markers struct {
	Begin  []int32 // before the first turn; empty when the model has no BOS
	Input  []int32 // before each input
	Output []int32 // before each output
	End    int32   // after each output
}

// The texts that mark the parts of an exchange for models without tokens for
// them.
const (
	inputText  = "\n### Input:\n"
	outputText = "\n### Output:\n"
)

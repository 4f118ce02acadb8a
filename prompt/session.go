package prompt

import (
	"context"

	"adapt/tokenizer"
)

// A Model answers prompts. It is safe for use by several goroutines.
type Model interface {
	// Begin starts an exchange with an empty context.
	Begin(ctx context.Context) (Session, error)
	// Tokenizer is the model's own.
	Tokenizer() tokenizer.Tokenizer
	// MaxTokens is how long a context may get.
	MaxTokens() int
}

// A Session is one exchange, rendered as this package renders it. It is not
// safe for concurrent use.
type Session interface {
	// Ask appends an input; the model is about to answer.
	Ask(input string) error
	// Next returns the log-probability (natural, over the whole vocabulary) that
	// the answer goes on with each of choices; "" stands for the end of the
	// answer. Choices are encoded as they are, so they usually begin with a space.
	Next(choices []string) ([]float64, error)
	// Say appends text to the answer, End closes it.
	Say(text string) error
	End() error
	// Write decodes greedily until the end of the answer or max tokens and
	// closes the answer.
	Write(max int) (Written, error)
	// Len is the number of tokens in the context.
	Len() int
	// Close gives back what the exchange holds. Others may wait for it.
	Close()
}

// Written is an answer that a model wrote.
type Written struct {
	Text     string
	LogProb  float64 // sum over the tokens, the end included when Finished
	Tokens   int
	Finished bool // the model ended the answer itself
}

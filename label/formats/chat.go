package formats

import (
	"encoding/json"
	"strings"

	"adapt/prompt"
)

// chatLine is a line of OpenAI's format for fine-tuning
// (https://platform.openai.com/docs/api-reference/fine-tuning/chat-input).
// The rows of a Hugging Face data set have more columns beside.
type chatLine struct {
	Messages []message `json:"messages"`
	// The columns that adapt adds in data sets.
	ID       string    `json:"id,omitempty"`
	Doc      string    `json:"doc_id,omitempty"`
	Weights  []float32 `json:"weights,omitempty"` // of the assistant's messages; 0: read and not learned
	Rejected string    `json:"rejected,omitempty"`
}

// A message is one side's words. An assistant's message of weight 0 is read
// and not learned.
type message struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
	Weight  *float64        `json:"weight,omitempty"`
	// What adapt's exchanges do not have.
	ToolCalls    json.RawMessage `json:"tool_calls,omitempty"`
	FunctionCall json.RawMessage `json:"function_call,omitempty"`
}

func readChat(s *Set, e *entry) error {
	var l chatLine
	if err := e.decode(&l); err != nil {
		return err
	}
	turns, err := turnsOf(e, l.Messages)
	if err != nil {
		return err
	}
	if len(l.Weights) > 0 && len(l.Weights) != len(turns) {
		return e.fail(`it has %d "weights" for %d answers`, len(l.Weights), len(turns))
	}
	for i, w := range l.Weights {
		if w < 0 {
			return e.fail(`weight %d is negative`, i+1)
		}
		turns[i].setWeight(float64(w))
	}
	s.Exchanges = append(s.Exchanges, Exchange{ID: l.ID, Doc: l.Doc, Turns: plain(turns), Rejected: l.Rejected})
	return nil
}

// turn is a prompt.Turn under construction.
type turn struct{ prompt.Turn }

func (t *turn) setWeight(w float64) {
	t.Context, t.Weight = w == 0, float32(w)
	if w == 1 {
		t.Weight = 0 // the default
	}
}

func plain(turns []turn) []prompt.Turn {
	out := make([]prompt.Turn, len(turns))
	for i, t := range turns {
		out[i] = t.Turn
	}
	return out
}

// turnsOf makes turns of messages that end with the assistant's. What the
// system and the user say before an answer is one input, apart by blank lines.
func turnsOf(e *entry, messages []message) ([]turn, error) {
	turns, rest, err := openTurns(e, messages)
	if err != nil {
		return nil, err
	}
	if rest != nil || len(turns) == 0 {
		return nil, e.fail("its messages do not end with one of the assistant: there would be nothing to learn")
	}
	return turns, nil
}

// openTurns is turnsOf for messages that may end with an input, which is
// returned apart.
func openTurns(e *entry, messages []message) (turns []turn, rest []string, err error) {
	for i, m := range messages {
		if len(m.ToolCalls) > 0 || len(m.FunctionCall) > 0 || m.Role == "tool" || m.Role == "function" {
			return nil, nil, e.fail("message %d uses tools, which adapt's exchanges do not have; leave such conversations out", i+1)
		}
		text, ok := m.text()
		if !ok {
			return nil, nil, e.fail(`message %d has no "content" of text`, i+1)
		}
		switch m.Role {
		case "system", "developer", "user":
			rest = append(rest, text)
		case "assistant":
			t := turn{prompt.Turn{Input: strings.Join(rest, "\n\n"), Output: text}}
			if m.Weight != nil {
				if *m.Weight < 0 {
					return nil, nil, e.fail("message %d has a negative weight", i+1)
				}
				t.setWeight(*m.Weight)
			}
			turns, rest = append(turns, t), nil
		default:
			return nil, nil, e.fail(`message %d has a "role" that is none of system, developer, user and assistant`, i+1)
		}
	}
	return turns, rest, nil
}

// text returns a message's text, which may come in parts.
func (m *message) text() (string, bool) {
	var text string
	if len(m.Content) > 0 && m.Content[0] == '"' && json.Unmarshal(m.Content, &text) == nil {
		return text, true
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if len(m.Content) == 0 || m.Content[0] != '[' || json.Unmarshal(m.Content, &parts) != nil {
		return "", false
	}
	for _, p := range parts {
		if p.Type != "text" {
			return "", false
		}
		text += p.Text
	}
	return text, true
}

// say makes a message.
func say(role, text string) message {
	b, err := marshal(text)
	if err != nil {
		panic(err) // a string
	}
	return message{Role: role, Content: b}
}

// chatWriter writes OpenAI's chat lines.
type chatWriter struct {
	*folder
	noDocs
	notes Notes
}

func newChatWriter(f *folder) Writer { return &chatWriter{folder: f} }

func (w *chatWriter) Exchange(x *Exchange) error {
	var l chatLine
	for _, t := range x.Turns {
		answer := say("assistant", t.Output)
		if t.Context {
			zero := 0.0
			answer.Weight = &zero
		}
		w.notes.add(noteWeights, count(t.Weight != 0 && t.Weight != 1))
		l.Messages = append(l.Messages, say("user", t.Input), answer)
	}
	w.notes.add(noteRejected, count(x.Rejected != ""))
	return w.line(x.Split, l)
}

func (w *chatWriter) Close() (Notes, error) { return w.notes, w.folder.close() }

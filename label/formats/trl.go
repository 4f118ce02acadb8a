package formats

import (
	"encoding/json"
	"strings"

	"adapt/prompt"
)

// trlLine has the columns of TRL's prompt-completion and preference types
// (https://huggingface.co/docs/trl/dataset_formats). Each is a text, or a list
// of messages.
type trlLine struct {
	Prompt     json.RawMessage `json:"prompt,omitempty"`
	Completion json.RawMessage `json:"completion,omitempty"`
	Chosen     json.RawMessage `json:"chosen,omitempty"`
	Rejected   json.RawMessage `json:"rejected,omitempty"`
}

// side is one column: text, or messages.
type side struct {
	text     string
	messages []message
	chat     bool
}

func readSide(e *entry, name string, raw json.RawMessage) (side, error) {
	var s side
	switch {
	case len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s.text) == nil:
		return s, nil
	case len(raw) > 0 && raw[0] == '[' && json.Unmarshal(raw, &s.messages) == nil:
		s.chat = true
		return s, nil
	}
	return s, e.fail("%q should be a text or a list of messages", name)
}

func readTRL(s *Set, e *entry) error {
	var l trlLine
	if err := e.decode(&l); err != nil {
		return err
	}
	asked, err := readSide(e, "prompt", l.Prompt)
	if err != nil {
		return err
	}
	answer, err := readSide(e, "completion", l.Completion)
	if err != nil {
		return err
	}
	turns, err := join(e, asked, answer)
	if err != nil {
		return err
	}
	s.Exchanges = append(s.Exchanges, Exchange{Turns: turns})
	return nil
}

// join makes turns of a prompt and an answer to it. Answers inside the prompt
// are read and not learned.
func join(e *entry, asked, answer side) ([]prompt.Turn, error) {
	if asked.chat != answer.chat {
		return nil, e.fail("one side is text and the other messages; both should be of one kind")
	}
	if !asked.chat {
		return []prompt.Turn{{Input: asked.text, Output: answer.text}}, nil
	}
	before, _, err := openTurns(e, asked.messages)
	if err != nil {
		return nil, err
	}
	turns, err := turnsOf(e, append(asked.messages[:len(asked.messages):len(asked.messages)], answer.messages...))
	if err != nil {
		return nil, err
	}
	for i := range before {
		turns[i].setWeight(0)
	}
	if len(before) == len(turns) {
		return nil, e.fail("its answer has no message of the assistant")
	}
	return plain(turns), nil
}

func readPreference(s *Set, e *entry) error {
	var l trlLine
	if err := e.decode(&l); err != nil {
		return err
	}
	chosen, err := readSide(e, "chosen", l.Chosen)
	if err != nil {
		return err
	}
	rejected, err := readSide(e, "rejected", l.Rejected)
	if err != nil {
		return err
	}
	if chosen.chat != rejected.chat {
		return e.fail(`"chosen" and "rejected" should both be text or both be messages`)
	}
	asked := side{chat: chosen.chat}
	if e.kinds["prompt"] != 0 {
		if asked, err = readSide(e, "prompt", l.Prompt); err != nil {
			return err
		}
	} else {
		implicit(&asked, &chosen, &rejected)
	}
	turns, err := join(e, asked, chosen)
	if err != nil {
		return err
	}
	worse, err := join(e, asked, rejected)
	if err != nil {
		return err
	}
	if len(turns) != len(worse) || turns[len(turns)-1].Input != worse[len(worse)-1].Input {
		return e.fail("the chosen and the rejected answer should answer the same last message")
	}
	last := worse[len(worse)-1].Output
	if last == "" {
		return e.fail("the rejected answer is empty")
	}
	s.Exchanges = append(s.Exchanges, Exchange{Turns: turns, Rejected: last})
	return nil
}

// implicit takes the prompt out of two answers that both begin with it, as TRL
// does: messages that are the same, or the text up to the last blank before
// the two differ.
func implicit(asked, chosen, rejected *side) {
	if chosen.chat {
		n := 0
		for n < len(chosen.messages)-1 && n < len(rejected.messages)-1 && sameMessage(chosen.messages[n], rejected.messages[n]) {
			n++
		}
		asked.messages, chosen.messages, rejected.messages = chosen.messages[:n], chosen.messages[n:], rejected.messages[n:]
		return
	}
	a, b := []rune(chosen.text), []rune(rejected.text)
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	if n > 0 && a[n-1] == ' ' {
		n--
	}
	asked.text, chosen.text, rejected.text = string(a[:n]), string(a[n:]), string(b[n:])
}

func sameMessage(a, b message) bool {
	x, ok1 := a.text()
	y, ok2 := b.text()
	return ok1 && ok2 && a.Role == b.Role && x == y
}

// trlWriter writes TRL's columns. A line holds one answer: an exchange of
// several becomes as many lines, in each of which the earlier answers are part
// of the prompt.
type trlWriter struct {
	*folder
	noDocs
	notes      Notes
	chat       bool
	preference bool
}

func newTRLWriter(f *folder) Writer        { return &trlWriter{folder: f} }
func newTRLChatWriter(f *folder) Writer    { return &trlWriter{folder: f, chat: true} }
func newPreferenceWriter(f *folder) Writer { return &trlWriter{folder: f, preference: true} }
func newPreferenceChatWriter(f *folder) Writer {
	return &trlWriter{folder: f, chat: true, preference: true}
}

func (w *trlWriter) Exchange(x *Exchange) error {
	last := len(x.Turns) - 1
	if w.preference && x.Rejected == "" {
		w.notes.add("exchanges without a rejected answer, which are left out", 1)
		return nil
	}
	if !w.preference {
		w.notes.add(noteRejected, count(x.Rejected != ""))
	}
	lines := 0
	for i, t := range x.Turns {
		if w.preference && i != last {
			w.notes.add("answers before the last one, which become part of the prompt", count(!t.Context))
			continue
		}
		if t.Context {
			continue
		}
		w.notes.add(noteWeights, count(t.Weight != 0 && t.Weight != 1))
		if i > 0 && !w.chat {
			w.notes.add("answers after the first of an exchange, whose prompt as text is all that came before", 1)
		}
		if err := w.answer(x, i); err != nil {
			return err
		}
		lines++
	}
	w.notes.add("exchanges of several answers, each of which is a line of its own", count(lines > 1))
	return nil
}

// answer writes a line with the answer of turn i.
func (w *trlWriter) answer(x *Exchange, i int) error {
	t := x.Turns[i]
	var asked, answer, worse any
	if w.chat {
		var before []message
		for _, b := range x.Turns[:i] {
			before = append(before, say("user", b.Input), say("assistant", b.Output))
		}
		asked, answer, worse = append(before, say("user", t.Input)), []message{say("assistant", t.Output)}, []message{say("assistant", x.Rejected)}
	} else {
		var before strings.Builder
		for _, b := range x.Turns[:i] {
			before.WriteString(b.Input + b.Output + "\n")
		}
		asked, answer, worse = before.String()+t.Input, t.Output, x.Rejected
	}
	line := trlLine{}
	fill := []struct {
		to *json.RawMessage
		v  any
	}{{&line.Prompt, asked}, {&line.Completion, answer}}
	if w.preference {
		fill[1].to = &line.Chosen
		fill = append(fill, struct {
			to *json.RawMessage
			v  any
		}{&line.Rejected, worse})
	}
	for _, f := range fill {
		b, err := marshal(f.v)
		if err != nil {
			return err
		}
		*f.to = b
	}
	return w.line(x.Split, line)
}

func (w *trlWriter) Close() (Notes, error) { return w.notes, w.folder.close() }

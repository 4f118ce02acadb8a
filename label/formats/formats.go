// Package formats reads and writes labeled data in the forms that other tools
// have: annotations over documents (CUAD, SQuAD, Label Studio, brat, doccano)
// and exchanges to train on (OpenAI's chat lines, TRL's columns), and both as
// a Hugging Face data set.
//
// [Load] recognizes a file or folder by what is in it. [Create] makes a folder
// with one file a split. What a format can not hold is counted and returned as
// [Notes], never dropped in silence. docs/formats.md has a table of what each
// format keeps.
//
// Files are untrusted: an error names the line or entry and says what to do,
// and never quotes the file.
package formats

import (
	"fmt"
	"slices"

	"adapt/label"
	"adapt/prompt"
)

// A Set is labeled data as it was read from a file or folder.
type Set struct {
	Format    string // the name of the format
	Docs      []Doc
	Exchanges []Exchange
	Notes     Notes // what was left out, and why

	index map[string]int // of Docs, by key
}

// A Doc is a document with what is known of it.
type Doc struct {
	// Key names the document: its ingest.Document.Key or ID, or its
	// label.TextKey where the file gives no name.
	Key    string
	Text   string      // empty where the format holds annotations alone
	Split  label.Split // empty where the format knows none
	Labels []Label
	// Reference is the text that a person wrote of the document.
	Reference string
}

// A Label is an annotation, or a model's suggestion of one. Start is a byte
// offset into Doc.Text; the label ends after its Text. One without Text and
// not Absent is of the document as a whole.
type Label struct {
	label.Gold
	// Origin is empty for a person's annotation that the file says no more of.
	Origin     label.Origin
	Confidence float64 // of a suggestion; 0 where none was given
}

// suggested reports whether no person stands behind the label.
func (l *Label) suggested() bool {
	return l.Origin == label.OriginRules || l.Origin == label.OriginTeacher
}

// whole reports whether the label is of the document as a whole.
func (l *Label) whole() bool { return l.Text == "" && !l.Absent }

// An Exchange is one conversation to train on.
type Exchange struct {
	ID    string // empty where the format gives none
	Doc   string // the key of the document that it was made of, where known
	Split label.Split
	Turns []prompt.Turn
	// Rejected is a worse answer to the last turn, in preference data.
	Rejected string
}

// Gold returns what people annotated, in the order of the file. Suggestions of
// models are left out. Of several annotators' equal labels one stays.
func (s *Set) Gold() []label.Gold {
	var gold []label.Gold
	for i := range s.Docs {
		seen := map[place]bool{}
		for _, l := range s.Docs[i].Labels {
			at := place{l.Category, l.Start, l.Text, l.Absent}
			if l.suggested() || seen[at] {
				continue
			}
			seen[at] = true
			l.Gold.Key = s.Docs[i].Key
			gold = append(gold, l.Gold)
		}
	}
	return gold
}

type place struct {
	category string
	start    int
	text     string
	absent   bool
}

// Notes count what could not be taken over, in words.
type Notes []Note

// A Note is a reason with how often it came up.
type Note struct {
	What  string `json:"what"` // completes "N …"
	Count int    `json:"count"`
}

func (n Note) String() string { return fmt.Sprintf("%d %s", n.Count, n.What) }

func (n *Notes) add(what string, count int) {
	if count == 0 {
		return
	}
	i := slices.IndexFunc(*n, func(o Note) bool { return o.What == what })
	if i < 0 {
		*n = append(*n, Note{What: what})
		i = len(*n) - 1
	}
	(*n)[i].Count += count
}

// A Format is a form that data can be written in.
type Format struct {
	Name string
	Doc  string // a line for people
	// Exchanges says that the format holds exchanges, Labels that it holds
	// annotated documents.
	Exchanges, Labels bool
	create            func(*folder) Writer
}

// Formats lists what can be written, in the order of the documentation.
func Formats() []Format { return slices.Clone(table) }

var table = []Format{
	{"gold", "gold.jsonl, one annotation a line, without texts", false, true, newGoldWriter},
	{"cuad", "CUAD's clauses.jsonl, one category of a contract a line, without texts", false, true, newClauseWriter},
	{"squad", "SQuAD 2.0 JSON, as CUAD has it: a question a category, with unanswerable ones", false, true, newSquadWriter},
	{"squad-v1", "SQuAD 1.1 JSON: answerable questions alone", false, true, newSquadV1Writer},
	{"label-studio", "Label Studio JSON tasks with a labeling configuration", false, true, newStudioWriter},
	{"brat", "brat standoff, a .txt and an .ann a document", false, true, newBratWriter},
	{"doccano", "doccano JSONL with label triples", false, true, newDoccanoWriter},
	{"doccano-entities", "doccano JSONL with entities and relations", false, true, newDoccanoEntityWriter},
	{"openai", "OpenAI chat JSONL", true, false, newChatWriter},
	{"trl", "TRL prompt and completion as text", true, false, newTRLWriter},
	{"trl-chat", "TRL prompt and completion as messages", true, false, newTRLChatWriter},
	{"trl-preference", "TRL prompt, chosen and rejected as text", true, false, newPreferenceWriter},
	{"trl-preference-chat", "TRL prompt, chosen and rejected as messages", true, false, newPreferenceChatWriter},
	{"datasets", "a Hugging Face data set: Parquet, card and Croissant metadata, with documents and exchanges", true, true, newDatasetWriter},
}

// Names lists the names of the formats.
func Names() []string {
	names := make([]string, len(table))
	for i, f := range table {
		names[i] = f.Name
	}
	return names
}

// A Writer writes data in one format. Documents and exchanges come in any
// order; a format without a use for one of the two ignores it.
type Writer interface {
	Doc(*Doc) error
	Exchange(*Exchange) error
	// Close writes what is left. The notes say what the format could not hold.
	Close() (Notes, error)
}

// A Summary says what a Set holds, without quoting it.
type Summary struct {
	Format      string          `json:"format"`
	Documents   int             `json:"documents"`
	Labels      int             `json:"labels"` // by people, without those that are absent
	Suggestions int             `json:"suggestions"`
	Exchanges   int             `json:"exchanges"`
	Categories  []CategoryCount `json:"categories"`
	Notes       Notes           `json:"notes"`
}

// A CategoryCount counts people's labels of a category.
type CategoryCount struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Summary counts what is in s.
func (s *Set) Summary() Summary {
	out := Summary{Format: s.Format, Documents: len(s.Docs), Exchanges: len(s.Exchanges), Notes: s.Notes}
	by := map[string]int{}
	for _, d := range s.Docs {
		for _, l := range d.Labels {
			switch {
			case l.suggested():
				out.Suggestions++
			case !l.Absent:
				out.Labels++
				by[l.Category]++
			}
		}
	}
	for _, c := range sortedKeys(by) {
		out.Categories = append(out.Categories, CategoryCount{c, by[c]})
	}
	return out
}

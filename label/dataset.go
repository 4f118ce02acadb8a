package label

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"adapt/artifact"
)

// A Dataset is what a run trains and measures on, as it is kept and shown: who
// is in which split and how much there is of everything. It holds no text.
type Dataset struct {
	Domain  string `json:"domain"`
	Version string `json:"version"` // of the domain's labels
	Seed    int64  `json:"seed"`
	// Docs maps document IDs to their split.
	Docs map[string]Split `json:"docs"`
	// Splits count what each split holds.
	Splits map[Split]Counts `json:"splits"`
	// Skipped counts documents that gave nothing, by reason.
	Skipped map[string]int `json:"skipped,omitempty"`
	// NearTrain lists documents of dev and test that are nearly a training
	// document.
	NearTrain []Near  `json:"near_train,omitempty"`
	Leakage   Leakage `json:"leakage,omitzero"`
	// Agreement is how far two reviewers came to the same; nil where no two
	// answered.
	Agreement *Agreement `json:"agreement,omitempty"`
	// Exchanges names the exchanges that are trained on beside those made of
	// documents: JSON lines of Example.
	Exchanges artifact.Ref `json:"exchanges,omitzero"`
	// Refs name the artifacts of the data set's parts as strings.
	Refs map[string]string `json:"refs,omitempty"`
}

// Counts say how much a split holds.
type Counts struct {
	Docs     int            `json:"docs"`
	Groups   int            `json:"groups"`
	Origins  map[Origin]int `json:"origins"` // documents by who labeled them
	Examples int            `json:"examples"`
	Tokens   int            `json:"tokens"`
	// Labels counts labeled spans by category, Unlocated the gold quotes that
	// were not found in their document.
	Labels    map[string]int `json:"labels"`
	Unlocated map[string]int `json:"unlocated,omitempty"`
	// Formats counts documents by the format that they were read from.
	Formats map[string]int `json:"formats,omitempty"`
	// Lengths counts examples by their length in tokens.
	Lengths Histogram `json:"lengths,omitempty"`
}

// A Histogram counts lengths in classes that double: below 16, 16 to 31, 32 to
// 63, and so on.
type Histogram []int

// leastClass is where the second class of a Histogram begins.
const leastClass = 16

// Add counts one length.
func (h *Histogram) Add(length int) {
	class := 0
	for from := leastClass; length >= from; from *= 2 {
		class++
	}
	for len(*h) <= class {
		*h = append(*h, 0)
	}
	(*h)[class]++
}

// Class returns the shortest and the longest length of a class.
func (h Histogram) Class(i int) (from, to int) {
	if i == 0 {
		return 0, leastClass - 1
	}
	from = leastClass << (i - 1)
	return from, 2*from - 1
}

// Add counts a document into its split. format is what it was read from, and
// tokens are how long its examples are, rendered.
func (d *Dataset) Add(l Labeled, split Split, format string, tokens []int) {
	if d.Docs == nil {
		d.Docs = map[string]Split{}
	}
	if d.Splits == nil {
		d.Splits = map[Split]Counts{}
	}
	if l.Skipped != "" {
		d.Skip(l.Skipped, 1)
		return
	}
	d.Docs[l.DocID] = split
	c := d.Splits[split]
	if c.Labels == nil {
		c.Origins, c.Labels, c.Unlocated, c.Formats = map[Origin]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	}
	c.Docs++
	c.Origins[l.Truth.Origin]++
	c.Examples += len(l.Examples)
	for _, n := range tokens {
		c.Tokens += n
		c.Lengths.Add(n)
	}
	if format != "" {
		c.Formats[format]++
	}
	for _, s := range l.Truth.Spans {
		c.Labels[s.Category]++
	}
	for category, n := range l.Truth.Unlocated {
		c.Unlocated[category] += n
	}
	d.Splits[split] = c
}

// Skip counts what is left out, and why.
func (d *Dataset) Skip(why string, n int) {
	if d.Skipped == nil {
		d.Skipped = map[string]int{}
	}
	d.Skipped[why] += n
}

// LeftOut says for people what is not in the data set, a sentence a reason.
func (d Dataset) LeftOut() []string {
	var out []string
	for _, why := range slices.Sorted(maps.Keys(d.Skipped)) {
		out = append(out, fmt.Sprintf("Left out: %d (%s).", d.Skipped[why], why))
	}
	return out
}

// AddExchanges counts exchanges that are trained on and were made of no
// document.
func (d *Dataset) AddExchanges(n int, tokens []int) {
	c := d.Splits[Train]
	c.Examples += n
	for _, t := range tokens {
		c.Tokens += t
		c.Lengths.Add(t)
	}
	d.Splits[Train] = c
}

// CountGroups fills in how many groups each split holds.
func (d *Dataset) CountGroups(docs []DocGroup) {
	seen := map[Split]map[string]bool{}
	for _, doc := range docs {
		s, ok := d.Docs[doc.ID]
		if !ok {
			continue
		}
		if seen[s] == nil {
			seen[s] = map[string]bool{}
		}
		seen[s][doc.group()] = true
	}
	for s, groups := range seen {
		c := d.Splits[s]
		c.Groups = len(groups)
		d.Splits[s] = c
	}
}

// A Table counts things by name and split.
type Table struct {
	Title string `json:"title"`
	Rows  []Row  `json:"rows"`
}

// A Row is one line of a Table.
type Row struct {
	Name  string `json:"name"`
	Train int    `json:"train"`
	Dev   int    `json:"dev"`
	Test  int    `json:"test"`
}

// Total is the sum over the splits.
func (r Row) Total() int { return r.Train + r.Dev + r.Test }

// Tables lay a data set out for people: the whole, then documents by format
// and by who labeled them, labels by category (the most frequent first), and
// examples by their length. Tables without a row are left out.
func (d Dataset) Tables() []Table {
	row := func(name string, of func(Counts) int) Row {
		return Row{name, of(d.Splits[Train]), of(d.Splits[Dev]), of(d.Splits[Test])}
	}
	tables := []Table{
		{"Whole", []Row{
			row("documents", func(c Counts) int { return c.Docs }),
			row("groups of near copies", func(c Counts) int { return c.Groups }),
			row("examples", func(c Counts) int { return c.Examples }),
			row("tokens of examples", func(c Counts) int { return c.Tokens }),
		}},
		d.table("Documents by format", func(c Counts) map[string]int { return c.Formats }),
		d.table("Documents by who labeled them", func(c Counts) map[string]int {
			m := map[string]int{}
			for o, n := range c.Origins {
				m[string(o)] = n
			}
			return m
		}),
		d.table("Labels by category", func(c Counts) map[string]int { return c.Labels }),
		d.table("Annotated quotes that were not found", func(c Counts) map[string]int { return c.Unlocated }),
		d.lengths(),
	}
	return slices.DeleteFunc(tables, func(t Table) bool { return len(t.Rows) == 0 })
}

func (d Dataset) table(title string, of func(Counts) map[string]int) Table {
	rows := map[string]Row{}
	for split, c := range d.Splits {
		for name, n := range of(c) {
			r := rows[name]
			r.Name = name
			switch split {
			case Train:
				r.Train += n
			case Dev:
				r.Dev += n
			case Test:
				r.Test += n
			}
			rows[name] = r
		}
	}
	t := Table{Title: title, Rows: slices.Collect(maps.Values(rows))}
	slices.SortFunc(t.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Total(), a.Total()), cmp.Compare(a.Name, b.Name))
	})
	return t
}

// lengths is the table of the histograms, without empty classes at its ends.
func (d Dataset) lengths() Table {
	t := Table{Title: "Examples by length in tokens"}
	classes := max(len(d.Splits[Train].Lengths), len(d.Splits[Dev].Lengths), len(d.Splits[Test].Lengths))
	for i := range classes {
		from, to := Histogram(nil).Class(i)
		in := func(s Split) int {
			if h := d.Splits[s].Lengths; i < len(h) {
				return h[i]
			}
			return 0
		}
		t.Rows = append(t.Rows, Row{fmt.Sprintf("%d–%d", from, to), in(Train), in(Dev), in(Test)})
	}
	for len(t.Rows) > 0 && t.Rows[0].Total() == 0 {
		t.Rows = t.Rows[1:]
	}
	return t
}

package label

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
	NearTrain []Near `json:"near_train,omitempty"`
	// Agreement is how far two reviewers came to the same; nil where no two
	// answered.
	Agreement *Agreement `json:"agreement,omitempty"`
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
}

// Add counts documents into their splits. tokens is how long each of the
// examples of a document is, rendered, in sum.
func (d *Dataset) Add(l Labeled, split Split, tokens int) {
	if d.Docs == nil {
		d.Docs = map[string]Split{}
	}
	if d.Splits == nil {
		d.Splits = map[Split]Counts{}
	}
	if l.Skipped != "" {
		if d.Skipped == nil {
			d.Skipped = map[string]int{}
		}
		d.Skipped[l.Skipped]++
		return
	}
	d.Docs[l.DocID] = split
	c := d.Splits[split]
	if c.Labels == nil {
		c.Origins, c.Labels, c.Unlocated = map[Origin]int{}, map[string]int{}, map[string]int{}
	}
	c.Docs++
	c.Origins[l.Truth.Origin]++
	c.Examples += len(l.Examples)
	c.Tokens += tokens
	for _, s := range l.Truth.Spans {
		c.Labels[s.Category]++
	}
	for category, n := range l.Truth.Unlocated {
		c.Unlocated[category] += n
	}
	d.Splits[split] = c
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

package samples

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A block is one paragraph of a contract.
type block struct {
	role   blockRole
	prefix string // the number: "2.3 "
	text   string
	spans  []span // ranges of text
}

type blockRole int

const (
	blockTitle blockRole = iota
	blockHeading
	blockText
	blockSignature
)

// A contract is composed and not yet laid out.
type contract struct {
	key        string // "nda-01"
	kind       kind
	title      string
	blocks     []block
	categories map[string]bool
}

// A legalWriter composes contracts; its decks carry over from one to the next.
type legalWriter struct {
	bank  *legalBank
	rng   *rand.Rand
	decks map[string]*deck
}

func newLegalWriter(seed int64) (*legalWriter, error) {
	bank, err := loadLegalBank()
	if err != nil {
		return nil, err
	}
	return &legalWriter{bank: bank, rng: rand.New(rand.NewPCG(uint64(seed), 1)), decks: map[string]*deck{}}, nil
}

func (w *legalWriter) deal(name string, size int, fits func(int) bool) (int, bool) {
	d := w.decks[name]
	if d == nil {
		d = &deck{size: size}
		w.decks[name] = d
	}
	return d.deal(w.rng, fits)
}

func (w *legalWriter) dealLine(name string, lines []line, fits func(line) bool) (line, bool) {
	i, ok := w.deal(name, len(lines), func(i int) bool { return fits(lines[i]) })
	if !ok {
		return line{}, false
	}
	return lines[i], true
}

// facts are what a contract says throughout.
type facts struct {
	kind             kind
	place            place
	topic            topic
	purpose          string
	title, noun      string
	names            [2]string // full names, in the order of the preamble
	roles            [2]string // performing, paying: "the Supplier", "the Buyer"
	bare             [2]string // the same without an article
	forms            [2]string
	addresses        [2]string
	people           [2]string
	region, fees     string
	third            string
	premises         string
	signed, starts   time.Time
	years            int // from the start to the end
	layout           string
	numbers          numberStyle
	hasEffectiveDate bool
	captions         bool
	curly            bool
	numbering        numbering
	fixed            map[string]string // the slots that have one value
	last             int               // the last count, for plurals
}

func (w *legalWriter) facts(k kind) *facts {
	rng := w.rng
	f := &facts{kind: k, place: pick(rng, places), region: pick(rng, regions), fees: pick(rng, fees[k])}
	t, _ := w.deal("topic "+string(k), len(topics[k]), func(int) bool { return true })
	f.topic = topics[k][t]
	f.purpose = f.topic.noun
	if k == nda {
		f.purpose = f.topic.detail
	}
	title, _ := w.dealLine("title", w.bank.titles, func(l line) bool { return l.suits(k) })
	f.title, f.noun = title.text, pick(rng, nouns[k])
	for i := range f.names {
		f.names[i], f.forms[i] = w.firm(k, i, f.place)
		f.addresses[i] = address(rng, f.place.city)
		f.people[i] = person(rng)
	}
	f.third, _ = w.firm(k, 1, f.place)
	f.bare = pick(rng, roles[k])
	f.roles = f.bare
	if rng.IntN(5) > 1 {
		f.roles = [2]string{"the " + f.bare[0], "the " + f.bare[1]}
	}
	f.premises = fmt.Sprintf("%s, %s", pick(rng, []string{"Suite 4", "the ground floor", "Unit 12", "the second floor", "Building C", "the east wing"}), address(rng, f.place.city))
	f.signed = day(rng, 2009, 2024)
	f.starts = f.signed.AddDate(0, 0, 1+rng.IntN(75))
	f.years = 1 + rng.IntN(6)
	f.layout = pick(rng, dateLayouts)
	f.numbers = numberStyle(rng.IntN(3))
	f.captions = rng.IntN(5) < 2
	f.curly = rng.IntN(2) == 0
	f.numbering = pick(rng, numberings)
	f.fixed = f.slots()
	return f
}

// firm invents a firm of the side's trade with its legal form.
func (w *legalWriter) firm(k kind, side int, p place) (name, form string) {
	i, _ := w.deal("firm", len(firmFirst), func(int) bool { return true })
	f := pick(w.rng, firmForm)
	name = firmFirst[i] + " " + pick(w.rng, firmTrade[k][side]) + f.suffix
	return strings.Replace(name, "Company Co.", "Company", 1), p.adjective + " " + f.form
}

func (f *facts) date(t time.Time) string { return t.Format(f.layout) }

var offices = []string{"President", "Managing Director", "Chief Executive Officer", "Secretary", "Vice President", "General Manager"}

// slot fills the slots of the legal bank.
func (f *facts) slot(rng *rand.Rand, name, arg string) (string, error) {
	switch name {
	case "n", "pct", "ord":
		n, err := choose(rng, arg)
		if err != nil {
			return "", err
		}
		switch name {
		case "pct":
			return f.numbers.percent(n), nil
		case "ord":
			return ordinals[n], nil
		}
		f.last = n
		return f.numbers.count(n), nil
	case "y":
		if f.last == 1 {
			return arg, nil
		}
		return arg + "s", nil
	case "usd":
		n, err := choose(rng, arg)
		return f.numbers.money(f.place.symbol, f.place.currency, n), err
	case "units":
		return commas(500*(1+rng.IntN(80))) + " " + f.topic.unit, nil
	case "split":
		n := 5 * (4 + rng.IntN(13))
		return fmt.Sprintf("%d:%d", n, 100-n), nil
	case "sch":
		return pick(rng, []string{"A", "B", "C", "1", "2", "3"}), nil
	case "sec":
		return fmt.Sprint(3 + rng.IntN(6)), nil
	case "incoterm":
		return pick(rng, []string{"FCA", "DAP", "CPT", "EXW", "DDP"}), nil
	case "office", "office2":
		return pick(rng, offices), nil
	case "years":
		f.last = f.years
		return f.numbers.count(f.years), nil
	case "expiry":
		return f.date(f.starts.AddDate(f.years, 0, -1)), nil
	case "effective_date":
		return f.date(f.starts), nil
	case "start":
		if f.hasEffectiveDate {
			return "the Effective Date", nil
		}
		return "the date of signing", nil
	}
	if text, ok := f.fixed[name]; ok {
		return text, nil
	}
	return "", fmt.Errorf("no such slot {%s}", name)
}

// slots returns the slots that have one value in a contract.
func (f *facts) slots() map[string]string {
	return map[string]string{
		"A": f.names[0], "B": f.names[1], "P": f.roles[0], "C": f.roles[1], "role1": f.bare[0], "role2": f.bare[1],
		"formA": f.forms[0], "formB": f.forms[1], "addrA": f.addresses[0], "addrB": f.addresses[1],
		"person": f.people[0], "person2": f.people[1], "thirdco": f.third,
		"agr": "this " + f.noun, "Agr": f.noun, "short": f.noun, "short_upper": strings.ToUpper(f.noun), "Title": f.title,
		"X": f.topic.x, "Xdesc": f.topic.detail, "topicnoun": f.topic.noun, "servicedesc": f.topic.detail,
		"leaseuse": f.topic.detail, "purposeshort": f.purpose, "premises": f.premises, "region": f.region, "fees": f.fees,
		"law": f.place.law, "city": f.place.city, "currency": f.place.currency,
		"agreement_date": f.date(f.signed),
	}
}

// A numbering is how a contract numbers its headings and paragraphs.
type numbering struct {
	heading func(n int, title string) string
	para    func(section, n int) string
}

var roman = []string{"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}

var numberings = []numbering{
	{func(n int, t string) string { return fmt.Sprintf("%d. %s", n, strings.ToUpper(t)) },
		func(s, n int) string { return fmt.Sprintf("%d.%d ", s, n) }},
	{func(n int, t string) string { return fmt.Sprintf("Section %d. %s", n, t) },
		func(_, n int) string { return fmt.Sprintf("(%c) ", 'a'+n-1) }},
	{func(n int, t string) string { return fmt.Sprintf("ARTICLE %s - %s", roman[n], strings.ToUpper(t)) },
		func(s, n int) string { return fmt.Sprintf("%d.%02d ", s, n) }},
	{func(n int, t string) string { return fmt.Sprintf("Article %s: %s", roman[n], t) },
		func(s, n int) string { return fmt.Sprintf("Section %d.%d. ", s, n) }},
	{func(n int, t string) string { return fmt.Sprintf("%d) %s", n, t) },
		func(_, n int) string { return fmt.Sprintf("%c) ", 'a'+n-1) }},
	{func(_ int, t string) string { return strings.ToUpper(t) },
		func(_, n int) string { return "" }},
	{func(n int, t string) string { return fmt.Sprintf("%d. %s", n, t) },
		func(s, n int) string { return fmt.Sprintf("%d.%d. ", s, n) }},
}

// sectionOrder is how most contracts go.
var sectionOrder = []string{"definitions", "core", "fees", "term", "confidentiality", "ip", "warranty", "liability", "covenants", "general"}

// An item is a paragraph waiting for its section.
type item struct {
	section, caption, marked string
}

// compose writes one contract.
func (w *legalWriter) compose(k kind, number int) (*contract, error) {
	f := w.facts(k)
	c := &contract{key: fmt.Sprintf("%s-%02d", k.fileName(), number), kind: k, title: f.title, categories: map[string]bool{}}
	if w.rng.IntN(2) == 0 {
		c.title = strings.ToUpper(c.title)
	}
	if err := c.add(f, blockTitle, "", "<Document Name>"+c.title+"</>"); err != nil {
		return nil, err
	}
	if err := w.opening(c, f); err != nil {
		return nil, err
	}
	items, err := w.clauses(c, f)
	if err != nil {
		return nil, err
	}
	if items, err = w.fill(c, f, items); err != nil {
		return nil, err
	}
	if err := w.body(c, f, items); err != nil {
		return nil, err
	}
	return c, w.signatures(c, f)
}

// add appends a marked paragraph.
func (c *contract) add(f *facts, role blockRole, prefix, marked string) error {
	if f.curly {
		marked = curl(marked)
	}
	text, spans, err := cut(marked)
	if err != nil {
		return err
	}
	for _, s := range spans {
		for _, name := range s.categories {
			c.categories[name] = true
		}
	}
	c.blocks = append(c.blocks, block{role: role, prefix: prefix, text: text, spans: spans})
	return nil
}

// curl makes typewriter quotes into typographic ones.
func curl(s string) string {
	var b strings.Builder
	previous := ' '
	for _, r := range s {
		switch {
		case r == '\'':
			b.WriteRune('\u2019')
		case r == '"' && (previous == ' ' || previous == '(' || previous == '>'):
			b.WriteRune('\u201c')
		case r == '"':
			b.WriteRune('\u201d')
		default:
			b.WriteRune(r)
		}
		previous = r
	}
	return b.String()
}

// opening adds the preamble and the recitals.
func (w *legalWriter) opening(c *contract, f *facts) error {
	p, _ := w.dealLine("preamble", w.bank.preambles, func(line) bool { return true })
	f.hasEffectiveDate = strings.Contains(p.caption, "ED")
	if strings.Contains(p.caption, "same") {
		f.starts = f.signed
	}
	text, err := expand(w.rng, p.text, f)
	if err != nil {
		return err
	}
	if err := c.add(f, blockText, "", tidy(text)); err != nil {
		return err
	}
	if w.rng.IntN(3) == 0 {
		return nil
	}
	head := pick(w.rng, []string{"RECITALS", "Background", "WHEREAS", "Preliminary Statement"})
	if err := c.add(f, blockHeading, "", head); err != nil {
		return err
	}
	for i := range 1 + w.rng.IntN(3) {
		l, ok := w.dealLine("recital "+string(f.kind), w.bank.recitals, func(l line) bool { return l.suits(f.kind) })
		if !ok {
			break
		}
		text, err := expand(w.rng, l.text, f)
		if err != nil {
			return err
		}
		if err := c.add(f, blockText, fmt.Sprintf("%c. ", 'A'+i), tidy(text)); err != nil {
			return err
		}
	}
	return nil
}

// clauses chooses the clauses that show categories.
func (w *legalWriter) clauses(c *contract, f *facts) ([]item, error) {
	var chosen []clause
	groups := map[string]bool{}
	have := map[string]bool{"Effective Date": f.hasEffectiveDate}
	for _, dependent := range []bool{false, true} {
		for _, i := range w.rng.Perm(len(w.bank.clauses)) {
			cl := w.bank.clauses[i]
			if (cl.needs != "") != dependent || w.rng.Float64() >= cl.chance[f.kind] {
				continue
			}
			if cl.group != "" && groups[cl.group] || cl.needs != "" && !have[cl.needs] || cl.excludes != "" && have[cl.excludes] {
				continue
			}
			groups[cl.group] = true
			for _, name := range cl.categories {
				have[name] = true
			}
			chosen = append(chosen, cl)
			if w.rng.Float64() < cl.twice {
				chosen = append(chosen, cl)
			}
		}
	}
	f.hasEffectiveDate = have["Effective Date"]
	slices.SortStableFunc(chosen, func(a, b clause) int { return strings.Compare(a.name, b.name) })

	var items []item
	for _, cl := range chosen {
		l, ok := w.dealLine("clause "+cl.name, cl.lines, func(l line) bool { return l.suits(f.kind) })
		if !ok {
			return nil, fmt.Errorf("samples: no wording of %s suits a contract of kind %s", cl.name, f.kind)
		}
		marked := l.text
		if !strings.Contains(marked, "</>") {
			marked = "<" + strings.Join(cl.categories, ";") + ">" + marked + "</>"
		}
		caption, err := expand(w.rng, pick(w.rng, cl.captions), f)
		if err != nil {
			return nil, err
		}
		text, err := expand(w.rng, marked, f)
		if err != nil {
			return nil, err
		}
		items = append(items, item{section: cl.section, caption: caption, marked: tidy(text)})
	}
	for _, it := range items {
		_, spans, err := cut(it.marked)
		if err != nil {
			return nil, err
		}
		for _, s := range spans {
			for _, name := range s.categories {
				c.categories[name] = true
			}
		}
	}
	return items, nil
}

// fill adds paragraphs that show no category until the contract is as long as
// it should be.
func (w *legalWriter) fill(c *contract, f *facts, items []item) ([]item, error) {
	target := 980 + w.rng.IntN(620)
	count := 120 // title, headings, numbers and signatures
	for _, b := range c.blocks {
		count += len(strings.Fields(b.text))
	}
	for _, it := range items {
		count += len(strings.Fields(it.marked))
	}
	for tries := 0; count < target && tries < 400; tries++ {
		s := w.bank.fillers[w.rng.IntN(len(w.bank.fillers))]
		if s.section == "core" && w.rng.IntN(2) == 0 {
			continue
		}
		used := func(caption string) bool {
			return slices.ContainsFunc(items, func(it item) bool { return it.section == s.section && it.caption == caption })
		}
		l, ok := w.dealLine("filler "+s.section, s.lines, func(l line) bool {
			return l.suits(f.kind) && !c.categories[l.excludes] && !used(l.caption)
		})
		if !ok {
			continue
		}
		text, err := expand(w.rng, l.text, f)
		if err != nil {
			return nil, err
		}
		items = append(items, item{section: s.section, caption: l.caption, marked: tidy(text)})
		count += len(strings.Fields(text))
	}
	return items, nil
}

// body lays the items out by sections.
func (w *legalWriter) body(c *contract, f *facts, items []item) error {
	order := slices.Clone(sectionOrder)
	if w.rng.IntN(3) == 0 { // some contracts begin with the deal itself
		order[0], order[1] = order[1], order[0]
	}
	for range 2 {
		i := 3 + w.rng.IntN(5)
		order[i], order[i+1] = order[i+1], order[i]
	}
	n := 0
	for _, section := range order {
		var own []item
		for _, it := range items {
			if it.section == section {
				own = append(own, it)
			}
		}
		if len(own) == 0 {
			continue
		}
		n++
		w.rng.Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
		if err := c.add(f, blockHeading, "", f.numbering.heading(n, w.heading(section, f.kind))); err != nil {
			return err
		}
		for i, it := range own {
			marked := it.marked
			if f.captions {
				marked = it.caption + ". " + marked
			}
			if err := c.add(f, blockText, f.numbering.para(n, i+1), marked); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *legalWriter) heading(section string, k kind) string {
	options := w.bank.headings[section]
	if len(options) == 0 {
		options = w.bank.headings[section+"."+string(k)]
	}
	return pick(w.rng, options)
}

func (w *legalWriter) signatures(c *contract, f *facts) error {
	l, _ := w.dealLine("closing", w.bank.closings, func(line) bool { return true })
	text, err := expand(w.rng, l.text, f)
	if err != nil {
		return err
	}
	if err := c.add(f, blockText, "", tidy(text)); err != nil {
		return err
	}
	for i, name := range f.names {
		for _, l := range []string{
			strings.ToUpper(f.bare[i]) + ": " + name,
			"By: ______________________",
			"Name: " + f.people[i],
			"Title: " + pick(w.rng, offices),
		} {
			if err := c.add(f, blockSignature, "", l); err != nil {
				return err
			}
		}
	}
	return nil
}

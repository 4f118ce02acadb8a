package samples

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A mention is a finding in a report's findings section.
type mention struct {
	name, presence         string
	side, severity, change string
	sentence               string
}

// A report is composed and not yet laid out.
type report struct {
	key         string // "cxr-001"
	study       *study
	title       string
	technique   string
	indication  string
	comparison  string
	sentences   []string // findings
	mentions    []mention
	impression  []string
	patient     patient
	examined    time.Time
	identifying bool // the text names the patient
}

// A patient is invented.
type patient struct {
	given, family, mrn string
	female             bool
	born               time.Time
	doctor, reader     string
	phone              string
}

// An observation is one finding's facts in one report; slots that were used
// in the findings are the only ones that an impression may use.
type observation struct {
	f                      *finding
	side, severity, change string
	size, tip, rib, bone   string
	small, big, appendix   string
	lobe, base             string
	used                   map[string]bool
	brief                  bool // writing the impression
}

var (
	changeAfter = map[string][]string{
		"stable":    {", unchanged", ", stable from the prior exam", ", without interval change", ", similar to the earlier study", ", not changed since the comparison"},
		"increased": {", increased since the prior study", ", larger than before", ", worse than on the earlier exam", ", which has progressed in the interval", ", greater than previously"},
		"decreased": {", decreased from the prior study", ", smaller than before", ", improved since the earlier exam", ", partly resolved in the interval", ", less than previously"},
		"new":       {", new since the prior study", ", not seen on the earlier exam", ", new in the interval", ", which was not there before"},
	}
	changeBefore = map[string][]string{
		"stable":    {"stable", "unchanged"},
		"increased": {"increased", "worsening", "increasing"},
		"decreased": {"decreased", "improving", "improved"},
		"new":       {"new"},
	}
	adverbs = map[string]string{"mild": "mildly", "moderate": "moderately", "marked": "markedly"}
)

func observe(rng *rand.Rand, f *finding, compared bool) *observation {
	o := &observation{f: f, used: map[string]bool{}}
	if len(f.sides) > 0 {
		o.side = pick(rng, f.sides)
	}
	if len(f.severities) > 0 {
		o.severity = pick(rng, f.severities)
	}
	if compared && len(f.changes) > 0 && rng.IntN(4) > 0 {
		o.change = pick(rng, f.changes)
	}
	lobes := []string{"upper", "lower", "lower"}
	if o.side == "right" {
		lobes = append(lobes, "middle")
	}
	o.lobe = o.side + " " + pick(rng, lobes) + " lobe"
	o.base = o.side + pick(rng, []string{" lung base", " base"})
	if o.side == "bilateral" {
		o.lobe = pick(rng, []string{"both lower lobes", "both upper lobes"})
		o.base = pick(rng, []string{"both lung bases", "both bases"})
	}
	n := 4 + rng.IntN(26)
	o.size = fmt.Sprintf("%d mm", n)
	if n >= 10 && rng.IntN(2) == 0 {
		o.size = fmt.Sprintf("%d.%d cm", n/10, n%10)
	}
	o.small = fmt.Sprintf("%d mm", 2+rng.IntN(8))
	o.big = fmt.Sprintf("%d.%d cm", 3+rng.IntN(3), 1+rng.IntN(9))
	o.appendix = fmt.Sprintf("%d mm", 8+rng.IntN(8))
	o.tip = fmt.Sprintf("%d cm", 2+rng.IntN(5))
	o.rib = ordinals[3+rng.IntN(8)]
	o.bone = pick(rng, []string{"T6", "T7", "T8", "T9", "T10", "T11", "T12", "L1"})
	return o
}

// plural returns the ending for one side or for two.
func (o *observation) plural(one, two string) string {
	if o.side == "bilateral" {
		return two
	}
	return one
}

// value returns a fact and marks it as used; in the impression it is withheld
// when the findings did not give it.
func (o *observation) value(name, v string) string {
	if o.brief && !o.used[name] {
		return ""
	}
	o.used[name] = true
	return v
}

// slot fills the slots of the medical bank.
func (o *observation) slot(rng *rand.Rand, name, _ string) (string, error) {
	switch name {
	case "side":
		return o.value("side", o.side), nil
	case "side2":
		return o.value("side", o.plural("the "+o.side, "both sides")), nil
	case "lobe":
		o.value("side", o.side)
		return o.value("lobe", o.lobe), nil
	case "base": // in the impression the side is enough: basilar findings only
		return o.value("side", o.base), nil
	case "sev":
		return o.value("severity", o.severity), nil
	case "sevly":
		return o.value("severity", adverbs[o.severity]), nil
	case "size":
		return o.value("size", o.size), nil
	case "smallsize":
		return o.value("small", o.small), nil
	case "bigsize":
		return o.value("big", o.big), nil
	case "appsize":
		return o.value("appendix", o.appendix), nil
	case "tip":
		return o.value("tip", o.tip), nil
	case "rib":
		return o.value("rib", o.rib), nil
	case "vertebra":
		return o.value("bone", o.bone), nil
	case "chg":
		if o.value("change", o.change) == "" {
			return "", nil
		}
		return pick(rng, changeAfter[o.change]), nil
	case "chgl":
		if o.value("change", o.change) == "" {
			return "", nil
		}
		return pick(rng, changeBefore[o.change]), nil
	case "image":
		return fmt.Sprint(20 + rng.IntN(180)), nil
	}
	if ending, ok := map[string][2]string{
		"s": {"", "s"}, "es": {"", "es"}, "us": {"us", "i"}, "um": {"um", "a"}, "y": {"y", "ies"}, "ism": {"ism", "i"},
		"is": {"is", "are"}, "isa": {"is a", "are"}, "a": {"a", ""}, "A": {"a", ""}, "3s": {"s", ""}, "shows": {"shows", "show"},
	}[name]; ok {
		return o.plural(ending[0], ending[1]), nil
	}
	return "", fmt.Errorf("no such slot {%s}", name)
}

// mention says what the findings sentence states of the observation.
func (o *observation) mention(presence, sentence string) mention {
	m := mention{name: o.f.name, presence: presence, sentence: sentence}
	if o.used["side"] && slices.Contains([]string{"left", "right", "bilateral"}, o.side) {
		m.side = o.side
	}
	if o.used["severity"] {
		m.severity = o.severity
	}
	if o.used["change"] {
		m.change = o.change
	}
	return m
}

var (
	article   = regexp.MustCompile(`\b([Aa]) ([aeiou8])`)
	bilateral = regexp.MustCompile(`\b([Tt])he (bilateral|both) `)
	bothLobes = regexp.MustCompile(`\b[Bb]oth (upper|lower) lobes (consolidation|opacity|scar|infiltrate|pneumonia|bronchiectasis|infection)`)
)

// tidyReport makes the words of a radiology sentence agree.
func tidyReport(s string) string {
	s = tidy(s)
	s = bilateral.ReplaceAllString(s, "both ")
	s = bothLobes.ReplaceAllString(s, "bilateral $1 lobe $2")
	return capitalize(article.ReplaceAllString(s, "${1}n $2"))
}

// A reportWriter composes reports; none is a near-copy of an earlier one.
type reportWriter struct {
	rng     *rand.Rand
	studies []study
	decks   map[string]*deck
	earlier [][]uint64
}

func newReportWriter(seed int64) (*reportWriter, error) {
	studies, err := loadStudies()
	if err != nil {
		return nil, err
	}
	return &reportWriter{rng: rand.New(rand.NewPCG(uint64(seed), 2)), studies: studies, decks: map[string]*deck{}}, nil
}

// all writes the reports in their order.
func (w *reportWriter) all() ([]*report, error) {
	var out []*report
	for i, s := range schedule(w.studies, w.rng) {
		r, err := w.compose(s, i+1)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// compose writes a report of the study, anew until it is unlike all earlier
// ones.
func (w *reportWriter) compose(s *study, number int) (*report, error) {
	for range 200 {
		r, err := w.try(s)
		if err != nil {
			return nil, err
		}
		set := shingles(strings.Join(r.sentences, " ") + " " + strings.Join(r.impression, " "))
		alike := slices.ContainsFunc(w.earlier, func(e []uint64) bool { return jaccard(set, e) > 0.5 })
		if alike {
			continue
		}
		w.earlier = append(w.earlier, set)
		r.key = fmt.Sprintf("%s-%03d", s.name, number)
		return r, nil
	}
	return nil, fmt.Errorf("samples: the bank is too small for another report of kind %s", s.name)
}

// say takes the next of the templates, dealt evenly over all reports.
func (w *reportWriter) say(deckName string, templates []string, s slotter) (string, error) {
	d := w.decks[deckName]
	if d == nil {
		d = &deck{size: len(templates)}
		w.decks[deckName] = d
	}
	i, _ := d.deal(w.rng, func(int) bool { return true })
	return expand(w.rng, templates[i], s)
}

func (w *reportWriter) try(s *study) (*report, error) {
	rng := w.rng
	r := &report{study: s, title: pick(rng, s.titles), patient: newPatient(rng), identifying: rng.IntN(4) == 0}
	r.examined = day(rng, 2011, 2024).Add(time.Duration(6*60+rng.IntN(900)) * time.Minute)
	r.patient.born = r.examined.AddDate(-18-rng.IntN(75), -rng.IntN(12), -1-rng.IntN(27))
	var err error
	if r.technique, err = w.say("technique "+s.name, s.techniques, r); err != nil {
		return nil, err
	}
	if r.indication, err = w.say("reason "+s.name, s.reasons, r); err != nil {
		return nil, err
	}
	r.indication = tidy(r.indication)
	compared := rng.IntN(5) < 3
	r.comparison = r.compare(rng, compared)

	var seen []*observation
	var maybe []bool
	if rng.IntN(10) >= 3 {
		seen, maybe = w.observe(s, compared)
	}
	if err := w.describe(r, seen, maybe); err != nil {
		return nil, err
	}
	if err := w.deny(r, seen); err != nil {
		return nil, err
	}
	return r, w.conclude(r, seen, maybe)
}

// compare writes the comparison section; it is empty in some reports.
func (r *report) compare(rng *rand.Rand, compared bool) string {
	if !compared {
		return pick(rng, []string{"None.", "None available.", "", ""})
	}
	prior := r.examined.AddDate(0, 0, -1-rng.IntN(700))
	return fmt.Sprintf(pick(rng, []string{"%s.", "Study of %s.", "Prior examination dated %s.", "Compared with %s."}),
		prior.Format(pick(rng, []string{"01/02/2006", "January 2, 2006", "2006-01-02", "1/2/06"})))
}

// slot fills the slots of indications and techniques.
func (r *report) slot(rng *rand.Rand, name, _ string) (string, error) {
	switch name {
	case "age":
		return fmt.Sprint(r.examined.Year() - r.patient.born.Year()), nil
	case "sex":
		if r.patient.female {
			return pick(rng, []string{"woman", "female"}), nil
		}
		return pick(rng, []string{"man", "male"}), nil
	case "days":
		return fmt.Sprint(2 + rng.IntN(12)), nil
	case "ml":
		return fmt.Sprint(70 + 5*rng.IntN(9)), nil
	}
	return "", fmt.Errorf("no such slot {%s}", name)
}

func newPatient(rng *rand.Rand) patient {
	return patient{given: pick(rng, given), family: pick(rng, family), mrn: fmt.Sprintf("%08d", 100000+rng.IntN(9000000)),
		female: rng.IntN(2) == 0, doctor: person(rng), reader: person(rng), phone: fmt.Sprintf("555-01%02d", rng.IntN(100))}
}

// observe chooses one to four findings.
func (w *reportWriter) observe(s *study, compared bool) (seen []*observation, maybe []bool) {
	total := 0
	for _, f := range s.findings {
		total += f.freq
	}
	want := pick(w.rng, []int{1, 2, 2, 3, 3, 4})
	taken := map[string]bool{}
	for tries := 0; len(seen) < want && tries < 50; tries++ {
		f := drawFinding(s.findings, w.rng.IntN(total))
		if taken[f.name] {
			continue
		}
		taken[f.name] = true
		for _, group := range rivals {
			if slices.Contains(group, f.name) {
				for _, name := range group {
					taken[name] = true
				}
			}
		}
		seen = append(seen, observe(w.rng, f, compared))
		maybe = append(maybe, len(f.uncertain) > 0 && len(f.briefMaybe) > 0 && w.rng.IntN(100) < 18)
	}
	return seen, maybe
}

// drawFinding returns the finding in whose range of frequencies n lies.
func drawFinding(findings []finding, n int) *finding {
	for i := range findings {
		if n -= findings[i].freq; n < 0 {
			return &findings[i]
		}
	}
	return &findings[len(findings)-1]
}

// describe writes a sentence for each observation.
func (w *reportWriter) describe(r *report, seen []*observation, maybe []bool) error {
	for i, o := range seen {
		templates, presence, name := o.f.present, "present", "present "
		if maybe[i] {
			templates, presence, name = o.f.uncertain, "uncertain", "uncertain "
		}
		text, err := w.say(name+r.study.name+" "+o.f.name, templates, o)
		if err != nil {
			return err
		}
		sentence := tidyReport(text)
		r.sentences = append(r.sentences, sentence)
		r.mentions = append(r.mentions, o.mention(presence, sentence))
	}
	return nil
}

// deny adds sentences about what is absent or plain until there are four to
// nine, and puts all in a new order.
func (w *reportWriter) deny(r *report, seen []*observation) error {
	want := max(4, len(seen)+2) + w.rng.IntN(3)
	if len(seen) == 0 {
		want++
	}
	used := map[string]bool{}
	for _, o := range seen {
		used[o.f.name] = true
	}
	denied := map[string]bool{}
	for _, i := range w.rng.Perm(len(r.study.negatives)) {
		n := r.study.negatives[i]
		if len(r.sentences) >= want || len(r.sentences) >= 9 {
			break
		}
		clash := func(name string) bool { return used[name] }
		if slices.ContainsFunc(n.names, func(name string) bool { return used[name] || denied[name] }) || slices.ContainsFunc(n.conflicts, clash) {
			continue
		}
		text, err := expand(w.rng, n.text, r)
		if err != nil {
			return err
		}
		sentence := tidyReport(text)
		r.sentences = append(r.sentences, sentence)
		for _, name := range n.names {
			denied[name] = true
			r.mentions = append(r.mentions, mention{name: name, presence: "absent", sentence: sentence})
		}
	}
	for _, i := range w.rng.Perm(len(r.study.neutrals)) {
		if len(r.sentences) >= 4 && w.rng.IntN(2) == 0 || len(r.sentences) >= 9 {
			break
		}
		text, err := expand(w.rng, r.study.neutrals[i], r)
		if err != nil {
			return err
		}
		r.sentences = append(r.sentences, dictated(w.rng, tidyReport(text)))
	}
	w.rng.Shuffle(len(r.sentences), func(i, j int) { r.sentences[i], r.sentences[j] = r.sentences[j], r.sentences[i] })
	slices.SortStableFunc(r.mentions, func(a, b mention) int {
		return slices.Index(r.sentences, a.sentence) - slices.Index(r.sentences, b.sentence)
	})
	return nil
}

// dictated leaves the slips of dictation in some sentences: a word said twice,
// a full stop spoken out, a gap in the recording.
func dictated(rng *rand.Rand, sentence string) string {
	first, rest, _ := strings.Cut(strings.ToLower(sentence), " ")
	switch rng.IntN(16) {
	case 0:
		return first + " " + first + " " + rest
	case 1:
		return strings.TrimSuffix(sentence, ".") + " period."
	case 2:
		return "[Inaudible] " + first + " " + rest
	default:
		return sentence
	}
}

// conclude writes the impression: the observations, the most important first.
func (w *reportWriter) conclude(r *report, seen []*observation, maybe []bool) error {
	s := r.study
	if len(seen) == 0 {
		text, err := w.say("normal "+s.name, s.normals, r)
		r.impression = []string{tidyReport(text)}
		return err
	}
	order := make([]int, len(seen))
	top := 0
	for i := range seen {
		order[i] = i
		top = max(top, seen[i].f.weight)
	}
	slices.SortStableFunc(order, func(a, b int) int { return seen[b].f.weight - seen[a].f.weight })
	for _, i := range order {
		o := seen[i]
		if o.f.weight == 1 && len(r.impression) > 0 && w.rng.IntN(3) > 0 {
			continue // an impression leaves out what does not matter
		}
		templates, name := o.f.brief, "brief "
		if maybe[i] {
			templates, name = o.f.briefMaybe, "maybe "
		}
		o.brief = true
		text, err := w.say(name+s.name+" "+o.f.name, templates, o)
		if err != nil {
			return err
		}
		text = strings.TrimRight(tidyReport(text), ",; ")
		r.impression = append(r.impression, text+".")
	}
	last := len(r.impression) - 1
	if last > 0 && last < 3 && !slices.Contains(maybe, true) && !strings.Contains(r.impression[last-1], ",") && w.rng.IntN(5) == 0 {
		// Two in one sentence, unless a doubt about one would spread to both.
		joined := strings.TrimSuffix(r.impression[last-1], ".") + " and " + lowerFirst(r.impression[last])
		r.impression = append(r.impression[:last-1], joined)
	}
	switch {
	case top <= 3 && w.rng.IntN(3) > 0:
		text, err := w.say("no acute "+s.name, s.noAcute, r)
		if err != nil {
			return err
		}
		r.impression = append(r.impression, tidyReport(text))
	case len(r.impression) < 4 && w.rng.IntN(6) == 0:
		text, err := w.say("other "+s.name, s.others, r)
		if err != nil {
			return err
		}
		r.impression = append(r.impression, tidyReport(text))
	}
	return nil
}

// lowerFirst makes a sentence go on where another left off. Names such as
// "L1" and "CT" keep their capitals.
func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

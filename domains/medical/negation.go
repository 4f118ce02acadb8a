package medical

import (
	"strings"
	"sync"
)

// Cues decide whether a finding is denied, doubted or affirmed, in the manner
// of NegEx (Chapman et al., J Biomed Inform 2001) and NegBio (Peng et al.,
// 2018): a cue has a direction and a scope that ends where another statement
// begins.
type cueKind uint8

const (
	denyAfter   cueKind = iota // "no": denies what follows
	denyBefore                 // "is not seen": denies what precedes
	doubtAfter                 // "may represent"
	doubtBefore                // "cannot be excluded"
	stop                       // "but": ends every scope
	ask                        // "correlate for": what follows is a wish, not a finding
	askBefore                  // "may not be seen": what precedes is a reservation
	changed                    // "unchanged": a comparison with a prior study
)

type cue struct {
	kind  cueKind
	reach int // in tokens; 0 means the whole scope
	// soft doubts are also said of what is denied: "no nodule suspicious for
	// malignancy" stays a denial.
	soft bool
	// close cues look back over no comma: in "the heart is enlarged, the vessels
	// are within normal limits" they speak of the vessels.
	close  bool
	change string
}

// Changes against a prior study.
const (
	unchanged = "unchanged"
	increased = "increased"
	improved  = "improved"
	isNew     = "new"
	resolved  = "resolved"
	compared  = "compared"
)

var cuePatterns = []struct {
	cue      cue
	patterns []string
}{
	{cue{kind: denyAfter}, []string{
		"no", "nothing", "without", "absence of", "free of|from", "clear of|from", "negative for|of", "lack of", "denies", "neither", "nor",
		"resolution of", "removal of", "removed", "devoid of", "unremarkable for", "no longer", "no evidence|indication|suggestion|sign|signs of|for",
		"not ~2 demonstrate|show|reveal|see|identify|have|suggest", "fails to ~1 demonstrate|show|reveal", "non",
		"no longer|not seen|identified|visualized|present|evident is|are", "resolution|clearing|removal ~1 of",
	}},
	{cue{kind: denyAfter, reach: 6}, []string{"not", "never", "rather than"}},
	{cue{kind: denyAfter, reach: 3}, []string{"resolved"}},
	{cue{kind: denyBefore, reach: 10}, []string{
		"not ~3 seen|identified|demonstrated|visualized|visible|present|evident|appreciated|noted|detected|apparent|found|observed|suspected|suggested|shown",
		"no longer ~2 seen|identified|demonstrated|visualized|visible|present|evident|appreciated|noted",
		"has|have ~2 resolved|cleared|disappeared", "is|are|was|were absent", "ruled out", "is|are|was|were|been ~1 excluded", "unlikely",
		"has|have been ~1 removed|withdrawn|discontinued|explanted", "is|was|were removed|withdrawn|discontinued|explanted", "removal", "none",
	}},
	{cue{kind: denyBefore, reach: 6, close: true}, []string{"within ~2 limits of normal", "within normal limits", "within limits"}},
	{cue{kind: denyBefore, reach: 2}, []string{"resolved", "absent", "ruled out"}},
	{cue{kind: askBefore, reach: 10}, []string{"may|might|could not ~2 seen|identified|demonstrated|visualized|visible|evident|excluded|apparent"}},

	{cue{kind: doubtAfter}, []string{
		"may|might|could|can|would ~3 represent|reflect|indicate|suggest|be|relate|related|include|signify|have|simulate|mimic",
		"cannot ~3 exclude", "can not ~3 exclude", "not ~2 exclude", "not ~3 rule out", "cannot ~2 rule out", "difficult|hard|impossible|unable to ~2 exclude|rule",
		"differential ~6 include*", "distinguish* from", "differentiat* from", "cannot|not ~3 exclude ~1 possibility", "raise* ~2 possibility|question|suspicion", "possibility of", "either", "felt to ~1 represent|be", "is|are|was|were ~2 favored|felt|thought|likely|suspected|presumed to ~1 represent|reflect|be|indicate|relate", "suspicion of|for", "suspect", "presumed", "thought to ~1 represent|be",
	}},
	{cue{kind: doubtAfter, reach: 5}, []string{
		"possible", "possibly", "potential", "potentially", "probable", "probably", "likely", "presumably", "perhaps", "questionable", "question", "suspected", "consider", "favor*",
		"may", "might", "could", "maybe", "apparent", "suggested", "equivocal",
	}},
	{cue{kind: doubtAfter, reach: 6}, []string{"versus", "vs"}},
	{cue{kind: doubtAfter, soft: true}, []string{
		"suggest*", "suggestive of", "suspicious for|of", "concern*|worrisome for", "suggestion of", "exclude", "exclusion of", "question of",
	}},
	{cue{kind: ask, reach: 8}, []string{
		"evaluat* ~1 for|of", "assess* ~1 for|of", "look for", "to identify|characterize|document|confirm", "to better|further identify|characterize|evaluate|assess", "to exclude", "to better exclude", "rule out", "correlate|correlation ~5 for|of|with", "if", "should", "may|might|could|can|would obscure|hide|mask|conceal|limit|limits|simulate|mimic",
		"document|ensure|confirm|until|assess|verify|demonstrate|allow|show ~3 resolution|clearing|stability ~1 of", "recommend* for|to",
	}},
	{cue{kind: doubtBefore, reach: 12}, []string{
		"cannot ~3 excluded", "can not ~3 excluded", "not ~3 excluded", "is|are|was|were|been not ~3 excluded", "not ~1 been ~2 excluded", "not ~2 ruled out", "is|are|was|were not ~2 ruled out", "not ~1 been ~2 ruled out", "cannot ~3 ruled out",
		"cannot ~3 distinguish*|differentiat*", "not ~3 distinguish*|differentiat*", "difficult to ~2 exclude|distinguish",
		"is|are|was|were ~2 possible|suspected|questioned|considered|favored|likely|probable|questionable", "in the differential", "not ~1 exclude", "a|another|under consideration",
	}},
	{cue{kind: doubtBefore, reach: 3}, []string{"versus", "vs", "suspected", "not excluded", "possible", "possibly"}},

	{cue{kind: stop}, []string{
		"but", "however", "although", "though", "except", "apart from", "aside from", "other than", "which", "with", "there is|are|has|have|was|were|appear*", "otherwise",
		"yet", "because", "while", "whereas", "since", "given", "allowing for", "also", "despite",
	}},

	{cue{kind: changed, change: unchanged}, []string{
		"unchanged", "stable", "stably", "no|without change", "not ~2 changed", "no|without significant|interval|appreciable|substantial|definite|xxxx|gross|obvious|acute change", "no|without significant|appreciable|substantial|xxxx|gross|obvious|acute interval|significant|xxxx change", "no|without interval|significant changes",
		"persistent", "persist", "persists", "persistently", "again ~2 seen|noted|identified|demonstrated|present|visualized|is|are", "again", "redemonstrat*", "similar", "remains|remain", "stability", "continued",
		"no|without ~2 increase|decrease|progression|improvement|worsening|enlargement", "no|not ~2 increased|decreased|progressed|enlarging",
	}},
	{cue{kind: changed, change: increased}, []string{
		"interval increase|worsening|progression|enlargement", "increased in ~1 size|number|conspicuity|prominence", "increase in ~1 size|number", "increased ~2 since|compared|from", "has|have ~2 increased|worsened|progressed|enlarged", "increasing",
		"worse", "worsen*", "has|have ~1 progressed", "greater ~2 previously|before|prior|previous|earlier", "progression", "progressive*", "larger ~1 than", "enlarging", "more ~1 prominent|conspicuous|pronounced|extensive", "interval ~1 increased",
	}},
	{cue{kind: changed, change: improved}, []string{
		"improv*", "interval ~1 decrease*|reduction", "decreased|reduced in ~1 size|number|conspicuity", "decrease in ~1 size|number", "decreasing", "decreased ~2 since|compared|from", "has|have ~2 decreased", "resolving", "smaller", "clearing", "partly|partially resolved", "less ~2 previously|before|prior|previous|earlier", "less ~1 prominent|conspicuous|pronounced", "partial ~1 resolution",
		"interval resolution", "diminishing",
	}},
	{cue{kind: changed, change: isNew}, []string{"new", "newly", "interval development|appearance|placement", "not ~2 seen|visualized|present|evident|identified ~1 on|in ~2 prior|previous|earlier|comparison", "not there before", "not ~1 present previously|before", "has|have ~1 developed", "new since"}},
	{cue{kind: changed, change: resolved}, []string{"resolved", "resolution of", "has|have cleared", "no longer ~2 seen|identified|present|visualized|evident"}},
	{cue{kind: changed, change: compared}, []string{
		"compared to|with", "in comparison to|with", "since ~2 prior|previous|xxxx|last|comparison|exam*|study", "from ~2 prior|previous ~2 exam*|study|radiograph*|film*|ct", "than ~3 prior|previous",
		"interval ~1 change*",
	}},
}

// noCues are wordings that hold a word of comparison and compare nothing, or one
// of denial and deny nothing.
var noCues = []string{
	"document|ensure|confirm|demonstrate|until|assess|verify|allow ~3 resolution|stability|clearing", "no|without comparison", "no|without ~1 prior*", "assess|evaluate for ~2 change|stability|resolution",
	"resolution ~1 ct|radiograph*", "high resolution", "continued clinical|concern|follow|followup|surveillance|monitoring|observation",
	"left|right worse", "worse than|on ~1 left|right", "worse at|in ~1 base*|left|right",
	// Words of denial that deny nothing.
	"no doubt|question", "no doubt|question of|about|that", "not only", "not necessarily", "not certain if|whether", "without difficulty|complication",
}

// cueLexicon finds cues. A hit whose cue is nil takes its words away from
// other cues.
var cueLexicon = sync.OnceValue(func() *matcher[*cue] {
	m := newMatcher[*cue]()
	for i := range cuePatterns {
		for _, p := range cuePatterns[i].patterns {
			m.add(p, &cuePatterns[i].cue)
		}
	}
	for _, p := range noCues {
		m.add(p, nil)
	}
	return m
})

// startsStatement are words that, after a comma or "and", begin a new
// statement rather than go on with a list of denied findings.
var startsStatement = wordSet("stable", "unchanged", "mild", "mildly", "moderate", "moderately", "severe", "small", "minimal",
	"minimally", "there", "persistent", "chronic", "borderline", "trace", "interval", "the", "heart", "cardiac", "cardiomegaly",
	"mediastinal", "lungs", "lung", "calcified", "degenerative", "tortuous", "low", "old", "healed", "prior", "previous", "right", "left",
	"bilateral", "bibasilar", "increased", "patchy", "streaky", "subtle", "slight", "slightly", "marked", "again", "atherosclerotic",
	"hyperexpanded", "hyperinflated", "post", "probable", "possible", "likely", "status", "is", "are", "this", "these", "it")

var verbs = wordSet("is", "are", "was", "were", "appears", "appear", "has", "have", "remains", "remain", "seen", "noted", "identified",
	"demonstrated", "overlies", "overlie", "demonstrates", "shows", "reveals", "projects", "represents")

// A statement is a sentence with what was found in it.
type statement struct {
	tokens   []token
	mentions []mention
	cues     []hit[*cue]
}

// presence decides on a mention.
func (s *statement) presence(m mention) (presence string, limited bool) {
	if answer := s.answered(m); answer != "" {
		return answer, false
	}
	if denied, end := s.denial(m); denied {
		return Absent, s.limits(m, end)
	}
	if s.doubted(m) {
		return Uncertain, false
	}
	return Present, false
}

// answers are what a form says of a finding behind its colon.
var answers = map[string]string{
	"none": Absent, "no": Absent, "absent": Absent, "negative": Absent, "nil": Absent, "n": Absent, "resolved": Absent, "normal": Absent,
	"yes": Present, "present": Present, "positive": Present,
	"possible": Uncertain, "possibly": Uncertain, "questionable": Uncertain, "equivocal": Uncertain, "indeterminate": Uncertain, "suspected": Uncertain,
}

// answered returns what a form answers on m: "Pneumothorax: none". The answer
// must be all that is said, up to a mark.
func (s *statement) answered(m mention) string {
	at := m.end + 1
	if at >= len(s.tokens) || s.tokens[m.end].word != ":" {
		return ""
	}
	if at+1 < len(s.tokens) && s.tokens[at+1].kind != punctToken {
		return ""
	}
	return answers[s.tokens[at].word]
}

// asked reports whether m is only what somebody is to look for.
func (s *statement) asked(m mention) bool {
	for _, c := range s.cues {
		if c.value.kind == askBefore && c.start >= m.end && within(c.value.reach, c.start-m.end) && !s.backwardEnds(m, c) {
			return true
		}
		if c.value.kind != ask || c.end > m.start || !within(c.value.reach, m.start-c.end) {
			continue
		}
		ends := false
		for i := c.end; i < m.start; i++ {
			ends = ends || s.tokens[i].word == ":" || s.tokens[i].word == ","
		}
		if !ends {
			return true
		}
	}
	return false
}

// denial reports whether a cue denies m, and where it ends when it stands
// before m, else -1.
func (s *statement) denial(m mention) (denied bool, end int) {
	for i := len(s.cues) - 1; i >= 0; i-- {
		c := s.cues[i]
		switch {
		case c.value.kind == denyAfter && c.end <= m.start:
			if within(c.value.reach, m.start-c.end) && !s.denialEnds(c.end, m) {
				return true, c.end
			}
		case c.value.kind == denyAfter && c.start > m.start && c.end < m.end && !m.owns(c.words):
			return true, -1 // "heart is not enlarged"
		case c.value.kind == denyBefore && c.start >= m.end:
			if within(c.value.reach, c.start-m.end) && !s.backwardEnds(m, c) {
				return true, -1
			}
		}
	}
	return false, -1
}

func (s *statement) doubted(m mention) bool {
	for _, c := range s.cues {
		switch {
		case c.value.kind == doubtAfter && c.end <= m.start:
			if s.doubtReaches(c, m) {
				return true
			}
		case c.value.kind == doubtAfter && c.start > m.start && c.end < m.end && !m.owns(c.words):
			return true
		case c.value.kind == doubtBefore && c.start >= m.end, c.value.kind == doubtAfter && c.start >= m.end && s.concludes(c):
			if within(c.value.reach, c.start-m.end) && !s.backwardEnds(m, c) {
				return true
			}
		}
	}
	return s.alternative(m)
}

// concludes reports whether a doubt of what follows stands at the end, where it
// can only be of what precedes: "a small effusion is difficult to exclude".
func (s *statement) concludes(c hit[*cue]) bool {
	switch s.tokens[c.end-1].word {
	case "exclude", "rule", "distinguish":
		return c.end == len(s.tokens) || s.tokens[c.end].kind == punctToken
	}
	return false
}

func within(reach, distance int) bool { return reach == 0 || distance <= reach }

// denialEnds reports whether a denial that begins at token from ends before m.
func (s *statement) denialEnds(from int, m mention) bool {
	verb := false
	for i := from; i < m.start; i++ {
		switch t := s.tokens[i]; {
		case t.word == ":":
			return true
		case t.word == "," || t.word == "and":
			next := i + 1
			if next < len(s.tokens) && s.tokens[next].word == "and" {
				next++
			}
			if next < len(s.tokens) && startsStatement[s.tokens[next].word] && !s.orFollows(next) {
				return true
			}
			if verb {
				return true
			}
		case verbs[t.word]:
			verb = true
		}
	}
	for _, c := range s.cues {
		if c.start < from || c.start >= m.start {
			continue
		}
		if c.value.kind == stop || c.value.kind == doubtAfter && !c.value.soft {
			return true
		}
	}
	return false
}

// orFollows reports whether the list goes on to an "or" before the next stop.
func (s *statement) orFollows(from int) bool {
	limit := len(s.tokens)
	for _, c := range s.cues {
		if c.start > from && (c.value.kind == stop || c.value.kind == denyAfter) {
			limit = min(limit, c.start)
		}
	}
	for i := from; i < limit; i++ {
		switch s.tokens[i].word {
		case "or", "nor":
			return true
		}
		if verbs[s.tokens[i].word] {
			return false
		}
	}
	return false
}

func (s *statement) doubtReaches(c hit[*cue], m mention) bool {
	chained := false
	comma := false
	for i := c.end; i < m.start; i++ {
		switch s.tokens[i].word {
		case "or", "versus", "vs", "/":
			chained = true
		case ",":
			comma = true
		case ":", "there":
			return false
		case "and":
			if s.tokens[c.start].word == "differential" {
				continue
			}
			slash := i+1 < len(s.tokens) && s.tokens[i+1].word == "/"
			if !slash && (c.value.reach > 0 || i+1 < len(s.tokens) && startsStatement[s.tokens[i+1].word]) {
				return false
			}
		}
	}
	if comma && !chained && !s.orFollows(c.end) {
		return false
	}
	distance := m.start - c.end
	if !within(c.value.reach, distance) && !(chained && distance <= 12) {
		return false
	}
	for _, other := range s.cues {
		if other.value.kind == stop && other.start >= c.end && other.start < m.start && !ofCue(s.tokens, other, c) {
			return false
		}
	}
	return true
}

// ofCue spares "with" where it belongs to the doubt: "may be consistent with".
func ofCue(tokens []token, st, c hit[*cue]) bool {
	if tokens[st.start].word != "with" || st.start == 0 {
		return false
	}
	switch tokens[st.start-1].word {
	case "consistent", "compatible", "associated":
		return st.start-c.end <= 3
	}
	return false
}

// backwardEnds reports whether another statement lies between m and a cue that
// looks back.
func (s *statement) backwardEnds(m mention, from hit[*cue]) bool {
	at := from.start
	for _, c := range s.cues {
		if c.value.kind == stop && c.start >= m.end && c.start < at {
			return true
		}
	}
	for i := m.end; i < at; i++ {
		w := s.tokens[i].word
		// The verb right before the cue is the cue's own.
		if w == ":" && (i > m.end || at-i > 1) || verbs[w] && at-i > 2 && s.tokens[at-1].word != "and" || w == "," && from.value.close {
			return true
		}
	}
	return false
}

// alternative reports whether m is one of two findings between which the
// reader did not decide: "atelectasis or infiltrate".
func (s *statement) alternative(m mention) bool {
	for _, c := range s.cues {
		if c.value.kind == changed && c.end <= m.start && s.tokens[c.start].word == "no" {
			return false // "no change in effusion or pneumothorax" has both
		}
	}
	for _, other := range s.mentions {
		lo, hi := m.end, other.start
		if other.end <= m.start {
			lo, hi = other.end, m.start
		}
		if hi < lo || hi-lo > 3 || other.concept == nil || m.concept == nil || other.concept == m.concept {
			continue
		}
		for i := lo; i < hi; i++ {
			if w := s.tokens[i].word; w == "or" || w == "versus" || w == "vs" {
				return true
			}
		}
	}
	return false
}

// limiting are words after a denial that deny only a kind of the finding.
var limiting = wordSet("large", "significant", "overt", "displaced", "acute", "frank", "new", "moderate", "superimposed", "other",
	"additional", "xxxx", "complicating", "typical", "active", "gross", "sizable", "significantly", "interval", "developing", "dominant")

// limits reports whether a denial that ends at token end denies only a kind of
// m.
func (s *statement) limits(m mention, end int) bool {
	if end < 0 {
		return false
	}
	for i := max(end, m.start-3); i < m.end; i++ {
		if limiting[s.tokens[i].word] {
			return true
		}
	}
	// "no infiltrate that would suggest tuberculosis" leaves room for another
	return m.end < len(s.tokens) && s.tokens[m.end].word == "that"
}

// normalWords say of an organ that nothing is wrong with it.
var normalWords = wordSet("normal", "normally", "unremarkable", "clear", "intact", "sharp", "preserved", "midline", "nonenlarged", "negative", "free", "patent", "aerated", "maintained")

// hedgedNormal are words that leave room for findings: "otherwise clear".
var hedgedNormal = wordSet("otherwise", "relatively", "mostly", "predominantly", "except", "remainder", "rest", "remaining")

// normality reports whether the organ at tokens [start,end) is called normal,
// and whether with a reservation.
func (s *statement) normality(start, end int) (normal, limited bool) {
	at := s.normalAfter(end)
	if at < 0 {
		at = s.normalBefore(start)
	}
	if at < 0 {
		return false, false
	}
	for i := max(0, at-2); i < min(len(s.tokens), at+2); i++ {
		limited = limited || hedgedNormal[s.tokens[i].word]
	}
	// "The left lung is clear" says nothing of the right one.
	for i := max(0, start-3); i < start; i++ {
		side := s.sideAt(i)
		limited = limited || hedgedNormal[s.tokens[i].word] || side == left || side == right
	}
	return true, limited
}

func (s *statement) normalAfter(end int) int {
	verb, reach := false, 5
	for i := end; i < len(s.tokens) && reach > 0; i++ {
		w := s.tokens[i].word
		if normalWords[w] {
			return i
		}
		switch {
		case s.mentioned(i) || w == "not" || w == "without" || w == "no":
			return -1
		case verbs[w]:
			if verb {
				return -1
			}
			verb, reach = true, 8
		case w == ",":
			if verb || s.verbBetween(i) < 0 {
				return -1
			}
		case !verb && (w == "and" || w == "or"):
			reach += 4
		}
		switch {
		case w == "at" || w == "the" && i > 0 && s.tokens[i-1].word == "at" || w == "upper" || w == "limits" || w == "limit" || w == "of":
			// "at the upper limits of normal"
		case verb:
			reach--
		case s.verbBetween(i) < 0:
			reach--
		}
	}
	return -1
}

// verbBetween returns the next verb within ten tokens of i, or -1.
func (s *statement) verbBetween(i int) int {
	for j := i; j < len(s.tokens) && j < i+10; j++ {
		if verbs[s.tokens[j].word] {
			return j
		}
	}
	return -1
}

func (s *statement) normalBefore(start int) int {
	for i := start - 1; i >= 0 && i >= start-8; i-- {
		w := s.tokens[i].word
		if normalWords[w] {
			return i
		}
		if verbs[w] || s.mentioned(i) || strings.ContainsAny(w, ",:") || w == "no" || w == "with" || w == "without" {
			return -1
		}
	}
	return -1
}

func (s *statement) mentioned(i int) bool {
	for _, m := range s.mentions {
		if i >= m.start && i < m.end && m.concept != nil {
			return true
		}
	}
	return false
}

package medical

import "sync"

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

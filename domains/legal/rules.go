package legal

import (
	"regexp"
	"strings"
	"sync"

	"adapt/label"
)

// A rule is a labeling function: a segment shows the category when it holds
// one of words, matches has and does not match not. All are in lower case, as
// is the segment by then, except where there are no words. Segments are short,
// so ".*" stays in a sentence.
type rule struct {
	category string
	words    []string
	has, not *regexp.Regexp
}

// panel holds the labeling functions, at least one a category.
var panel = sync.OnceValue(func() *label.Panel {
	p, err := label.NewPanel(functions())
	if err != nil {
		panic(err) // a name is there twice
	}
	return p
})

func functions() []label.Func {
	funcs := make([]label.Func, len(rules))
	for i, r := range rules {
		funcs[i] = label.Func{Name: "legal/" + r.category, Category: r.category, Vote: r.vote}
	}
	return funcs
}

func (r rule) vote(s *label.Segment) label.Opinion {
	text := s.Text
	if len(r.words) > 0 {
		text = s.Lower
		if !mentions(text, r.words) {
			return label.Abstain
		}
	}
	if r.has.MatchString(text) && (r.not == nil || !r.not.MatchString(text)) {
		return label.For
	}
	return label.Abstain
}

// mentions spares most segments the expressions.
func mentions(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// words that several rules share.
const (
	shallNot = `(?:(?:shall|will|may|agrees?|undertakes?|covenants?)(?:\s+\w+){0,3}\s+not\b|not\s+to\b|neither\s+party|no\s+party|prohibited\s+from|refrain)`
	owned    = `(?:intellectual\s+property|inventions?|patents?|copyrights?|work\s+product|works?\s+made\s+for\s+hire|improvements?|developments?|deliverables?|know-how|trade\s*marks?|marks?|software)`
	grants   = `(?:hereby\s+grants?|grants?\s+(?:to\s+)?|granted|shall\s+grant|agrees\s+to\s+grant|licenses?\s+to\b)`
	after    = `(?:(?:after|following|upon|on)\s+(?:the\s+|any\s+)?(?:such\s+)?(?:effective\s+date\s+of\s+(?:the\s+)?)?(?:expiration|termination|expiry)|(?:expiration|termination|expiry)\s+(?:or\s+\w+\s+)?of\s+this|post-termination|survive)`
)

func newRule(category, words, has, not string) rule {
	r := rule{category: category, words: strings.Split(words, "|"), has: regexp.MustCompile(`(?s)` + has)}
	if not != "" {
		r.not = regexp.MustCompile(`(?s)` + not)
	}
	return r
}

var rules = []rule{
	{"Document Name", nil, regexp.MustCompile(`^(?:EXHIBIT\s+[\d.]+\s+)?[^a-z]{0,80}\b(?:AGREEMENT|CONTRACT|AMENDMENT|ADDENDUM|LEASE|LICENSE|PLAN)\b[^a-z]{0,60}$|^(?:[A-Z][\w&,/-]*\s+(?:(?:and|of|for|to|the)\s+)?){1,8}(?:Agreement|Contract|Amendment|Addendum)$|^(?:EXHIBIT\s+[\d.]+\s+)?[^a-z]{0,80}(?:This|THIS)\s+(?:[\w.&,/-]+\s+){1,8}(?:Agreement|AGREEMENT|Contract|Amendment|Addendum|Lease)\s+\(`), regexp.MustCompile(`^[^(]{0,120}[.;:]$|^\(|\d{4}$`)},
	newRule("Parties", `between|among|("|(“|the "|the “|party"|parties"|party”|parties”`, `\b(?:between|among|by\s+and)\b.*(?:\(|inc\b|corp|llc|ltd|company|limited)|\((?:hereinafter|collectively|the|each|together|referred|as)?[^()]{0,60}["“][^"“”]{2,40}["”][^()]{0,30}\).*(?:corporation|company|principal|organized|individual|partnership|address|offices?\b)|(?:corporation|company|principal|organized|individual|partnership|address|offices?\b).*\([^()]{0,60}["“][^"“”]{2,40}["”]|individually\s+.*["“]party["”]|collectively.*["“]parties["”]`, `\bmeans?\b|pursuant\s+to|as\s+amended`),
	newRule("Agreement Date", `made|entered|dated|executed|effective|day of|agreement`, `\b(?:made|entered|dated|executed|effective|day\s+of|agreement).*`+dateForms.String(), `terminat|expire|invoice|deliver|amended|exchange\s+act|payment|prior\s+to|through`),
	newRule("Effective Date", `effective|commenc|as of`, `(?:effective\s+(?:as\s+of|on|from|date)|commenc(?:e|ing)\s+(?:on|as\s+of)|as\s+of).*(?:`+dateForms.String()+`|date\s+(?:hereof|of\s+this|first))|effective\s+date["”]?\s+(?:means|shall\s+(?:be|mean)|is\b)`, `terminat|expir|patent|amended\s+by|payment`),
	newRule("Expiration Date", `term|agreement|lease|contract|license`, `(?:this|the)\s+(?:\w+\s+)?(?:agreement|term|initial\s+term|lease|contract|license).*(?:(?:commence|begin|effective|enter|continue|remain|expire|terminate|end\b).*(?:(?:for|of)\s+(?:a|an|the)?\s*(?:initial\s+|further\s+)?(?:term|period)|until|through|years?|months?|anniversary|expire)|shall\s+be\s+(?:for\s+)?[\w\s()-]{1,30}(?:years?|months?))|initial\s+term.*(?:years?|months?|anniversary|until)|term\s+of\s+this\s+agreement\s+(?:is|shall\s+be|will\s+be)`, `survive|breach|notice\s+of\s+(?:terminat|default)|confidential|receivable|indemnif|warrant|after\s+(?:the\s+)?(?:expiration|termination)|following\s+(?:the\s+)?(?:expiration|termination)|upon\s+(?:the\s+)?(?:expiration|termination)`),
	newRule("Renewal Term", `renew|exten|successive`, `(?:automatically|shall\s+be|may\s+be|will\s+be|right\s+to|option\s+to|successive).*\b(?:renew|extend(?:ed|s)?\b.*(?:term|period|years?|agreement))|renewal\s+(?:term|period)s?.*(?:years?|months?)|\brenew(?:ed|s)?\b.*(?:successive|additional|consecutive)`, `certificate|insurance|patent|registration|domain|deadline|visa`),
	newRule("Notice Period to Terminate Renewal", `renew|exten|successive|expiration|notice`, `(?:notice|notif).*(?:not\s+to\s+(?:renew|extend)|non-?renew|intent(?:ion)?\s+(?:not\s+)?to\s+(?:not\s+)?(?:renew|terminate)|elect\w*\s+not)|(?:renew|extend|successive).*(?:unless|provided).*(?:notice|notif|advise).*(?:days|months)|(?:unless|notice).*(?:days|months).*(?:prior\s+to|before).*(?:renewal|expiration|end)\s+.*(?:term|period|year|renew)`, `insurance|breach|default|patent`),
	newRule("Governing Law", `law`, `(?:govern|constru|interpret).*\blaws?\s+of\b|\blaws?\s+of\b.*(?:govern|shall\s+apply|control)|governing\s+law\s*(?:shall|is|will|:|and)|(?:governed|construed)\s+(?:by|under|in\s+accordance\s+with)\s+.*\blaws?\b`, `comply\s+with|organized\s+(?:and|under)|existing\s+under|corporate\s+law`),
	newRule("Most Favored Nation", `favo|lowest|best`, `most[- ]favou?red|(?:no|not)\s+less\s+favou?rable.*(?:price|terms|conditions|than)|more\s+favou?rable.*(?:price|terms|rate|condition).*(?:third|other|any)|(?:lowest|best)\s+(?:price|rate).*(?:any|other)\s+(?:customer|part)`, `insur`),
	newRule("Non-Compete", `compet|similar`, shallNot+`.*(?:\bcompete|competitive\b|competing|competitor|similar\s+(?:business|product|service))|(?:non-?compet|covenant\s+not\s+to\s+compete)|engage\s+in.*(?:compet)`, `solicit\s+(?:any\s+)?employ|anti-?compet|fully\s+compet|competent`),
	newRule("Exclusivity", `exclusiv|shall not|will not|agrees not|requirements`, `\b(?:sole\s+and\s+exclusive|exclusive(?:ly)?)\b.*\b(?:right|licen[sc]e|distribut|supplier|provider|purchas|territor|agent|basis|market|appoint|dealing|manufactur|deal|use)|(?:appoint|grant|purchase|engage).*\bexclusive|`+shallNot+`.*(?:appoint|engage|enter\s+into|authori[sz]e|grant|purchase|sell).*(?:any\s+(?:other|third)|other\s+than|another)|\bexclusivity\b|requirements\s+(?:of|for).*(?:from|exclusiv)`, `non-?\s?exclusive|exclusive\s+(?:jurisdiction|venue|remed|propert|owner|of\s+(?:tax|any))|remedy|remedies|courts?\b|exclusive\s+property|disclos`),
	newRule("No-Solicit of Customers", `customer|client|supplier|account|merchant|prospect`, shallNot+`.*(?:solicit|contact|divert|induce|entice|approach|canvass).*(?:customer|client|supplier|account|merchant|prospect)`, `employees?\s+of\s+the\s+(?:other|company)\s+to\s+leave`),
	newRule("Competitive Restriction Exception", `exclusiv|compet|solicit`, `(?:notwithstanding|except|provided|nothing|however|other\s+than|shall\s+not\s+(?:apply|prohibit|restrict|prevent|limit)).*(?:exclusiv|\bcompet|non-?compet|solicit)|(?:exclusiv|compet|solicit).*(?:shall\s+not\s+(?:apply|include|prohibit|prevent|restrict)|except\s+(?:that|for|as)|carve)`, `non-?exclusive|jurisdiction|remed|competent`),
	newRule("No-Solicit of Employees", `employ|personnel|staff`, shallNot+`.*(?:solicit|hire|employ|recruit|induce|entice|engage).*(?:employees?|personnel|staff|consultants?\s+of|employ(?:ed|ment)\b).*|(?:solicit|hire|recruit|entice).*(?:employees?|personnel)\s+(?:of|to\s+leave)`, `workers|insurance|benefit|discriminat|subcontract|agent\s+or\s+employee|represent`),
	newRule("Non-Disparagement", `disparag|derogat|defam|denigrat|negative light|reputation`, `disparag|derogat(?:e|ory)\s.*(?:statement|comment|remark|manner|reputation)|defam|denigrat|negative\s+light|(?:injur|damag|harm|tarnish|detriment|disrepute|ridicule)\w*\s.*(?:reputation|good\s*will\b.*reputation)`, `in\s+derogation|indemnif`),
	newRule("Termination for Convenience", `terminat|cancel`, `terminat.*(?:for\s+(?:any\s+or\s+no|any|no)\s+(?:other\s+)?(?:cause|reason)|without\s+(?:cause|reason)|convenience|at\s+any\s+time|sole\s+discretion|with\s+or\s+without\s+cause)|(?:may|right\s+to)\s+terminate\s+this\s+agreement.*(?:upon|by\s+giving|on|with)\s+.*(?:days|months).*notice|cancel.*(?:at\s+any\s+time|without\s+cause)`, `breach|default|insolven|bankrupt|fails?\b|regardless|upon\s+(?:any\s+)?termination|in\s+the\s+event\s+(?:of|that)|if\s|infring|accrued`),
	newRule("Rofr/Rofo/Rofn", `first|rof|match|same terms|third`, `(?:right|rights|option|opportunity)\s+of\s+first|first\s+(?:right|refusal|offer|negotiation|opportunity|option)|rofr|rofo|rofn|right\s+to\s+match|matching\s+right|(?:offer|notice).*(?:same\s+terms|third[- ]party\s+offer)`, `first\s+offer(?:ed|ing)`),
	newRule("Change of Control", `control|merge|consolidat|acqui|substantially|reorgani|majority|operation of law`, `change\s+(?:of|in)\s+(?:the\s+)?(?:\w+\s+)?control|(?:merge[rs]?|consolidat|acquisition|acquired|sale\s+of\s+all|substantially\s+all|controlling\s+interest|reorgani[sz]|majority\s+of).*(?:terminat|assign|consent|notice|control|successor)|(?:terminat|assign|consent|notice).*(?:merge[rs]?\b|consolidat|sale\s+of\s+(?:all|substantially)|substantially\s+all|controlling\s+interest|operation\s+of\s+law)`, `entire\s+agreement|supersede|represent(?:s|ations)|financial\s+statement`),
	newRule("Anti-Assignment", `assign|transfer|delegat`, `(?:(?:not|neither|no|nor|without|void|prohibit|consent|permit|null).*\bassign(?:ed|ment|able|s|ing)?\b|\bassign(?:ed|ment|able|s|ing)?\b.*(?:consent|void|without|prohibit|approval|null)|\b(?:not|may)\s+(?:be\s+)?(?:transferred|transfer|delegate)\b.*(?:consent|agreement|rights))`, `assigned\s+to\s+(?:it|the\s+project|perform|work)|assigned\s+(?:personnel|employees)|inure|territory\s+assigned|all\s+right,?\s+title|warrant|successors\s+and\s+(?:permitted\s+)?assigns\b|moral`),
	newRule("Revenue/Profit Sharing", `revenue|sales|profit|gross|proceeds|royalt|commission|fees|income`, `(?:pay|receive|entitled|share|split|royalt|commission|remit|earn|retain|divided).*(?:percent|%|\[?\*+\]?).*(?:revenue|net\s+(?:sales|receipts|profits?|revenues?|income)|gross|profits?|sales|proceeds|royalt|commission|fees)|(?:revenue|net\s+sales|profits?|gross|royalt|commission).*(?:percent|%).*|(?:revenue|profit)[- ]shar|share\s+of\s+(?:the\s+)?(?:revenue|profits?|net)`, `interest|late|under-?pay|discrepan|deficien|insurance|shareholder|voting|audit|tax\b`),
	newRule("Price Restrictions", `price|fee|rate|charge`, `(?:not|no|limit|exceed|cap|maximum).*(?:increas|rais|reduc|adjust|chang).*(?:price|fee|rate|charge)s?\b|(?:price|fee|rate|charge)s?\b.*(?:not|no\s+more|limit|exceed|cap\b|maximum).*(?:increas|rais|reduc|percent|%)`, `interest|late\s+pay|liabil|insurance|mutual`),
	newRule("Minimum Commitment", `minimum|at least|less than|guarantee|take-or-pay|take or pay`, `minimum\s+(?:\w+\s+)?(?:\w+\s+)?(?:purchase|order|quantit|commitment|royalt|amount|payment|fee|sales|guarantee|annual|number|volume|requirement|spend|performance|quota)|(?:at\s+least|no\s+less\s+than|not\s+less\s+than|minimum\s+of).*(?:units|purchase|order|\$|per\s+(?:year|month|quarter|annum)|each\s+(?:year|month|quarter)|annually|hours|visits)|guaranteed\s+(?:minimum|annual|payment)|take[- ]or[- ]pay`, `insurance|coverage|limits?\s+of|notice|days\s+(?:prior|before|in\s+advance)|wage|liability`),
	newRule("Volume Restriction", `exceed|excess|more than|up to|maximum|additional|limited to`, `(?:exceed|in\s+excess\s+of|more\s+than|up\s+to|maximum|additional|limited\s+to).*(?:users?|units|hours|copies|seats|volume|impressions|transactions|quantit|capacity|gallons|barrels|appearances|employees\s+per|calls|downloads|servers|sites|forecast).*`, `liabil|damages|insurance|days|notice|breach|minimum`),
	newRule("IP Ownership Assignment", `assign|transfer|vest|convey|hire|property|own`, `(?:assigns?|assigned|transfers?|vest|convey|work[s]?[- ](?:made[- ])?for[- ]hire|sole\s+(?:and\s+exclusive\s+)?propert|(?:become|be|remain)\s+the\s+(?:sole\s+|exclusive\s+)*(?:and\s+exclusive\s+)?propert|shall\s+own|will\s+own|exclusive\s+owner|owned\s+(?:solely|exclusively)).*`+owned+`|`+owned+`.*(?:hereby\s+assign|agrees?\s+to\s+assign|shall\s+assign|assigns?\s+(?:to|all)|work[s]?[- ](?:made[- ])?for[- ]hire|(?:become|be)\s+the\s+(?:sole\s+|exclusive\s+)*(?:and\s+exclusive\s+)?propert|shall\s+be\s+(?:solely\s+|exclusively\s+)?owned\s+by|vest\s+in)`, `confidential\s+information\s+(?:shall|will)|assignment\s+of\s+this|this\s+agreement\s+may\s+not|jointly`),
	newRule("Joint IP Ownership", `joint|co-own|undivided|equally|shared`, `(?:joint(?:ly)?|co-?)[- ]?\s*(?:and\s+\w+\s+)?own|\bown(?:ed|ership)?\b.*\bjointly|jointly[- ](?:developed|invented|created|conceived|made|owned)|joint\s+(?:inventions?|patents?|intellectual|property|ip\b|know-how|technology|title)|equal\s+and\s+undivided|equally\s+own|shared\s+ownership`, ""),
	newRule("License Grant", `licen|right|use`, grants+`.*(?:licen[sc]e|right\s+(?:and\s+license\s+)?to\s+(?:use|distribut|sell|market|sublicens|reproduc|display|manufactur|make|access|develop)|rights?\s+to)|licen[sc]e\s+to\s+(?:use|make|sell|distribute|reproduce|copy|display)|(?:is|be)\s+(?:hereby\s+)?(?:licensed|permitted|authori[sz]ed)\s+to\s+use.*(?:mark|name|logo|software|content)`, `no\s+(?:license|right)s?\b|nothing\s+(?:in|contained)|not\s+(?:be\s+)?(?:construed|grant|deemed)|franchise\s+tax|licenses?,?\s+permits|government|terminat|option|shares|first\s+refusal`),
	newRule("Non-Transferable License", `transfer|assign|licens|licenc`, `non-?\s?(?:transferr?able|assignable|sub-?licen[sc]e?able)|(?:licen[sc]e|right).*(?:without\s+(?:the\s+)?right\s+(?:to|of)\s+sub-?licens|may\s+not\s+be\s+(?:transferred|sublicensed|assigned)|not\s+(?:to\s+)?(?:sub-?licens|transfer))|`+shallNot+`.*(?:sub-?licen[sc]e|transfer|assign).*(?:licen[sc]e|mark|software|rights\s+granted)`, ""),
	newRule("Affiliate License-Licensor", `affiliate|subsidiar|members`, `(?:behalf\s+of\s+(?:itself|themselves)\s+and\s+(?:its|their|the\s+other)\s+(?:\w+\s+){0,3}(?:affiliates?|members|subsidiar)|cause\s+(?:its|their)\s+(?:respective\s+)?affiliates|and\s+its\s+affiliates\s+(?:hereby\s+)?grants?).*(?:licen[sc]e|grant|right)|grant.*(?:owned|controlled|licensed)\s+by\s+.*\baffiliates`, `liab|indemn|represent`),
	newRule("Affiliate License-Licensee", `affiliate|subsidiar|members`, grants+`.*(?:and|or|including|to)\s+(?:its|their|any|each|the\s+other)\s+(?:\w+\s+){0,3}(?:affiliates?|subsidiar(?:y|ies)|members\s+of)|(?:sub-?licen[sc]e|licen[sc]e|right).*\bto\s+(?:its|any|their|an)\s+(?:\w+\s+){0,2}(?:affiliates?|subsidiar)|affiliates?\s+.*(?:may|shall\s+be\s+(?:entitled|permitted)|right\s+to)\s+(?:use|exercise|access).*`, `liab|indemn|assign\s+this|consent|confiden`),
	newRule("Unlimited/All-You-Can-Eat-License", `unlimited|all-you|enterprise|without limit|without any limit`, `\bunlimited\b|all-you-can|enterprise[- ](?:wide\s+)?licen[sc]e|without\s+(?:any\s+)?limit(?:ation)?\s+(?:on|as\s+to)\s+(?:the\s+)?(?:number|users|quantity)`, `liabil|damages|indemn`),
	newRule("Irrevocable or Perpetual License", `irrevocabl|perpetu`, `\b(?:irrevocable|irrevocably|perpetual|perpetually|in\s+perpetuity)\b.*(?:licen[sc]e|right|grant|use)|(?:licen[sc]e|right|grant).*\b(?:irrevocable|perpetual|in\s+perpetuity)\b`, `letters?\s+of\s+credit|power\s+of\s+attorney|attorney-in-fact|consent|jurisdiction|waive|undertak`),
	newRule("Source Code Escrow", `escrow`, `\bescrow`, `escrow\s+(?:account|fund|amount)|title\s+company|purchase\s+price|earnest|deposit\s+of\s+funds`),
	newRule("Post-Termination Services", `terminat|expir|surviv|transition|wind|sell-off|phase`, after+`.*(?:shall|will|may|must|agrees?|right).*(?:sell|return|pay|continue|provide|transition|cease|inventory|repurchase|deliver|purchase|transfer|assist|complete|wind|remove|destroy|perform)|(?:transition|wind[- ]down|sell[- ]off|phase[- ]out)\s+(?:period|services|assistance|plan)|for\s+(?:a\s+period\s+of\s+)?[\w\s()-]{1,30}(?:days|months|years?)\s+(?:after|following)\s+(?:the\s+)?(?:expiration|termination)`, `confidential\s+information\s+(?:shall|will)|surviv\w*\s+(?:the\s+)?(?:termination|expiration)[^,]*\.$|solicit|compete|for\s+cause`),
	newRule("Audit Rights", `audit|inspect|examin|records|books|accountant|access`, `\baudits?\b|\b(?:inspect|examine|access\s+to).*(?:books|records|premises|facilit|accounts|documents)|(?:books|records)\b.*(?:inspect|examin|audit|available|access)|(?:maintain|keep).*(?:books|records)|independent\s+(?:certified\s+public\s+)?(?:accountant|auditor)`, `audited\s+(?:financial|consolidated)|audit\s+committee|inspect\w*\s+of\s+(?:the\s+)?(?:goods|shipment)|prosecution|public\s+records`),
	newRule("Uncapped Liability", `liab|limit|damages`, `(?:except|exclu|other\s+than|notwithstanding|not\s+apply|nothing|save).*(?:liab|limitation|damages).*(?:indemnif|confidential|negligence|misconduct|fraud|death|personal\s+injur|infring|willful|wilful|breach\s+of)|(?:limit|liab).*(?:shall\s+not\s+apply|not\s+(?:exclude|limit)|except\s+(?:for|in|to\s+the\s+extent|with)|excluding|unlimited|without\s+limit)`, `insurance|including\s+(?:but\s+not|without)\s+limit.*reasonable\s+attorney`),
	newRule("Cap on Liability", `liab|damages|claim|action|suit`, `(?:liab|damages|responsib).*(?:exceed|limited\s+to|in\s+excess|maximum|cap\b|aggregate|greater\s+than)|(?:in\s+no\s+event|neither\s+party|no\s+event|under\s+no|not\s+be\s+liable).*(?:liable|liability).*(?:consequential|incidental|indirect|special|punitive|lost\s+profits|loss\s+of)|(?:consequential|incidental|indirect|punitive)\s+(?:\w+,?\s+){0,4}damages|no\s+(?:action|claim|suit).*(?:more\s+than|after|within).*(?:years?|months|days)`, `insurance|coverage|limited\s+liability\s+company\s+organi|indemnif\w*\s+and\s+hold`),
	newRule("Liquidated Damages", `liquidated|termination|cancellation|penalty`, `liquidated\s+damages|(?:termination|cancellation|early[- ]termination)\s+(?:fee|charge|payment|penalt)|not\s+(?:as\s+)?a\s+penalty|\bpenalty\s+(?:of|equal|fee|payment)`, `civil|tax|no\s+termination\s+fee|statut`),
	newRule("Warranty Duration", `warrant|guarant`, `(?:warrant|guarant).*(?:for\s+(?:a\s+)?(?:period|term)|period\s+of|within|(?:days|months|years?)).*(?:days|months|years?|delivery|acceptance|shipment|installation)|warranty\s+period`, `insur|represents\s+and\s+warrants\s+that.*(?:duly|organi[sz]ed)|past|financial|litigation`),
	newRule("Insurance", `insur|polic|compensation|coverage|liability`, `\b(?:insurance|insured|insurer)s?\b|\bpolic(?:y|ies)\b.*(?:coverage|cancel|limits|premium)|worker'?s'?\s+compensation|(?:general|umbrella|automobile|employer'?s'?|product)\s+liability.*(?:\$|limit|occurrence|coverage)`, `insurance\s+(?:company\s+(?:act|separate)|products?|commission|business|department|agent|contracts?)|life\s+insurance\s+company|federal\s+deposit|social\s+insurance`),
	newRule("Covenant Not to Sue", `contest|challeng|attack|dispute|impugn|sue|question|impair|oppose|bring|release|discharge|waive`, shallNot+`.*(?:contest|challeng|attack|dispute|impugn|sue\b|question|impair|oppose|bring\s+(?:any\s+)?(?:action|claim|suit)).*(?:valid|title|ownership|rights?|mark|patent|registration|interest|against|propert|enforceab)|covenant\s+not\s+to\s+sue|(?:releases?|discharges?|waives?)\b.*(?:from\s+any\s+and\s+all|all\s+claims|any\s+(?:and\s+all\s+)?claims)`, `good\s+faith\s+dispute|indemnif|liens?`),
	newRule("Third Party Beneficiary", `beneficiar|enforce`, `third[- ]part(?:y|ies)['’]?\s+beneficiar|(?:intended|express)\s+beneficiar|benefit\s+of.*(?:enforce(?:able)?\s+by|may\s+enforce|entitled\s+to\s+enforce)`, `\bno\s+(?:other\s+)?(?:person|third|intended|one|party)|not\s+(?:intended|create|be\s+(?:a|deemed|construed)|confer|for\s+the)|nothing|there\s+are\s+no|neither|contracts\s+\(rights|without\s+.*third`),
}

const (
	// titleWithin and partiesWithin are how many segments from the start titles
	// and parties are looked for.
	titleWithin   = 30
	partiesWithin = 40
)

// limitOpening keeps what belongs in the opening of a contract there: its
// title, its parties, and the first of its dates.
func limitOpening(probs []map[int]float64, segs []span) {
	keepFirst := func(category string, within, most int) {
		c := byName[category]
		for i := range segs {
			if _, ok := probs[i][c]; !ok {
				continue
			}
			if i >= within || most == 0 {
				delete(probs[i], c)
				continue
			}
			most--
		}
	}
	keepFirst("Document Name", titleWithin, 2)
	keepFirst("Parties", partiesWithin, 6)
	keepFirst("Agreement Date", partiesWithin, 1)
	keepFirst("Effective Date", len(segs), 1)
	keepFirst("Expiration Date", len(segs), 3)
}

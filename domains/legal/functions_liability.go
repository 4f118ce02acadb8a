package legal

const losses = `(?:consequential|incidental|indirect|special|punitive|exemplary|lost profits|loss of (?:profit|revenue|use|data|business|goodwill))`

// liabilitySubjects are what a party answers for.
var liabilitySubjects = []subject{
	{"Uncapped Liability", `liabilit|damages|limitation|indemni`, []vote{
		yes("except for", `(?:except (?:for|in|with|to|as|that)|excluding|other than|with the exception|save (?:for|as)|notwithstanding|subject to).*(?:liab|damages)`),
		yes("limits do not apply", `(?:limitations?|exclusions?|limits?|foregoing|cap\b|disclaimers?|provisions?).*(?:shall|will|do|does|are|is) (?:not|in ?applicable)\b.{0,60}(?:apply|limit|restrict|applicable|exclude|affect)`),
		yes("nothing limits", `(?:nothing|neither).*(?:exclude|limit|restrict)s?.*liab`),
		yes("carve-outs", `(?:gross negligence|wil?lful (?:misconduct|default|breach)|fraud|death|personal injury|bodily injury|indemnif\w+|confidential\w*|infring\w+).*(?:limit|exceed|liab|damages|cap\b)`),
		yes("liability except", `(?:in no event|neither party|no party|not be liable|liability).*(?:except|other than|unless|excluding)`),
		yes("unlimited", `(?:unlimited|without (?:any )?limit\w*|uncapped).*liab|liab\w*.*(?:unlimited|without limit|uncapped)`),
		yes("damages payable to third parties", `(?:except|unless|to the extent).*(?:third part(?:y|ies)|indemnif)`),
		no("insurance", `insurance|force majeure|delay in performance|taxes|invoice`),
		no("indemnity", `shall (?:defend|indemnify)|defend, indemnify|hold harmless`),
		no("warranty", `warrant(?:y|ies|s)|represent`),
		no("including", `including,? (?:but not|without) limit`),
	}},
	{"Cap on Liability", `liabilit|damages|limitation|consequential|remed`, []vote{
		yes("shall not exceed", `(?:liab|damages|responsib|obligat)\w*.*(?:exceed|in excess|greater than|more than|limited to|capped at|maximum)`),
		yes("limited to", `(?:liability|damages|remedy|recourse)\b.*(?:shall|will|is|are|be) (?:\w+ )?limited (?:to|by)`),
		yes("no consequential damages", `(?:in no event|neither party|no event|under no circumstances|not be (?:liable|responsible)|no party|nor shall|no liability|neither).*`+losses),
		yes("kinds of damages", losses+`,?.{0,60}(?:damages|loss|or|and)`),
		yes("waives", `(?:waive|exclude|disclaim)s?\b.*`+losses),
		yes("time for claims", `(?:no|any) (?:action|claim|suit|proceeding|arbitration).*(?:more than|after|within|later than).{0,40}(?:years?|months|days|\(\d\))`),
		yes("fees paid", `(?:amounts?|fees|price|sums?|payments?|compensation)\b.{0,60}(?:paid|payable|received|actually).*(?:preceding|prior|twelve|12|under this|hereunder|during|giving rise)`),
		yes("aggregate", `(?:aggregate|total|maximum|entire|cumulative) (?:\w+ )?(?:liability|damages)`),
		yes("not be liable", `(?:in no event|neither party|under no circumstances).*(?:liable|responsible|liability)`),
		yes("regardless of theory", `(?:contract|tort|negligence|strict liability).*(?:otherwise|any (?:other )?(?:legal )?(?:theory|cause))|advised of the possibility`),
		no("insurance", `insurance|coverage|occurrence`),
		no("indemnity", `indemnif\w* (?:and|,) (?:hold|defend)|shall indemnify|hold harmless`),
		no("force majeure", `force majeure|beyond (?:its|the) (?:reasonable )?control|acts? of god|delay`),
		no("company", `limited liability company|limited partnership|warrants that|shares`),
		no("do not apply", `shall not apply|does not apply|nothing (?:in|shall)`),
	}},
	{"Warranty Duration", `warrant|guarant|defect|quality`, []vote{
		yes("warrants for a period", `warrant\w*.*(?:for|within|of|until|through|during)\b.{0,60}`+period),
		yes("warranty period", `warranty (?:period|term)|guarantee period|period of (?:the )?warranty|warranty.{0,40}(?:expire|extend|begin|commence|remain|last)`),
		yes("period of warranty", period+`.*(?:warrant|guarant)`),
		yes("free from defects", `(?:free (?:from|of)|no) (?:\w+ ){0,3}defects?.*(?:`+period+`|period)`),
		yes("within days of delivery", `(?:within|for|during).{0,40}`+period+`.{0,60}(?:after|from|of|following).{0,40}(?:delivery|acceptance|shipment|installation|purchase|receipt|completion)`),
		yes("guarantee", `guarant\w*.*(?:for|of)\b.{0,40}`+period),
		no("other warranties", `insur|duly|organi[sz]ed|past|litigation|authority|disclaim|no (?:other )?warrant|merchantab`),
		no("payment", `invoice|payment|pay\b|terminat|notice of (?:default|breach)|confidential`),
	}},
}

package legal

import "strings"

// A category is a kind of clause, after the Contract Understanding Atticus
// Dataset (CUAD v1, The Atticus Project, CC BY 4.0), in its order.
type category struct {
	name string
	// about says what is to be found, for people and reports.
	about string
	// code is the word that stands for the category in a model's answer. Codes
	// are short common words, so that each is one token of the usual encodings
	// and all differ in their first token.
	code string
	// value is how a segment is narrowed to the value; nil keeps the segment.
	value func(segment string) []span
}

// none is what a model answers to a segment that shows no category.
const none = "none"

var categories = []category{
	{"Document Name", "the name of the contract", "title", titles},
	{"Parties", "the two or more parties who signed the contract", "parties", parties},
	{"Agreement Date", "the date of the contract", "signed", dates},
	{"Effective Date", "the date when the contract is effective", "effective", effectiveDates},
	{"Expiration Date", "when the initial term expires", "end", nil},
	{"Renewal Term", "the renewal term after the initial term", "renew", nil},
	{"Notice Period to Terminate Renewal", "the notice required to terminate renewal", "notice", nil},
	{"Governing Law", "which law governs the contract", "law", nil},
	{"Most Favored Nation", "a party gets the better terms that third parties get", "best", nil},
	{"Non-Compete", "a party may not compete or operate in some market", "competition", nil},
	{"Exclusivity", "exclusive dealing with the counterparty", "only", nil},
	{"No-Solicit of Customers", "a party may not solicit the other's customers", "customers", nil},
	{"Competitive Restriction Exception", "exceptions to non-compete, exclusivity and no-solicit of customers", "except", nil},
	{"No-Solicit of Employees", "a party may not solicit or hire the other's employees", "employees", nil},
	{"Non-Disparagement", "a party may not disparage the other", "speech", nil},
	{"Termination for Convenience", "a party may terminate without cause", "stop", nil},
	{"Rofr/Rofo/Rofn", "right of first refusal, offer or negotiation", "first", nil},
	{"Change of Control", "rights when a party is merged or sold", "control", nil},
	{"Anti-Assignment", "consent or notice is required to assign the contract", "transfer", nil},
	{"Revenue/Profit Sharing", "a party shares revenue or profit", "share", nil},
	{"Price Restrictions", "limits on raising or reducing prices", "price", nil},
	{"Minimum Commitment", "a minimum that a party must buy or pay", "minimum", nil},
	{"Volume Restriction", "a fee or consent when use exceeds a threshold", "volume", nil},
	{"IP Ownership Assignment", "intellectual property of one party becomes the other's", "own", nil},
	{"Joint IP Ownership", "intellectual property is owned jointly", "joint", nil},
	{"License Grant", "a license is granted", "license", nil},
	{"Non-Transferable License", "a license may not be transferred", "personal", nil},
	{"Affiliate License-Licensor", "a license by affiliates of the licensor", "parent", nil},
	{"Affiliate License-Licensee", "a license to affiliates of the licensee", "group", nil},
	{"Unlimited/All-You-Can-Eat-License", "a license for unlimited use", "all", nil},
	{"Irrevocable or Perpetual License", "a license that is irrevocable or perpetual", "always", nil},
	{"Source Code Escrow", "source code is put in escrow", "source", nil},
	{"Post-Termination Services", "obligations after the contract ends", "after", nil},
	{"Audit Rights", "a party may audit the other's books or premises", "records", nil},
	{"Uncapped Liability", "liability without a cap", "full", nil},
	{"Cap on Liability", "a cap on liability, or a time limit for claims", "cap", nil},
	{"Liquidated Damages", "liquidated damages or a termination fee", "penalty", nil},
	{"Warranty Duration", "how long a warranty lasts", "quality", nil},
	{"Insurance", "insurance that a party must keep", "insurance", nil},
	{"Covenant Not to Sue", "a party may not contest the other's rights or sue", "challenge", nil},
	{"Third Party Beneficiary", "someone outside the contract may enforce it", "third", nil},
}

// canonical maps a category as someone spelled it to CUAD's spelling: its own
// files differ in case.
func canonical(name string) (string, bool) {
	i, ok := byFolded[fold(name)]
	if !ok {
		return "", false
	}
	return categories[i].name, true
}

func fold(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

var (
	byFolded = indexBy(func(c category) string { return fold(c.name) })
	byName   = indexBy(func(c category) string { return c.name })
	byCode   = indexBy(func(c category) string { return c.code })
)

func indexBy(key func(category) string) map[string]int {
	m := make(map[string]int, len(categories))
	for i, c := range categories {
		m[key(c)] = i
	}
	return m
}

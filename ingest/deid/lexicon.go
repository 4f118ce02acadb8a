package deid

import (
	_ "embed"
	"maps"
	"strings"
	"sync"
)

//go:embed lexicon/given.txt
var givenText string

//go:embed lexicon/surnames.txt
var surnamesText string

//go:embed lexicon/words.txt
var wordsText string

//go:embed lexicon/eponyms.txt
var eponymsText string

//go:embed lexicon/places.txt
var placesText string

// A class says what a word may be. Classes are sets.
type class uint32

const (
	given        class = 1 << iota // a given name
	surname                        // a surname
	ordinary                       // an ordinary word, though perhaps a name too
	eponym                         // what diseases, signs and devices are named for
	place                          // a city
	state                          // a state's name
	stateCode                      // "OH"
	sureTitle                      // "Dr"
	softTitle                      // "Nurse"
	kin                            // "wife"
	personVerb                     // "states"
	byVerb                         // "dictated"
	nameLabel                      // "attending"
	degree                         // "MD"
	eponymHead                     // "disease"
	acronym                        // "CT"
	notPerson                      // "Medtronic"
	month                          // "January", "Jan"
	streetKind                     // "Street"
	facilityHead                   // "Hospital"
	facilityWord                   // "General"
	trigger                        // a recognizer begins with this word
	numberWord                     // "two"
	particle                       // "van"
	townPrefix                     // "San", "Fort"
	wardWord                       // "room"
	wordLabel                      // "to": a label that is a word of sentences too
)

// classes maps words in small letters to what they may be.
var classes = sync.OnceValue(func() map[string]class {
	m := make(map[string]class, 60_000)
	lines := func(text string, as class) {
		for w := range strings.Lines(text) {
			name, starred := strings.CutSuffix(strings.TrimSpace(w), "*")
			m[name] |= as
			if starred {
				m[name] |= ordinary
			}
		}
	}
	lines(wordsText, ordinary)
	lines(givenText, given)
	lines(surnamesText, surname)
	for _, l := range []struct {
		words map[string]bool
		as    class
	}{
		{wordSet(eponymsText), eponym}, {wordSet(placesText), place}, {stateNames, state}, {stateCodes, stateCode},
		{sureTitles, sureTitle}, {softTitles, softTitle}, {kinWords, kin}, {personVerbs, personVerb}, {byVerbs, byVerb},
		{nameLabels, nameLabel}, {degrees, degree}, {eponymHeads, eponymHead}, {acronyms, acronym}, {notPeople, notPerson},
		{streetKindsFull, streetKind}, {facilityHeads, facilityHead}, {facilityWords, facilityWord}, {numberWords, numberWord},
		{wordSet("van von der den de da del della di du la le bin ibn al el ter ten dos ni nic mac san"), particle},
		{wordSet("san santa los las el fort ft new lake mount mt port st saint upper lower north south east west palm grand cedar baton des salt long old rio glen"), townPrefix},
		{wordSet("ward unit floor room rm bed bay pod wing flr cubicle medic engine ladder rescue squad lifestar lifeflight airevac ambulance"), wardWord},
		{wordSet("to from re by patient pt parent contact first last middle service rt"), wordLabel},
		{wordSet("jan feb mar apr jun jul aug sep sept oct nov dec " + strings.Join(monthNames, " ")), month},
		{triggerWords(), trigger},
	} {
		for w := range maps.Keys(l.words) {
			m[w] |= l.as
		}
	}
	for w := range notNames {
		m[w] = m[w]&^(given|surname) | ordinary
	}
	for w := range notPeople {
		m[w] = m[w] &^ (given | surname)
	}
	for _, w := range monthNames {
		m[w] |= ordinary
	}
	return m
})

func isGiven(lower string) bool   { return classes()[lower]&given != 0 }
func isSurname(lower string) bool { return classes()[lower]&surname != 0 }

// plainGiven and plainSurnames are what surrogate names are chosen from:
// frequent, and no ordinary words.
var (
	plainGiven    = strings.Fields("James Mary John Patricia Robert Linda Michael Barbara William Elizabeth David Jennifer Richard Maria Charles Susan Joseph Margaret Thomas Dorothy Christopher Lisa Daniel Nancy Paul Karen Donald Betty George Helen Kenneth Sandra Steven Donna Edward Carol Brian Ruth Ronald Sharon Anthony Michelle Kevin Laura Jason Sarah Matthew Kimberly Gary Deborah Timothy Jessica Jose Shirley Larry Cynthia Jeffrey Angela Scott Melissa Eric Brenda Stephen Amy Andrew Anna Raymond Rebecca Gregory Virginia Joshua Kathleen Jerry Pamela Dennis Martha Walter Debra Patrick Amanda Peter Stephanie Harold Carolyn Douglas Christine Henry Marie Carl Janet Arthur Catherine Ryan Frances Roger Ann")
	plainSurnames = strings.Fields("Johnson Williams Davis Miller Anderson Thomas Harris Martin Thompson Garcia Martinez Robinson Clark Rodriguez Lewis Walker Allen Hernandez Wright Lopez Scott Adams Gonzalez Nelson Carter Mitchell Perez Roberts Turner Phillips Campbell Evans Edwards Collins Stewart Sanchez Morris Rogers Morgan Murphy Cooper Richardson Cox Howard Torres Peterson Ramirez Watson Sanders Bennett Barnes Ross Henderson Coleman Jenkins Perry Patterson Hughes Flores Washington Simmons Alexander Russell Griffin Diaz Hayes Myers Hamilton Graham Sullivan Wallace Cruz Marshall Owens Gomez Ellis Reynolds Harrison Gibson Mcdonald Marshall Ortiz Gomez Murray Freeman Webb Simpson Stevens Tucker Hicks Crawford Henry Boyd Mason Morales Kennedy Warren Dixon Ramos Burke Gordon Shaw Holmes Robertson Hunter Black Daniels Palmer Nichols Ferguson Stephens Spencer Payne Pierce Berry Matthews Arnold Wagner Willis Ray Watkins Olson Carroll Duncan Snyder Cunningham Bradley Andrews Ruiz Harper Riley Armstrong Carpenter Greene Lawrence Elliott Chavez Sims Austin Peters Kelley Franklin Lawson Fields Ryan Schmidt Carr Vasquez Castillo Wheeler Chapman Oliver Montgomery")
)

// places are made-up names of streets and towns.
var places = strings.Fields("Alderbrook Ashgrove Birchmont Blackwater Bramblewood Brookhollow Cedarfield Clearbrook Clovermere Coldspring Copperhill Eastvale Elmhollow Fairmeadow Fernbank Foxhollow Glenbrook Goldcrest Greenhaven Greystone Harrowgate Hawthorndale Hazelmere Highmoor Hollybrook Ironwood Juniperdale Kestrelwood Kingsford Larkfield Laurelhurst Lindenwood Longmeadow Maplecrest Marlowe Meadowvale Millbrook Mossgate Northfield Oakhaven Orchardview Pinecrest Quailridge Ravensford Redgate Ridgemont Riverbend Rosemeadow Sandhurst Silverlake Southwick Stonebridge Summerfield Sycamore Thornbury Timberlane Valleybrook Westbrook Wheatfield Whitmore Willowdale Windermere Woodhaven Yarrow")

// nameKept are the parts of a name that a surrogate keeps.
var nameKept = wordSet("van von der den de da del della di du la le bin ibn al el ter ten st jr sr ii iii iv md do phd rn np pa dds")

// placeKept are the parts of an address or of a facility's name that a
// surrogate keeps.
var placeKept = wordSet(`street st avenue ave road rd boulevard blvd drive dr lane ln court ct parkway pkwy highway hwy circle cir
	terrace ter square place pl plaza way trail suite ste apt apartment unit floor room rm box post office north south east west
	northeast northwest southeast southwest county parish city town township village of the and at in for
	hospital medical center centre clinic health healthcare system general memorial community regional university university's college school
	institute nursing home care rehabilitation rehab hospice manor ward wing building tower pavilion department emergency
	radiology imaging cardiology oncology surgery surgical pediatric pediatrics children childrens veterans affairs administration mercy saint sisters
	alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois indiana iowa
	kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada hampshire
	jersey mexico york carolina dakota ohio oklahoma oregon pennsylvania rhode island tennessee texas utah vermont virginia
	washington wisconsin wyoming usa united states canada`)

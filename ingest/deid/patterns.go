package deid

import (
	"strings"
	"sync"
)

const (
	months      = `(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?`
	sureMonths  = `(?:January|February|March|April|May|June|July|August|September|October|November|December|JANUARY|FEBRUARY|MARCH|APRIL|MAY|JUNE|JULY|AUGUST|SEPTEMBER|OCTOBER|NOVEMBER|DECEMBER|january|february|april|june|july|august|september|october|november|december|[Jj]an|JAN|[Ff]eb|FEB|Mar|MAR|[Aa]pr|APR|[Jj]un|JUN|[Jj]ul|JUL|[Aa]ug|AUG|[Ss]ept?|SEPT?|[Oo]ct|OCT|[Nn]ov|NOV|[Dd]ec|DEC)\.?`
	monthWords  = "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec"
	day         = `(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th|ST|ND|RD|TH)?`
	year        = `(?:19|20)\d\d`
	monthNumber = `(?:1[0-2]|0?[1-9])`
	dayNumber   = `(?:[12]\d|3[01]|0?[1-9])`
	weekday     = `(?i:(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?)(?:day)?)`
	clock       = `(?:T\d\d:?\d\d(?::?\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?`
	states      = `(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])`
	ordinalDay  = `(?i:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth|(?:twenty|thirty)[- ](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth))`
	numberWord1 = `(?i:one|two|three|four|five|six|seven|eight|nine|ten|oh|zero)`

	// labelEnd is what may stand between a label and its value.
	labelEnd = `(?:[ \t]*(?i:number|num|nbr|no|id|ident|code)\b)?\.?[ \t]*(?:[:#=>-]{1,2}|(?i:is)\b|(?i:on file|ending(?: in)?|of record)\b)?[ \t]*(?:[#:][ \t]*)?`
	// value is a code with digits: letters first or not, parts apart by dashes,
	// points or single blanks.
	value = `((?:[A-Za-z]{1,5}[- ]?)?\d[A-Za-z0-9]*(?:[-.][A-Za-z0-9]*\d[A-Za-z0-9]*|-[A-Z]\b| \d{2,5}\b)*)`
)

// labelled makes a recognizer for a value of at least n digits behind a label.
func labelled(kind Kind, words, label string, n int) recognizer {
	return byWord(kind, certain, words, `(?i:`+label+`)`+labelEnd+value, func(text string, start, end int) bool {
		code := text[start:end]
		return countDigits(code) >= n && !isDateLike(code) && !labelPrefix[strings.ToLower(strings.TrimRight(code[:strings.IndexAny(code, digits)], " -"))]
	})
}

// labelPrefix are letters before a number that are a label of their own.
var labelPrefix = wordSet("ssn dob mrn tel fax no id acct dos")

func isDateLike(s string) bool {
	w, ok := parseDate(s)
	return ok && !w.compact && (w.year >= 0 || len(s) <= 5) && len(onlyDigits(s)) <= 8 && strings.ContainsAny(s, "/.-") && w.day >= 0
}

// gates, by the length of the number and the byte after it.
func upTo2(n int, next byte) bool { return n <= 2 && strings.IndexByte("/.- ", next) >= 0 }
func dayFirst(n int, next byte) bool {
	return n <= 4 && (next == ' ' || next == '-' || next == '/' || next == '.' || next == '\n') || n >= 6 && n <= 12
}
func length(k int) func(int, byte) bool { return func(n int, _ byte) bool { return n == k } }
func dashed(k int, after string) func(int, byte) bool {
	return func(n int, next byte) bool { return n == k && strings.IndexByte(after, next) >= 0 }
}

type recognizers struct {
	byWord   map[string][]*recognizer
	byNumber []*recognizer
}

var recognizerTable = sync.OnceValue(func() recognizers {
	t := recognizers{byWord: map[string][]*recognizer{}}
	list := allRecognizers()
	for i := range list {
		r := &list[i]
		if r.gate != nil {
			t.byNumber = append(t.byNumber, r)
		}
		for _, w := range r.words {
			t.byWord[w] = append(t.byWord[w], r)
		}
	}
	return t
})

func triggerWords() map[string]bool {
	words := map[string]bool{}
	for _, r := range allRecognizers() {
		for _, w := range r.words {
			words[w] = true
		}
	}
	return words
}

// allRecognizers are those of patterns. Their order does not matter.
func allRecognizers() []recognizer {
	list := dateRecognizers()
	list = append(list, numberRecognizers()...)
	return append(list, labelRecognizers()...)
}

func dateRecognizers() []recognizer {
	four := func(n int, next byte) bool { return n == 4 && strings.IndexByte("/.-", next) >= 0 }
	compact := func(n int, next byte) bool { return n == 8 || n == 12 || n == 14 || n >= 15 && n <= 22 || n == 15 }
	list := []recognizer{
		byNumber(Date, sure, upTo2, monthNumber+`[/.-]`+dayNumber+`[/.-](?:`+year+`|\d\d)`, acceptDate),
		byNumber(Date, sure, upTo2, dayNumber+`[/.-]`+monthNumber+`[/.-](?:`+year+`|\d\d)`, acceptDate),
		byNumber(Date, likely, upTo2, monthNumber+`/`+dayNumber+`-`+monthNumber+`/`+dayNumber+`/(?:`+year+`|\d\d)`, notInNumber),
		byNumber(Date, likely, upTo2, `\d{1,2} [/.-] \d{1,2} [/.-] `+year, notInNumber),
		byNumber(Date, sure, upTo2, dayNumber+`\.(?:I{1,3}|IV|VI{0,3}|IX|XI{0,2})\.(?:`+year+`|\d\d)`, notInNumber),
		byNumber(Date, sure, four, year+`[/.-]`+monthNumber+`[/.-]`+dayNumber+clock, notInNumber),
		byNumber(Date, sure, compact, year+`(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:T?[0-2]\d[0-5]\d(?:[0-5]\d)?(?:\.\d+)?(?:[+-]\d{4})?)?`, notInNumber),
		byNumber(Date, sure, upTo2, monthNumber+`[/-]`+year, notInNumber),
		byNumber(Date, likely, upTo2, monthNumber+`/`+dayNumber, acceptMonthDay),
		byNumber(Date, sure, dayFirst, dayNumber+`[ \t-]*(?:(?i:st|nd|rd|th)\b)?[ \t-]*(?:of[ \t]+|day[ \t]+of[ \t]+)?`+months+`[ \t-]*,?[ \t]*(?:`+year+`|'\d\d|\d\d\b)`, acceptDayMonth),
		byNumber(Date, sure, dayFirst, day+`(?:[ \t-]*|[ \t]+(?:of[ \t]+|day[ \t]+of[ \t]+))`+sureMonths+`(?:,?[ \t]+`+year+`)?`, acceptDayMonth),
		byNumber(Date, likely, func(n int, next byte) bool { return n <= 4 && (next == '/' || next == '.' || next == '-') },
			`[0-3OIl]?[0-9OIl][/.-][0-3OIl]?[0-9OIl][/.-]`+year, acceptNoisyDate),
		byNumber(Date, sure, upTo2, dayNumber+`[ \t]*(?:-|to|and|&)[ \t]*`+dayNumber+`[ \t]+`+sureMonths+`(?:,?[ \t]+`+year+`)?`, nil),
		byWord(Date, sure, monthWords, months+`[ \t]*`+day+`(?:[ \t]*,)?[ \t\n]+(?:`+year+`)`, nil),
		byWord(Date, sure, monthWords, sureMonths+`[ \t]+`+dayNumber+`[ \t]*(?:-|to|through|and|&|or)[ \t]*`+dayNumber+`(?:[ \t]*,[ \t]*`+year+`)?`, nil),
		byWord(Date, sure, monthWords, sureMonths+`[ \t]+(?:the[ \t]+)?`+day, acceptMonthFirst),
		byWord(Date, sure, monthWords, sureMonths+`-`+day+`(?:-(?:`+year+`|\d\d))?`, notInNumber),
		byWord(Date, sure, monthWords, sureMonths+`[ \t]+(?:the[ \t]+)?`+ordinalDay+`(?:,?[ \t]+`+year+`)?`, nil),
		byWord(Date, sure, monthWords, months+`[ \t]*,?[ \t-]*(?:of[ \t]+)?(?:`+year+`|'\d\d)`, nil),
		byWord(Date, likely, monthWords, sureMonths, acceptMonthAlone),
		byWord(Date, sure, "the", `the[ \t]+((?:`+ordinalDay+`|`+day+`)[ \t]+(?:day[ \t]+)?of[ \t]+`+sureMonths+`(?:,?[ \t]+`+year+`)?)`, nil),
		byWord(Date, likely, "on until by since from before after till", `(?i:on|until|by|since|from|before|after|till)[ \t]+(?:the[ \t]+)(`+dayNumber+`(?:st|nd|rd|th))(?:[.,;)]|$|[ \t]*\n|[ \t]+(?:at|and showed|showed|for (?:a )?follow))`, nil),
		byWord(Date, sure, "christmas thanksgiving easter halloween hanukkah passover ramadan labor memorial independence new valentine valentines mother father fourth good ash palm",
			`((?i:christmas(?: eve| day)?|thanksgiving(?: day)?|easter(?: sunday| monday)?|halloween|hanukkah|passover|ramadan|labor day|memorial day|independence day|new year'?s?(?: eve| day)|valentine'?s day|mother'?s day|father'?s day|fourth of july|good friday|ash wednesday|palm sunday)(?:,?[ \t]+(?:of[ \t]+)?`+year+`)?)`, nil),
		byWord(Date, sure, "born dob birth", `(?i:born|dob|birth)(?:[ \t]+(?:in|on))?[ \t:]+(`+year+`)`, acceptOldYear),

		byNumber(Age, sure, func(n int, _ byte) bool { return n >= 2 && n <= 5 }, `(9\d|1[0-2]\d)[ \t-]*(?i:years?|yrs?|y)[ \t.-]*(?i:old|of age|/?o\b|-?olds?)`, nil),
		byNumber(Age, sure, func(n int, _ byte) bool { return n >= 2 && n <= 5 }, `(9\d|1[0-2]\d)[ \t-]*(?i:y\.?/?o\.?|yo|yof|yom|y/o|yr|yrs)\b`, nil),
		byNumber(Age, likely, func(n int, _ byte) bool { return n == 3 || n == 4 }, `(9\d|1[0-2]\d)[ ]?[MFmf]\b`, notInNumber),
		byWord(Age, sure, "age ages aged", `(?i:age[ds]?)(?:/[a-z/]+)?[ \t]*(?:is|of|:)?[ \t]*(9\d|1[0-2]\d)`, nil),
		byWord(Age, sure, "turned turns turning", `(?i:turned|turns|turning)[ \t]+(9\d|1[0-2]\d|(?i:ninety(?:-\w+)?|one hundred(?:[ -](?:and[ -])?\w+)?))\b`, notPercent),
		byWord(Age, sure, "ninety", `(?i:ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?)[ \t-]*(?i:years?|yrs?)[ \t-]*(?i:old|of age)`, nil),
		byWord(Age, sure, "ninety one", `((?i:ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|one hundred(?:[ -](?:and[ -])?(?:one|two|three|four|five|six|seven|eight|nine|ten))?))[ \t-]+(?i:years?|yrs?)[ \t-]*(?i:old|of age)`, nil),
		byWord(Age, sure, "age aged", `(?i:aged?)[ \t]*:?[ \t]*((?i:ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|one hundred(?:[ -](?:and[ -])?\w+)?))`, nil),
		byWord(Age, likely, "he she patient who lady man woman", `(?i:he|she|patient|who|lady|man|woman)[ \t]+(?:is|was)[ \t]+(?:now[ \t]+|a[ \t]+)?(9\d|1[0-1]\d)(?:[ \t]*[.,;]|[ \t]+and[ \t])`, nil),
	}
	return list
}

func numberRecognizers() []recognizer {
	area := func(n int, next byte) bool { return n == 3 && strings.IndexByte("-./) ", next) >= 0 }
	one := func(n int, next byte) bool { return n == 1 && strings.IndexByte("-. (", next) >= 0 }
	long := func(n int, next byte) bool { return n >= 13 && n <= 19 || n == 4 && (next == ' ' || next == '-') }
	return []recognizer{
		byNumber(SSN, certain, dashed(3, "-"), `\d{3}-\d{2}-\d{4}`, acceptSSN),
		byNumber(SSN, likely, dashed(3, " "), `\d{3} \d{2} \d{4}`, acceptSSN),
		byNumber(Phone, certain, area, `\(?[2-9]\d{2}(?:\) ?|[-./ ]|\)-)[2-9]\d{2}[-. ]\d{4}(?:,? ?(?i:x|ext\.?|extension) ?\d{1,6})?`, acceptPhone),
		byNumber(Phone, certain, one, `\+?1[-. ]?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. /])[2-9]\d{2}[-. ]\d{4}(?:,? ?(?i:x|ext\.?|extension) ?\d{1,6})?`, notInNumber),
		byNumber(Phone, likely, dashed(3, "-."), `[2-9]\d{2}[-.]\d{4}`, acceptLocalPhone),
		byNumber(Phone, likely, func(n int, _ byte) bool { return n >= 2 && n <= 6 }, `[xX]\d{1,2}-\d{4}|[xX]\d{3,5}`, nil),
		byNumber(Phone, certain, func(n int, _ byte) bool { return n <= 15 }, `\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,4}\)?){2,5}`, acceptInternational),
		byNumber(Account, certain, long, `\d(?:[ -]?\d){12,18}`, acceptCard),
		byNumber(Tax, sure, dashed(2, "-"), `\d{2}-\d{7}`, acceptEIN),
		byNumber(Tax, sure, dashed(3, "-"), `9\d{2}-[5-9]\d-\d{4}`, notInNumber), // ITIN
		byNumber(Vehicle, certain, length(17), `[A-HJ-NPR-Za-hj-npr-z0-9]{17}`, acceptVIN),
		byNumber(License, certain, length(9), `[ABCDEFGHJKLMPRSTUXabcdefghjklmprstux][A-Za-z]\d{7}`, acceptDEA),
		byNumber(Plan, sure, length(11), `[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[AC-HJKMNP-RT-Y]{2}\d\d`, nil), // MBI
		byNumber(IP, likely, func(n int, next byte) bool { return n <= 3 && next == '.' }, `\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`, acceptIPv4),
		byNumber(ID, sure, func(n int, next byte) bool { return n <= 3 && next == '.' }, `[0-2]\.\d{1,3}(?:\.\d+){5,}`, nil), // DICOM UID
		byNumber(ID, sure, func(n int, next byte) bool { return n == 8 && next == '-' }, `[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}`, nil),
		byNumber(Account, certain, func(n int, _ byte) bool { return n == 4 || n >= 15 && n <= 34 }, `[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?`, acceptIBAN),
	}
}

func labelRecognizers() []recognizer {
	const number = `(?:number|num|nbr|no|id|#)`
	return []recognizer{
		byWord(URL, certain, "http https ftp www", `(?i)(?:(?:https?|ftp)://|www\.)[^\s<>"“”\[\]|]*[^\s<>"“”\[\]|.,;:!?')]`, nil),

		byWord(SSN, certain, "ssn ss social soc", `(?i:ssn|ss[ \t]*(?:#|no\b|number)|soc(?:ial)?\.? ?sec(?:urity)?)(?:[ \t]*(?i:number|no\b|#))?\.?(?:[ \t]+(?i:on file|ending(?: in)?|is))?[\s:#]*((?:\d{3}|[Xx*]{3})[ -]?(?:\d{2}|[Xx*]{2})[ -]?\d{4})`, nil),
		byWord(SSN, sure, "xxx", `[Xx]{3}-?[Xx]{2}-?\d{4}`, nil),

		byWord(Phone, certain, "phone ph tel telephone fax facsimile pager pgr cell mobile beeper call called contact dial callback voicemail telefax tty",
			`(?i:phone|ph|tel|telephone|telefax|fax|facsimile|pager|pgr|cell|mobile|beeper|call|called|contact|dial|callback|voicemail|tty)(?i:[ \t]*(?:no|number|#|at|is|on|to|phone)\b)*\.?[\s:#]*(\+?[(]?\d[\d ().\-/]{5,18}\d(?:,? ?(?i:x|ext\.?) ?\d{1,6})?)`, acceptLabelledPhone),
		byWord(Phone, likely, "pager pgr ext extension beeper x", `(?i:pager|pgr|ext|extension|beeper|x)\.?[ \t]*(?:no\.?|number|is)?[ \t:]*(#?[ \t]*\d{3,7})`, nil),

		labelled(MRN, "mrn emrn mpi medical med chart patient pt mr hospital hosp unit record", `e?mrn|mpi|m\.?r\.?[ \t]*(?:#|no\b|num)|mr(?:[ \t]*#)?|(?:medical|med\.?)[ \t]*rec(?:ord|\.)?s?|chart|(?:hosp(?:ital)?|unit|record)[ \t]*`+number+`|(?:patient|pt)[ \t]*(?:id|identifier|number|no|#)`, 5),
		byWord(MRN, sure, "mrn medical chart", `(?i:mrn|medical record|chart)(?:[ \t]*(?i:number|no|is))?[ \t:.]*(`+numberWord1+`(?:[ \t,-]+`+numberWord1+`){2,11})`, nil),

		labelled(ID, "accession acc encounter enc csn fin specimen sample requisition auth authorization confirmation badge ticket uid guid accn", `accession|accn?|encounter|enc|csn|fin|specimen|sample|requisition|auth(?:orization)?|confirmation|badge|ticket|[ug]uid`, 4),
		labelled(ID, "visit case claim study order exam ref reference tracking dictation job document file report transaction participant subject slide block batch request", `(?:visit|case|claim|study|order|exam|ref(?:erence)?|tracking|dictation|job|document|file|report|transaction|participant|subject|slide|block|batch|request)[ \t]*(?:number|num|nbr|no|id|uid|#|:)`, 4),
		labelled(Account, "account acct a billing routing aba checking savings invoice", `(?:billing|bank|checking|savings)?[ \t]*(?:account|acct|a/c)|routing|aba|checking|savings|invoice`, 4),
		byWord(Account, certain, "account acct iban", `(?i:account|acct|iban)(?:[ \t]*(?i:number|no))?\.?[ \t:#]*([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)`, hasDigits(8)),
		labelled(Plan, "member subscriber beneficiary medicare medicaid hicn mbi group grp policy insurance ins plan payer", `(?:member|subscriber|beneficiary|insurance|ins|plan|payer)(?:[ \t]*`+number+`)?|medicare|medicaid|hicn|mbi|group(?:[ \t]*`+number+`)|grp|policy`, 5),
		byWord(Plan, certain, "medicaid medicare member subscriber", `(?i:medicaid|medicare|member|subscriber)(?:[ \t]*(?i:id|no|number))?\.?[ \t:#]*([A-Z]{1,3} \d{3,5} \d{3,5}(?: [A-Z])?)`, nil),
		labelled(License, "license licence lic dl cdl certificate cert permit passport registration npi dea licensed", `(?:driver'?s?[ \t]+)?(?:licen[sc]e|lic)(?:[ \t]+plate)?|c?dl|certificate|cert|permit|passport|registration|npi|dea`, 5),
		byNumber(License, certain, length(10), `[12]\d{9}`, func(text string, start, end int) bool {
			return acceptNPI(text, start, end) && nearWord(text, start, "npi", "provider", "physician")
		}),
		labelled(Vehicle, "vin plate plates vehicle", `vin|(?:vehicle)[ \t]*(?:id|identification)[ \t]*`+number+`?`, 6),
		byWord(Vehicle, certain, "plate plates tag", `(?i:plates?|tag)(?:[ \t]*(?i:number|no|is|#))?\.?[ \t:#]*((?:`+states+`[ \t-]+)?[A-Z0-9]{1,4}[- ·][A-Z0-9]{2,5}|(?:`+states+`[ \t-]+)?[A-Z]{1,3}\d{2,5}[A-Z]?|(?:`+states+`[ \t-]+)?\d{1,4}[A-Z]{2,4})`, hasDigits(2)),
		labelled(Device, "serial ser s sn lot device imei udi implant generator", `serial|ser|s/n|sn|lot|device|imei|udi|implant|generator`, 4),
		labelled(Biometric, "fingerprint fingerprints finger retina retinal iris voice voiceprint facial face biometric palm thumbprint template",
			`(?:finger[ -]?prints?|thumbprint|retinal?|iris|voice[ -]?print|facial recognition|face[ -]?print|biometric|palm[ -]?print)(?:[ \t]+(?:scan|template|hash|record|ref))*`, 3),
		labelled(Tax, "tin ein fein itin tax taxpayer employer vat", `tin|f?ein|itin|tax(?:payer)?[ \t]*(?:identification|ident|id|number|no)(?:[ \t]*`+number+`)?|employer[ \t]+identification|vat`, 7),
		labelled(ID, "id", `id`, 5),

		byWord(Address, sure, "po p post box", `(?i:p\.? ?o\.? ?box|post office box)[ \t]+\d+`, nil),
		byWord(Address, sure, "zip", `(?i:zip(?:[ \t]*code)?)[ \t:]*(\d{5}(?:-\d{4})?)`, nil),
	}
}

package deid

import "strings"

// acceptMonthDay takes "3/14" for a date where what stands before it speaks of
// time, for it is a score, a grade or a ratio more often.
func acceptMonthDay(text string, start, end int) bool {
	if !notInNumber(text, start, end) {
		return false
	}
	after := text[end:min(len(text), end+14)]
	lower := strings.ToLower(strings.TrimLeft(after, " "))
	for _, no := range []string{"murmur", "pain", "strength", "cm", "mm", "inch", "of the", "systolic", "diastolic", "%", "\"", "bilat", "pulses", "reflex", "sets", "ratio", "ppd", "l ", "ns", "tsp"} {
		if strings.HasPrefix(lower, no) {
			return false
		}
	}
	before := wordBefore(text, start)
	if dateWords[before] {
		return true
	}
	if _, d, ok := strings.Cut(text[start:end], "/"); ok && !fractionDays[d] && !scoreWords[before] && start > 0 && text[start-1] == ' ' && (before == "" || before[0] >= 'a' && before[0] <= 'z') {
		return true // no score or fraction is out of so many
	}
	// "3/14 at 10:30", "3/14: seen"
	if len(lower) > 4 && strings.HasPrefix(after, " ") && isDigit(lower[0]) && (lower[1] == ':' || lower[2] == ':') {
		return true // "7/4 23:50"
	}
	if start >= 3 && text[start-2:start] == ", " && isDigit(text[start-3]) && (strings.HasPrefix(after, " and") || strings.HasPrefix(after, ",")) {
		return true // "5/17/2019, 7/6 and again"
	}
	return strings.HasPrefix(lower, "at ") && len(lower) > 4 && isDigit(lower[3]) || strings.HasPrefix(after, ": ") && (start == 0 || text[start-1] == '\n' || start > 2 && text[start-2] == ',')
}

var dateWords = wordSet(`on until since from dated date seen exam visit thru through till of for due after before between between starting start started
	began stop stopped stopping admitted discharged admit disch dc moved study film xr cxr ct mri us scan tagged out next last d t dos dob
	appt appointment fu f/u rtc follow placed removed inserted surgery op pod injury injured fell recheck done performed drawn sent
	received ordered called sched scheduled rescheduled to and or comparison compared prior ending lmp edd given taken operation bx biopsy
	week collected mailed faxed notified signed updated created effective eff expires exp born died post s/p sp cc'd up u again exchanged implanted colonoscopy mammogram pap arrived arrives echo cath visited revision revised addendum amended`)

// fractionDays are days that scores and fractions are out of as well.
var fractionDays = wordSet("1 2 3 4 5 6 7 8 9 10 12 15 16 20 21 22 24 25 28 30 01 02 03 04 05 06 08")

// scoreWords stand before a score or a ratio.
var scoreWords = wordSet("grade score scores strength pain ratio stage level levels acuity va apgar apgars image series lead murmur moca mmse gleason scored sat sats pulse vision od os ou type")

// acceptMonthFirst refuses a month's word that is another word: "may 5 times".
func acceptMonthFirst(text string, start, end int) bool {
	after := strings.TrimLeft(text[end:min(len(text), end+12)], " ")
	for _, no := range []string{"mg", "ml", "cm", "mm", "%", "times", "x ", "units", "ng", "°", "weeks", "days", "months", "years", "kg"} {
		if strings.HasPrefix(after, no) {
			return false
		}
	}
	return !(strings.HasPrefix(text[end:], ".") && end+1 < len(text) && isDigit(text[end+1]))
}

// acceptDayMonth refuses a number before a word that is no month there: "2 may
// be", "1 mar", "5 dec".
func acceptDayMonth(text string, start, end int) bool {
	if !notInNumber(text, start, start) {
		return false
	}
	s := strings.TrimLeft(text[start:end], digits+" \t-")
	if strings.HasPrefix(s, "may") || strings.HasPrefix(s, "mar") {
		return strings.ContainsAny(s, digits)
	}
	return !strings.HasPrefix(s, "May ") || strings.ContainsAny(s, digits)
}

// acceptMonthAlone takes a month without a number for a date behind a word of
// time.
func acceptMonthAlone(text string, start, end int) bool {
	if first := text[start]; first >= 'a' && first <= 'z' {
		return false
	}
	switch strings.ToLower(strings.TrimRight(text[start:end], ".")) {
	case "march", "may", "mar", "august":
		if text[start+1] >= 'A' && text[start+1] <= 'Z' {
			return false
		}
	}
	switch wordBefore(text, start) {
	case "in", "since", "last", "next", "early", "late", "mid", "until", "till", "through", "during", "this", "by", "from", "of", "before", "after":
		return !strings.HasPrefix(text[end:], "-") && !strings.HasPrefix(text[end:], "'")
	}
	return false
}

// acceptNoisyDate takes O, l and I for digits that were read wrong, where a
// digit is right.
func acceptNoisyDate(text string, start, end int) bool {
	return strings.ContainsAny(text[start:end-4], digits) && notInNumber(text, start, end)
}

// acceptOldYear takes a year of birth for an identifier when it makes somebody
// older than 89 by the latest year of the text.
func acceptOldYear(text string, start, end int) bool {
	y, latest := atoi(text[start:end]), 0
	for i := 0; i+4 <= len(text); i++ {
		if (text[i] == '1' || text[i] == '2') && (i == 0 || !wordByte(text[i-1])) && len(onlyDigits(text[i:i+4])) == 4 && (i+4 == len(text) || !wordByte(text[i+4])) {
			if n := atoi(text[i : i+4]); n >= 1900 && n <= 2099 {
				latest = max(latest, n)
			}
		}
	}
	return latest-y >= oldest
}

func notPercent(text string, _, end int) bool { return !strings.HasPrefix(text[end:], "%") }

// acceptPhone asks for both brackets or none.
func acceptPhone(text string, start, end int) bool {
	s := text[start:end]
	return notInNumber(text, start, end) && strings.Contains(s, "(") == strings.Contains(s, ")")
}

// acceptLocalPhone refuses what is a range, a code or a decimal.
func acceptLocalPhone(text string, start, end int) bool {
	if !notInNumber(text, start, end) || start > 0 && (text[start-1] == '$' || text[start-1] == '-') {
		return false
	}
	if text[start+3] == '.' {
		return nearWord(text, start, "phone", "tel", "call", "pager", "cell", "fax", "ext", "contact")
	}
	switch wordBefore(text, start) {
	case "image", "images", "series", "slice", "slices", "rule", "section", "sections", "no", "file", "form", "code", "act", "law", "reg", "regulation":
		return false
	}
	return true
}

// acceptLabelledPhone asks for as many digits as a telephone number has.
func acceptLabelledPhone(text string, start, end int) bool {
	s := text[start:end]
	n := countDigits(s)
	if strings.Contains(s, "/") && strings.Count(s, "/") > 1 || isDateLike(s) {
		return false
	}
	return n >= 7 && n <= 17
}

package deid

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A written date is a date with the way it is written: words of which some are
// its parts.
type writtenDate struct {
	words            []string
	day, month, year int // which word; -1: not there
	weekday          int
	d, m, y          int
	compact          bool // the first word is YYYYMMDD and perhaps a time
	monthName        bool
	twoDigitYear     bool
}

var monthNames = strings.Fields("january february march april may june july august september october november december")

var weekdayNames = strings.Fields("sunday monday tuesday wednesday thursday friday saturday")

// monthOf returns the number of a month's name or its short form, or 0.
func monthOf(lower string) int { return nameIn(monthNames, lower, 3) }

// nameIn returns the place, from 1, of a name of which word is the whole or
// the beginning of at least short letters.
func nameIn(names []string, word string, short int) int {
	if len(word) < short {
		return 0
	}
	for i, n := range names {
		if strings.HasPrefix(n, word) || word == "sept" && n == "september" || word == "tues" && n == "tuesday" || word == "thurs" && n == "thursday" {
			return i + 1
		}
	}
	return 0
}

// parseDate reads a date as recognizers find them. It reports false for what
// it can not read.
func parseDate(text string) (w writtenDate, ok bool) {
	w = writtenDate{words: splitWords(text), day: -1, month: -1, year: -1, weekday: -1}
	var numbers []int // which words
	for i, word := range w.words {
		first, _ := utf8.DecodeRuneInString(word)
		lower := strings.ToLower(word)
		switch {
		case unicode.IsDigit(first):
			numbers = append(numbers, i)
		case w.month < 0 && monthOf(lower) > 0:
			w.month, w.m, w.monthName = i, monthOf(lower), true
		case w.weekday < 0 && len(numbers) == 0 && nameIn(weekdayNames, lower, 3) > 0:
			w.weekday = i
		}
	}
	if len(numbers) > 0 && len(w.words[numbers[0]]) >= 8 {
		w.compact = true
		s := w.words[numbers[0]]
		w.y, w.m, w.d = atoi(s[:4]), atoi(s[4:6]), atoi(s[6:8])
		return w, w.real()
	}
	if !w.monthName {
		return w, w.numeric(numbers) && w.real()
	}
	for _, i := range numbers {
		n := atoi(w.words[i])
		switch {
		case len(w.words[i]) == 4 && w.year < 0:
			w.year, w.y = i, n
		case w.day < 0 && n >= 1 && n <= 31 && (w.year < 0 || i < w.year):
			w.day, w.d = i, n
		case w.year < 0 && len(w.words[i]) == 2:
			w.year, w.y, w.twoDigitYear = i, century(n), true
		}
	}
	return w, w.real()
}

// numeric reads parts that are all numbers: year first, or month first unless
// that can not be.
func (w *writtenDate) numeric(numbers []int) bool {
	part := func(i int) (string, int) { s := w.words[numbers[i]]; return s, atoi(s) }
	switch {
	case len(numbers) >= 3:
		a, an := part(0)
		_, bn := part(1)
		c, cn := part(2)
		switch {
		case len(a) == 4:
			w.year, w.month, w.day = numbers[0], numbers[1], numbers[2]
			w.y, w.m, w.d = an, bn, cn
			return true
		case an > 12:
			w.day, w.month, w.d, w.m = numbers[0], numbers[1], an, bn
		default:
			w.month, w.day, w.m, w.d = numbers[0], numbers[1], an, bn
		}
		w.year, w.y = numbers[2], cn
		if len(c) == 2 {
			w.y, w.twoDigitYear = century(cn), true
		}
		return true
	case len(numbers) == 2:
		_, an := part(0)
		b, bn := part(1)
		w.month, w.m = numbers[0], an
		switch {
		case len(b) == 4:
			w.year, w.y = numbers[1], bn
		case an > 12:
			w.day, w.d, w.month, w.m = numbers[0], an, numbers[1], bn
		default:
			w.day, w.d = numbers[1], bn
		}
		return true
	}
	return false
}

// real says whether the parts can be a date's. Parts that are not there pass.
func (w *writtenDate) real() bool {
	return w.m >= 1 && w.m <= 12 && w.d >= 0 && w.d <= 31 && w.y >= 0 && (w.y > 0 || w.d > 0)
}

// century is the year that two digits mean.
func century(two int) int {
	if two < 40 {
		return 2000 + two
	}
	return 1900 + two
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // too many digits are no date's
	return n
}

// see notes the years of a document's dates before any is shifted.
func (d *disguise) see(text string) {
	if w, ok := parseDate(text); ok && w.y > 0 {
		d.newest = max(d.newest, w.y)
		if d.refYear == 0 {
			d.refYear = w.y
		}
	}
}

// oldest is the age from which on a year of birth is an identifier.
const oldest = 90

// date shifts a date by the subject's days and writes it as it was written. A
// date without a day is taken for the middle of its month, one without a year
// for one of the document's first year. Of a date that lies so far back that
// it is the birth of somebody over 89, the year becomes that of an age of 90.
// What can not be read as a date is replaced by a tag.
func (d *disguise) date(text string) string {
	w, ok := parseDate(text)
	if !ok {
		return Date.tag()
	}
	day, year := w.d, w.y
	if day == 0 {
		day = 15
	}
	if year == 0 {
		year = max(d.refYear, 1)
		if d.refYear == 0 {
			year = 2001
		}
	}
	t := time.Date(year, time.Month(w.m), day, 0, 0, 0, 0, time.UTC).AddDate(0, 0, d.shift)
	if d.newest-year >= oldest {
		t = time.Date(d.newest-oldest, t.Month(), min(t.Day(), 28), 0, 0, 0, 0, time.UTC)
	}
	return w.write(t)
}

// write puts another date in the words of w.
func (w *writtenDate) write(t time.Time) string {
	words := append([]string(nil), w.words...)
	y, m, day := t.Date()
	if w.compact {
		for i, s := range words {
			if first, _ := utf8.DecodeRuneInString(s); unicode.IsDigit(first) {
				words[i] = fmt.Sprintf("%04d%02d%02d", y, m, day) + s[8:]
				break
			}
		}
		return strings.Join(words, "")
	}
	padded := w.year >= 0 && w.year < max(w.month, w.day) // 2020-01-02
	for _, i := range []int{w.day, w.month} {
		padded = padded || i >= 0 && len(words[i]) == 2 && words[i][0] == '0'
	}
	put := func(i, n int) {
		switch {
		case i < 0:
		case padded:
			words[i] = fmt.Sprintf("%02d", n)
		default:
			words[i] = strconv.Itoa(n)
		}
	}
	if w.day >= 0 {
		put(w.day, day)
		if i := w.day + 1; i < len(words) && ordinals[strings.ToLower(words[i])] {
			words[i] = likeCase(ordinal(day), words[i])
		}
	}
	switch {
	case w.monthName:
		words[w.month] = likeMonth(m, words[w.month], strings.Contains(strings.Join(words, ""), "-"))
	default:
		put(w.month, int(m))
	}
	if w.year >= 0 {
		if w.twoDigitYear {
			words[w.year] = fmt.Sprintf("%02d", y%100)
		} else {
			words[w.year] = fmt.Sprintf("%04d", y)
		}
	}
	if w.weekday >= 0 {
		name := weekdayNames[t.Weekday()]
		if was := words[w.weekday]; len(was) <= 4 {
			name = name[:3]
		}
		words[w.weekday] = likeCase(strings.ToUpper(name[:1])+name[1:], words[w.weekday])
	}
	return strings.Join(words, "")
}

var ordinals = wordSet("st nd rd th")

func ordinal(n int) string {
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			return "st"
		case 2:
			return "nd"
		case 3:
			return "rd"
		}
	}
	return "th"
}

// likeMonth writes a month whole or short, as like is. "May" is both: it is
// taken for short where the date has dashes.
func likeMonth(m time.Month, like string, dashes bool) string {
	name := m.String()
	lower := strings.ToLower(like)
	if whole := monthNames[monthOf(lower)-1]; lower != whole || lower == "may" && dashes {
		name = name[:3]
	}
	return likeCase(name, like)
}

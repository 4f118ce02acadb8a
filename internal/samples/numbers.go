package samples

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

var (
	ones = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
		"eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"}
	tens     = []string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}
	ordinals = []string{"", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
		"eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
		"nineteenth", "twentieth"}
)

// words writes a number from 0 to 999,999,999 in English.
func words(n int) string {
	switch {
	case n < 20:
		return ones[n]
	case n < 100:
		if n%10 == 0 {
			return tens[n/10]
		}
		return tens[n/10] + "-" + ones[n%10]
	case n < 1000:
		return joinWords(words(n/100)+" hundred", n%100)
	case n < 1_000_000:
		return joinWords(words(n/1000)+" thousand", n%1000)
	default:
		return joinWords(words(n/1_000_000)+" million", n%1_000_000)
	}
}

func joinWords(head string, rest int) string {
	if rest == 0 {
		return head
	}
	return head + " " + words(rest)
}

// commas writes a number with its thousands apart.
func commas(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// choose picks a number from "1,2,5", "1-9" or "100-900/50".
func choose(rng *rand.Rand, arg string) (int, error) {
	if strings.Contains(arg, ",") {
		return strconv.Atoi(pick(rng, list(arg, ",")))
	}
	low, high, ranged := strings.Cut(arg, "-")
	if !ranged {
		return strconv.Atoi(low)
	}
	high, stepText, stepped := strings.Cut(high, "/")
	step := 1
	var err error
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
			return 0, fmt.Errorf("step %q is not a positive number", stepText)
		}
	}
	from, err := strconv.Atoi(low)
	if err != nil {
		return 0, err
	}
	to, err := strconv.Atoi(high)
	if err != nil || to < from {
		return 0, fmt.Errorf("range %q is not low-high", arg)
	}
	return from + step*rng.IntN((to-from)/step+1), nil
}

// A numberStyle is how a document writes its numbers.
type numberStyle int

const (
	digits      numberStyle = iota // 30
	spelled                        // thirty
	wordsDigits                    // thirty (30)
)

func (s numberStyle) count(n int) string {
	switch {
	case s == spelled && n <= 100:
		return words(n)
	case s == wordsDigits && n <= 999:
		return fmt.Sprintf("%s (%d)", words(n), n)
	default:
		return commas(n)
	}
}

func (s numberStyle) percent(n int) string {
	switch s {
	case spelled:
		return words(n) + " percent"
	case wordsDigits:
		return fmt.Sprintf("%s percent (%d%%)", words(n), n)
	default:
		return fmt.Sprintf("%d%%", n)
	}
}

func (s numberStyle) money(symbol, name string, n int) string {
	if s == wordsDigits {
		return fmt.Sprintf("%s %s (%s%s)", words(n), name, symbol, commas(n))
	}
	return symbol + commas(n)
}

// dateLayouts are the ways in which a document writes its dates.
var dateLayouts = []string{"January 2, 2006", "January 2, 2006", "2 January 2006", "January 2, 2006", "2 January, 2006", "01/02/2006", "Jan. 2, 2006"}

// day returns a day in the given years.
func day(rng *rand.Rand, firstYear, lastYear int) time.Time {
	year := firstYear + rng.IntN(lastYear-firstYear+1)
	return time.Date(year, time.January, 1+rng.IntN(365), 0, 0, 0, 0, time.UTC)
}

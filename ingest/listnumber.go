package ingest

import (
	"fmt"
	"strconv"
	"strings"
)

// formatNumber writes a list number in one of the formats of ECMA-376-1,
// 17.18.59 (ST_NumberFormat); formats that are not known are decimal.
func formatNumber(n int, format string) string {
	switch format {
	case "none":
		return ""
	case "lowerLetter":
		return strings.ToLower(letterNumber(n))
	case "upperLetter":
		return letterNumber(n)
	case "lowerRoman":
		return strings.ToLower(romanNumber(n))
	case "upperRoman":
		return romanNumber(n)
	case "decimalZero":
		return fmt.Sprintf("%02d", n)
	case "ordinal":
		return strconv.Itoa(n) + ordinalEnding(n)
	case "cardinalText":
		return capital(numberWords(n, cardinals))
	case "ordinalText":
		return capital(numberWords(n, ordinals))
	}
	return strconv.Itoa(n)
}

// letterNumber counts A to Z, then AA, BB and so on, as Word does.
func letterNumber(n int) string {
	if n < 1 || n > 780 {
		return strconv.Itoa(n)
	}
	return strings.Repeat(string(rune('A'+(n-1)%26)), (n-1)/26+1)
}

func romanNumber(n int) string {
	if n < 1 || n > 3999 {
		return strconv.Itoa(n)
	}
	var b strings.Builder
	values := []int{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1}
	letters := []string{"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"}
	for i, v := range values {
		for ; n >= v; n -= v {
			b.WriteString(letters[i])
		}
	}
	return b.String()
}

func ordinalEnding(n int) string {
	if n%100 >= 11 && n%100 <= 13 {
		return "th"
	}
	switch n % 10 {
	case 1:
		return "st"
	case 2:
		return "nd"
	case 3:
		return "rd"
	}
	return "th"
}

var (
	cardinals = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	ordinals  = strings.Fields("zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth")
	tens      = strings.Fields("zero ten twenty thirty forty fifty sixty seventy eighty ninety")
)

// numberWords writes a number below 100 in words, of which ones are the last.
func numberWords(n int, ones []string) string {
	switch {
	case n < 0 || n > 99:
		return strconv.Itoa(n)
	case n < 20:
		return ones[n]
	case n%10 == 0 && ones[1] == "first":
		return strings.TrimSuffix(tens[n/10], "y") + "ieth"
	case n%10 == 0:
		return tens[n/10]
	}
	return tens[n/10] + "-" + ones[n%10]
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

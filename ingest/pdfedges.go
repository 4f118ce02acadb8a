package ingest

import (
	"regexp"
	"strconv"
	"strings"
)

// An edge is how many lines at the top and at the bottom of a page are header
// and footer, not counting empty ones.
type edge struct{ top, bottom int }

// cut divides the lines of a page into header, running text and footer.
func (e edge) cut(lines []string) (head, body, foot string) {
	from, to := 0, len(lines)
	for n := e.top; n > 0 && from < to; from++ {
		if lines[from] != "" {
			n--
		}
	}
	for n := e.bottom; n > 0 && to > from; to-- {
		if lines[to-1] != "" {
			n--
		}
	}
	join := func(part []string) string { return strings.Trim(strings.Join(part, "\n"), "\n") }
	return join(lines[:from]), join(lines[from:to]), join(lines[to:])
}

const (
	edgeLines   = 6   // of a page's top and bottom that may be header or footer
	fewestPages = 3   // on which a line repeats
	surePages   = 5   // that are enough in a document of any length, if no page number speaks for it
	edgeShare   = 0.4 // of the pages between its first and its last
)

// An edgeLine is a line near the edge of a page with its numbers apart: the
// same lines but for a page number are the same text.
type edgeLine struct {
	page    int
	numbers []int
}

// findEdges finds the lines that repeat at the top or bottom of pages, page
// numbers among them.
func findEdges(pages [][]string) []edge {
	tops, bottoms := make([][]string, len(pages)), make([][]string, len(pages))
	for i, lines := range pages {
		for _, line := range lines {
			if line != "" && len(tops[i]) < edgeLines {
				tops[i] = append(tops[i], line)
			}
		}
		for at := len(lines) - 1; at >= 0 && len(bottoms[i]) < edgeLines; at-- {
			if lines[at] != "" {
				bottoms[i] = append(bottoms[i], lines[at])
			}
		}
	}
	edges := make([]edge, len(pages))
	top, bottom := repeated(tops), repeated(bottoms)
	for i, lines := range pages {
		e := edge{top[i], bottom[i]}
		if e.top+e.bottom >= filled(lines) {
			continue // a page of nothing else says something by it
		}
		edges[i] = e
	}
	return edges
}

func filled(lines []string) int {
	n := 0
	for _, line := range lines {
		if line != "" {
			n++
		}
	}
	return n
}

// repeated returns for each page how many of its lines, from the edge on,
// repeat on other pages.
func repeated(pages [][]string) []int {
	seen := make(map[string][]edgeLine)
	for i, lines := range pages {
		for _, line := range lines {
			form, numbers := formOf(line)
			if all := seen[form]; len(all) == 0 || all[len(all)-1].page != i {
				seen[form] = append(all, edgeLine{i, numbers})
			}
		}
	}
	counts := make([]int, len(pages))
	for i, lines := range pages {
		for _, line := range lines {
			form, _ := formOf(line)
			if !repeats(form, seen[form], len(pages)) {
				break
			}
			counts[i]++
		}
	}
	return counts
}

var (
	digits = regexp.MustCompile(`\d+`)
	roman  = regexp.MustCompile(`^[-( ]*[ivxl]+[-) ]*$`)
	// number is a line that is nothing but a page's number.
	pageNumber = regexp.MustCompile(`^[-–—( ]*(?:(?:[a-z]{1,2}|page)[-– ]*)?#[-–—) ]*(?:of #)?$`)
)

// formOf returns a line with its numbers replaced.
func formOf(line string) (form string, numbers []int) {
	line = strings.ToLower(line)
	if roman.MatchString(line) {
		return "roman", nil
	}
	form = digits.ReplaceAllStringFunc(line, func(s string) string {
		n, _ := strconv.Atoi(s)
		numbers = append(numbers, n)
		return "#"
	})
	return form, numbers
}

// repeats says whether a line that stands at the edge of these pages is a
// header or footer of a document with that many pages.
func repeats(form string, lines []edgeLine, pages int) bool {
	n := len(lines)
	if n < 2 || n < fewestPages && pages > 2 {
		return false
	}
	span := lines[n-1].page - lines[0].page + 1
	if float64(n) < edgeShare*float64(span) {
		return false
	}
	number := pageNumber.MatchString(form)
	if !number && pages > 2 && float64(n) < min(surePages, max(fewestPages, edgeShare*float64(pages))) {
		return false // a line of signatures on the last pages, say
	}
	if !strings.Contains(form, "#") {
		return n >= fewestPages
	}
	counting, same := 0, true
	for i := 1; i < n; i++ {
		ok := countsOn(lines[i-1], lines[i], number)
		if ok {
			counting++
		}
		same = same && equalNumbers(lines[i-1].numbers, lines[i].numbers)
	}
	if n < fewestPages && same {
		return false // two pages may end with the same line by chance
	}
	return counting*10 >= (n-1)*7
}

// countsOn says whether the numbers of a line stay or grow with the page. The
// numbers of pages that a converter cut anew may grow by a little more or less.
func countsOn(a, b edgeLine, loose bool) bool {
	pages := b.page - a.page
	for i := range b.numbers {
		grown := b.numbers[i] - a.numbers[i]
		if grown == 0 && !(loose && i == 0) || grown == pages {
			continue
		}
		if !loose || grown < 0 || grown > pages+2 {
			return false
		}
	}
	return true
}

func equalNumbers(a, b []int) bool {
	for i := range b {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

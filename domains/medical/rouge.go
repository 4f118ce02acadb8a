package medical

import (
	"math"
	"strings"
)

// maxWords bounds the words of a text that overlap metrics read.
const maxWords = 2048

// words returns the lower-case words and numbers of text, as ROUGE counts
// them.
func words(text string) []string {
	var out []string
	for _, t := range scan(text) {
		if t.kind != punctToken {
			out = append(out, t.word)
		}
		if len(out) == maxWords {
			break
		}
	}
	return out
}

// ngrams counts the runs of n words.
func ngrams(w []string, n int) map[string]int {
	out := map[string]int{}
	for i := 0; i+n <= len(w); i++ {
		out[strings.Join(w[i:i+n], " ")]++
	}
	return out
}

// matches returns how many n-grams of a are in b, each as often as it is
// there, and how many a has.
func matches(a, b []string, n int) (hits, total int) {
	in := ngrams(b, n)
	for g, count := range ngrams(a, n) {
		hits += min(count, in[g])
		total += count
	}
	return hits, total
}

// rougeN is the F1 of n-grams (Lin, 2004).
func rougeN(answer, reference []string, n int) float64 {
	hits, a := matches(answer, reference, n)
	return f1(hits, a, max(0, len(reference)-n+1))
}

// rougeL is the F1 of the longest common subsequence of words, over the whole
// text as one sentence (Lin, 2004).
func rougeL(answer, reference []string) float64 {
	row := make([]int, len(reference)+1)
	for _, w := range answer {
		diagonal := 0
		for j, r := range reference {
			above := row[j+1]
			if w == r {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return f1(row[len(reference)], len(answer), len(reference))
}

func f1(hits, a, b int) float64 {
	if a+b == 0 {
		return 0
	}
	return 2 * float64(hits) / float64(a+b)
}

// bleu is sentence-level BLEU-4 with one added to the counts of n-grams longer
// than a word (Lin and Och, 2004) and the brevity penalty.
func bleu(answer, reference []string) float64 {
	if len(answer) == 0 || len(reference) == 0 {
		return 0
	}
	sum := 0.0
	for n := 1; n <= 4; n++ {
		hits, total := matches(answer, reference, n)
		add := 0.0
		if n > 1 {
			add = 1
		}
		p := (float64(hits) + add) / (float64(total) + add)
		if p == 0 {
			return 0
		}
		sum += math.Log(p) / 4
	}
	return math.Exp(sum + math.Min(0, 1-float64(len(reference))/float64(len(answer))))
}

// exactMatch reports whether two texts have the same words.
func exactMatch(answer, reference []string) bool {
	return len(reference) > 0 && strings.Join(answer, " ") == strings.Join(reference, " ")
}

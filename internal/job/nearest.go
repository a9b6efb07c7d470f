package job

import (
	"strconv"
	"strings"
)

// quoted is a word that a person wrote, short enough for the text of an error.
func quoted(word string) string {
	const most = 40
	if len(word) > most {
		word = strings.ToValidUTF8(word[:most], "") + "…"
	}
	return strconv.Quote(word)
}

// Nearest is the word of a list for which a misspelt one most likely stands; false for
// none that is near enough.
func Nearest(word string, list []string) (string, bool) { return nearest(word, list) }

// nearest is the word of a list for which a misspelt one most likely stands. It is the
// first of those with the fewest edits, and none when a third of the word would have to
// change. A difference in case, or between _, - and a space, is no edit.
func nearest(word string, list []string) (string, bool) {
	const longest = 64 // as namePattern: the work is bounded
	if len(word) > longest {
		return "", false
	}
	plain := strings.NewReplacer("-", "_", " ", "_")
	word = strings.ToLower(plain.Replace(word))
	best, fewest := "", max(1, len(word)/3)+1
	for _, candidate := range list {
		if n := edits(word, strings.ToLower(plain.Replace(candidate))); n < fewest {
			best, fewest = candidate, n
		}
	}
	return best, best != ""
}

// edits counts the bytes to insert, delete or replace, and the neighbours to
// swap, that turn a into b (the restricted Damerau-Levenshtein distance).
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

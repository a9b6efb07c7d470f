package pattern

import (
	"fmt"
	"slices"
	"strings"
)

// wildcard is a parsed wildcard pattern: the literal pieces between its
// asterisks. One piece means that there is no asterisk.
type wildcard struct{ pieces []string }

// parseWildcard reads `*` as any run of characters, `\*` and `\\` as themselves.
func parseWildcard(text string) (wildcard, error) {
	pieces := []string{}
	var piece strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '*':
			if i+1 < len(text) && text[i+1] == '*' {
				return wildcard{}, invalid("Consecutive wildcard characters at pos %d", i+1)
			}
			pieces = append(pieces, piece.String())
			piece.Reset()
		case '\\':
			if i++; i == len(text) || text[i] != '*' && text[i] != '\\' {
				return wildcard{}, invalid("Invalid escape character at pos %d", i)
			}
			piece.WriteByte(text[i])
		default:
			piece.WriteByte(text[i])
		}
	}
	return wildcard{append(pieces, piece.String())}, nil
}

// match is greedy from the left: with only "any run" between the pieces, the
// earliest place of each piece is as good as any later one.
func (w wildcard) match(s string) bool {
	last := len(w.pieces) - 1
	if last == 0 {
		return s == w.pieces[0]
	}
	s, ok := strings.CutPrefix(s, w.pieces[0])
	if !ok {
		return false
	}
	for _, piece := range w.pieces[1:last] {
		_, after, found := strings.Cut(s, piece)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, w.pieces[last])
}

// AWS refuses wildcards of one field together when some text could stand at
// more than maxComplexity places of them at once (event-ruler's
// MachineComplexityEvaluator). maxVisited bounds our own search for that text.
const (
	maxComplexity = 10
	maxVisited    = 1 << 12
)

// node is one place in the wildcards of one field, quotes included: it is
// reached by byte at, or when star by any byte any number of times.
type node struct {
	at    byte
	star  bool
	first bool // of its wildcard
	last  bool
}

type nodes []node

func (n nodes) add(w wildcard) nodes {
	begun := len(n)
	text := func(s string) {
		for i := range len(s) {
			n = append(n, node{at: s[i]})
		}
	}
	text(`"` + w.pieces[0])
	for _, piece := range w.pieces[1:] {
		n = append(n, node{star: true})
		text(piece)
	}
	text(`"`)
	n[begun].first, n[len(n)-1].last = true, true
	return n
}

// step is where a text standing at active may stand after byte b; known says
// whether b occurs in the wildcards at all.
func (n nodes) step(active []int, b byte, known bool) []int {
	var reached []int
	for _, i := range active {
		if n[i].star {
			reached = append(reached, i)
		}
		if n[i].last {
			continue
		}
		next := i + 1
		if n[next].star { // the asterisk may stand for nothing
			reached = append(reached, next)
			next++
		}
		if known && n[next].at == b {
			reached = append(reached, next)
		}
	}
	return distinct(reached)
}

func distinct(places []int) []int {
	slices.Sort(places)
	return slices.Compact(places)
}

// size counts the places of active, and the asterisks right after them.
func (n nodes) size(active []int) int {
	counted := slices.Clone(active)
	for _, i := range active {
		if !n[i].last && n[i+1].star {
			counted = append(counted, i+1)
		}
	}
	return len(distinct(counted))
}

func checkComplexity(wildcards []wildcard) error {
	if len(wildcards) == 0 {
		return nil
	}
	tooComplex := invalid("Rule is too complex - try using fewer wildcard characters " +
		"or fewer repeating character sequences after a wildcard character")
	var n nodes
	for _, w := range wildcards {
		n = n.add(w)
	}
	var alphabet [256]bool
	var begin []int // where a text stands once its opening quote has been read
	for i, at := range n {
		alphabet[at.at] = alphabet[at.at] || !at.star
		if at.first {
			begin = append(begin, i)
		}
	}
	queue := [][]int{begin}
	seen := map[string]bool{}
	for len(queue) > 0 {
		active := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		key := fmt.Sprint(active)
		if len(active) == 0 || seen[key] {
			continue
		}
		if seen[key] = true; n.size(active) > maxComplexity || len(seen) > maxVisited {
			return tooComplex
		}
		for b := range alphabet {
			if alphabet[b] {
				queue = append(queue, n.step(active, byte(b), true))
			}
		}
		queue = append(queue, n.step(active, 0, false))
	}
	return nil
}

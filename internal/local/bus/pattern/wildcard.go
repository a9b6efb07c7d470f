package pattern

import (
	"fmt"
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
		switch {
		case text[i] == '*':
			if i+1 < len(text) && text[i+1] == '*' {
				return wildcard{}, invalid("Consecutive wildcard characters at pos %d", i+1)
			}
			pieces = append(pieces, piece.String())
			piece.Reset()
		case text[i] == '\\':
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

// nodes are the places of all wildcards of one field, quotes included: node i
// is reached by byte at[i], or by any byte any number of times when star[i].
type nodes struct {
	at    []byte
	star  []bool
	start []bool // first node of its wildcard
	last  []bool
}

func (n *nodes) add(w wildcard) {
	text := func(s string) {
		for i := range len(s) {
			n.at, n.star, n.start, n.last = append(n.at, s[i]), append(n.star, false), append(n.start, false), append(n.last, false)
		}
	}
	first := len(n.at)
	text(`"` + w.pieces[0])
	for _, piece := range w.pieces[1:] {
		n.at, n.star, n.start, n.last = append(n.at, 0), append(n.star, true), append(n.start, false), append(n.last, false)
		text(piece)
	}
	text(`"`)
	n.start[first], n.last[len(n.last)-1] = true, true
}

// step is where a text standing at active may stand after byte b; known says
// whether b occurs in the wildcards at all.
func (n *nodes) step(active []int, b byte, known bool) []int {
	reached := make([]bool, len(n.at)+2)
	for _, i := range active {
		if n.star[i] {
			reached[i] = true
		}
		if n.last[i] {
			continue
		}
		next := i + 1
		if n.star[next] { // the asterisk may stand for nothing
			reached[next] = true
			next++
		}
		if known && n.at[next] == b {
			reached[next] = true
		}
	}
	return collect(reached)
}

func collect(reached []bool) []int {
	var out []int
	for i, yes := range reached {
		if yes {
			out = append(out, i)
		}
	}
	return out
}

// size counts the places of active, and the asterisks right after them.
func (n *nodes) size(active []int) int {
	counted := make([]bool, len(n.at)+1)
	for _, i := range active {
		counted[i] = true
		if !n.last[i] && n.star[i+1] {
			counted[i+1] = true
		}
	}
	return len(collect(counted))
}

func checkComplexity(wildcards []wildcard) error {
	if len(wildcards) == 0 {
		return nil
	}
	tooComplex := invalid("Rule is too complex - try using fewer wildcard characters " +
		"or fewer repeating character sequences after a wildcard character")
	var n nodes
	for _, w := range wildcards {
		n.add(w)
	}
	var alphabet [256]bool
	for i, b := range n.at {
		alphabet[b] = alphabet[b] || !n.star[i]
	}
	queue := [][]int{collect(n.start)} // the opening quote has been read
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

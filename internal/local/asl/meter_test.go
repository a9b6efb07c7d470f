package asl

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// hostile are expressions that would take for ever, or all memory, in one of the
// library's loops or in one call of the virtual machine's own functions. want is
// part of the error, or of the value when the expression may end.
var hostile = []struct{ expression, want string }{
	{"($f := function($x) { $f($x) }; $f(1))", "steps"},
	{"($f := function($x) { 1 + $f($x) }; $f(1))", ""}, // too many steps or too deep
	{"($f := function($x, $n) { $n = 0 ? $x : $f([$x,$x], $n - 1) }; $f(1, 60))", ""},
	{"($f := function($s) { $f($s & $s) }; $f('0123456789'))", "characters"},
	{"$count($distinct([1..250000]))", "steps"},
	{"[1..20000][$ in [1..20000]]", "steps"},
	{"[1..5000].[1..5000]", "steps"},
	{"[1..50000]{'a': $}", "steps"},
	{"$merge([1..50000].{$string($):$})", "steps"},
	{"$sort([1..100000], function($a, $b) { $a < $b })", "steps"},
	{"$reduce([1..100000], function($a,$b) { $append($a,$b) }, [])", "steps"},
	{"$join($split($pad('', 250000, 'a'),''),'-')", "steps"},
	{"$replace($pad('', 250000, 'a'), 'a', 'b')", "steps"},
	{"$replace($pad('', 250000, 'a'), /a/, 'b')", "steps"},
	{"$count($match($pad('', 250000, 'é'), /é/))", "steps"},
	{"$match($pad('', 250000, 'a'), /^(a?){900}(a?){900}$/)", "steps"},
	{"$match('b' & $pad('', 4000, 'a') & 'b', /(b|(a+)+$)/)", `"index":0`},
	{"$toMillis($pad('', 250000, '1'), $pad('', 250000, '[Y]'))", "steps"},
	{"$fromMillis(0, $pad('', 250000, '[Y]'))", "steps"},
	{"$formatNumber(1, $pad('', 250000, '#'))", "steps"},
	{"$formatInteger(1e15, 'I')", "deep"},
	{"$parse($pad('', 250000, '['))", ""},
	{"$pad('', 1000000000)", "array"},
	{"$pad('', 1000000000, 'ab')", "array"},
	{"[1..1000000000]", "D2014"},
	{"$range(1, 1000000000, 1)", "array"},
	{"$range(1, 2, 0.000000000001)", "array"},
	{"$shuffle([1..250000])", "steps"},
	{"$zip([1..250000],[1..250000])", "steps"},
}

// TestHostileExpressionsEnd: each ends, and in the same way on a virtual machine
// that has never seen it and on one that has.
func TestHostileExpressionsEnd(t *testing.T) {
	const steps = 1 << 15
	fresh, used := bounded(t, steps), bounded(t, steps)
	for _, tc := range hostile {
		t.Run(fmt.Sprintf("%.40s", tc.expression), func(t *testing.T) {
			outcome := func(e *Engine) string {
				s := e.Session(json.RawMessage(`{}`), nil)
				defer s.Close()
				value, err := s.Evaluate(tc.expression)
				return fmt.Sprintf("%.60s, %v", value, err)
			}
			first := outcome(fresh)
			if !strings.Contains(first, tc.want) {
				t.Errorf("%s: want %q", first, tc.want)
			}
			for range 2 { // on each of two virtual machines
				if again := outcome(used); again != first {
					t.Errorf("%s, and once more %s", first, again)
				}
			}
		})
	}
}

// TestOrdinaryExpressionsFit: what a workflow with a full payload does is far
// from every bound.
func TestOrdinaryExpressionsFit(t *testing.T) {
	e := engine(t)
	items := make([]map[string]any, 100)
	for i := range items {
		items[i] = map[string]any{"id": fmt.Sprintf("item-%04d", i), "size": i, "note": strings.Repeat("n", 2000)}
	}
	states, err := json.Marshal(map[string]any{"input": items})
	if err != nil {
		t.Fatal(err)
	}
	for _, expression := range []string{
		"$count($states.input[size > 50])",
		"$sum($map($states.input, function($i) { $i.size * 2 }))",
		"$states.input.{'id': $uppercase(id), 'size': size}",
		"$join($states.input.id, ',')",
		"$string($states.input) ~> $replace(/item-/, 'it', 100) ~> $length()",
		"$count($distinct($states.input.id))",
		"$states.input^(>size)[0].id",
	} {
		s := e.Session(states, nil)
		if _, err := s.Evaluate(expression); err != nil {
			t.Errorf("%s: %v", expression, err)
		} else if s.machine.steps < maxSteps/2 || s.machine.bytes < maxBytes/2 {
			t.Errorf("%s: %d steps and %d bytes left: want at least half", expression, s.machine.steps, s.machine.bytes)
		}
		s.Close()
	}
}

// TestPatterns: what a regular expression of JavaScript matches, from the
// beginning of a text and further on, and which are refused when they are parsed.
func TestPatterns(t *testing.T) {
	e := engine(t)
	for _, tc := range []struct{ expression, want string }{
		{"$match('ababbabbcc', /a(b+)/).[match, index, groups]", `[["ab",0,"b"],["abb",2,"bb"],["abb",5,"bb"]]`},
		{"$match('one two', /\\b\\w/).index", "[0,4]"},
		{"$match('aXbx', /x/i).index", "[1,3]"},
		{"$match('a\nb', /^b/).index", ""},
		{"$match('a\nb', /^b/m).index", "2"},
		{"$match('aaa', /^a/).index", "0"},
		{"$split('a1b22c', /[0-9]+/)", `["a","b","c"]`},
		{"$replace('2026-01', /(\\d+)-(\\d+)/, '$2/$1')", `"01/2026"`},
		{"$contains('😀', /^..$/)", "true"}, // two units, as in JavaScript
		{"$match('x😀y', /😀/).index", "1"},
		{"$match('ab', /a(c)?b/).groups", "[null]"},
		{"$contains('a', /(?<n>a)/)", "true"},
		{"$contains('ab', /a(?=b)/)", "not supported"},
		{"$contains('aa', /(a)\\1/)", "not supported"},
		{"$contains('a', /(a/)", "S0302"}, // as JSONata: the slash lies in the group
		{"$contains('a', /((a{1000}){1000})/)", "regular expression"},
		{"$contains('a', /" + strings.Repeat("a{900}", 20) + "/)", "instructions"},
		{"$contains('a', /" + strings.Repeat("a", 2000) + "/)", "bytes"},
	} {
		t.Run(fmt.Sprintf("%.40s", tc.expression), func(t *testing.T) {
			s := e.Session(json.RawMessage(`{}`), nil)
			got, err := s.Evaluate(tc.expression)
			s.Close() // Check waits for it where one processor means one virtual machine
			switch {
			case err != nil && !(tc.want != "" && strings.Contains(err.Error(), tc.want)):
				t.Errorf("%v: want %s", err, tc.want)
			case err != nil:
				if e.Check(tc.expression) == nil {
					t.Error("it is refused when it runs only: want that when it is parsed")
				}
			case string(got) != tc.want:
				t.Errorf("%s: want %s", got, tc.want)
			}
		})
	}
}

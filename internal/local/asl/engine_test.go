package asl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// engine loads the JSONata library that `make` installs, or skips loudly.
func engine(t testing.TB) *Engine {
	t.Helper()
	path := filepath.Join(root(t), "build/node/node_modules/jsonata/jsonata-es5.min.js")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: no JSONata engine at %s: run make", path)
	}
	e, err := NewEngine(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// bounded is an engine that allows an expression so many steps.
func bounded(t testing.TB, steps int64) *Engine {
	e := engine(t)
	e.limit = steps
	for range cap(e.pool) {
		<-e.pool
		e.pool <- nil
	}
	return e
}

func TestEvaluate(t *testing.T) {
	e := bounded(t, 1<<19)
	states := json.RawMessage(`{"input":{"a":[1,2,3],"b":"x","n":null},"context":{}}`)
	variables := map[string]json.RawMessage{"v": json.RawMessage(`{"k":2}`)}
	for _, tc := range []struct{ name, expression, want, wrong string }{
		{"sum with a variable", "$sum($states.input.a) + $v.k", "8", ""},
		{"nothing", "$nothing", "", ""},
		{"null", "$states.input.n", "null", ""},
		{"no input at top level", "input", "", ""},
		{"key order kept", "{'z': 1, 'a': 2}", `{"z":1,"a":2}`, ""},
		{"partition", "$partition([1,2,3,4,5], 2)", "[[1,2],[3,4],[5]]", ""},
		{"range", "$range(1, 9, 2)", "[1,3,5,7,9]", ""},
		{"range downwards", "$range(3, 1, -1)", "[3,2,1]", ""},
		{"hash", "$hash('abc', 'SHA-256')", `"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`, ""},
		{"hash by an unknown name", "$hash('abc', 'CRC')", "", "algorithm"},
		{"parse", `$parse('{"a":[true]}').a`, "[true]", ""},
		{"seeded random repeats", "$random(7) = $random(7)", "true", ""},
		{"random", "$random() < 1", "true", ""},
		{"uuid", "$length($uuid())", "36", ""},
		{"base64", "$base64decode($base64encode('hé'))", `"hé"`, ""},
		{"no eval", "$eval('1')", "", "T1006"},
		{"type error", "'a' + 1", "", "T2001"},
		{"thrown error", "$error('mine')", "", "mine"},
		{"large range", "[1..10000000]", "", "array"},
		{"padding", "$pad('', 100000000)", "", "array"},
		{"doubling text", "($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f('0123456789', 40))", "", "characters"},
		{"joined copies", "($s := $pad('', 100000, 'x'); $join([1..1000].($s)))", "", "MiB"},
		{"many copies of a long string", "($s := $pad('', 250000, 'x'); $t := $s & $s; $map([1..1000], function($i) { $t & $i }))", "", "more than"},
		{"replaced by much", "($s := $pad('', 200000, 'x'); $replace($s, 'x', $s))", "", "MiB"},
		{"replaced by pattern", "($s := $pad('', 200000, 'x'); $replace($s, /x/, $s))", "", "MiB"},
		{"replaced", "$replace('a-b-c', '-', '+', 1) & $replace('a-b', /-/, '+')", `"a+b-ca+b"`, ""},
		{"shared parts", "($f := function($x, $n) { $n = 0 ? $x : $f([[$x],[$x]], $n - 1) }; $f(1, 60))", "", "more than"},
		{"endless recursion", "($f := function($x) { 1 + $f($x) }; $f(1))", "", "within"},
		{"backtracking", "$match($pad('', 60, 'a') & 'b', /^(a+)+$/)", "", ""},
		{"lookahead", "$match('ab', /a(?=b)/)", "", "not supported"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := e.Session(states, variables)
			defer s.Close()
			got, err := s.Evaluate(tc.expression)
			if tc.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wrong) {
					t.Fatalf("%.100s, error %v: want an error with %q", got, err, tc.wrong)
				}
			} else if err != nil || string(got) != tc.want {
				t.Fatalf("%s, error %v: want %s", got, err, tc.want)
			}
			// The next expression of the same session is not disturbed.
			if got, err := s.Evaluate("$v.k"); err != nil || string(got) != "2" {
				t.Fatalf("next expression: %s, %v", got, err)
			}
		})
	}
}

// TestNow: the time that expressions tell is the injected clock's.
func TestNow(t *testing.T) {
	e := engine(t)
	e.now = func() time.Time { return epoch }
	<-e.pool // the machine that was made with another clock
	e.pool <- nil
	s := e.Session(json.RawMessage("{}"), nil)
	defer s.Close()
	if got, err := s.Evaluate("[$now(), $millis()]"); err != nil || string(got) != `["2026-01-02T03:04:05.000Z",1767323045000]` {
		t.Errorf("%s, %v: want the clock's time", got, err)
	}
}

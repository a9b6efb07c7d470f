// Skips reads what `go test -json` says and prints what `go test` would: a line a
// package, and all that a failed test wrote. It fails when a test was skipped that
// list.txt does not name: a test that nobody runs passes for ever.
//
//	go test -json ./... | go run ./tests/skips
//
// A line of list.txt is a package below the module, a regular expression for the
// whole name of the test, and the reason. Under `set -o pipefail` the pipe fails
// when go test does.
package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

//go:embed list.txt
var list string

const module = "github.com/iris-oculus/iris/"

type event struct {
	Action, Package, ImportPath, Test, Output string
}

type allowed struct {
	pkg  string
	test *regexp.Regexp
}

func main() {
	skips, err := parse(list)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	unlisted, err := follow(os.Stdin, os.Stdout, skips)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case unlisted > 0:
		fmt.Fprintf(os.Stderr, "%d skips are not in tests/skips/list.txt, which has:\n%s", unlisted, list)
		os.Exit(1)
	}
}

func parse(list string) (all []allowed, err error) {
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 3 {
			return nil, fmt.Errorf("list of skips: %q: want a package, a test and a reason", strings.TrimSpace(line))
		}
		test, err := regexp.Compile("^(?:" + fields[1] + ")$")
		if err != nil {
			return nil, fmt.Errorf("list of skips: %w", err)
		}
		all = append(all, allowed{fields[0], test})
	}
	return all, nil
}

// follow reads events until they end, and counts the skips that are not allowed.
func follow(in io.Reader, out io.Writer, skips []allowed) (unlisted int, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	said := map[string][]string{} // by package and test
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintf(out, "%s\n", lines.Bytes()) // not of a test: go's own words
			continue
		}
		name := e.Package + " " + e.Test
		switch {
		case e.Action == "build-output", e.Action == "output" && e.Test == "" && e.Output != "PASS\n":
			fmt.Fprint(out, e.Output)
		case e.Action == "output":
			said[name] = append(said[name], e.Output)
		case e.Action == "skip" && e.Test != "":
			if !isAllowed(skips, strings.TrimPrefix(e.Package, module), e.Test) {
				unlisted++
				fmt.Fprintf(out, "SKIPPED, and not on the list: %s\n%s", name, strings.Join(said[name], ""))
			}
			delete(said, name)
		case e.Action == "fail" && e.Test != "":
			fmt.Fprint(out, strings.Join(said[name], ""))
			delete(said, name)
		case e.Action == "pass" && e.Test != "":
			delete(said, name)
		case e.Action == "fail" && e.Test == "":
			// What ended the process in the middle of a test is told by that test only.
			for _, name := range slices.Sorted(maps.Keys(said)) {
				if strings.HasPrefix(name, e.Package+" ") {
					fmt.Fprint(out, strings.Join(said[name], ""))
					delete(said, name)
				}
			}
		}
	}
	return unlisted, lines.Err()
}

func isAllowed(skips []allowed, pkg, test string) bool {
	for _, a := range skips {
		if a.pkg == pkg && a.test.MatchString(test) {
			return true
		}
	}
	return false
}

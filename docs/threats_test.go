package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	goTest   = regexp.MustCompile("`([a-z0-9/]+)` ((?:Test|Fuzz)[A-Za-z0-9]+)")
	pageTest = regexp.MustCompile("`(web/[A-Za-z0-9/.]+\\.ts)` \"([^\"]+)\"")
)

// Every threat and every safeguard of security.md names tests that there are, and no kind
// of STRIDE and no standard of 45 CFR 164.312 is left out.
func TestThreatsHaveTheirTests(t *testing.T) {
	page, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "\n## Threats\n")
	if !found {
		t.Fatal("security.md has no threats")
	}
	text, _, _ = strings.Cut(text, "\n## ")
	rows, kinds := 0, map[string]bool{}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| | threat") || strings.HasPrefix(line, "| standard") {
			continue
		}
		rows++
		kind, _, _ := strings.Cut(strings.TrimSpace(cells[0]), " ")
		kinds[kind] = true
		tests := cells[len(cells)-1]
		named := 0
		for _, m := range goTest.FindAllStringSubmatch(tests, -1) {
			named++
			if !hasTest(t, filepath.Join("..", m[1]), m[2]) {
				t.Errorf("%s: there is no %s in %s", cells[0]+cells[1], m[2], m[1])
			}
		}
		for _, m := range pageTest.FindAllStringSubmatch(tests, -1) {
			named++
			source, err := os.ReadFile(filepath.Join("..", m[1]))
			if err != nil || !strings.Contains(string(source), "it('"+m[2]) {
				t.Errorf("%s: there is no test %q in %s: %v", cells[0]+cells[1], m[2], m[1], err)
			}
		}
		if words := strings.Count(regexp.MustCompile(`"[^"]*"`).ReplaceAllString(tests, ""), ","); named != words+1 {
			t.Errorf("%s: %d tests are named in %q, and the list has %d", cells[0]+cells[1], named, tests, words+1)
		}
	}
	for _, kind := range strings.Fields("S T R I D E (a)(1) (a)(2)(i) (a)(2)(ii) (a)(2)(iii) (a)(2)(iv) (b) (c)(1) (c)(2) (d) (e)(1) (e)(2)(i) (e)(2)(ii)") {
		if !kinds[kind] {
			t.Errorf("%s has no row", kind)
		}
	}
	if rows < 40 {
		t.Errorf("%d rows", rows)
	}
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}

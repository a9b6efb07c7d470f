package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// pages are all pages that people read, by their path from the repository's root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"../README*.md", "*.md", "*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all[path] = string(text)
		}
	}
	if len(all) < 30 {
		t.Fatalf("%d pages", len(all))
	}
	return all
}

var (
	fenced  = regexp.MustCompile("(?s)```.*?```")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// anchor is the address of a heading, as GitHub makes it.
func anchor(text string) string {
	text = strings.ToLower(strings.ReplaceAll(text, "`", ""))
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return r
		case r == ' ':
			return '-'
		}
		return -1
	}, text)
	return text
}

// Every link of a page to a file, and to a heading within one, leads somewhere.
func TestLinks(t *testing.T) {
	all := pages(t)
	for path, text := range all {
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			target, fragment, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			to := path
			if target != "" {
				to = filepath.Join(filepath.Dir(path), target)
				if _, err := os.Stat(to); err != nil {
					t.Errorf("%s links to %s: %v", path, m[1], err)
					continue
				}
			}
			if fragment == "" || !strings.HasSuffix(to, ".md") {
				continue
			}
			page, err := os.ReadFile(to)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(string(page), ""), -1) {
				found = found || anchor(h[1]) == fragment
			}
			if !found {
				t.Errorf("%s links to %s, and %s has no such heading", path, m[1], to)
			}
		}
	}
}

// Every `make …` and `iris …` that a page names is there.
func TestCommands(t *testing.T) {
	makefile := ""
	for _, path := range []string{"../Makefile", "../containers/totalsegmentator/model.mk"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		makefile += string(text)
	}
	verbs := map[string]bool{}
	sources, err := filepath.Glob("../cmd/iris/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sources {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:Use:\s+|Command\(|Action\(|jobCommand\()"([a-z-]+)`).FindAllStringSubmatch(string(text), -1) {
			verbs[m[1]] = true
		}
	}
	verbs["help"], verbs["completion"] = true, true
	for path, text := range pages(t) {
		for _, m := range regexp.MustCompile("(?m)(?:`|^|\\$ )make ([a-z][a-z0-9-]*)").FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(m[1]) + `:`).MatchString(makefile) {
				t.Errorf("%s names `make %s`, and there is no such target", path, m[1])
			}
		}
		for _, m := range regexp.MustCompile("(?m)(?:`|^|\\$ )(?:bin/)?iris ([a-z]+)\\b").FindAllStringSubmatch(text, -1) {
			if !verbs[m[1]] {
				t.Errorf("%s names `iris %s`, and there is no such command", path, m[1])
			}
		}
	}
}

// deploy.md tells every parameter of the template, and a page names none that is not there.
func TestParameters(t *testing.T) {
	text, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	section := string(text)
	section = section[strings.Index(section, "\nParameters:\n"):strings.Index(section, "\nConditions:\n")]
	if at := strings.Index(section, "\nRules:\n"); at > 0 {
		section = section[:at]
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^  (\w+):$`).FindAllStringSubmatch(section, -1) {
		names = append(names, m[1])
	}
	all := pages(t)
	for _, path := range []string{"deploy.md", filepath.Join("es", "deploy.md")} {
		for _, name := range names {
			if !strings.Contains(all[path], "`"+name+"`") {
				t.Errorf("%s does not tell the parameter %s", path, name)
			}
		}
	}
	for path, page := range all {
		for _, m := range regexp.MustCompile(`PARAMS='?([^'`+"`"+`\n]*)`).FindAllStringSubmatch(page, -1) {
			for _, word := range strings.Fields(m[1]) {
				name, _, ok := strings.Cut(word, "=")
				if ok && name != "Name" && !slices.Contains(names, name) {
					t.Errorf("%s names the parameter %s, and the template has none", path, name)
				}
			}
		}
	}
}

// The Spanish pages say what the English ones say: as many headings of each depth, as many
// rows of tables, and the same commands.
func TestSpanish(t *testing.T) {
	all := pages(t)
	for english, spanish := range map[string]string{
		"../README.md": "../README.es.md", "deploy.md": filepath.Join("es", "deploy.md"), "operate.md": filepath.Join("es", "operate.md"),
	} {
		a, b := all[english], all[spanish]
		if b == "" {
			t.Errorf("%s is missing", spanish)
			continue
		}
		for what, pattern := range map[string]string{
			"headings": `(?m)^(#+) `, "rows": `(?m)^(\|)`, "code": "(?m)^(```\\w*)$",
		} {
			count := func(text string) (marks []string) {
				for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
					marks = append(marks, m[1])
				}
				return marks
			}
			if x, y := count(a), count(b); !slices.Equal(x, y) {
				t.Errorf("%s: %d %s in %s, %d in %s", english, len(x), what, english, len(y), spanish)
			}
		}
		commands := func(text string) (found []string) {
			code := strings.Join(append(fenced.FindAllString(text, -1), inline.FindAllString(fenced.ReplaceAllString(text, ""), -1)...), "\n")
			found = regexp.MustCompile("(?:make|bin/iris|iris|aws) [a-z][a-z-]*").FindAllString(code, -1)
			slices.Sort(found)
			return slices.Compact(found)
		}
		if x, y := commands(a), commands(b); !slices.Equal(x, y) {
			t.Errorf("%s and %s name other commands:\n%v\n%v", english, spanish, x, y)
		}
	}
}

var inline = regexp.MustCompile("`[^`\n]+`")

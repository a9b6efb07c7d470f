// Program security holds what scanners found against the answers in answers.txt. In:
// reports of golangci-lint (gosec), semgrep, gitleaks and pip-audit, as JSON. Out: each
// finding without an answer, each answer without a finding, and status 1 if there is one
// of either.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
)

// finding is what a scanner says of a place.
type finding struct {
	tool, rule, file string
	line             int
	text             string
}

// answer says why the findings of a rule in a file, or in a folder (a path that ends in
// /), do no harm.
type answer struct {
	tool, rule, file, reason string
	used                     bool
}

func (a answer) to(f finding) bool {
	return a.tool == f.tool && a.rule == f.rule && (a.file == f.file || strings.HasSuffix(a.file, "/") && strings.HasPrefix(f.file, a.file))
}

// answers reads lines of tool, rule, path and reason; # begins a comment.
func answers(text string) (all []answer, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.SplitN(line, " ", 4)
		if len(words) != 4 || len(words[3]) < 20 {
			return nil, fmt.Errorf("%q: want tool, rule, path and a reason of at least 20 letters", line)
		}
		all = append(all, answer{tool: words[0], rule: words[1], file: words[2], reason: words[3]})
	}
	return all, nil
}

// findings reads a report of any of the scanners, which its fields tell apart.
func findings(report []byte) (all []finding, err error) {
	if bytes.HasPrefix(bytes.TrimSpace(report), []byte("[")) {
		var leaks []struct {
			RuleID, File string
			StartLine    int
		}
		if err := json.Unmarshal(report, &leaks); err != nil {
			return nil, err
		}
		for _, l := range leaks {
			all = append(all, finding{"gitleaks", l.RuleID, l.File, l.StartLine, "a secret"})
		}
		return all, nil
	}
	var r struct {
		Issues *[]struct {
			FromLinter, Text string
			Pos              struct {
				Filename string
				Line     int
			}
		}
		Results *[]struct {
			CheckID string `json:"check_id"`
			Path    string
			Start   struct{ Line int }
			Extra   struct{ Message string }
		}
		Errors       []struct{ Message string } // of semgrep
		Dependencies *[]struct {
			Name, Version string
			SkipReason    string `json:"skip_reason"`
			Vulns         []struct {
				ID          string
				FixVersions []string `json:"fix_versions"`
			}
		}
	}
	if err := json.Unmarshal(report, &r); err != nil {
		return nil, err
	}
	switch {
	case len(r.Errors) > 0:
		return nil, fmt.Errorf("semgrep could not read everything: %s", r.Errors[0].Message)
	case r.Issues != nil:
		for _, i := range *r.Issues {
			rule, text, _ := strings.Cut(i.Text, ": ")
			all = append(all, finding{i.FromLinter, rule, path.Clean(i.Pos.Filename), i.Pos.Line, text})
		}
	case r.Results != nil:
		for _, s := range *r.Results {
			all = append(all, finding{"semgrep", s.CheckID[strings.LastIndexByte(s.CheckID, '.')+1:], s.Path, s.Start.Line, s.Extra.Message})
		}
	case r.Dependencies != nil:
		unknown := 0
		for _, d := range *r.Dependencies {
			if d.SkipReason != "" {
				unknown++
			}
			for _, v := range d.Vulns {
				all = append(all, finding{"pip-audit", v.ID, d.Name, 0, fmt.Sprintf("%s %s; fixed in %v", d.Name, d.Version, v.FixVersions)})
			}
		}
		if unknown > 0 { // said, not hidden: the database is not on every network
			fmt.Printf("security: pip-audit: SKIPPED %d of %d packages, which its database does not tell of from here\n", unknown, len(*r.Dependencies))
		}
	default:
		return nil, fmt.Errorf("the report is of none of the scanners")
	}
	return all, nil
}

// hold gives what stands without its counterpart. Answers are only asked for their use
// where a report of their tool was given, in tools.
func hold(all []answer, found []finding, tools []string) (problems []string) {
	for _, f := range found {
		answered := false
		for i := range all {
			if all[i].to(f) {
				all[i].used, answered = true, true
			}
		}
		if !answered {
			problems = append(problems, fmt.Sprintf("%s:%d: %s %s: %s", f.file, f.line, f.tool, f.rule, f.text))
		}
	}
	for _, a := range all {
		if !a.used && slices.Contains(tools, a.tool) {
			problems = append(problems, fmt.Sprintf("answers.txt: %s %s %s: nothing is found there any more", a.tool, a.rule, a.file))
		}
	}
	return problems
}

func run(answersFile string, reports []string) (problems []string, err error) {
	text, err := os.ReadFile(answersFile)
	if err != nil {
		return nil, err
	}
	all, err := answers(string(text))
	if err != nil {
		return nil, err
	}
	var found []finding
	var tools []string
	for _, arg := range reports {
		tool, file, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("%s: want tool=report.json", arg)
		}
		report, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		some, err := findings(report)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		found, tools = append(found, some...), append(tools, tool)
	}
	fmt.Printf("security: %d findings of %s, %d answers\n", len(found), strings.Join(slices.Compact(tools), ", "), len(all))
	return hold(all, found, tools), nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: security answers.txt tool=report.json …")
		os.Exit(2)
	}
	problems, err := run(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

package main

import (
	"os"
	"strings"
	"testing"
)

// Each scanner's report is read, and a finding without its answer and an answer without
// its finding are told.
func TestFindingsAndAnswers(t *testing.T) {
	var found []finding
	for _, report := range []string{
		`{"Issues":[{"FromLinter":"gosec","Text":"G304: a path","Pos":{"Filename":"cmd/a/x.go","Line":3}}],"Report":{}}`,
		`{"results":[{"check_id":"tests.security.rules.go-shell","path":"internal/x.go","start":{"line":7},"extra":{"message":"a shell"}}],"errors":[]}`,
		`[{"RuleID":"aws-key","File":"a_test.go","StartLine":9}]`,
		`{"dependencies":[{"name":"torch","version":"1","vulns":[{"id":"PYSEC-1","fix_versions":["2"]}]},{"name":"b","version":"1","vulns":[]}],"fixes":[]}`,
		`{"results":[],"errors":[]}`, `{"Issues":[]}`, `[]`,
	} {
		some, err := findings([]byte(report))
		if err != nil {
			t.Fatalf("%s: %v", report, err)
		}
		found = append(found, some...)
	}
	for _, report := range []string{`{}`, `x`, `{"results":[],"errors":[{"message":"a file does not parse"}]}`} {
		if _, err := findings([]byte(report)); err == nil {
			t.Errorf("%s is taken for a report", report)
		}
	}
	all, err := answers("# why\n\ngosec G304 cmd/ the user names the file by himself\nsemgrep go-shell internal/x.go the words are our own, all of them\npip-audit PYSEC-2 torch this one was fixed in the meantime\n")
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	got := strings.Join(hold(all, found, []string{"gosec", "pip-audit"}), "\n")
	for _, want := range []string{"a_test.go:9: gitleaks aws-key", "torch:0: pip-audit PYSEC-1", "answers.txt: pip-audit PYSEC-2 torch"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Count(got, "\n") != 2 {
		t.Errorf("%s", got)
	}
	for _, bad := range []string{"gosec G304 cmd/", "gosec G304 cmd/ because"} {
		if _, err := answers(bad); err == nil {
			t.Errorf("%q is taken for an answer", bad)
		}
	}
}

func TestAnswersCanBeRead(t *testing.T) {
	text, err := os.ReadFile("answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	if all, err := answers(string(text)); err != nil || len(all) == 0 {
		t.Errorf("%d answers, %v", len(all), err)
	}
}

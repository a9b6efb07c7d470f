package codes_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/codes"
	"github.com/iris-oculus/iris/internal/job"
)

var update = flag.Bool("update", false, "write docs/errors.md and the Python client's list")

// Every code that the sources give to people is in the list, and the list has no other.
func TestTheListIsWhatTheSourcesSay(t *testing.T) {
	found := usedCodes(t, "../..")
	usedByPython(t, "../..", found)
	for _, s := range []job.Status{job.Cancelled, job.Expired} { // a status is the code of a job that has no other
		found[string(s)] = "internal/job/status.go"
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if _, ok := codes.Find(name); !ok {
			t.Errorf("%s: %q is not in internal/codes: add it, and write docs/errors.md with go test ./internal/codes -update", found[name], name)
		}
	}
	for _, c := range codes.All {
		if found[c.Name] == "" {
			t.Errorf("%s is in the list, and no source gives it", c.Name)
		}
	}
}

// The list says for each code once where it is met, what happened and what to do.
func TestTheList(t *testing.T) {
	if !slices.IsSortedFunc(codes.All, func(a, b codes.Code) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the list is not in the order of the names")
	}
	for i, c := range codes.All {
		if i > 0 && codes.All[i-1].Name == c.Name {
			t.Errorf("%s is there twice", c.Name)
		}
		if !word.MatchString(c.Name) || c.Where == 0 || (c.Where&codes.Request != 0) != (len(c.Status) > 0) {
			t.Errorf("%+v", c)
		}
		for _, text := range []string{c.What, c.Do} {
			if !strings.HasSuffix(text, ".") || len(text) < 10 || strings.ContainsAny(text, "|\n") {
				t.Errorf("%s: %q is no sentence", c.Name, text)
			}
		}
		for _, status := range c.Status {
			if status < 400 || http.StatusText(status) == "" {
				t.Errorf("%s: status %d", c.Name, status)
			}
		}
	}
	if _, ok := codes.Find("no_such_code"); ok {
		t.Error("a code that there is not was found")
	}
}

// docs/errors.md is the list.
func TestErrorsPage(t *testing.T) {
	const path = "../../docs/errors.md"
	want := page()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/errors.md is not the list (go test ./internal/codes -update writes it): %v", err)
	}
}

// The Python client has the same list.
func TestPythonCodes(t *testing.T) {
	const path = "../../integrations/python/src/iris_oculus/codes.json"
	type entry struct {
		What string `json:"what"`
		Do   string `json:"do"`
	}
	list := map[string]entry{}
	for _, c := range codes.All {
		list[c.Name] = entry{c.What, c.Do}
	}
	var want bytes.Buffer
	write := json.NewEncoder(&want)
	write.SetEscapeHTML(false)
	write.SetIndent("", " ")
	if err := write.Encode(list); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("codes.json is not the list (go test ./internal/codes -update writes it): %v", err)
	}
}

func page() []byte {
	var b bytes.Buffer
	b.WriteString("# Errors and warnings\n\nEvery error of the API, of a job and of `iris` has a code that stays the same; the words beside it may change.\n" +
		"This page is made of `internal/codes` (`go test ./internal/codes -update`).\n")
	for _, part := range []struct {
		where       codes.Where
		title, says string
	}{
		{codes.Request, "The API refused a request", "The answer is `application/problem+json` (RFC 9457): `status`, `code` and `detail`."},
		{codes.Scan, "A job was rejected", "`error` of the job, whose status is `rejected`; `iris` ends with 3. `POST …/retry` with other options makes another attempt."},
		{codes.Job, "A job failed", "`error` of the job, whose status is `failed`, `cancelled` or `expired`; `iris` ends with 4."},
		{codes.Glimpse, "A job has no first look", "`no_glimpse` of the job, while it runs. The model comes all the same."},
		{codes.Warning, "A job is ready, with a doubt", "`warnings` of the job."},
		{codes.Command, "The command `iris` itself", "The line on standard error begins with the code."},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", part.title, part.says)
		status := part.where == codes.Request
		if status {
			b.WriteString("| code | status | what happened | what to do |\n|---|---|---|---|\n")
		} else {
			b.WriteString("| code | what happened | what to do |\n|---|---|---|\n")
		}
		for _, c := range codes.All {
			if c.Where&part.where == 0 {
				continue
			}
			fmt.Fprintf(&b, "| `%s` | ", c.Name)
			if status {
				fmt.Fprintf(&b, "%s | ", strings.Trim(fmt.Sprint(c.Status), "[]"))
			}
			fmt.Fprintf(&b, "%s | %s |\n", c.What, c.Do)
		}
	}
	return b.Bytes()
}

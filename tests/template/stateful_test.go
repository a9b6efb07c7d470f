package template

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/local/template"
)

var update = flag.Bool("update", false, "write testdata/stateful.json anew: what is in it, deployments hold")

//go:embed testdata/fixed.json
var fixedTypes []byte

// fixed are the types whose resources hold what a person would miss, with the properties
// whose change makes CloudFormation create another resource in their place (createOnly in
// the types' schemas), or fail. `make test-cloud` holds the list against the schemas.
var fixed = func() (types map[string][]string) {
	if err := json.Unmarshal(fixedTypes, &types); err != nil {
		panic(err)
	}
	return types
}()

// held is what of a resource may not change.
type held struct {
	Type     string
	Deletion string // DeletionPolicy
	Replaced string // UpdateReplacePolicy
	Fixed    map[string]any
}

// stateful is what a deployment holds of these types.
func stateful(doc map[string]any, all []template.Resource) map[string]held {
	out := map[string]held{}
	for _, r := range all {
		names, kept := fixed[r.Type]
		if !kept {
			continue
		}
		written := section(section(doc, "Resources"), r.ID)
		h := held{Type: r.Type, Deletion: fmt.Sprint(written["DeletionPolicy"]), Replaced: fmt.Sprint(written["UpdateReplacePolicy"]), Fixed: map[string]any{}}
		for _, name := range names {
			if v, there := r.Properties[name]; there {
				h.Fixed[name] = v
			}
		}
		out[r.ID] = h
	}
	return out
}

// replaces says what of before is not what it was: each of these would be deleted, or left
// behind empty-handed while another takes its place.
func replaces(before, after map[string]held) (all []string) {
	for id, old := range before {
		now, there := after[id]
		switch {
		case !there:
			all = append(all, id+" is gone")
		case now.Type != old.Type:
			all = append(all, id+" is another type")
		case !cmp.Equal(now.Fixed, old.Fixed):
			all = append(all, id+" is replaced: "+cmp.Diff(old.Fixed, now.Fixed))
		}
	}
	slices.Sort(all)
	return all
}

// snapshot is what each deployment of this file's tests holds, through JSON as it is kept.
func snapshot(t *testing.T) map[string]map[string]held {
	t.Helper()
	doc, all := document(t), map[string]map[string]held{}
	for name, parameters := range deployments {
		resources, err := template.Resources(path, deployed, parameters)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = stateful(doc, resources)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]map[string]held
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// An update of the template replaces no bucket, no table and no user pool: who has deployed
// the version before keeps the scans. testdata/stateful.json is what deployments hold;
// -update writes it anew when something is added.
func TestNoUpdateReplacesWhatHoldsScans(t *testing.T) {
	now, file := snapshot(t), filepath.Join("testdata", "stateful.json")
	if *update {
		text, err := json.MarshalIndent(now, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var before map[string]map[string]held
	if err := json.Unmarshal(text, &before); err != nil {
		t.Fatal(err)
	}
	for name, held := range before {
		if now[name] == nil {
			t.Errorf("the deployment %q is no more: what it held is not looked at", name)
		}
		for _, problem := range replaces(held, now[name]) {
			t.Errorf("%s: %s", name, problem)
		}
	}
	for name, held := range now {
		for id := range held {
			if _, known := before[name][id]; !known {
				t.Errorf("%s: %s is not in %s yet: go test ./tests/template -update", name, id, file)
			}
		}
	}
}

// What holds scans outlives its stack, and its replacement, but not a first deployment that
// failed, whose debris nobody needs.
func TestWhatHoldsScansIsKept(t *testing.T) {
	for _, held := range snapshot(t) {
		for id, h := range held {
			if h.Deletion != "RetainExceptOnCreate" || h.Replaced != "Retain" {
				t.Errorf("%s: DeletionPolicy %s, UpdateReplacePolicy %s", id, h.Deletion, h.Replaced)
			}
		}
	}
}

// Nor does another choice of parameters on a stack that is there: but for those that are
// names, and those that take something away.
func TestNoParameterReplacesWhatHoldsScans(t *testing.T) {
	all, doc := snapshot(t), document(t)
	first := all["frugal, with everything"]
	for _, name := range []string{"hipaa, with everything"} {
		for _, problem := range replaces(first, all[name]) {
			t.Errorf("to %s: %s", name, problem)
		}
	}
	base := deployments["nothing chosen"]
	for name, value := range map[string]string{
		"Profile": "hipaa", "KeepVersions": "no", "DeletionProtection": "off", "ModelImageUri": image, "Edge": "cloudfront", "WebHosting": "amplify",
		"RetentionDays": "7", "UploadDays": "7", "LogDays": "7", "WebOrigin": "https://other.example", "UserPool": "create", "Architecture": "x86_64", "EndpointName": "another",
	} {
		parameters := map[string]string{name: value}
		resources, err := template.Resources(path, deployed, parameters)
		if err != nil {
			t.Fatal(err)
		}
		before, err := template.Resources(path, deployed, base)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range replaces(stateful(doc, before), stateful(doc, resources)) {
			t.Errorf("%s=%s: %s", name, value, problem)
		}
	}
}

// Defects that the comparison must find, and changes that are none.
func TestReplacementsAreFound(t *testing.T) {
	before := snapshot(t)["hipaa, with everything"]
	change := func(id string, by func(*held)) map[string]held {
		text, _ := json.Marshal(before)
		var after map[string]held
		if err := json.Unmarshal(text, &after); err != nil {
			t.Fatal(err)
		}
		h := after[id]
		by(&h)
		after[id] = h
		return after
	}
	for name, c := range map[string]struct {
		after map[string]held
		found string
	}{
		"nothing":           {change("JobsTable", func(*held) {}), ""},
		"a bucket's name":   {change("UploadsBucket", func(h *held) { h.Fixed["BucketName"] = "other" }), "UploadsBucket is replaced"},
		"the table's keys":  {change("JobsTable", func(h *held) { h.Fixed["KeySchema"] = []any{} }), "JobsTable is replaced"},
		"who signs in how":  {change("People", func(h *held) { h.Fixed["UsernameAttributes"] = []any{"phone_number"} }), "People is replaced"},
		"another type":      {change("WorkBucket", func(h *held) { h.Type = "AWS::S3Express::DirectoryBucket" }), "WorkBucket is another type"},
		"one is taken away": {map[string]held{}, "AuditBucket is gone"},
		"one is added": {func() map[string]held {
			after := change("JobsTable", func(*held) {})
			after["OtherBucket"] = held{Type: "AWS::S3::Bucket"}
			return after
		}(), ""},
	} {
		found := strings.Join(replaces(before, c.after), "\n")
		if c.found == "" && found != "" || !strings.Contains(found, c.found) {
			t.Errorf("%s: %q, want %q", name, found, c.found)
		}
	}
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/iris-oculus/iris/internal/cost"
)

// The pages say what the model and the simulation come to: `make simulate` writes them.
func TestThePagesAreUpToDate(t *testing.T) {
	docs := t.TempDir()
	names := []string{"cost.md", filepath.Join("decisions", "0036-engines-for-cohorts.md"), "linger.svg"}
	if err := os.MkdirAll(filepath.Join(docs, "decisions"), 0o755); err != nil {
		t.Fatal(err)
	}
	was := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		was[name] = text
		if err := os.WriteFile(filepath.Join(docs, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(docs); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if text, err := os.ReadFile(filepath.Join(docs, name)); err != nil || !bytes.Equal(text, was[name]) {
			t.Errorf("docs/%s is not what the model says: make simulate (%v)", name, err)
		}
	}
}

// docs/promises.md sets the model's numbers beside those of the first description.
func TestThePromisesNameTheModelsNumbers(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "promises.md"))
	if err != nil {
		t.Fatal(err)
	}
	e := cost.Of(cost.Base())
	for _, number := range []string{fmt.Sprintf("%.2f USD by the model", e.Idle), fmt.Sprintf("%.3f and %.2f USD by the model", e.Alone, e.Month)} {
		if !bytes.Contains(page, []byte(number)) {
			t.Errorf("docs/promises.md does not say %q", number)
		}
	}
}

func TestAPageWithoutMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.md")
	if err := os.WriteFile(path, []byte("<!-- a: end -->\n<!-- a: begin -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if write(path, map[string]string{"a": "x"}) == nil || write(path+"x", nil) == nil {
		t.Error("a page without marks was written")
	}
}

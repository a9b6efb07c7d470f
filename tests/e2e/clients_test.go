package e2e

import (
	"path/filepath"
	"testing"
)

// Each script is one service's client; it raises where the service does not
// behave as AWS does.
func TestClients(t *testing.T) {
	// An instance takes seconds to come, so that use_sagemaker.py meets the change under way.
	s := up(t, t.TempDir(), "--wake", "5s")
	scripts, err := filepath.Glob(filepath.Join(s.root, "tests", "e2e", "clients", "use_*.py"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no client scripts: %v", err)
	}
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) { s.python(t, filepath.Base(script)) })
	}
}

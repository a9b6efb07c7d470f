package intake

import (
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// A key is S3's, in which "." and ".." are names like any other, and "//" is a folder
// without a name. A policy of IAM lets somebody write below his own name by the letters of
// the key alone: what is read as his folder must lie below it too. Else he would read,
// and by an erasure delete, the slices of another.
func TestOddKeysLeadToNobodyElsesFolder(t *testing.T) {
	for _, c := range []struct{ key, prefix string }{
		{"alice/../bob/1.dcm", "alice/../bob/"},
		{"alice/../1.dcm", "alice/../"},
		{"alice/./1.dcm", "alice/./"},
		{"alice//1.dcm", "alice//"},
		{"alice/a/../../bob/1.dcm", "alice/a/../../bob/"},
		{"alice/..//bob/1.dcm", "alice/..//bob/"},
		{"alice/%2e%2e/bob/1.dcm", "alice/%2e%2e/bob/"},
		{"alice/%2F../bob/1.dcm", "alice/%2F../bob/"},
	} {
		for _, body := range []string{"x", strings.Repeat("\x00", 128) + "DICM"} {
			w := newWorld()
			stage := w.stage()
			stage.OwnersByPrefix = true
			if err := stage.Handle(t.Context(), w.upload(c.key, body, nil)); err != nil {
				t.Fatalf("%s: %v", c.key, err)
			}
			page, err := w.store.ByOwner(t.Context(), "alice", 10, "")
			if err != nil || len(page.Jobs) != 1 || page.Jobs[0].Upload.Prefix != c.prefix {
				t.Errorf("%s: %+v, %v, want one job of the folder %q", c.key, page.Jobs, err, c.prefix)
				continue
			}
			if found := w.found(t, c.key); len(found) != 1 || found[0] != page.Jobs[0].ID {
				t.Errorf("%s: by its key %v", c.key, found)
			}
		}
	}
	// Names that differ by case, by how they spell an accent, or by what follows are others.
	for _, name := range []string{"Alice", "alice ", "alice2", "jos\u00e9", "jose\u0301", "..", ".", "Bucket", "Jobs"} {
		w := newWorld()
		stage := w.stage()
		stage.OwnersByPrefix = true
		if err := stage.Handle(t.Context(), w.upload(name+"/s/1.dcm", "x", nil)); err != nil {
			t.Fatal(err)
		}
		for owner, want := range map[string]int{name: 1, "alice": 0, "bob": 0, job.BucketOwner: 0} {
			page, err := w.store.ByOwner(t.Context(), owner, 10, "")
			if err != nil || len(page.Jobs) != want {
				t.Errorf("%q: %q has %d jobs, %v", name, owner, len(page.Jobs), err)
			}
		}
	}
}

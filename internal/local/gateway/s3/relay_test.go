package s3

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// What the child logs is logged; what versitygw prints beside that may name a
// key, and is only kept to explain a start that fails.
func TestRelay(t *testing.T) {
	var out bytes.Buffer
	r := &relay{log: slog.New(slog.NewTextHandler(&out, nil))}
	child := slog.New(slog.NewJSONHandler(r, nil))
	child.Error("s3 could not store an object", "error", "no such device")
	for _, part := range []string{"open /data/iris-uploads/", "Jane Doe.nii: no such", " file\n", strings.Repeat("x", 1<<20), "\n"} {
		if n, err := r.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	child.Warn("later")
	logged := out.String()
	for _, want := range []string{`level=ERROR msg="s3 could not store an object" error="no such device"`, "level=WARN msg=later"} {
		if !strings.Contains(logged, want) {
			t.Errorf("%q is not in %q", want, logged)
		}
	}
	if strings.Contains(logged, "Jane") || !strings.HasPrefix(r.String(), "open /data/iris-uploads/Jane Doe.nii: no such file x") || len(r.String()) > maxSaid {
		t.Errorf("logged %q, kept %q", logged, r)
	}
}

package job

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/volume"
)

func TestNamed(t *testing.T) {
	cases := []struct {
		name      string
		err, want error
	}{
		{"nothing", nil, nil},
		{"any error", errors.New("x"), nil},
		{"wrapped", fmt.Errorf("read: %w", Reject("truncated", "cut at %d", 5)), &RejectedError{Code: "truncated", Message: "cut at 5"}},
		{"busy", fmt.Errorf("ask: %w", &BusyError{Message: "later"}), &BusyError{Message: "later"}},
		{"a scan's fault", fmt.Errorf("read: %w", volume.Reject("bad_dims", "no")), &RejectedError{Code: "bad_dims", Message: "no"}},
		{"a scan of another kind", volume.Unsupported("new_kind", "no"), &UnsupportedError{Code: "new_kind", Message: "no"}},
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.want, Named(c.err)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

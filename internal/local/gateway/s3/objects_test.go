package s3_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// What the other services of the process store and read is signed as S3 wants it,
// whatever the key is made of.
func TestObjects(t *testing.T) {
	b := &bus{}
	r := start(t, t.TempDir(), b)
	o := r.Objects(bucket)
	for key, text := range map[string]string{"01JD/1/labels.bin": "labels", "a b/ñ+%=&$@:,;'()!*~": "strange", "empty": ""} {
		if err := o.Put(t.Context(), key, "text/plain", strings.NewReader(text), int64(len(text))); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if len(b.about(key)) != 1 {
			t.Errorf("%s was announced as %v", key, b.about(key))
		}
		known, err := o.Head(t.Context(), key)
		if err != nil || known.Size != int64(len(text)) || known.ETag == "" || strings.Contains(known.ETag, `"`) {
			t.Errorf("%s: %+v, %v", key, known, err)
		}
		body, err := o.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		_ = body.Close()
		if err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	}
	if _, err := o.Head(t.Context(), "none"); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := o.Get(t.Context(), "none"); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	long := strings.Repeat("n", 256)
	err := o.Put(t.Context(), long, "", strings.NewReader("x"), 1)
	if err == nil || !strings.Contains(err.Error(), "KeyTooLongError") || strings.Contains(err.Error(), long) {
		t.Errorf("got %v", err)
	}
}

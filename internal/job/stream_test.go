package job

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestStream(t *testing.T) {
	fault, full := errors.New("cannot write"), errors.New("bucket full")
	text := strings.Repeat("x", 1<<20)
	write := func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	cases := []struct {
		name  string
		write func(io.Writer) error
		put   func(io.Reader) error
		want  error
	}{
		{"all well", write, nil, nil},
		{"write fails midway", func(w io.Writer) error { _ = write(w); return fault }, nil, fault},
		{"put fails at once", write, func(io.Reader) error { return full }, full},
		{"put fails midway", write, func(r io.Reader) error { _, _ = r.Read(make([]byte, 9)); return full }, full},
	}
	for _, c := range cases {
		stored := int64(0)
		a, err := Stream(func(r io.Reader) (Artifact, error) {
			if c.put != nil {
				return Artifact{}, c.put(r)
			}
			n, err := io.Copy(io.Discard, r)
			if err == nil {
				stored = n
			}
			return Artifact{Bytes: n}, err
		}, c.write)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if whole := c.want == nil; whole != (stored == int64(len(text))) || whole != (a.Bytes == int64(len(text))) {
			t.Errorf("%s: %d bytes stored, artifact of %d", c.name, stored, a.Bytes)
		}
	}
}

func TestCheckMemory(t *testing.T) {
	for _, c := range []struct {
		need, have int64
		fits       bool
	}{{5 << 30, 0, true}, {2 << 30, 2 << 30, true}, {2<<30 + 1, 2 << 30, false}} {
		err := CheckMemory([3]int{512, 512, 600}, c.need, c.have)
		if (err == nil) != c.fits {
			t.Errorf("%d of %d bytes: %v", c.need, c.have, err)
		}
		if err != nil && !strings.Contains(err.Error(), "512 × 512 × 600 voxels needs up to 2049 MB to become a model, and there are 2048 MB: choose fewer structures, send a part of the scan, or let the operator raise StageMemory") {
			t.Errorf("the sizes are missing: %v", err)
		}
	}
}

package j2k

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestOpenJPEG decodes the streams of the tests' encoder with OpenJPEG, which shows that
// the encoder follows the standard and not only this decoder: what opj_compress writes is
// judged in tests/codecs, and there is more in the standard than it writes.
func TestOpenJPEG(t *testing.T) {
	if os.Getenv("IRIS_CODECS") == "" {
		t.Skip("run by make codecs: IRIS_CODECS is not set")
	}
	check := func(name string, im picture, o options, tolerance int) {
		t.Helper()
		stream := encode(im, o)
		folder := t.TempDir()
		in, out := filepath.Join(folder, "a.j2k"), filepath.Join(folder, "a.rawl")
		if err := os.WriteFile(in, stream, 0o600); err != nil {
			t.Fatal(err)
		}
		if text, err := exec.CommandContext(t.Context(), "opj_decompress", "-i", in, "-o", out).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, text)
			return
		}
		theirs, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		far := 0
		ours, _ := decodePicture(t, stream, im)
		for i, v := range ours {
			w := int(theirs[i])
			if im.precision > 8 {
				w = int(theirs[2*i]) | int(theirs[2*i+1])<<8
			}
			far = max(far, v-w, w-v)
		}
		if far > tolerance {
			t.Errorf("%s: a sample differs by %d, where %d is allowed", name, far, tolerance)
		}
	}
	for _, c := range cases {
		if c.o.hideMarkers || c.o.mainPacked && c.o.interleave {
			continue // OpenJPEG skips only markers that COD announces, and reads PPM tile by tile
		}
		check(c.name, scene(75, 58, 8, false), c.o, 0)
		o := c.o
		o.irreversible, o.exponent = true, 11
		if o.roi == 0 { // of which OpenJPEG loses the half step below the lowest bit-plane
			check(c.name+", 9/7", scene(75, 58, 12, false), o, 1)
		}
	}
	for style := range 64 {
		check(fmt.Sprintf("style %#02x", style), scene(70, 43, 12, false), options{levels: 2, style: style, layers: 2}, 0)
	}
	for cut := 1; cut < 20; cut += 3 {
		check(fmt.Sprintf("%d passes cut", cut), scene(75, 58, 12, false), options{levels: 3, cut: cut}, 0)
		check(fmt.Sprintf("%d passes cut, 9/7", cut), scene(75, 58, 12, false), options{levels: 3, cut: cut, irreversible: true, exponent: 12}, 1)
	}
}

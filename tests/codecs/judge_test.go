// Package codecs holds the decoders of compressed DICOM against encoders and decoders of
// others, over the space of their parameters: `make codecs`. A codec has a program here
// that makes streams (see sets.py) and a test that judges what becomes of them.
package codecs

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

type decode func(dst, stream []byte, limits codec.Limits) (codec.Info, error)

// set is a parameter set, as sets.py writes it.
type set struct {
	Group, Name                    string
	Columns, Rows, Bits, Precision int
	Tolerance                      int
	Signed                         bool
	Lossy                          *bool
	Without                        []string // reference decoders that do not read it
	number                         int
	folder                         string
}

func (s set) file(extension string) string {
	return filepath.Join(s.folder, fmt.Sprint(s.number)+"."+extension)
}

// python is the interpreter with the reference codecs. Without it the test is skipped.
func python(t *testing.T) string {
	t.Helper()
	python := os.Getenv("IRIS_PYTHON")
	if os.Getenv("IRIS_CODECS") == "" || python == "" {
		t.Skip("run by make codecs: IRIS_CODECS and IRIS_PYTHON are not set")
	}
	return python
}

// makeSets runs a program that makes parameter sets.
func makeSets(t *testing.T, program string) []set {
	t.Helper()
	folder := t.TempDir()
	run := exec.CommandContext(t.Context(), python(t), program, folder)
	run.Stdout, run.Stderr = os.Stderr, os.Stderr
	if err := run.Run(); err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sets []set
	if err := json.Unmarshal(text, &sets); err != nil {
		t.Fatal(err)
	}
	for i := range sets {
		sets[i].number, sets[i].folder = i, folder
	}
	return sets
}

// score counts the sets of a group.
type score struct {
	sets, exact int
	worst       int // difference of a sample
}

// judge decodes sets, and fails for one that is not decoded as the reference says or when
// there are fewer sets of a group than least says.
func judge(t *testing.T, sets []set, decode decode, least map[string]int) {
	t.Helper()
	scores := map[string]*score{}
	for _, s := range sets {
		if scores[s.Group] == nil {
			scores[s.Group] = new(score)
		}
		difference, err := s.judge(decode)
		c := scores[s.Group]
		c.sets++
		c.worst = max(c.worst, difference)
		switch {
		case err != nil:
			t.Errorf("%s: %s: %v", s.Group, s.Name, err)
		case difference == 0:
			c.exact++
		case difference > s.Tolerance:
			t.Errorf("%s: %s: a sample differs by %d, where %d is allowed", s.Group, s.Name, difference, s.Tolerance)
		}
	}
	for _, group := range slices.Sorted(maps.Keys(scores)) {
		c := scores[group]
		t.Logf("%s: %d parameter sets, %d exact, largest difference %d", group, c.sets, c.exact, c.worst)
	}
	for group, n := range least {
		if scores[group] == nil || scores[group].sets < n {
			t.Errorf("%s: fewer parameter sets than %d", group, n)
		}
	}
}

// judge decodes one set and returns the largest difference of a sample.
func (s set) judge(decode decode) (difference int, err error) {
	stream, err := os.ReadFile(s.file("stream"))
	if err != nil {
		return 0, err
	}
	want, err := os.ReadFile(s.file("samples"))
	if err != nil {
		return 0, err
	}
	limits := codec.Limits{Columns: s.Columns, Rows: s.Rows, Bits: s.Bits}
	if len(want) != limits.Bytes() {
		return 0, fmt.Errorf("the set has %d bytes of samples: want %d", len(want), limits.Bytes())
	}
	got := make([]byte, len(want))
	info, err := decode(got, stream, limits)
	if err != nil {
		return 0, err
	}
	if info.Precision != s.Precision || info.Signed != s.Signed || s.Lossy != nil && info.Lossy != *s.Lossy {
		return 0, fmt.Errorf("the decoder says %+v", info)
	}
	for i := 0; i < len(want); i += s.Bits / 8 {
		a, b := sample(got[i:], s.Bits, s.Signed), sample(want[i:], s.Bits, s.Signed)
		difference = max(difference, a-b, b-a)
	}
	return difference, nil
}

// sample is the first word of bits bits.
func sample(b []byte, bits int, signed bool) int {
	var v uint32
	switch bits {
	case 8:
		v = uint32(b[0])
	case 16:
		v = uint32(binary.LittleEndian.Uint16(b))
	default:
		v = binary.LittleEndian.Uint32(b)
	}
	if signed {
		return int(int32(v<<(32-bits)) >> (32 - bits))
	}
	return int(v)
}

package nifti

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
)

// seeds are the corpus: every header version, byte order and datatype, plain
// and gzip, with and without extensions.
func seeds(f *testing.F) {
	for _, version := range []int{1, 2} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, datatype := range []int{2, 4, 8, 16, 64, 256, 512, 768, 1024, 1280} {
				s := good()
				s.version, s.order, s.datatype = version, order, datatype
				f.Add(s.bytes())
			}
			s := good()
			s.version, s.order, s.gzip = version, order, true
			s.extension = extension(order, 6, `{"iris":"labels/1","labels":[{"id":2,"name":"liver","color":"#aa0000"}]}`)
			scale(s, 0)
			f.Add(s.bytes())
			s = good()
			s.order, s.rows = order, volume.Affine{{0, 0, -1, 3}, {-1, 0, 0, 4}, {0, 1, 0, 5}}
			f.Add(s.bytes())
		}
	}
	f.Add(zipped(good().bytes()[:200], good().bytes()[200:]))
}

// maxFuzzVoxels keeps one execution small: a valid header may ask for 2²⁹.
const maxFuzzVoxels = 1 << 20

func small(file []byte) bool {
	s, err := newStream(bytes.NewReader(file), true)
	if err != nil {
		return true
	}
	h, err := readHeader(s)
	return err != nil || h.voxels() <= maxFuzzVoxels
}

// FuzzConvert: no panic; what is refused is refused by name; what is accepted
// can be read again and converts to itself.
func FuzzConvert(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		if !small(file) {
			return
		}
		var out bytes.Buffer
		_, err := Convert(t.Context(), bytes.NewReader(file), int64(len(file)), &out, ConvertOptions{})
		var known *volume.Error
		if err != nil {
			if !errors.As(err, &known) {
				t.Fatalf("refused without a code: %v", err)
			}
			return
		}
		once, err := ReadVolume(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatalf("what Convert wrote cannot be read: %v", err)
		}
		first := bytes.Clone(out.Bytes())
		out.Reset()
		if _, err := Convert(t.Context(), bytes.NewReader(first), int64(len(first)), &out, ConvertOptions{}); err != nil {
			if errors.As(err, &known) && (known.Code == "empty_volume" || known.Code == "not_hounsfield") {
				return // rounding and saturation may leave less than there was
			}
			t.Fatalf("what Convert wrote is refused: %v", err)
		}
		twice, err := ReadVolume(&out)
		if err != nil || !slices.Equal(once.Voxels, twice.Voxels) {
			t.Fatalf("converting twice is not converting once: %v", err)
		}
		for r := range 3 {
			for c := range 4 {
				// float32 headers, and directions made rectangular again.
				if a, b := once.Affine[r][c], twice.Affine[r][c]; math.Abs(a-b) > 1e-5*(1+math.Abs(a)) {
					t.Fatalf("affine[%d][%d] = %g, then %g", r, c, a, b)
				}
			}
		}
	})
}

// FuzzReadLabels: no panic; what is accepted survives a round trip.
func FuzzReadLabels(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		if !small(file) {
			return
		}
		m, err := ReadLabels(bytes.NewReader(file))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteLabels(&out, m); err != nil {
			t.Fatalf("what ReadLabels read cannot be written: %v", err)
		}
		again, err := ReadLabels(&out)
		if err != nil {
			t.Fatalf("what WriteLabels wrote is refused: %v", err)
		}
		if !bytes.Equal(m.U8, again.U8) || len(m.U16) != len(again.U16) || len(m.Table.Labels) != len(again.Table.Labels) {
			t.Fatal("a round trip changed the labels")
		}
	})
}

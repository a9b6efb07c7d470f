package nrrd

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// maxFuzzVoxels keeps one execution small: a valid header may ask for 2²⁹.
const maxFuzzVoxels = 1 << 18

// FuzzRead: no panic; what is refused is refused by name; what is accepted can be
// written as the label map of a job.
func FuzzRead(f *testing.F) {
	for _, encoding := range []string{"raw", "gzip"} {
		for _, s := range []*file{good(), layered()} {
			s.encoding = encoding
			f.Add(s.bytes())
			s.typ, s.endian = "ushort", "big"
			f.Add(s.bytes())
		}
	}
	wide := good()
	wide.typ, wide.endian, wide.values[4] = "int", "little", 614454277
	f.Add(wide.bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, err := readHeader(bufio.NewReader(bytes.NewReader(data))); err == nil && h.layers*h.dims[0]*h.dims[1]*h.dims[2] > maxFuzzVoxels {
			return
		}
		m, err := ReadLabels(bytes.NewReader(data))
		if err != nil {
			if !errors.As(err, new(*volume.Error)) {
				t.Fatalf("refused without a code: %v", err)
			}
			return
		}
		if len(m.U8)+len(m.U16) != m.Len() || !m.Affine.Finite() {
			t.Fatalf("%d voxels of %d, affine %v", len(m.U8)+len(m.U16), m.Len(), m.Affine)
		}
		if err := nifti.WriteLabels(io.Discard, m); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}

package chaos

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/iris-oculus/iris/internal/picture"
	"github.com/iris-oculus/iris/internal/stage/mesh"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// draw keeps the pictures of equal scans, which are half of a run's time.
var draw = mesh.Draw{
	Check: func(m *volume.LabelMap, v *volume.Volume, w io.Writer) error {
		return remembered(w, func(h hash.Hash) {
			_, _ = fmt.Fprint(h, "check", m.Dims, m.Affine, m.Table)
			_, _ = h.Write(m.U8)
			_ = binary.Write(h, binary.LittleEndian, m.U16)
			if v != nil {
				_, _ = fmt.Fprint(h, v.Dims, v.Affine)
				_ = binary.Write(h, binary.LittleEndian, v.Voxels)
			}
		}, func(w io.Writer) error { return picture.Check(m, v, w) })
	},
	Preview: func(all []surface.Surface, w io.Writer) error {
		return remembered(w, func(h hash.Hash) {
			for _, s := range all {
				_, _ = fmt.Fprint(h, "preview", s.Label)
				_ = binary.Write(h, binary.LittleEndian, s.Mesh.Vertices)
				_ = binary.Write(h, binary.LittleEndian, s.Mesh.Triangles)
			}
		}, func(w io.Writer) error { return picture.Preview(all, w) })
	},
}

var pictures sync.Map // by the digest of what is drawn

func remembered(w io.Writer, of func(hash.Hash), draw func(io.Writer) error) error {
	h := sha256.New()
	of(h)
	digest := [32]byte(h.Sum(nil))
	known, ok := pictures.Load(digest)
	if !ok {
		var b bytes.Buffer
		if err := draw(&b); err != nil {
			return err
		}
		known, _ = pictures.LoadOrStore(digest, b.Bytes())
	}
	_, err := w.Write(known.([]byte))
	return err
}

package nets

import (
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume"
)

// source reads rows of dense labels from a label map.
type source struct {
	m *volume.LabelMap
	// dense is the dense label of every label of the map; nil for a uint8 map
	// whose labels stay as they are.
	dense []uint16
	wide  bool // dense labels above 255 exist
}

// newSource makes a source that renumbers labels by dense, or keeps them where dense
// is nil and labels are uint8.
func newSource(m *volume.LabelMap, dense []uint16) *source {
	s := &source{m: m, dense: dense}
	for _, d := range dense {
		s.wide = s.wide || d > 0xff
	}
	return s
}

// at is the dense label of the voxel with padded coordinates, 0 outside.
func (s *source) at(x, y, z int) uint16 {
	d := s.m.Dims
	if x < 1 || y < 1 || z < 1 || x > d[0] || y > d[1] || z > d[2] {
		return 0
	}
	label := s.m.At(((z-1)*d[1]+y-1)*d[0] + x - 1)
	if s.dense == nil {
		return uint16(label)
	}
	return s.dense[label]
}

// copyRow copies n voxels into a layer at byte offset to.
func (s *source) copyRow(l *layer, to, from, n int) {
	switch {
	case s.dense == nil:
		copy(l.low[to:to+n], s.m.U8[from:from+n])
	case s.m.U8 != nil:
		remapRow8(l.low[to:to+n], s.m.U8[from:from+n], s.dense)
	case s.wide:
		low, high := l.low[to:to+n], l.high[to:to+n]
		for i, v := range s.m.U16[from : from+n] {
			d := s.dense[v]
			low[i], high[i] = byte(d), byte(d>>8)
		}
	default:
		low := l.low[to : to+n]
		for i, v := range s.m.U16[from : from+n] {
			low[i] = byte(s.dense[v])
		}
	}
}

// remapRow8 looks labels up eight at a time while they repeat.
func remapRow8(dst, src []byte, dense []uint16) {
	le := binary.LittleEndian
	var last, lastOut uint64
	for i := range 8 {
		lastOut |= uint64(byte(dense[0])) << (8 * i)
	}
	for len(src) >= 8 {
		v := le.Uint64(src)
		if v != last {
			last, lastOut = v, 0
			for i := range 8 {
				lastOut |= uint64(byte(dense[v>>(8*i)&0xff])) << (8 * i)
			}
		}
		le.PutUint64(dst, lastOut)
		dst, src = dst[8:], src[8:]
	}
	for i, v := range src {
		dst[i] = byte(dense[v])
	}
}

package nifti

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
)

// sample builds NIfTI files byte by byte, by a writer of its own, so that
// reader and writer of the package cannot share a mistake. Change fields of
// good() to make it lie.
type sample struct {
	order          binary.ByteOrder
	version        int // 1 or 2
	dim            []int64
	datatype       int
	bitpix         int // 0: right
	pixdim         [4]float64
	offset         float64 // 0 with extensions nil: right after the header
	writeOffset    bool    // write offset as it is
	slope, inter   float64
	units          byte
	qcode, scode   int
	quaternion     [3]float64
	qoffset        [3]float64
	rows           volume.Affine
	magic          string
	extension      []byte
	values         []float64
	cut, extra     int // bytes to drop from, add to the end
	gzip           bool
	intent         int
	dim0, sizeofHd int64 // 0: right
}

// good is a small CT: 5 × 4 × 3 voxels of 1 × 2 × 3 mm.
func good() *sample {
	s := &sample{order: binary.LittleEndian, version: 1, dim: []int64{5, 4, 3}, datatype: codeInt16,
		pixdim: [4]float64{1, 1, 2, 3}, slope: 1, units: 2, scode: 1,
		rows: volume.Affine{{1, 0, 0, -10}, {0, 2, 0, 20}, {0, 0, 3, 30}}}
	for n := range 60 {
		s.values = append(s.values, float64(n*17-1000))
	}
	return s
}

func with(change func(*sample)) *sample {
	s := good()
	change(s)
	return s
}

var widths = map[int]int{2: 1, 256: 1, 4: 2, 512: 2, 8: 4, 768: 4, 16: 4, 1024: 8, 1280: 8, 64: 8, 32: 8, 128: 3, 1: 1}

func (s *sample) bytes() []byte {
	size := size1
	if s.version == 2 {
		size = size2
	}
	h := make([]byte, size+4)
	i16 := func(at int, v int64) { s.order.PutUint16(h[at:], uint16(v)) }
	i32 := func(at int, v int64) { s.order.PutUint32(h[at:], uint32(v)) }
	i64 := func(at int, v int64) { s.order.PutUint64(h[at:], uint64(v)) }
	f32 := func(at int, v float64) { s.order.PutUint32(h[at:], math.Float32bits(float32(v))) }
	f64 := func(at int, v float64) { s.order.PutUint64(h[at:], math.Float64bits(v)) }
	offset := float64(size + 4 + len(s.extension))
	if s.writeOffset {
		offset = s.offset
	}
	if s.extension != nil {
		h[size] = 1
	}
	dim0, bitpix := s.dim0, s.bitpix
	if dim0 == 0 {
		dim0 = int64(len(s.dim))
	}
	if bitpix == 0 {
		bitpix = 8 * widths[s.datatype]
	}
	if s.version == 2 {
		i32(0, size2)
		copy(h[4:], "n+2\x00\r\n\x1a\n")
		i16(12, int64(s.datatype))
		i16(14, int64(bitpix))
		i64(16, dim0)
		for n := range 7 {
			i64(24+8*n, 1)
		}
		for n, d := range s.dim {
			i64(24+8*n, d)
		}
		for n, p := range s.pixdim {
			f64(104+8*n, p)
		}
		i64(168, int64(offset))
		f64(176, s.slope)
		f64(184, s.inter)
		i32(344, int64(s.qcode))
		i32(348, int64(s.scode))
		for n := range 3 {
			f64(352+8*n, s.quaternion[n])
			f64(376+8*n, s.qoffset[n])
			for c := range 4 {
				f64(400+32*n+8*c, s.rows[n][c])
			}
		}
		i32(500, int64(s.units))
	} else {
		i32(0, size1)
		copy(h[344:], "n+1\x00")
		i16(68, int64(s.intent))
		i16(70, int64(s.datatype))
		i16(72, int64(bitpix))
		i16(40, dim0)
		for n := range 7 {
			i16(42+2*n, 1)
		}
		for n, d := range s.dim {
			i16(42+2*n, d)
		}
		for n, p := range s.pixdim {
			f32(76+4*n, p)
		}
		f32(108, offset)
		f32(112, s.slope)
		f32(116, s.inter)
		h[123] = s.units
		i16(252, int64(s.qcode))
		i16(254, int64(s.scode))
		for n := range 3 {
			f32(256+4*n, s.quaternion[n])
			f32(268+4*n, s.qoffset[n])
			for c := range 4 {
				f32(280+16*n+4*c, s.rows[n][c])
			}
		}
	}
	if s.magic != "" {
		copy(h[344:], s.magic)
	}
	if s.sizeofHd != 0 {
		i32(0, s.sizeofHd)
	}
	out := append(h, s.extension...)
	for len(out) < int(offset) && offset < 1<<20 {
		out = append(out, 0)
	}
	for _, v := range s.values {
		out = append(out, s.voxel(v)...)
	}
	out = append(out[:len(out)-s.cut], make([]byte, s.extra)...)
	if s.gzip {
		return zipped(out)
	}
	return out
}

func (s *sample) voxel(v float64) []byte {
	b := make([]byte, 8)
	switch s.datatype {
	case 2, 256:
		b[0] = byte(int64(v))
	case 4, 512:
		s.order.PutUint16(b, uint16(int64(v)))
	case 8, 768:
		s.order.PutUint32(b, uint32(int64(v)))
	case 1024:
		s.order.PutUint64(b, uint64(int64(v)))
	case 1280:
		s.order.PutUint64(b, uint64(v))
	case 16:
		s.order.PutUint32(b, math.Float32bits(float32(v)))
	case 64:
		s.order.PutUint64(b, math.Float64bits(v))
	}
	return b[:widths[s.datatype]]
}

func zipped(parts ...[]byte) []byte {
	var out bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&out)
		w.Name = "ZZPHI^NAME.nii"
		w.Comment = "ZZPHI"
		_, _ = w.Write(p)
		_ = w.Close()
	}
	return out.Bytes()
}

// convert runs Convert over bytes and reads back what it wrote.
func convert(t testing.TB, file []byte, o ConvertOptions) (*volume.Volume, Report, error) {
	t.Helper()
	var out bytes.Buffer
	r, err := Convert(t.Context(), bytes.NewReader(file), int64(len(file)), &out, o)
	if err != nil {
		return nil, r, err
	}
	v, err := ReadVolume(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatalf("what Convert wrote cannot be read: %v", err)
	}
	if v.Dims != r.Dims {
		t.Fatalf("dims %v in the report, %v in the file", r.Dims, v.Dims)
	}
	return v, r, nil
}

// code is the code of a *volume.Error, the text of any other, "" for none.
func code(err error) string {
	var e *volume.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	}
	return err.Error()
}

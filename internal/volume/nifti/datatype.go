package nifti

import (
	"encoding/binary"
	"math"

	"github.com/iris-oculus/iris/internal/volume"
)

// datatype is one of NIfTI's voxel types. widen turns little-endian bytes into
// float64, len(dst) of them.
type datatype struct {
	code, bytes int
	widen       func(dst []float64, src []byte)
}

// Codes that are written, or treated in a way of their own.
const (
	codeUint8  = 2
	codeInt16  = 4
	codeUint16 = 512
)

// datatypes are those that hold one real number a voxel.
var datatypes = []datatype{
	{codeUint8, 1, func(dst []float64, src []byte) {
		for n := range dst {
			dst[n] = float64(src[n])
		}
	}},
	{256, 1, func(dst []float64, src []byte) { // int8
		for n := range dst {
			dst[n] = float64(int8(src[n]))
		}
	}},
	{codeInt16, 2, func(dst []float64, src []byte) {
		for n := range dst {
			dst[n] = float64(int16(binary.LittleEndian.Uint16(src[2*n:])))
		}
	}},
	{codeUint16, 2, func(dst []float64, src []byte) {
		for n := range dst {
			dst[n] = float64(binary.LittleEndian.Uint16(src[2*n:]))
		}
	}},
	{8, 4, func(dst []float64, src []byte) { // int32
		for n := range dst {
			dst[n] = float64(int32(binary.LittleEndian.Uint32(src[4*n:])))
		}
	}},
	{768, 4, func(dst []float64, src []byte) { // uint32
		for n := range dst {
			dst[n] = float64(binary.LittleEndian.Uint32(src[4*n:]))
		}
	}},
	{1024, 8, func(dst []float64, src []byte) { // int64; exact to 2⁵³, far beyond int16
		for n := range dst {
			dst[n] = float64(int64(binary.LittleEndian.Uint64(src[8*n:])))
		}
	}},
	{1280, 8, func(dst []float64, src []byte) { // uint64
		for n := range dst {
			dst[n] = float64(binary.LittleEndian.Uint64(src[8*n:]))
		}
	}},
	{16, 4, func(dst []float64, src []byte) { // float32
		for n := range dst {
			dst[n] = float64(math.Float32frombits(binary.LittleEndian.Uint32(src[4*n:])))
		}
	}},
	{64, 8, func(dst []float64, src []byte) { // float64
		for n := range dst {
			dst[n] = math.Float64frombits(binary.LittleEndian.Uint64(src[8*n:]))
		}
	}},
}

// unusable are the datatypes of nifti1.h that no scan has.
var unusable = []struct {
	code int
	name string
}{
	{1, "1 bit a voxel"}, {32, "complex64"}, {128, "RGB"}, {1536, "float128"},
	{1792, "complex128"}, {2048, "complex256"}, {2304, "RGBA"},
}

func lookupDatatype(code int) (datatype, error) {
	for _, d := range datatypes {
		if d.code == code {
			return d, nil
		}
	}
	for _, s := range unusable {
		if s.code == code {
			return datatype{}, volume.Unsupported("unsupported_datatype", "datatype %d (%s): want one integer or real number a voxel", code, s.name)
		}
	}
	return datatype{}, volume.Reject("unsupported_datatype", "datatype %d is not one of NIfTI's", code)
}

// swap reverses the bytes of every value of the given width, in place.
func swap(raw []byte, width int) {
	switch width {
	case 2:
		for n := 0; n+1 < len(raw); n += 2 {
			raw[n], raw[n+1] = raw[n+1], raw[n]
		}
	case 4:
		for n := 0; n+3 < len(raw); n += 4 {
			binary.LittleEndian.PutUint32(raw[n:], binary.BigEndian.Uint32(raw[n:]))
		}
	case 8:
		for n := 0; n+7 < len(raw); n += 8 {
			binary.LittleEndian.PutUint64(raw[n:], binary.BigEndian.Uint64(raw[n:]))
		}
	}
}

package nifti

import (
	"encoding/binary"
	"math"

	"github.com/iris-oculus/iris/internal/volume"
)

// chunkVoxels is how many voxels are decoded at a time: 512 KiB as float64.
const chunkVoxels = 1 << 16

// decoder reads a file's voxels in the order in which they are stored and notes their
// range.
type decoder struct {
	*file
	raw    []byte
	values []float64

	low, high float64 // smallest and largest value after scaling, before rounding
	clipped   int64   // values beyond int16
}

func newDecoder(f *file) *decoder {
	return &decoder{file: f, low: math.Inf(1), high: math.Inf(-1),
		raw: make([]byte, chunkVoxels*f.kind.bytes), values: make([]float64, chunkVoxels)}
}

// bytes gives the next voxels in the file's datatype, little endian, at most a chunk.
func (d *decoder) bytes(voxels int) ([]byte, error) {
	raw := d.raw[:voxels*d.kind.bytes]
	if err := d.stream.full(raw, "voxels"); err != nil {
		return nil, err
	}
	if d.order == binary.BigEndian {
		swap(raw, d.kind.bytes)
	}
	return raw, nil
}

// next gives the next voxels, scaled, at most a chunk. They are valid until the next
// call.
func (d *decoder) next(voxels int) ([]float64, error) {
	raw, err := d.bytes(voxels)
	if err != nil {
		return nil, err
	}
	values := d.values[:voxels]
	d.kind.widen(values, raw)
	if d.slope != 1 || d.inter != 0 {
		for n, v := range values {
			values[n] = v*d.slope + d.inter
		}
	}
	return values, nil
}

// fill decodes the next len(dst) voxels: scaled, rounded half to even, saturated.
func (d *decoder) fill(dst []int16) error {
	plain := d.kind.code == codeInt16 && d.slope == 1 && d.inter == 0
	for len(dst) > 0 {
		part := dst[:min(len(dst), chunkVoxels)]
		dst = dst[len(part):]
		var err error
		if plain {
			err = d.copy16(part)
		} else {
			err = d.round(part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copy16 is fill for int16 voxels without a scale.
func (d *decoder) copy16(dst []int16) error {
	raw, err := d.bytes(len(dst))
	if err != nil {
		return err
	}
	low, high := int16(math.MaxInt16), int16(math.MinInt16)
	for n := range dst {
		v := int16(binary.LittleEndian.Uint16(raw[2*n:]))
		low, high = min(low, v), max(high, v)
		dst[n] = v
	}
	d.low, d.high = min(d.low, float64(low)), max(d.high, float64(high))
	return nil
}

func (d *decoder) round(dst []int16) error {
	values, err := d.next(len(dst))
	if err != nil {
		return err
	}
	low, high, clipped := d.low, d.high, int64(0)
	for n, v := range values {
		if v-v != 0 { // NaN or infinite
			return volume.Reject("nan_voxels", "a voxel is not a finite number: what it was cannot be known")
		}
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
		v = math.RoundToEven(v)
		if v < math.MinInt16 {
			v = math.MinInt16
			clipped++
		} else if v > math.MaxInt16 {
			v = math.MaxInt16
			clipped++
		}
		dst[n] = int16(v)
	}
	d.low, d.high, d.clipped = low, high, d.clipped+clipped
	return nil
}

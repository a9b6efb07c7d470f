package nifti

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/iris-oculus/iris/internal/volume"
)

// Sizes of the two headers, also their first field.
const (
	size1 = 348
	size2 = 540
)

// intentLabel is NIFTI_INTENT_LABEL: the voxels are indices into a table.
const intentLabel = 1002

// header holds the fields of a NIfTI-1 or NIfTI-2 header that are used.
type header struct {
	order  binary.ByteOrder
	dims   [3]int
	kind   datatype
	offset int64 // of the first voxel
	slope  float64
	inter  float64 // slope 1, inter 0 when the file asks for no scaling

	pixdim       [4]float64 // qfac, then spacing
	sform, qform bool       // their codes are above 0
	rows         [3][4]float64
	quaternion   [3]float64 // b, c, d
	origin       [3]float64
	unit         float64 // millimetres in the file's unit of length

	labels   bool // the file says that it is a label map
	warnings []Warning
}

// readHeader reads and judges everything but the geometry.
func readHeader(s *stream) (header, error) {
	var h header
	raw := make([]byte, size1, size2)
	if err := s.full(raw[:4], "header"); err != nil {
		return h, err
	}
	size := h.detect(raw)
	if size == 0 {
		return h, volume.Reject("unrecognized", "not a NIfTI file")
	}
	raw = raw[:size]
	if err := s.full(raw[4:], "header"); err != nil {
		return h, err
	}
	f := fields{raw, h.order}
	if err := checkMagic(raw); err != nil {
		return h, err
	}
	if size == size1 {
		return h, h.decode(f.layout1())
	}
	return h, h.decode(f.layout2())
}

// detect finds size and byte order from the first field. It gives 0 for a file that is
// no NIfTI.
func (h *header) detect(raw []byte) int {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if n := order.Uint32(raw); n == size1 || n == size2 {
			h.order = order
			return int(n)
		}
	}
	return 0
}

// checkMagic accepts single files only.
func checkMagic(raw []byte) error {
	single, pair, magic := "n+1\x00", "ni1\x00", raw[344:348]
	if len(raw) == size2 {
		// The tail is there to notice transfers in text mode, as in PNG.
		single, pair, magic = "n+2\x00\r\n\x1a\n", "ni2\x00\r\n\x1a\n", raw[4:12]
	}
	switch {
	case bytes.Equal(magic, []byte(single)):
		return nil
	case bytes.Equal(magic, []byte(pair)):
		return volume.Unsupported("unsupported_format", "the header of a .hdr/.img pair: send a single .nii or .nii.gz file")
	}
	return volume.Reject("bad_magic", "the header lacks the NIfTI mark (Analyze 7.5 files carry no orientation and are not read)")
}

// layout is the fields of a header in their widest type.
type layout struct {
	dim              [8]int64
	datatype, bitpix int
	pixdim           [8]float64
	offset           float64
	offsetExact      int64 // NIfTI-2 has an integer
	slope, inter     float64
	units, intent    int
	qform, sform     int
	quaternion       [3]float64
	origin           [3]float64
	rows             [12]float64
	smallest         int64 // the first offset at which voxels may lie
}

// decode turns a layout into a header.
func (h *header) decode(l layout) error {
	var err error
	if h.dims, err = decodeDims(l.dim); err != nil {
		return err
	}
	if h.kind, err = lookupDatatype(l.datatype); err != nil {
		return err
	}
	if l.bitpix != 8*h.kind.bytes {
		h.warn("bitpix_mismatch", "bitpix does not fit the datatype; the datatype was believed")
	}
	if h.offset, err = l.voxelOffset(); err != nil {
		return err
	}
	if h.slope, h.inter, err = decodeScale(l.slope, l.inter); err != nil {
		return err
	}
	copy(h.pixdim[:], l.pixdim[:4])
	h.labels = l.intent == intentLabel
	h.sform, h.qform = l.sform > 0, l.qform > 0
	h.quaternion, h.origin = l.quaternion, l.origin
	for n, v := range l.rows {
		h.rows[n/4][n%4] = v
	}
	h.unit = 1
	switch l.units & 7 { // NIFTI_UNITS_METER, MM, MICRON; 0 and unknown units mean mm
	case 1:
		h.unit = 1000
	case 3:
		h.unit = 0.001
	}
	return nil
}

func (h *header) warn(code, message string) {
	h.warnings = append(h.warnings, Warning{Code: code, Message: message})
}

// voxels is the number of voxels.
func (h *header) voxels() int64 {
	return int64(h.dims[0]) * int64(h.dims[1]) * int64(h.dims[2])
}

func (h *header) bytes() int64 { return h.voxels() * int64(h.kind.bytes) }

// decodeDims accepts one three-dimensional volume, with or without further dimensions
// of 1.
func decodeDims(dim [8]int64) ([3]int, error) {
	var dims [3]int
	if dim[0] < 1 || dim[0] > 7 {
		return dims, volume.Reject("bad_dims", "dim[0] = %d: want 1 to 7", dim[0])
	}
	for axis := int64(1); axis <= dim[0]; axis++ {
		if dim[axis] < 1 {
			return dims, volume.Reject("bad_dims", "dim[%d] = %d: want 1 to %d", axis, dim[axis], volume.MaxAxis)
		}
		if axis > 3 && dim[axis] > 1 {
			return dims, volume.Reject("multiple_volumes", "dim[%d] = %d: want one volume, not a series of them", axis, dim[axis])
		}
	}
	for axis := range 3 {
		dims[axis] = 1
		if int64(axis) < dim[0] {
			// Saturated, so that a 32-bit int cannot wrap: CheckDims refuses it all the same.
			dims[axis] = int(min(dim[axis+1], math.MaxInt32))
		}
	}
	if err := volume.CheckDims(dims); err != nil {
		return dims, err
	}
	return dims, nil
}

// checkThick refuses a scan of so few slices that it is a picture and no volume. Label
// maps are not checked, because one slice of labels has a surface, too.
func checkThick(dims [3]int) error {
	for axis, n := range dims {
		if n < 2 {
			return volume.Reject("too_few_slices", "axis %d has %d voxel: want a volume, at least 2 along each axis", axis+1, n)
		}
	}
	return nil
}

// voxelOffset is where the voxels begin. 0 is written by careless programs and
// means right after the header.
func (l *layout) voxelOffset() (int64, error) {
	n := l.offsetExact
	if n == 0 {
		if !(l.offset >= 0 && l.offset <= maxExtensions) || l.offset != math.Trunc(l.offset) {
			return 0, volume.Reject("bad_header", "vox_offset = %g: want a whole number from %d to %d", l.offset, l.smallest, int64(maxExtensions))
		}
		n = int64(l.offset)
	}
	if n == 0 {
		return l.smallest, nil
	}
	if n < l.smallest || n > maxExtensions {
		return 0, volume.Reject("bad_header", "vox_offset = %d: want %d to %d", n, l.smallest, int64(maxExtensions))
	}
	return n, nil
}

// decodeScale gives the slope and intercept. A slope that is 0 or no number means no
// scaling.
func decodeScale(slope, inter float64) (float64, float64, error) {
	if slope == 0 || math.IsNaN(slope) || math.IsInf(slope, 0) {
		return 1, 0, nil
	}
	if math.IsNaN(inter) || math.IsInf(inter, 0) {
		return 0, 0, volume.Reject("bad_header", "scl_inter = %g with scl_slope = %g: want a finite number", inter, slope)
	}
	return slope, inter, nil
}

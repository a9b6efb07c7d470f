package nrrd

import (
	"bufio"
	"errors"
	"io"
	"math"

	"github.com/klauspost/compress/gzip"

	"github.com/iris-oculus/iris/internal/volume"
)

const (
	// readAhead is how much is read from the file at a time.
	readAhead = 256 << 10
	// extraBytes is how many bytes may follow the last voxel as padding. If there are
	// more, the stated sizes are wrong.
	extraBytes = 1 << 20
	// chunk is how many numbers are decoded at a time: 512 KiB as float64.
	chunk = 1 << 16
)

// data gives the bytes of the voxels. It expands no more of them than are asked for,
// but for the few that finish looks at.
type data struct {
	in      *counter
	b       *bufio.Reader
	gz      *gzip.Reader // nil for raw data
	garbage bool         // bytes follow the last gzip member
}

func openData(in *counter, b *bufio.Reader, compressed bool) (*data, error) {
	d := &data{in: in, b: b}
	if !compressed {
		return d, nil
	}
	gz, err := gzip.NewReader(b)
	if err != nil {
		return nil, d.fault(err)
	}
	gz.Multistream(false)
	d.gz = gz
	return d, nil
}

// Read implements io.Reader; io.EOF is a clean end, with the checksum right.
func (d *data) Read(p []byte) (int, error) {
	if d.gz == nil {
		return d.b.Read(p)
	}
	for {
		n, err := d.gz.Read(p)
		if errors.Is(err, io.EOF) {
			err = d.nextMember()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// nextMember opens the gzip member that follows. It gives io.EOF when none does.
func (d *data) nextMember() error {
	head, err := d.b.Peek(2)
	if len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		d.garbage = len(head) > 0
		return io.EOF
	}
	if err := d.gz.Reset(d.b); err != nil {
		return err
	}
	d.gz.Multistream(false)
	return nil
}

// fault gives the error of a damaged file, or the error of the reader beneath, which is
// not a fault of the file.
func (d *data) fault(err error) error {
	switch {
	case d.in.err != nil:
		return d.in.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return volume.Reject("truncated", "the gzip data ends before its own end mark")
	}
	return volume.Reject("bad_gzip", "the gzip data is damaged: %v", err)
}

// full fills p with the next bytes.
func (d *data) full(p []byte) error {
	n, err := io.ReadFull(d, p)
	switch {
	case err == nil:
		return nil
	case d.in.err != nil:
		return d.in.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return volume.Reject("truncated", "the file ends within the voxels: %d of %d bytes are missing", len(p)-n, len(p))
	}
	return d.fault(err)
}

// finish reads to the end, so that the checksum is known to hold, and says whether
// bytes follow the voxels.
func (d *data) finish() (trailing bool, err error) {
	extra, err := io.Copy(io.Discard, io.LimitReader(d, extraBytes+1))
	if err != nil {
		return false, d.fault(err)
	}
	if extra > extraBytes {
		return false, volume.Reject("bad_header", "more than %d bytes follow the voxels that the header's sizes ask for", int64(extraBytes))
	}
	return extra > 0 || d.garbage, nil
}

// counter remembers the reader's own error.
type counter struct {
	r   io.Reader
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// decoder gives the voxels as numbers, one for all layers.
type decoder struct {
	*header
	*segmentation
	data   *data
	raw    []byte
	values []float64
}

func newDecoder(h *header, d *data, t *segmentation) *decoder {
	n := max(1, chunk/h.layers) * h.layers
	return &decoder{header: h, segmentation: t, data: d, raw: make([]byte, n*h.kind.bytes), values: make([]float64, n)}
}

// next is the next voxels, not more than most; they are overwritten by the next call.
func (d *decoder) next(most int) ([]float64, error) {
	n := min(most, len(d.values)/d.layers)
	raw := d.raw[:n*d.layers*d.kind.bytes]
	if err := d.data.full(raw); err != nil {
		return nil, err
	}
	values := d.values[:n*d.layers]
	d.widen(values, raw)
	if d.layers == 1 {
		return values, nil
	}
	for i := range n {
		label, err := d.merged(values[i*d.layers : (i+1)*d.layers])
		if err != nil {
			return nil, err
		}
		values[i] = label // i is never behind what is still to be read
	}
	return values[:n], nil
}

// merged is the label of one voxel, given its values in all layers.
func (d *decoder) merged(layers []float64) (float64, error) {
	label := 0.0
	for l, v := range layers {
		if v == 0 {
			continue
		}
		if label != 0 {
			return 0, volume.Reject("overlapping_segments",
				"segments of the file overlap: a voxel lies in two layers, and a label map gives it to one structure only; in 3D Slicer, export the segments as one label map (Segmentations, Export to files, a single layer) and send that")
		}
		var known bool
		if label, known = d.labels[l][v]; !known {
			return 0, volume.Reject("bad_labels", "a voxel of layer %d is %g, which is the label value of no segment in that layer", l, v)
		}
	}
	return label, nil
}

// widen turns the bytes of a file into numbers.
func (d *decoder) widen(dst []float64, src []byte) {
	o := d.order
	switch k := d.kind; {
	case k.bytes == 1 && k.signed:
		for i := range dst {
			dst[i] = float64(int8(src[i]))
		}
	case k.bytes == 1:
		for i := range dst {
			dst[i] = float64(src[i])
		}
	case k.bytes == 2 && k.signed:
		for i := range dst {
			dst[i] = float64(int16(o.Uint16(src[2*i:])))
		}
	case k.bytes == 2:
		for i := range dst {
			dst[i] = float64(o.Uint16(src[2*i:]))
		}
	case k.bytes == 4 && k.real:
		for i := range dst {
			dst[i] = float64(math.Float32frombits(o.Uint32(src[4*i:])))
		}
	case k.bytes == 4 && k.signed:
		for i := range dst {
			dst[i] = float64(int32(o.Uint32(src[4*i:])))
		}
	case k.bytes == 4:
		for i := range dst {
			dst[i] = float64(o.Uint32(src[4*i:]))
		}
	case k.real:
		for i := range dst {
			dst[i] = math.Float64frombits(o.Uint64(src[8*i:]))
		}
	case k.signed:
		for i := range dst {
			dst[i] = float64(int64(o.Uint64(src[8*i:])))
		}
	default:
		for i := range dst {
			dst[i] = float64(o.Uint64(src[8*i:]))
		}
	}
}

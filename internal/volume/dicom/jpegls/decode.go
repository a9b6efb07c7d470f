// Package jpegls decodes JPEG-LS images (ITU-T T.87, ISO/IEC 14495-1), the compression
// of DICOM's transfer syntaxes 1.2.840.10008.1.2.4.80 and .81. In: one frame's stream.
// Out: the frame's samples, see package codec. Grayscale images of 2 to 16 bits are
// decoded, lossless and near-lossless, with their own coding parameters (LSE 1), large
// dimensions (LSE 4), restart intervals and a point transform. Mapping tables and the
// extensions of T.870 are refused by name.
//
// Errors are *codec.Error.
package jpegls

import (
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// Markers, T.87 table C.1 and T.81 table B.1. The first byte of each is 0xFF.
const (
	markerSOF0  = 0xC0
	markerDHT   = 0xC4
	markerJPG   = 0xC8
	markerDAC   = 0xCC
	markerSOF15 = 0xCF
	markerRST0  = 0xD0
	markerRST7  = 0xD7
	markerSOI   = 0xD8
	markerEOI   = 0xD9
	markerSOS   = 0xDA
	markerDNL   = 0xDC
	markerDRI   = 0xDD
	markerAPP0  = 0xE0
	markerAPP15 = 0xEF
	markerSOF55 = 0xF7
	markerLSE   = 0xF8
	markerSOF57 = 0xF9
	markerCOM   = 0xFE
)

// decoder is a stream while it is read.
type decoder struct {
	stream []byte
	pos    int
	limits codec.Limits

	frame     bool // the frame header was read
	precision int
	columns   int // 0 until LSE 4 says it
	rows      int // 0 until LSE 4 or DNL says it
	component byte

	preset  preset
	restart int // lines between restart markers, 0 for none
	near    int
	point   int // point transform: the bits that the encoder shifted away
}

// Decode decodes one frame's stream into dst.
func Decode(dst, stream []byte, limits codec.Limits) (codec.Info, error) {
	d := decoder{stream: stream, limits: limits}
	if len(stream) < 2 || stream[0] != 0xFF || stream[1] != markerSOI {
		return codec.Info{}, codec.Corrupt("the JPEG-LS stream does not begin with a start-of-image marker")
	}
	d.pos = 2
	if err := d.headers(); err != nil {
		return codec.Info{}, err
	}
	if err := d.checkSize(); err != nil {
		return codec.Info{}, err
	}
	dst = dst[:limits.Bytes()]
	start := d.pos
	err := d.image(dst, d.preset)
	if err != nil && d.precision > 12 && d.preset.t1|d.preset.t2|d.preset.t3 == 0 {
		// Sun's JAI Image I/O, and what is built on it, writes samples of more than 12 bits
		// with wrong default thresholds. A stream that fits them to the last bit is one of
		// these.
		jai := d.preset
		jai.t1, jai.t2, jai.t3 = unclampedThresholds(d.precision, d.near)
		d.pos = start
		if d.image(dst, jai) == nil {
			err = nil
		}
	}
	if err != nil {
		return codec.Info{}, err
	}
	return codec.Info{Precision: d.precision, Lossy: d.near > 0 || d.point > 0}, nil
}

// image decodes the scan and reads what follows it.
func (d *decoder) image(dst []byte, preset preset) error {
	p, err := preset.resolve(d.precision, d.near)
	if err != nil {
		return err
	}
	if err := d.scan(dst, p); err != nil {
		return err
	}
	return d.trailer()
}

// marker reads the next marker. Fill bytes may precede it (T.81 B.1.1.2).
func (d *decoder) marker() (byte, error) {
	if d.pos >= len(d.stream) {
		return 0, codec.Corrupt("the JPEG-LS stream ends within its headers")
	}
	if d.stream[d.pos] != 0xFF {
		return 0, codec.Corrupt("the JPEG-LS stream has other bytes where a marker must be")
	}
	for d.pos < len(d.stream) && d.stream[d.pos] == 0xFF {
		d.pos++
	}
	if d.pos == len(d.stream) {
		return 0, codec.Corrupt("the JPEG-LS stream ends within a marker")
	}
	d.pos++
	return d.stream[d.pos-1], nil
}

// segment reads the parameters of a marker segment.
func (d *decoder) segment() ([]byte, error) {
	rest := d.stream[d.pos:]
	if len(rest) < 2 {
		return nil, codec.Corrupt("the JPEG-LS stream ends within a marker segment")
	}
	n := int(binary.BigEndian.Uint16(rest))
	if n < 2 || n > len(rest) {
		return nil, codec.Corrupt("a marker segment of the JPEG-LS stream is longer than the stream")
	}
	d.pos += n
	return rest[2:n], nil
}

// headers reads the segments up to the scan header.
func (d *decoder) headers() error {
	for {
		m, err := d.marker()
		if err != nil {
			return err
		}
		switch {
		case m == markerSOI || m == markerEOI || m >= markerRST0 && m <= markerRST7:
			return codec.Corrupt("the JPEG-LS stream has no image: marker FF%02X precedes the first scan", m)
		case m == markerSOF57:
			return codec.Unsupported("the stream uses the extensions of JPEG-LS (ITU-T T.870), which are not read")
		case m >= markerSOF0 && m <= markerSOF15 && m != markerDHT && m != markerJPG && m != markerDAC:
			return codec.Unsupported("the stream is of another kind of JPEG (frame type %d), where the header says JPEG-LS", m-markerSOF0)
		}
		body, err := d.segment()
		if err != nil {
			return err
		}
		switch m {
		case markerSOF55:
			err = d.frameHeader(body)
		case markerLSE:
			err = d.parameters(body)
		case markerDRI:
			err = d.restartInterval(body)
		case markerSOS:
			return d.scanHeader(body)
		default:
			// Application data (SPIFF's header is one), comments and tables of other
			// kinds of JPEG have no effect on the samples.
			if m != markerCOM && (m < markerAPP0 || m > markerAPP15) && m != markerDHT && m != 0xDB {
				err = codec.Corrupt("the JPEG-LS stream has an unknown marker FF%02X", m)
			}
		}
		if err != nil {
			return err
		}
	}
}

// frameHeader reads SOF55 (T.87 C.2.2, T.81 B.2.2).
func (d *decoder) frameHeader(b []byte) error {
	if d.frame {
		return codec.Corrupt("the JPEG-LS stream has two frame headers")
	}
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return codec.Corrupt("the frame header of the JPEG-LS stream has a wrong length")
	}
	d.frame = true
	d.precision = int(b[0])
	if d.precision < 2 || d.precision > 16 {
		return codec.Corrupt("the JPEG-LS stream has samples of %d bits: 2 to 16 are possible", d.precision)
	}
	if err := d.setSize(int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))); err != nil {
		return err
	}
	// The component's sampling factors (b[7]) have no effect on an image of one component.
	if err := d.limits.Check(d.limits.Columns, d.limits.Rows, int(b[5]), d.precision); err != nil {
		return err
	}
	d.component = b[6]
	return nil
}

// restartInterval reads DRI, whose number may have 2, 3 or 4 bytes (T.87 C.2.5). It
// counts lines, the minimum coded units of a scan of one component.
func (d *decoder) restartInterval(b []byte) error {
	if len(b) < 2 || len(b) > 4 {
		return codec.Corrupt("the restart interval of the JPEG-LS stream has a wrong length")
	}
	d.restart = number(b)
	return nil
}

// number is a big-endian number of at most 4 bytes.
func number(b []byte) (n int) {
	for _, v := range b {
		n = n<<8 | int(v)
	}
	return n
}

// scanHeader reads SOS (T.87 C.2.3).
func (d *decoder) scanHeader(b []byte) error {
	switch {
	case !d.frame:
		return codec.Corrupt("the JPEG-LS stream has a scan without a frame header")
	case len(b) != 6 || b[0] != 1:
		return codec.Corrupt("the scan of the JPEG-LS stream is not of one component")
	case b[1] != d.component:
		return codec.Corrupt("the scan of the JPEG-LS stream is of a component that its frame does not have")
	case b[2] != 0:
		return codec.Unsupported("the JPEG-LS image uses a mapping table (palette): samples without one are read")
	}
	// b[4] is the interleave mode: with one component all modes are equal.
	if b[4] > 2 {
		return codec.Corrupt("the JPEG-LS stream has the unknown interleave mode %d", b[4])
	}
	d.near, d.point = int(b[3]), int(b[5]&15)
	if d.point >= d.precision {
		return codec.Corrupt("the point transform of the JPEG-LS stream leaves no bit of its samples")
	}
	return nil
}

// setSize takes over dimensions. Zero is for those that another segment says.
func (d *decoder) setSize(rows, columns int) error {
	if d.rows != 0 && rows != 0 && rows != d.rows || d.columns != 0 && columns != 0 && columns != d.columns {
		return codec.Corrupt("the JPEG-LS stream has two different sizes")
	}
	d.rows, d.columns = max(d.rows, rows), max(d.columns, columns)
	return nil
}

// checkSize compares the stream's dimensions with the data set's. Rows that the headers
// leave open must follow behind the scan (DNL).
func (d *decoder) checkSize() error {
	rows := d.rows
	if rows == 0 {
		rows = d.limits.Rows
	}
	return d.limits.Check(d.columns, rows, 1, d.precision)
}

// trailer reads what follows the scan: the number of lines where the frame header has
// none, and the end-of-image marker, which some writers forget.
func (d *decoder) trailer() error {
	for d.pos < len(d.stream) && !zeros(d.stream[d.pos:]) {
		m, err := d.marker()
		if err != nil {
			return err
		}
		if m == markerEOI {
			break
		}
		if m != markerDNL && m != markerCOM && (m < markerAPP0 || m > markerAPP15) {
			return codec.Corrupt("the JPEG-LS stream has marker FF%02X behind its only scan", m)
		}
		b, err := d.segment()
		if err != nil {
			return err
		}
		if m == markerDNL {
			if len(b) < 2 || len(b) > 4 || d.rows != 0 {
				return codec.Corrupt("the JPEG-LS stream has a wrong number-of-lines segment")
			}
			d.rows = number(b)
			if err := d.checkSize(); err != nil {
				return err
			}
		}
	}
	if d.rows == 0 {
		return codec.Corrupt("the JPEG-LS stream does not say how many lines its image has")
	}
	return nil
}

// zeros says whether all of b is zero: DICOM pads a stream to an even length.
func zeros(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}

package jpeg

import (
	"bytes"
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// marker finds the next marker (T.81 B.1.1.2): a byte 0xFF, any number of them, and a
// code. Bytes before it are skipped: writers pad scans.
func (d *decoder) marker() (code byte, ok bool) {
	for {
		i := bytes.IndexByte(d.rest, 0xFF)
		if i < 0 {
			return 0, false
		}
		for i < len(d.rest) && d.rest[i] == 0xFF {
			i++
		}
		if i == len(d.rest) {
			return 0, false
		}
		code, d.rest = d.rest[i], d.rest[i+1:]
		if code != 0 {
			return code, true
		}
	}
}

// body reads the parameters of a marker segment (B.1.1.4), whose length includes itself.
func (d *decoder) body() ([]byte, error) {
	if len(d.rest) < 2 {
		return nil, codec.Corrupt("the JPEG stream ends in its headers")
	}
	n := int(binary.BigEndian.Uint16(d.rest))
	if n < 2 || n > len(d.rest) {
		return nil, codec.Corrupt("a header of the JPEG stream is %d bytes long, where %d are left", n, len(d.rest))
	}
	body := d.rest[2:n]
	d.rest = d.rest[n:]
	return body, nil
}

// frame is what a frame header says (B.2.2), of its one component.
type frame struct {
	precision   int
	component   byte // its identifier
	quant       byte // its quantization table
	lossless    bool
	lossy       bool         // the samples are not those that were compressed
	linesFollow bool         // the number of lines is in DNL, after the scan (B.2.5)
	progression *progression // nil unless progressive
}

// startFrame reads a frame header and compares it with the limits. The sampling factors
// of a single component have no effect: its scan is not interleaved (A.2.2).
func (d *decoder) startFrame(marker byte, body []byte) error {
	if d.frame != nil {
		return codec.Corrupt("the JPEG stream has two frame headers")
	}
	if len(body) < 6 || len(body) != 6+3*int(body[5]) {
		return codec.Corrupt("the frame header of the JPEG stream has a wrong length")
	}
	rows, columns, components := int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:])), int(body[5])
	f := &frame{precision: int(body[0]), lossless: marker == markerSOF3, lossy: marker != markerSOF3, linesFollow: rows == 0}
	if f.linesFollow {
		rows = d.limits.Rows
	}
	if columns < 1 || rows < 1 {
		return codec.Corrupt("the JPEG stream has an image without pixels")
	}
	if err := d.limits.Check(columns, rows, components, f.precision); err != nil {
		return err
	}
	if f.lossless && (f.precision < 2 || f.precision > 16) {
		return codec.Corrupt("the JPEG stream has lossless samples of %d bits: 2 to 16 are allowed", f.precision)
	}
	if !f.lossless && f.precision != 8 && f.precision != 12 {
		return codec.Corrupt("the JPEG stream has samples of %d bits: 8 or 12 are allowed", f.precision)
	}
	f.component, f.quant = body[6], body[8]
	if h, v := body[7]>>4, body[7]&15; h < 1 || h > 4 || v < 1 || v > 4 || f.quant > 3 {
		return codec.Corrupt("the frame header of the JPEG stream describes an impossible component")
	}
	if marker == markerSOF2 {
		f.progression = newProgression(columns, rows)
	}
	d.frame = f
	return nil
}

// quantization reads tables (B.2.4.1).
func (d *decoder) quantization(body []byte) error {
	for len(body) > 0 {
		wide, id := int(body[0]>>4), body[0]&15
		if n := 1 + 64*(1+wide); wide > 1 || id > 3 || len(body) < n {
			return codec.Corrupt("the JPEG stream has an impossible quantization table")
		}
		t := new([64]int32)
		for i := range t {
			if wide == 0 {
				t[i] = int32(body[1+i])
			} else {
				t[i] = int32(binary.BigEndian.Uint16(body[1+2*i:]))
			}
			if t[i] == 0 {
				return codec.Corrupt("a quantization table of the JPEG stream has a step of 0")
			}
		}
		d.quant[id] = t
		body = body[1+64*(1+wide):]
	}
	return nil
}

// restartInterval reads DRI (B.2.4.4).
func (d *decoder) restartInterval(body []byte) error {
	if len(body) != 2 {
		return codec.Corrupt("the restart interval of the JPEG stream has a wrong length")
	}
	d.restart = int(binary.BigEndian.Uint16(body))
	return nil
}

// scanHeader is what SOS says (B.2.3). In lossless scans first is the predictor and low
// the point transform.
type scanHeader struct {
	dc, ac      byte // tables
	first, last int  // spectral selection
	high, low   int  // successive approximation
}

// scan reads SOS and the entropy-coded data behind it, and says whether the image is
// complete.
func (d *decoder) scan(body []byte) (complete bool, err error) {
	if d.frame == nil {
		return false, codec.Corrupt("the JPEG stream has image data before its frame header")
	}
	if len(body) != 6 || body[0] != 1 {
		return false, codec.Corrupt("a scan header of the JPEG stream is not that of one component")
	}
	if body[1] != d.frame.component {
		return false, codec.Corrupt("a scan of the JPEG stream is of component %d, where the frame has component %d", body[1], d.frame.component)
	}
	h := scanHeader{dc: body[2] >> 4, ac: body[2] & 15, first: int(body[3]), last: int(body[4]), high: int(body[5] >> 4), low: int(body[5] & 15)}
	if h.dc > 3 || h.ac > 3 {
		return false, codec.Corrupt("a scan of the JPEG stream uses table %d: there are 0 to 3", max(h.dc, h.ac))
	}
	switch {
	case d.frame.progression != nil:
		err = d.frame.progression.scan(d, h)
	case d.frame.lossless:
		err = d.losslessScan(h)
	default:
		err = d.sequentialScan(h)
	}
	if err == nil && d.frame.linesFollow {
		err = d.lines()
	}
	return d.frame.progression == nil, err
}

// lines reads the DNL that must follow the first scan when the frame header has no
// number of lines (B.2.5).
func (d *decoder) lines() error {
	d.frame.linesFollow = false
	if marker, ok := d.marker(); !ok || marker != markerDNL {
		return codec.Corrupt("the JPEG stream does not say how many rows it has")
	}
	body, err := d.body()
	if err != nil {
		return err
	}
	if len(body) != 2 {
		return codec.Corrupt("the number of rows in the JPEG stream has a wrong length")
	}
	return d.limits.Check(d.limits.Columns, int(binary.BigEndian.Uint16(body)), 1, d.frame.precision)
}

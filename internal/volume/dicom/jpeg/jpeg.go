// Package jpeg decodes the JPEG of ITU-T T.81 as DICOM carries it (PS3.5 8.2.1): lossless
// with every predictor, point transform and precision (process 14), baseline and extended
// with 8 and 12 bits (processes 1, 2 and 4) and progressive, of one component. Lossless
// samples are exact; those of the DCT are within 1 of the exact inverse transform.
//
// A stream says itself how it is compressed: which transfer syntax announced it is not
// asked, as writers confuse them.
package jpeg

import (
	"bytes"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// Marker codes (T.81 table B.1). Those of tables, comments and applications are below.
const (
	markerTEM  = 0x01
	markerSOF0 = 0xC0 // baseline
	markerSOF1 = 0xC1 // extended sequential
	markerSOF2 = 0xC2 // progressive
	markerSOF3 = 0xC3 // lossless
	markerDHT  = 0xC4
	markerJPG  = 0xC8
	markerDAC  = 0xCC
	markerRST0 = 0xD0
	markerRST7 = 0xD7
	markerSOI  = 0xD8
	markerEOI  = 0xD9
	markerSOS  = 0xDA
	markerDQT  = 0xDB
	markerDNL  = 0xDC
	markerDRI  = 0xDD
	markerDHP  = 0xDE
	markerEXP  = 0xDF
	markerAPP0 = 0xE0
	markerJPG7 = 0xF7 // SOF of JPEG-LS (T.87 table C.1)
	markerCOM  = 0xFE
)

// decoder is the state of one stream.
type decoder struct {
	limits codec.Limits
	dst    []byte
	rest   []byte // of the stream, from the next byte to be read
	buffer []byte // for what segment returns

	frame   *frame // nil before SOF
	dc, ac  [4]*huffman
	quant   [4]*[64]int32 // in zigzag order
	restart int           // MCUs in a restart interval; 0: none
}

// Decode decompresses the stream of one frame into dst, limits.Bytes() long. What follows
// the image is not read, and the image may end without its EOI. Beside dst it needs
// memory for the compressed bytes; a progressive image also for its coefficients.
func Decode(dst, stream []byte, limits codec.Limits) (codec.Info, error) {
	if !bytes.HasPrefix(stream, []byte{0xFF, markerSOI}) {
		return codec.Info{}, codec.Corrupt("the JPEG stream does not begin as one")
	}
	d := &decoder{limits: limits, dst: dst[:limits.Bytes()], rest: stream[2:]}
	for {
		marker, ok := d.marker()
		if !ok || marker == markerEOI {
			return d.end(ok)
		}
		complete, err := d.read(marker)
		if err != nil {
			return codec.Info{}, err
		}
		if complete {
			return d.info(), nil
		}
	}
}

// end is for a stream that is over. Only a progressive image ends there: the others are
// complete with their scan.
func (d *decoder) end(marked bool) (codec.Info, error) {
	switch {
	case d.frame == nil:
		return codec.Info{}, codec.Corrupt("the JPEG stream has no frame header")
	case d.frame.progression == nil:
		return codec.Info{}, codec.Corrupt("the JPEG stream has no image data")
	}
	if err := d.frame.progression.finish(d, marked); err != nil {
		return codec.Info{}, err
	}
	return d.info(), nil
}

func (d *decoder) info() codec.Info {
	return codec.Info{Precision: d.frame.precision, Lossy: d.frame.lossy}
}

// read reads what a marker announces, and says whether it completed the image.
func (d *decoder) read(marker byte) (complete bool, err error) {
	switch {
	case marker == markerSOI, marker == markerTEM, marker >= markerRST0 && marker <= markerRST7:
		// They have no parameters. Some writers repeat SOI, or end a scan with RST.
		return false, nil
	case marker < markerSOF0:
		return false, codec.Corrupt("the JPEG stream has a reserved marker, %#x", marker)
	case marker == markerJPG7:
		return false, codec.Unsupported("the stream is JPEG-LS, where the header announces JPEG")
	case marker == markerDHP, marker == markerEXP, marker >= 0xC5 && marker <= 0xC7, marker >= 0xCD && marker <= 0xCF:
		return false, codec.Unsupported("the JPEG stream is hierarchical: sequential, progressive and lossless ones are read")
	case marker == markerDAC, marker > markerJPG && marker < markerDAC:
		return false, codec.Unsupported("the JPEG stream is arithmetically coded: Huffman coding is read")
	}
	body, err := d.body()
	if err != nil {
		return false, err
	}
	switch marker {
	case markerSOF0, markerSOF1, markerSOF2, markerSOF3:
		return false, d.startFrame(marker, body)
	case markerDHT:
		return false, d.huffmanTables(body)
	case markerDQT:
		return false, d.quantization(body)
	case markerDRI:
		return false, d.restartInterval(body)
	case markerSOS:
		return d.scan(body)
	}
	return false, nil // APPn, COM and reserved segments
}

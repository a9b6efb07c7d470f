package decode

import (
	"bytes"
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/encapsulated"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

// kind is what a stream is compressed as.
type kind int

const (
	unknown kind = iota
	plain        // samples as they are
	runs         // RLE
	jpegs        // of ITU-T T.81
	jpegLS
	jpeg2000
	jpegXL
	deflated
)

// String is the name of a kind in an error.
func (k kind) String() string {
	switch k {
	case plain:
		return "plain samples"
	case runs:
		return "RLE"
	case jpegs:
		return "JPEG"
	case jpegLS:
		return "JPEG-LS"
	case jpeg2000:
		return "JPEG 2000"
	case jpegXL:
		return "JPEG XL"
	case deflated:
		return "deflated frames"
	}
	return "something unknown"
}

// These are the first bytes of streams.
var (
	soi       = []byte{0xFF, 0xD8, 0xFF}                 // JPEG and JPEG-LS, and the next marker
	soc       = []byte{0xFF, 0x4F, 0xFF, 0x51}           // JPEG 2000, with SIZ
	jp2       = []byte("\x00\x00\x00\x0CjP  \r\n\x87\n") // a file around one
	jxl       = []byte{0xFF, 0x0A}
	jxlInside = []byte("\x00\x00\x00\x0CJXL \r\n\x87\n")
)

// Start judges a fragment by its first bytes, for encapsulated.Element.
func Start(head []byte) encapsulated.Start {
	switch {
	case bytes.HasPrefix(head, soi), bytes.HasPrefix(head, soc), bytes.HasPrefix(head, jp2):
		return encapsulated.Begins
	case isRLE(head):
		return encapsulated.MayBegin
	}
	return encapsulated.Continues
}

// isRLE says whether b begins with an RLE header: up to 15 segments, of which the first
// begins behind the header (PS3.5 §G.5).
func isRLE(b []byte) bool {
	if len(b) < 64 {
		return false
	}
	segments := binary.LittleEndian.Uint32(b)
	return segments >= 1 && segments <= 15 && binary.LittleEndian.Uint32(b[4:]) == 64
}

// kindOf is the kind of a stream. The length tells plain samples, which may begin with
// any bytes; the syntax decides only where the bytes do not.
func kindOf(stream []byte, uid string, limits codec.Limits) kind {
	s := syntax.Find(uid)
	isWhole := len(stream) == limits.Bytes() || len(stream) == limits.Bytes()+limits.Bytes()%2
	switch {
	case isWhole && (s.Native || s.Plain):
		return plain
	case s.DeflatedFrames:
		return deflated
	case bytes.HasPrefix(stream, soi):
		return jpegOf(stream)
	case bytes.HasPrefix(stream, soc), bytes.HasPrefix(stream, jp2):
		return jpeg2000
	case bytes.HasPrefix(stream, jxl), bytes.HasPrefix(stream, jxlInside):
		return jpegXL
	case isRLE(stream), uid == syntax.RLE:
		return runs
	}
	return unknown
}

// jpegOf tells JPEG and JPEG-LS apart by the marker of the frame header (ITU-T T.81 table
// B.1, T.87 §C.1).
func jpegOf(stream []byte) kind {
	for at := 2; at+4 <= len(stream) && stream[at] == 0xFF; {
		marker := stream[at+1]
		switch {
		case marker == 0xFF: // a fill byte
			at++
			continue
		case marker == 0xF7:
			return jpegLS
		case marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
			return jpegs
		}
		at += 2 + int(binary.BigEndian.Uint16(stream[at+2:]))
	}
	return jpegs
}

package j2k

import (
	"bytes"
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// signature is the JP2 signature box (I.5.1) without its length.
var signature = []byte("jP  \r\n\x87\n")

// codestream is the code stream within the JP2 boxes around it (T.800 Annex I), or the
// stream itself where there are none. DICOM forbids the boxes (PS3.5 A.4.4), and some
// writers store them all the same.
func codestream(stream []byte) ([]byte, error) {
	if len(stream) >= 2 && binary.BigEndian.Uint16(stream) == markerSOC {
		return stream, nil
	}
	if len(stream) < 12 || !bytes.Equal(stream[4:12], signature) {
		return nil, codec.Corrupt("the compressed image is not JPEG 2000: it begins with other bytes")
	}
	for rest := stream; ; {
		kind, content, after, ok := box(rest)
		if !ok {
			return nil, codec.Corrupt("the JP2 file around the compressed image has no code stream")
		}
		switch kind {
		case "jp2h":
			if palette(content) {
				return nil, codec.Unsupported("the compressed image has a colour palette: grayscale images are read")
			}
		case "jp2c":
			return content, nil
		}
		rest = after
	}
}

// palette says whether a JP2 header box has a palette box (I.5.3.4).
func palette(header []byte) bool {
	for {
		kind, _, after, ok := box(header)
		if !ok {
			return false
		}
		if kind == "pclr" {
			return true
		}
		header = after
	}
}

// box splits the first box (I.4) off. A box that says more bytes than are left has
// those that are left: whether they suffice shows in the code stream.
func box(b []byte) (kind string, content, after []byte, ok bool) {
	if len(b) < 8 {
		return "", nil, nil, false
	}
	length, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
	kind = string(b[4:8])
	switch {
	case length == 0: // to the end of the file
		length = uint64(len(b))
	case length == 1: // a length of 64 bits follows
		if len(b) < 16 {
			return "", nil, nil, false
		}
		length, head = binary.BigEndian.Uint64(b[8:]), 16
	}
	if length < head {
		return "", nil, nil, false
	}
	length = min(length, uint64(len(b)))
	return kind, b[head:length], b[length:], true
}

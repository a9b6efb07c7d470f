package decode

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/j2k"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpegls"
	"github.com/iris-oculus/iris/internal/volume/dicom/rle"
)

// decoders holds the decoder of each kind.
var decoders = map[kind]decoder{
	plain:    copied,
	runs:     rle.Decode,
	jpegs:    jpeg.Decode,
	jpegLS:   jpegls.Decode,
	jpeg2000: j2k.Decode,
	deflated: inflated,
}

// copied takes samples that are stored as they are, in a fragment (encapsulated
// uncompressed, PS3.5 §A.4.11).
func copied(dst, stream []byte, limits codec.Limits) (codec.Info, error) {
	if len(stream) < len(dst) {
		return codec.Info{}, codec.Corrupt("it has fewer bytes than the header says")
	}
	copy(dst, stream)
	return codec.Info{Precision: limits.Bits}, nil
}

// inflated expands samples that are one deflate stream a frame (deflated image frame
// compression, PS3.5 §A.4.13).
func inflated(dst, stream []byte, limits codec.Limits) (codec.Info, error) {
	r := flate.NewReader(bytes.NewReader(stream))
	if _, err := io.ReadFull(r, dst); err != nil {
		return codec.Info{}, codec.Corrupt("its deflate stream is cut or damaged")
	}
	var more [1]byte
	switch n, err := io.ReadFull(r, more[:]); {
	case n > 0:
		return codec.Info{}, codec.Corrupt("its deflate stream holds more than the image")
	case !errors.Is(err, io.EOF):
		return codec.Info{}, codec.Corrupt("its deflate stream is cut or damaged")
	}
	return codec.Info{Precision: limits.Bits}, nil
}

// Package decode turns the compressed bytes of one frame into its samples. In: a frame
// without the fragments around it, the transfer syntax of its file, and what the data set
// says of its size. Out: samples as package codec describes them, and what the stream says
// of them.
//
// What a stream is, its own first bytes decide, not the transfer syntax: archives that
// convert images forget to change it. Errors are *volume.Error with the codes
// corrupt_pixel_data and unsupported_transfer_syntax.
package decode

import (
	"errors"
	"log/slog"
	"runtime/debug"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

// decoder is the Decode of a package beside this one.
type decoder func(dst, stream []byte, limits codec.Limits) (codec.Info, error)

// Frame decodes one frame into dst, which has limits.Bytes() bytes. Without an error dst
// holds the whole frame, and otherwise nothing of use.
func Frame(dst, stream []byte, uid string, limits codec.Limits) (codec.Info, error) {
	kind := kindOf(stream, uid, limits)
	info, err := guarded(kind, dst, stream, limits)
	if err == nil {
		info.Whole = kind == plain || kind == runs || kind == deflated
		return info, nil
	}
	fault := (*codec.Error)(nil)
	if errors.As(err, &fault) && fault.Unsupported {
		return codec.Info{}, volume.Unsupported("unsupported_transfer_syntax", "%s; export the series uncompressed (explicit little endian)", fault.Message)
	}
	return codec.Info{}, volume.Reject("corrupt_pixel_data", "the compressed pixels of an image are damaged (%s): %s; send the series again", syntax.Named(uid), err)
}

// guarded keeps the fault of a decoder to the frame at which it showed: other scans are
// prepared by the same process. No decoder is known to have one.
func guarded(kind kind, dst, stream []byte, limits codec.Limits) (info codec.Info, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			slog.Error("a decoder of compressed images broke off", "codec", kind.String(), "fault", fault, "stack", string(debug.Stack()))
			info, err = codec.Info{}, codec.Corrupt("its decoder broke off")
		}
	}()
	decode := decoders[kind]
	switch {
	case kind == unknown:
		return codec.Info{}, codec.Corrupt("it does not begin as a compressed image does")
	case decode == nil:
		return codec.Info{}, codec.Unsupported("the images are compressed as %s, which is not read", kind)
	}
	return decode(dst, stream, limits)
}

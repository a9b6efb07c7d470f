// Package rle decodes DICOM's RLE Lossless (PS3.5 annex G): a frame is cut into planes
// of bytes, the most significant first, and each plane is packed as runs.
package rle

import (
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// A frame begins with the number of its segments and 15 offsets (G.5).
const (
	headerBytes = 64
	maxSegments = 15
)

// Decode unpacks the stream of one frame into dst, limits.Bytes() long. No memory is
// needed beside dst.
func Decode(dst, stream []byte, limits codec.Limits) (codec.Info, error) {
	segments, err := split(stream, limits.Bits/8)
	if err != nil {
		return codec.Info{}, err
	}
	dst = dst[:limits.Bytes()]
	for i, segment := range segments {
		// The first segment has the most significant bytes (G.2), which are last in dst.
		if !unpack(dst, len(segments)-1-i, len(segments), segment) {
			return codec.Info{}, codec.Corrupt("segment %d of %d of the RLE stream ends before the image is complete", i+1, len(segments))
		}
	}
	return codec.Info{Precision: limits.Bits}, nil
}

// split reads the header (G.5): one segment for each byte of a sample.
func split(stream []byte, planes int) ([][]byte, error) {
	if len(stream) < headerBytes {
		return nil, codec.Corrupt("the RLE stream has %d bytes, fewer than its header of %d", len(stream), headerBytes)
	}
	n := binary.LittleEndian.Uint32(stream)
	switch {
	case n == 3*uint32(planes):
		return nil, codec.Unsupported("the RLE stream has %d segments, those of a colour image: grayscale images are read", n)
	case n < 1 || n > maxSegments:
		return nil, codec.Corrupt("the RLE stream says that it has %d segments: 1 to %d are allowed", n, maxSegments)
	case n != uint32(planes):
		return nil, codec.Corrupt("the RLE stream has %d segments, where samples of %d bits need %d", n, 8*planes, planes)
	}
	segments, end := make([][]byte, planes), len(stream)
	for i := planes - 1; i >= 0; i-- {
		start := binary.LittleEndian.Uint32(stream[4+4*i:])
		if start < headerBytes || uint64(start) > uint64(end) {
			return nil, codec.Corrupt("segment %d of %d of the RLE stream starts at byte %d, outside %d to %d", i+1, planes, start, headerBytes, end)
		}
		segments[i], end = stream[start:end], int(start)
	}
	return segments, nil
}

// unpack writes the bytes of one segment to dst[at], dst[at+step] and so on, and says
// whether they reach its end (G.3.2). Runs may cross rows. What is left of the segment
// is not looked at: writers pad it to an even length, some with part of a run.
func unpack(dst []byte, at, step int, segment []byte) bool {
	for at < len(dst) {
		if len(segment) < 2 {
			return false
		}
		n := int(int8(segment[0]))
		switch {
		case n >= 0: // the n+1 bytes that follow
			run := segment[1:min(n+2, len(segment))]
			segment = segment[1+len(run):]
			run = run[:min(len(run), (len(dst)-at+step-1)/step)]
			if step == 1 {
				at += copy(dst[at:], run)
				continue
			}
			for _, b := range run {
				dst[at] = b
				at += step
			}
		case n == -128: // nothing
			segment = segment[1:]
		default: // the byte that follows, 1-n times
			b := segment[1]
			segment = segment[2:]
			for end := min(at+(1-n)*step, len(dst)); at < end; at += step {
				dst[at] = b
			}
		}
	}
	return true
}

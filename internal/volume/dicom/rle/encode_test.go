package rle_test

import "encoding/binary"

// options are the freedoms of a writer.
type options struct {
	row      int  // bytes of a plane that are packed together; 0: all of them
	literal  bool // no run is replicated
	noops    bool // a byte -128 stands before every run
	overlong bool // the last run of a segment goes on after the image
	odd      bool // segments are not padded to an even length
	gap      int  // unused bytes before each segment
}

// encode packs samples of bits bits, little-endian as Decode writes them (PS3.5 G.3.1).
func encode(samples []byte, bits int, o options) []byte {
	planes := bits / 8
	stream := make([]byte, 64)
	binary.LittleEndian.PutUint32(stream, uint32(planes))
	for p := range planes {
		plane := make([]byte, 0, len(samples)/planes)
		for i := planes - 1 - p; i < len(samples); i += planes {
			plane = append(plane, samples[i])
		}
		stream = append(stream, make([]byte, o.gap)...)
		binary.LittleEndian.PutUint32(stream[4+4*p:], uint32(len(stream)))
		if o.overlong && len(plane) > 0 {
			plane = append(plane, plane[len(plane)-1], plane[len(plane)-1])
		}
		row := o.row
		if row == 0 {
			row = len(plane)
		}
		for len(plane) > 0 {
			n := min(row, len(plane))
			stream = pack(stream, plane[:n], o)
			plane = plane[n:]
		}
		if len(stream)%2 == 1 && !o.odd {
			stream = append(stream, 0)
		}
	}
	return stream
}

func pack(stream, row []byte, o options) []byte {
	for len(row) > 0 {
		if o.noops {
			stream = append(stream, 0x80)
		}
		if n := same(row); n >= 2 && !o.literal {
			stream = append(stream, byte(1-n), row[0])
			row = row[n:]
			continue
		}
		n := 1
		for n < min(len(row), 128) && (o.literal || same(row[n:]) < 3) {
			n++
		}
		stream = append(append(stream, byte(n-1)), row[:n]...)
		row = row[n:]
	}
	return stream
}

// same is how often the first byte of row stands at its start, up to 128.
func same(row []byte) int {
	n := 1
	for n < min(len(row), 128) && row[n] == row[0] {
		n++
	}
	return n
}

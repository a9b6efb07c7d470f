package j2k

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

func boxBytes(kind string, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(content)))
	return append(append(b, kind...), content...)
}

func TestBoxes(t *testing.T) {
	im := scene(40, 29, 12, false)
	stream := encode(im, options{levels: 2})
	start := slices.Concat(boxBytes("jP  ", []byte("\r\n\x87\n")), boxBytes("ftyp", []byte("jp2 \x00\x00\x00\x00jp2 ")))
	header := boxBytes("jp2h", boxBytes("ihdr", make([]byte, 14)))
	toEnd := append([]byte{0, 0, 0, 0}, "jp2c"...)
	long := append([]byte{0, 0, 0, 1}, "jp2c"...)
	long = binary.BigEndian.AppendUint64(long, uint64(16+len(stream)))
	for name, file := range map[string][]byte{
		"plain":           slices.Concat(start, header, boxBytes("jp2c", stream)),
		"to the end":      slices.Concat(start, header, toEnd, stream),
		"64-bit length":   slices.Concat(start, header, long, stream),
		"header box last": slices.Concat(start, boxBytes("jp2c", stream), header),
		"padded":          slices.Concat(start, header, boxBytes("jp2c", stream), []byte{0}),
	} {
		if got, _ := decodePicture(t, file, im); !slices.Equal(got, im.samples) {
			t.Errorf("%s: the samples differ", name)
		}
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"palette":        {slices.Concat(start, boxBytes("jp2h", boxBytes("pclr", make([]byte, 9))), boxBytes("jp2c", stream)), "palette"},
		"no code stream": {slices.Concat(start, header), "no code stream"},
		"box of 4 bytes": {slices.Concat(start, []byte{0, 0, 0, 4}, stream), "no code stream"},
		"box of 2^64-1":  {slices.Concat(start, []byte("\x00\x00\x00\x01jp2h\xff\xff\xff\xff\xff\xff\xff\xff")), "no code stream"},
	} {
		if err := try(t, c.file, im.limits()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error = %v, want one with %q", name, err, c.want)
		}
	}
}

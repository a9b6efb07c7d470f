package j2k

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// Markers (table A.2).
const (
	markerSOC = 0xFF4F
	markerCAP = 0xFF50
	markerSIZ = 0xFF51
	markerCOD = 0xFF52
	markerCOC = 0xFF53
	markerQCD = 0xFF5C
	markerQCC = 0xFF5D
	markerRGN = 0xFF5E
	markerPOC = 0xFF5F
	markerPPM = 0xFF60
	markerPPT = 0xFF61
	markerSOT = 0xFF90
	markerSOP = 0xFF91
	markerEPH = 0xFF92
	markerSOD = 0xFF93
	markerEOC = 0xFFD9
)

// stream is a code stream taken apart: what governs it and the bytes of its tiles.
type stream struct {
	size   size
	params params
	tiles  map[int]*tile // those that have a tile-part
	packed []packed      // PPM
	left   []byte        // packed headers of the tile-parts to come
}

// tile is what the tile-parts of one tile hold.
type tile struct {
	params *params
	own    bool // params are a copy of the main header's
	parts  []part
	packed []packed // PPT
}

// part is one tile-part.
type part struct {
	index   int    // TPsot
	data    []byte // after SOD
	headers []byte // its packet headers, where PPM holds them
}

// packed is a PPM or PPT segment: packet headers apart from the packets (A.7.4, A.7.5).
type packed struct {
	index int
	data  []byte
}

// corrupt is the error for a damaged stream; the format continues "the JPEG 2000 stream".
func corrupt(format string, args ...any) error {
	return codec.Corrupt("the JPEG 2000 stream "+format, args...)
}

// parse takes a code stream apart (A.3). The image's size is checked before anything
// that follows it is read.
func parse(b []byte, limits codec.Limits) (*stream, error) {
	if len(b) < 4 || binary.BigEndian.Uint16(b) != markerSOC || binary.BigEndian.Uint16(b[2:]) != markerSIZ {
		return nil, corrupt("does not begin with its size")
	}
	s := &stream{tiles: map[int]*tile{}}
	body, rest, err := segment(b[4:])
	if err != nil {
		return nil, err
	}
	if s.size, err = parseSize(body, limits); err != nil {
		return nil, err
	}
	rest, err = s.header(rest, markerSOT, nil)
	if err != nil {
		return nil, err
	}
	if s.params.coding.rank == 0 || s.params.tilewide.layers == 0 || s.params.quantization.rank == 0 {
		return nil, corrupt("does not say how it is coded")
	}
	slices.SortStableFunc(s.packed, func(a, b packed) int { return cmp.Compare(a.index, b.index) })
	for _, p := range s.packed {
		s.left = append(s.left, p.data...)
	}
	for len(rest) >= 2 && binary.BigEndian.Uint16(rest) == markerSOT {
		if rest, err = s.tilePart(rest); err != nil {
			return nil, err
		}
	}
	// What follows is EOC. Without it the stream may be whole all the same: the packets
	// decide. Whatever else follows is padding.
	return s, nil
}

// segment splits the body of a marker segment, which begins with its length, off.
func segment(b []byte) (body, rest []byte, err error) {
	if len(b) < 2 {
		return nil, nil, corrupt("ends within its headers")
	}
	n := int(binary.BigEndian.Uint16(b))
	if n < 2 || n > len(b) {
		return nil, nil, corrupt("has a marker segment of %d bytes where %d are left", n, len(b))
	}
	return b[2:n], b[n:], nil
}

// header reads the marker segments up to the marker end, of the main header or, with t,
// of a tile-part. The rest begins with end's marker.
func (s *stream) header(b []byte, end int, t *tile) (rest []byte, err error) {
	for {
		if len(b) < 2 {
			return nil, corrupt("ends within its headers")
		}
		marker := int(binary.BigEndian.Uint16(b))
		switch {
		case marker == end:
			return b, nil
		case marker < 0xFF00 || marker == markerSOT || marker == markerSOD || marker == markerEOC:
			return nil, corrupt("has %#04x within its headers", marker)
		case marker >= 0xFF30 && marker <= 0xFF3F: // reserved, without a segment (A.1)
			b = b[2:]
			continue
		}
		var body []byte
		if body, b, err = segment(b[2:]); err != nil {
			return nil, err
		}
		if err = s.apply(marker, body, t); err != nil {
			return nil, err
		}
	}
}

// apply puts a marker segment into effect, for the image or for a tile.
func (s *stream) apply(marker int, body []byte, t *tile) error {
	p, standard, own := &s.params, mainDefault, mainOwn
	if t != nil {
		switch marker {
		case markerCOD, markerCOC, markerQCD, markerQCC, markerRGN, markerPOC:
			if !t.own {
				c := s.params
				t.params, t.own = &c, true
			}
		}
		p, standard, own = t.params, tileDefault, tileOwn
	}
	switch marker {
	case markerCOD:
		return p.codingDefault(body, standard)
	case markerCOC:
		return p.codingOwn(body, own)
	case markerQCD:
		return p.setQuantization(body, standard)
	case markerQCC:
		return p.quantizationOwn(body, own)
	case markerRGN:
		return p.regionOfInterest(body)
	case markerPOC:
		return p.orderChanges(body, t != nil)
	case markerCAP:
		if t == nil {
			p.capabilities = body
		}
	case markerPPM, markerPPT:
		if (marker == markerPPM) != (t == nil) || len(body) < 1 {
			return corrupt("has packet headers in a wrong place")
		}
		list := &s.packed
		if t != nil {
			list = &t.packed
		}
		*list = append(*list, packed{index: int(body[0]), data: body[1:]})
	}
	// The others say where things are (TLM, PLM, PLT) or what they mean (CRG, COM), or
	// are unknown: none of them changes a sample.
	return nil
}

// tilePart reads a tile-part from its SOT segment on (A.4.2).
func (s *stream) tilePart(b []byte) (rest []byte, err error) {
	body, after, err := segment(b[2:])
	if err != nil {
		return nil, err
	}
	if len(body) < 8 {
		return nil, corrupt("has a SOT segment of %d bytes", len(body))
	}
	index, length := int(binary.BigEndian.Uint16(body)), int(binary.BigEndian.Uint32(body[2:]))
	if index >= s.size.tiles {
		return nil, corrupt("has a tile-part of tile %d, where %d tiles cover the image", index, s.size.tiles)
	}
	if length == 12 { // nothing but SOT, for a tile-part without packets
		return b[12:], nil
	}
	if length == 0 || length > len(b) {
		// 0 means up to EOC. A length beyond the stream's end means that the stream is cut;
		// whether anything that counts was lost shows in the packets.
		length = len(b)
	}
	t := s.tiles[index]
	if t == nil {
		t = &tile{params: &s.params}
		s.tiles[index] = t
	}
	after, err = s.header(after, markerSOD, t)
	if err != nil {
		return nil, err
	}
	start := len(b) - len(after) + 2
	if length < start {
		return nil, corrupt("has a tile-part of %d bytes with a header of %d", length, start)
	}
	p := part{index: int(body[6]), data: b[start:length]}
	if s.packed != nil {
		if len(s.left) < 4 {
			return nil, corrupt("has too few packed packet headers")
		}
		n := int(binary.BigEndian.Uint32(s.left))
		if n > len(s.left)-4 {
			return nil, corrupt("has too few packed packet headers")
		}
		p.headers, s.left = s.left[4:4+n], s.left[4+n:]
	}
	t.parts = append(t.parts, p)
	return b[length:], nil
}

// packets are the bytes of a tile's packets, and those of their headers where these lie
// apart.
func (t *tile) packets() (data, headers []byte, apart bool) {
	slices.SortStableFunc(t.parts, func(a, b part) int { return cmp.Compare(a.index, b.index) })
	slices.SortStableFunc(t.packed, func(a, b packed) int { return cmp.Compare(a.index, b.index) })
	var all, heads [][]byte
	for _, p := range t.parts {
		all = append(all, p.data)
		if p.headers != nil {
			heads = append(heads, p.headers)
		}
	}
	for _, p := range t.packed {
		heads = append(heads, p.data)
	}
	return join(all), join(heads), len(heads) > 0
}

func join(parts [][]byte) []byte {
	if len(parts) == 1 {
		return parts[0]
	}
	return bytes.Join(parts, nil)
}

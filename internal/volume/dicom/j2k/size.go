package j2k

import (
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// rect is a rectangle of samples, from (x0, y0) to before (x1, y1), on the reference
// grid or on the grid of a resolution or a sub-band (B.2, B.5). Coordinates are below
// 2³², so that sums and shifts of them fit in an int.
type rect struct{ x0, y0, x1, y1 int }

func (r rect) width() int  { return max(r.x1-r.x0, 0) }
func (r rect) height() int { return max(r.y1-r.y0, 0) }
func (r rect) empty() bool { return r.x1 <= r.x0 || r.y1 <= r.y0 }

// size is the SIZ marker segment (A.5.1).
type size struct {
	image         rect
	tile          rect // the first tile, before the image area crops it
	tilesX, tiles int
	precision     int // bits
	signed        bool
}

// maxTiles is the number of tiles that a tile index of 16 bits can tell apart (A.4.2).
const maxTiles = 65535

// parseSize reads SIZ and compares it with the data set before anything else is read.
func parseSize(b []byte, limits codec.Limits) (size, error) {
	if len(b) < 36 {
		return size{}, corrupt("has a SIZ segment of %d bytes: it needs 36", len(b))
	}
	word := func(at int) int { return int(binary.BigEndian.Uint32(b[at:])) }
	s := size{
		image: rect{x0: word(10), y0: word(14), x1: word(2), y1: word(6)},
		tile:  rect{x0: word(26), y0: word(30), x1: word(26) + word(18), y1: word(30) + word(22)},
	}
	components := int(binary.BigEndian.Uint16(b[34:]))
	if components < 1 || len(b) < 36+3*components {
		return size{}, corrupt("has a SIZ segment of %d bytes for %d components", len(b), components)
	}
	s.precision, s.signed = int(b[36]&0x7F)+1, b[36]&0x80 != 0
	if err := limits.Check(s.image.width(), s.image.height(), components, s.precision); err != nil {
		return size{}, err
	}
	if s.image.empty() {
		return size{}, corrupt("describes an empty image")
	}
	if b[37] != 1 || b[38] != 1 {
		return size{}, codec.Unsupported("the compressed image has %d × %d pixels for each sample: one is read", b[37], b[38])
	}
	// B.3: the first tile contains the first pixel of the image.
	if s.tile.empty() || s.tile.x0 > s.image.x0 || s.tile.y0 > s.image.y0 || s.tile.x1 <= s.image.x0 || s.tile.y1 <= s.image.y0 {
		return size{}, corrupt("has a first tile without pixels of the image")
	}
	s.tilesX = ceilDiv(s.image.x1-s.tile.x0, s.tile.width())
	tilesY := ceilDiv(s.image.y1-s.tile.y0, s.tile.height())
	if s.tilesX > maxTiles || tilesY > maxTiles || s.tilesX*tilesY > maxTiles {
		return size{}, corrupt("has %d × %d tiles: at most %d can be told apart", s.tilesX, tilesY, maxTiles)
	}
	s.tiles = s.tilesX * tilesY
	return s, nil
}

// area is the part of the image that tile i covers (equations B-7 to B-10).
func (s *size) area(i int) rect {
	p, q := i%s.tilesX, i/s.tilesX
	w, h := s.tile.width(), s.tile.height()
	return rect{
		x0: max(s.tile.x0+p*w, s.image.x0), y0: max(s.tile.y0+q*h, s.image.y0),
		x1: min(s.tile.x0+(p+1)*w, s.image.x1), y1: min(s.tile.y0+(q+1)*h, s.image.y1),
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// ceilShift is a / 2^n rounded up, for a of either sign.
func ceilShift(a int, n uint) int { return (a + 1<<n - 1) >> n }

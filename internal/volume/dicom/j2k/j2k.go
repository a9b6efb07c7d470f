// Package j2k decodes JPEG 2000 (ITU-T T.800 | ISO/IEC 15444-1), and its variant with
// high-throughput code-blocks, HTJ2K (ITU-T T.814 | ISO/IEC 15444-15). In: one code stream with
// one grayscale component, or a JP2 file around it. Out: its samples, as package codec
// describes. All of Part 1 is read but components with several pixels for a sample:
// tiles, every progression, layers, every code-block style, regions of interest, both
// wavelets. Samples have 1 to 32 bits, as long as a code-block has at most 30 bit-planes.
//
// With the reversible 5/3 wavelet the samples are exact. With the irreversible 9/7 one
// they are computed in float32, with missing bit-planes at the middle of their interval
// and halves rounded to even.
//
// A stream that lacks any byte of its packets is refused, one without its end marker is
// not. Errors are *codec.Error.
package j2k

import (
	"encoding/binary"
	"math"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// Decode decodes one frame into dst, of limits.Bytes() bytes.
func Decode(dst, data []byte, limits codec.Limits) (codec.Info, error) {
	if len(dst) != limits.Bytes() {
		return codec.Info{}, codec.Corrupt("the frame has room for %d bytes, where its header needs %d", len(dst), limits.Bytes())
	}
	data, err := codestream(data)
	if err != nil {
		return codec.Info{}, err
	}
	s, err := parse(data, limits)
	if err != nil {
		return codec.Info{}, err
	}
	d := decoder{stream: s, dst: dst, limits: limits}
	if len(s.tiles) < s.size.tiles {
		return codec.Info{}, corrupt("is cut: it has %d tiles of %d", len(s.tiles), s.size.tiles)
	}
	for i := range s.size.tiles {
		if err := d.tile(s.size.area(i), s.tiles[i]); err != nil {
			return codec.Info{}, err
		}
	}
	lossy := d.lossy || d.incomplete > limits.Columns*limits.Rows/lossShare
	return codec.Info{Precision: s.size.precision, Signed: s.size.signed, Lossy: lossy}, nil
}

// lossShare is the share of an image, one sample in 64, up to which code-blocks of the
// reversible wavelet may lack their lowest bit-planes without a loss: some encoders leave
// passes out in which nothing is set (pydicom's MR_small_jp2klossless, four samples in
// 4096). One that was told a size leaves them out in nearly every code-block.
const lossShare = 64

// decoder decodes the tiles of one image, one after another.
type decoder struct {
	stream *stream
	dst    []byte
	limits codec.Limits
	blocks blockDecoder
	lossy  bool
	whole  []int32 // samples of a tile, 5/3
	real   []float32

	incomplete int // samples of code-blocks that lack their lowest bit-planes
}

func (d *decoder) tile(area rect, t *tile) error {
	p := t.params
	parts, err := decompose(area, p, d.stream.size.precision)
	if err != nil {
		return err
	}
	packets := packetReader{coding: &p.coding, room: roomAtLeast + roomPerSample*area.width()*area.height()}
	packets.data, packets.heads, packets.apart = t.packets()
	order := sequence{area: area, resolutions: parts.resolutions, packet: packets.read}
	heads := packets.data
	if packets.apart {
		heads = packets.heads
	}
	if err := order.run(p, len(heads)); err != nil {
		return err
	}
	n := area.width() * area.height()
	if !parts.bears(n, d.stream.size.precision) {
		return codec.Unsupported("the JPEG 2000 stream codes more bit-planes than its samples and its bytes can have")
	}
	if p.coding.reversible {
		d.whole = empty(d.whole, n)
		if err := d.entropy(parts, d.storeWhole); err != nil {
			return err
		}
		reconstruct(parts, d.whole, reverse53, func(y int, line []int32) { d.put(area.x0, y, line) })
		return nil
	}
	d.lossy = true
	d.real = empty(d.real, n)
	if err := d.entropy(parts, d.storeReal); err != nil {
		return err
	}
	rounded := make([]int32, area.width())
	reconstruct(parts, d.real, reverse97, func(y int, line []float32) {
		for i, v := range line {
			rounded[i] = int32(math.RoundToEven(float64(v)))
		}
		d.put(area.x0, y, rounded[:len(line)])
	})
	return nil
}

func empty[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// entropy decodes every code-block of a tile and hands it to store.
func (d *decoder) entropy(parts *decomposition, store func(b *band, bl *block)) error {
	p := parts.params
	for i := range parts.resolutions {
		r := &parts.resolutions[i]
		for _, pr := range r.precincts {
			if pr == nil {
				continue
			}
			for j, b := range r.bands {
				for k := range pr.grids[j].blocks {
					bl := &pr.grids[j].blocks[k]
					if bl.passes == 0 {
						continue
					}
					missing, err := d.blocks.block(bl, b.kind, p.coding.style)
					if err != nil {
						return err
					}
					if p.roiShift > 0 {
						d.blocks.moveRegion(uint(p.roiShift))
					}
					// The samples of a region of interest do not use the shift's bit-planes.
					if missing > p.roiShift {
						d.incomplete += int(bl.wide) * int(bl.high)
					}
					store(b, bl)
				}
			}
		}
	}
	return nil
}

// storeWhole copies the decoded code-block to its place in the tile, without the half
// unit.
func (d *decoder) storeWhole(b *band, bl *block) {
	w, stride := int(bl.wide), b.width()
	for y := range int(bl.high) {
		at := b.start + (int(bl.y)+y)*stride + int(bl.x)
		row := d.whole[at : at+w]
		for x, v := range d.blocks.samples[y*w : (y+1)*w] {
			row[x] = v / 2
		}
	}
}

// storeReal does the same and dequantizes (equation E-6).
func (d *decoder) storeReal(b *band, bl *block) {
	w, stride := int(bl.wide), b.width()
	for y := range int(bl.high) {
		at := b.start + (int(bl.y)+y)*stride + int(bl.x)
		row := d.real[at : at+w]
		for x, v := range d.blocks.samples[y*w : (y+1)*w] {
			row[x] = float32(v) * b.step
		}
	}
}

// put writes row y, from column x0 on, after the DC level shift (G.1), cut to the range
// of the samples.
func (d *decoder) put(x0, y int, line []int32) {
	size := &d.stream.size
	low, high, shift := int64(0), int64(1)<<size.precision-1, int64(1)<<(size.precision-1)
	if size.signed {
		low, high, shift = -shift, shift-1, 0
	}
	bytes := d.limits.Bits / 8
	at := ((y-size.image.y0)*d.limits.Columns + x0 - size.image.x0) * bytes
	out := d.dst[at : at+len(line)*bytes]
	switch bytes {
	case 1:
		for i, v := range line {
			out[i] = byte(max(low, min(high, int64(v)+shift)))
		}
	case 2:
		for i, v := range line {
			binary.LittleEndian.PutUint16(out[2*i:], uint16(max(low, min(high, int64(v)+shift))))
		}
	default:
		for i, v := range line {
			binary.LittleEndian.PutUint32(out[4*i:], uint32(max(low, min(high, int64(v)+shift))))
		}
	}
}

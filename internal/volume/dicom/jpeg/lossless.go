package jpeg

import (
	"bytes"
	"encoding/binary"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
)

// losslessScan decodes the one scan of a lossless image (T.81 annex H): each sample is
// predicted from its neighbours, and the scan has the differences.
func (d *decoder) losslessScan(h scanHeader) error {
	switch {
	case h.first < 1 || h.first > 7:
		return codec.Corrupt("the JPEG stream has predictor %d: 1 to 7 are allowed", h.first)
	case h.low >= d.frame.precision:
		return codec.Corrupt("the JPEG stream has a point transform of %d bits, where samples have %d", h.low, d.frame.precision)
	case d.dc[h.dc] == nil:
		return codec.Corrupt("the JPEG stream has no Huffman table for its image data")
	case d.restart%d.limits.Columns != 0: // H.1.1
		return codec.Corrupt("the restart interval of the JPEG stream is not of whole rows")
	}
	if h.low > 0 {
		d.frame.lossy = true // the point transform dropped the low bits (A.4)
	}
	table, rest := d.dc[h.dc], d.rest
	err := d.losslessRows(h, table)
	if err == nil || !bytes.Contains(table.symbols[:], []byte{wide}) {
		return err
	}
	d.rest = rest
	if d.losslessRows(h, table.widened()) != nil {
		return err
	}
	return nil
}

// losslessRows decodes a scan with one reading of its table.
func (d *decoder) losslessRows(h scanHeader, table *huffman) error {
	columns, rows := d.limits.Columns, d.limits.Rows
	predict, interval := predictors[h.first], rows
	if d.restart > 0 {
		interval = d.restart / columns
	}
	above, row := make([]uint16, columns), make([]uint16, columns)
	r := d.segment()
	for y := range rows {
		if y > 0 && y%interval == 0 {
			if err := finished(&r); err != nil {
				return err
			}
			var err error
			if r, err = d.nextInterval(y/interval - 1); err != nil {
				return err
			}
		}
		if !r.differences(row, table) {
			return codec.Corrupt("the image data of the JPEG stream has an impossible code")
		}
		if r.overrun() {
			return finished(&r)
		}
		if y%interval == 0 {
			row[0] += 1 << (d.frame.precision - h.low - 1)
			predictFirst(row)
		} else {
			row[0] += above[0]
			predict(row, above)
		}
		d.write(y, row, uint(h.low))
		above, row = row, above
	}
	return finished(&r)
}

// differences reads a row of differences, modulo 2^16 (H.1.2.1, H.1.2.2). Four look-ups
// need no more bits than a filled reader has, and find up to eight differences. One that
// finds none leaves all as it is for those after it.
func (r *bitReader) differences(row []uint16, table *huffman) bool {
	look := table.forDifferences()
	i := 0
	for i+8 <= len(row) {
		r.fill()
		bits, n := r.bits, r.n
		out := (*[8]uint16)(row[i:])
		e := look[bits>>lookShift]
		out[0], out[1] = uint16(e>>16), uint16(e>>32)
		k := e >> 8 & 3
		bits <<= e & 63
		n -= uint(e & 63)
		e = look[bits>>lookShift]
		out[k&7], out[(k+1)&7] = uint16(e>>16), uint16(e>>32)
		k += e >> 8 & 3
		bits <<= e & 63
		n -= uint(e & 63)
		e = look[bits>>lookShift]
		out[k&7], out[(k+1)&7] = uint16(e>>16), uint16(e>>32)
		k += e >> 8 & 3
		bits <<= e & 63
		n -= uint(e & 63)
		e = look[bits>>lookShift]
		out[k&7], out[(k+1)&7] = uint16(e>>16), uint16(e>>32)
		k += e >> 8 & 3
		bits <<= e & 63
		n -= uint(e & 63)
		r.bits, r.n = bits, n
		i += int(k)
		if e != 0 {
			continue
		}
		var ok bool
		if row[i], ok = r.difference(table); !ok {
			return false
		}
		i++
	}
	for ; i < len(row); i++ {
		var ok bool
		if row[i], ok = r.difference(table); !ok {
			return false
		}
	}
	return true
}

// difference reads one difference, whatever its length.
func (r *bitReader) difference(table *huffman) (uint16, bool) {
	r.fill()
	length, category := table.long(r.bits)
	if length == 0 || category > wide {
		return 0, false
	}
	r.skip(length)
	if category == wide {
		if table.extraBits {
			extra := r.bits >> 48
			r.skip(16)
			return 0x8000, extra == 0x8000 || extra == 0x7FFF
		}
		return 0x8000, true
	}
	extra := int32(r.bits >> 32 >> (32 - uint(category)))
	r.skip(uint(category))
	return uint16(extend(extra, uint(category))), true
}

// predictors undo the prediction of a row whose first sample is done (table H.1), from
// the row above. Arithmetic is modulo 2^16, halves are rounded down (H.1.2.1).
var predictors = [8]func(row, above []uint16){
	1: func(row, _ []uint16) { predictFirst(row) },
	2: func(row, above []uint16) {
		above = above[:len(row)]
		for x := 1; x < len(row); x++ {
			row[x] += above[x]
		}
	},
	3: func(row, above []uint16) {
		above = above[:len(row)]
		for x := 1; x < len(row); x++ {
			row[x] += above[x-1]
		}
	},
	4: func(row, above []uint16) {
		left, corner := row[0], above[0]
		above = above[:len(row)]
		for x := 1; x < len(row); x++ {
			up := above[x]
			left += row[x] + up - corner
			row[x], corner = left, up
		}
	},
	5: func(row, above []uint16) {
		left, corner := row[0], int32(above[0])
		above = above[:len(row)]
		for x := 1; x < len(row); x++ {
			up := int32(above[x])
			left += row[x] + uint16((up-corner)>>1)
			row[x], corner = left, up
		}
	},
	6: func(row, above []uint16) {
		left, corner := row[0], int32(above[0])
		above = above[:len(row)]
		for x := 1; x < len(row); x++ {
			up := int32(above[x])
			left = row[x] + uint16(up+(int32(left)-corner)>>1)
			row[x], corner = left, up
		}
	},
	7: func(row, above []uint16) {
		left := row[0]
		above = above[:len(row)]
		for x := 1; x < len(row); x++ {
			left = row[x] + uint16((uint32(left)+uint32(above[x]))>>1)
			row[x] = left
		}
	},
}

// predictFirst is predictor 1, which the first row of an interval has as well.
func predictFirst(row []uint16) {
	left := row[0]
	for x := 1; x < len(row); x++ {
		left += row[x]
		row[x] = left
	}
}

// write stores a row of samples, shifted up by the point transform (A.4). What a
// difference modulo 2^16 carried beyond the precision is no part of them.
func (d *decoder) write(y int, row []uint16, shift uint) {
	mask := uint16(1<<d.frame.precision - 1)
	switch d.limits.Bits {
	case 8:
		out := d.dst[y*len(row):][:len(row)]
		for x, v := range row {
			out[x] = byte(v << shift & mask)
		}
	case 16:
		out := d.dst[2*y*len(row):][:2*len(row)]
		if shift == 0 {
			four := uint64(mask) * 0x0001000100010001
			for ; len(row) >= 4 && len(out) >= 8; row, out = row[4:], out[8:] {
				binary.LittleEndian.PutUint64(out, four&(uint64(row[0])|uint64(row[1])<<16|uint64(row[2])<<32|uint64(row[3])<<48))
			}
		}
		for _, v := range row {
			v = v << shift & mask
			out[0], out[1] = byte(v), byte(v>>8)
			out = out[2:]
		}
	default:
		out := d.dst[4*y*len(row):][:4*len(row)]
		for _, v := range row {
			v = v << shift & mask
			out[0], out[1], out[2], out[3] = byte(v), byte(v>>8), 0, 0
			out = out[4:]
		}
	}
}

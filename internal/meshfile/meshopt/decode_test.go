package meshopt_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A decoder of its own, written from the extension's text and not from the encoder.
// It refuses what the text does not allow.

var errCut = errors.New("the view is cut short")

// decodeVertices decodes mode ATTRIBUTES.
func decodeVertices(b []byte, count, stride int) ([]byte, error) {
	if len(b) < 1+max(stride, 32) || b[0] != 0xa0 {
		return nil, errors.New("no attributes")
	}
	tail := b[len(b)-max(stride, 32):]
	b = b[1 : len(b)-len(tail)]
	previous := append([]byte(nil), tail[len(tail)-stride:]...)
	take := func(n int) (part []byte, err error) {
		if n > len(b) {
			return nil, errCut
		}
		part, b = b[:n], b[n:]
		return part, nil
	}
	out := make([]byte, count*stride)
	most := min(8192/stride&^15, 256)
	for from := 0; from < count; from += most {
		n := min(most, count-from)
		groups := (n + 15) / 16
		for k := range stride {
			modes, err := take((groups + 3) / 4)
			if err != nil {
				return nil, err
			}
			for g := range groups {
				var d [16]byte
				switch bits := modes[g/4] >> (g % 4 * 2) & 3; bits {
				case 0:
				case 3:
					part, err := take(16)
					if err != nil {
						return nil, err
					}
					copy(d[:], part)
				default:
					width := 2 * int(bits) // 2 or 4
					part, err := take(2 * width)
					if err != nil {
						return nil, err
					}
					for i := range d {
						at := i * width
						d[i] = part[at/8] >> (8 - width - at%8) & (1<<width - 1)
						if d[i] == 1<<width-1 {
							more, err := take(1)
							if err != nil {
								return nil, err
							}
							d[i] = more[0]
						}
					}
				}
				for i, v := range d {
					if v&1 != 0 {
						v = ^(v >> 1)
					} else {
						v >>= 1
					}
					if e := g*16 + i; e < n {
						previous[k] += v
						out[(from+e)*stride+k] = previous[k]
					}
				}
			}
		}
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%d bytes are left", len(b))
	}
	return out, nil
}

// numbers reads variable-length integers.
type numbers struct {
	b   []byte
	err error
}

func (r *numbers) byte() byte {
	if len(r.b) == 0 {
		r.err = errCut
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *numbers) varint() (v uint32) {
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.err = errors.New("a number without an end")
	return 0
}

func unzigzag(v uint32) uint32 {
	if v&1 != 0 {
		return ^(v >> 1)
	}
	return v >> 1
}

// decodeTriangles decodes mode TRIANGLES.
func decodeTriangles(b []byte, count int) (out [][3]uint32, err error) {
	if len(b) < 1+count+16 || b[0] != 0xe1 {
		return nil, errors.New("no triangles")
	}
	codes, table := b[1:1+count], b[len(b)-16:]
	data := numbers{b: b[1+count : len(b)-16]}
	if table[14] != 0 || table[15] != 0 {
		return nil, errors.New("the table does not end in zeros")
	}
	for _, v := range table {
		if v>>4 == 15 || v&15 == 15 {
			return nil, errors.New("a nibble of the table is 15")
		}
	}
	var next, last uint32
	var edges [][2]uint32 // all, the newest at the end
	var vertices []uint32
	number := func() uint32 {
		last += unzigzag(data.varint())
		return last
	}
	edge := func(i int) [2]uint32 {
		if i >= len(edges) {
			data.err = errors.New("an edge before the first")
			return [2]uint32{}
		}
		return edges[len(edges)-1-i]
	}
	vertex := func(i int) uint32 {
		if i >= len(vertices) {
			data.err = errors.New("a vertex before the first")
			return 0
		}
		return vertices[len(vertices)-1-i]
	}
	fresh := func() uint32 { next++; return next - 1 }
	for _, code := range codes {
		high, low := int(code>>4), int(code&15)
		if high < 15 {
			e := edge(high)
			c, isPushed := uint32(0), true
			switch {
			case low == 0:
				c = fresh()
			case low < 0xd:
				c, isPushed = vertex(low), false
			case low == 0xd:
				last--
				c = last
			case low == 0xe:
				last++
				c = last
			default:
				c = number()
			}
			out = append(out, [3]uint32{e[0], e[1], c})
			edges = append(edges, [2]uint32{c, e[1]}, [2]uint32{e[0], c})
			if isPushed {
				vertices = append(vertices, c)
			}
			continue
		}
		zw := byte(0)
		if low < 14 {
			zw = table[low]
		} else if zw = data.byte(); zw == 0 {
			next = 0
		}
		corner := func(n byte) uint32 {
			switch n {
			case 0:
				return fresh()
			case 15:
				return number()
			}
			return vertex(int(n) - 1)
		}
		var a uint32
		if low == 15 {
			a = number()
		} else {
			a = fresh()
		}
		b := corner(zw >> 4)
		c := corner(zw & 15)
		out = append(out, [3]uint32{a, b, c})
		edges = append(edges, [2]uint32{b, a}, [2]uint32{c, b}, [2]uint32{a, c})
		vertices = append(vertices, a)
		if n := zw >> 4; n == 0 || n == 15 {
			vertices = append(vertices, b)
		}
		if n := zw & 15; n == 0 || n == 15 {
			vertices = append(vertices, c)
		}
	}
	if data.err == nil && len(data.b) > 0 {
		return nil, fmt.Errorf("%d bytes are left", len(data.b))
	}
	return out, data.err
}

// decodeIndices decodes mode INDICES.
func decodeIndices(b []byte, count int) (out []uint32, err error) {
	if len(b) < 5 || b[0] != 0xd1 {
		return nil, errors.New("no indices")
	}
	data := numbers{b: b[1 : len(b)-4]}
	var last [2]uint32
	for range count {
		v := data.varint()
		which := v & 1
		last[which] += unzigzag(v >> 1)
		out = append(out, last[which])
	}
	if data.err == nil && len(data.b) > 0 {
		return nil, fmt.Errorf("%d bytes are left", len(data.b))
	}
	return out, data.err
}

// octahedron undoes the filter OCTAHEDRAL: a vector from x, y and one.
func octahedron(qx, qy, one int) [3]float64 {
	x, y := float64(qx)/float64(one), float64(qy)/float64(one)
	z := 1 - math.Abs(x) - math.Abs(y)
	t := min(z, 0)
	x -= math.Copysign(t, x)
	y -= math.Copysign(t, y)
	length := math.Sqrt(x*x + y*y + z*z)
	return [3]float64{x / length, y / length, z / length}
}

// rotation undoes the filter QUATERNION.
func rotation(b [8]byte) (q [4]float64) {
	at := func(i int) int { return int(int16(binary.LittleEndian.Uint16(b[2*i:]))) }
	one, largest, rest := float64(at(3)|3), at(3)&3, 1.0
	for i := range 3 {
		v := float64(at(i)) / one / math.Sqrt2
		q[(largest+1+i)%4] = v
		rest -= v * v
	}
	q[largest] = math.Sqrt(max(0, rest))
	return q
}

// power undoes the filter EXPONENTIAL.
func power(v uint32) float64 { return math.Ldexp(float64(int32(v<<8)>>8), int(int32(v)>>24)) }

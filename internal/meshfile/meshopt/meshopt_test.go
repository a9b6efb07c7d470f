package meshopt_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/meshopt"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
)

// view is a buffer view of the tests: what is encoded, and how.
type view struct {
	name          string
	mode, filter  uint32
	count, stride int
	want          []byte // the elements; with a filter, what the filter is given
	encoded       []byte
}

const (
	attributes = iota
	triangles
	indices
)

// views are random and adversarial streams of every mode.
func views() (out []view) {
	r := rand.New(rand.NewPCG(1, 16))
	noise := func(n int, mask byte) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32()) & mask
		}
		return b
	}
	for _, stride := range []int{4, 8, 12, 16, 20, 32, 36, 64, 100, 128, 252, 256} {
		for _, count := range []int{0, 1, 2, 15, 16, 17, 31, 33, 63, 64, 65, 255, 256, 257, 271, 511, 512, 513, 1000, 2049} {
			for name, b := range map[string][]byte{
				"zeros": make([]byte, count*stride), "noise": noise(count*stride, 0xff), "two bits": noise(count*stride, 1), "four bits": noise(count*stride, 7),
				"255 and 0 by turns": bytes.Repeat([]byte{255, 0, 128, 127}, count*stride/4), "a ramp": ramp(count, stride),
			} {
				out = append(out, view{fmt.Sprintf("%s, %d of %d", name, count, stride), attributes, 0, count, stride, b, meshopt.AppendVertices(nil, b, stride)})
			}
		}
	}
	for name, t := range lists(r) {
		for _, stride := range []int{2, 4} {
			most := uint32(0)
			var b []byte
			for _, x := range t {
				for _, v := range x {
					most = max(most, v)
					b = binary.LittleEndian.AppendUint32(b, v)
				}
			}
			if stride == 2 {
				if most > math.MaxUint16 {
					continue
				}
				for i := range len(b) / 4 {
					copy(b[2*i:], b[4*i:4*i+2])
				}
				b = b[:len(b)/2]
			}
			out = append(out, view{fmt.Sprintf("%s, %d bytes", name, stride), triangles, 0, 3 * len(t), stride, b, meshopt.AppendTriangles(nil, t)})
		}
	}
	for name, list := range map[string][]uint32{
		"none": nil, "one": {7}, "far": {0, 1<<30 - 1, 0, 1 << 29, 1, 1 << 28}, "two runs": {0, 1000, 1, 1001, 2, 1002, 3, 999}, "down": {9, 8, 7, 6, 0},
	} {
		var b []byte
		for _, v := range list {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		out = append(out, view{"indices: " + name, indices, 0, len(list), 4, b, meshopt.AppendIndices(nil, list)})
	}
	return out
}

func ramp(count, stride int) []byte {
	b := make([]byte, count*stride)
	for i := range b {
		b[i] = byte(i / stride * (1 + i%stride))
	}
	return b
}

// lists are lists of triangles: meshes, noise, and what is most awkward for a codec
// that remembers edges and vertices.
func lists(r *rand.Rand) map[string][][3]uint32 {
	random := func(n int, below uint32) (t [][3]uint32) {
		for range n {
			t = append(t, [3]uint32{r.Uint32N(below), r.Uint32N(below), r.Uint32N(below)})
		}
		return t
	}
	reversed := meshtest.Sphere([3]float32{}, 1, 4).Triangles
	slices.Reverse(reversed)
	strip := func(n, step uint32) (t [][3]uint32) {
		for i := range n {
			t = append(t, [3]uint32{i * step, (i + 1) * step, (i + 2) * step})
		}
		return t
	}
	out := map[string][][3]uint32{
		"no triangle":         nil,
		"one":                 {{0, 1, 2}},
		"not from zero":       {{5, 4, 3}, {3, 4, 6}},
		"new ones turned":     {{1, 2, 0}, {5, 3, 4}, {8, 6, 7}},
		"second and third":    {{9, 0, 1}, {8, 0, 2}, {7, 2, 3}, {6, 4, 3}},
		"the same, many":      slices.Repeat([][3]uint32{{0, 1, 2}}, 100),
		"points":              slices.Repeat([][3]uint32{{0, 0, 0}, {1, 1, 1}}, 40),
		"lines":               {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}, {1, 1, 0}, {2, 1, 1}, {1, 2, 1}},
		"largest":             {{math.MaxUint32 - 1, 0, 1}, {0, math.MaxUint32 - 1, 2}, {math.MaxUint32 - 1, math.MaxUint32 - 2, math.MaxUint32 - 3}, {1 << 31, 1<<31 - 1, 1<<31 + 1}},
		"sixteen bits' end":   {{65534, 65533, 65532}, {65535, 65534, 65533}, {0, 65535, 1}},
		"a sphere":            meshtest.Sphere([3]float32{}, 1, 5).Triangles,
		"a sphere, backwards": reversed,
		"a strip":             strip(500, 1),
		"a sparse strip":      strip(500, 3),
		"noise of 3":          random(400, 3),
		"noise of 8":          random(2000, 8),
		"noise of 18":         random(4000, 18),
		"noise of 40":         random(4000, 40),
		"noise of 60,000":     random(4000, 60_000),
		"noise of 2³²":        random(4000, math.MaxUint32),
	}
	return out
}

// equal compares a decoded view with what was encoded: triangles may begin at
// another corner.
func (v *view) equal(got []byte) bool {
	if v.mode != triangles {
		return bytes.Equal(got, v.want)
	}
	if len(got) != len(v.want) {
		return false
	}
	size := 3 * v.stride
	for at := 0; at < len(got); at += size {
		g, w := got[at:at+size], v.want[at:at+size]
		turned := slices.Concat(w, w)
		if !bytes.Equal(g, turned[:size]) && !bytes.Equal(g, turned[v.stride:][:size]) && !bytes.Equal(g, turned[2*v.stride:][:size]) {
			return false
		}
	}
	return true
}

// decode decodes a view without a filter.
func (v *view) decode() (out []byte, err error) {
	var list []uint32
	switch v.mode {
	case attributes:
		return decodeVertices(v.encoded, v.count, v.stride)
	case indices:
		list, err = decodeIndices(v.encoded, v.count)
	default:
		var t [][3]uint32
		t, err = decodeTriangles(v.encoded, v.count/3)
		for _, x := range t {
			list = append(list, x[:]...)
		}
	}
	for _, n := range list {
		if v.stride == 2 {
			out = binary.LittleEndian.AppendUint16(out, uint16(n))
		} else {
			out = binary.LittleEndian.AppendUint32(out, n)
		}
	}
	return out, err
}

func TestEveryViewComesBack(t *testing.T) {
	for _, v := range views() {
		if got, err := v.decode(); err != nil || !v.equal(got) {
			t.Errorf("%s: %v", v.name, err)
		}
	}
}

// Blocks that are handed over one after the other give the same view.
func TestVerticesByBlocks(t *testing.T) {
	b := ramp(1000, 12)
	want := meshopt.AppendVertices(nil, b, 12)
	e := meshopt.NewVertices(4)
	e.Reset(12)
	var got []byte
	for part := range slices.Chunk(b, 12*e.Block()) {
		got = e.Append(got, part)
	}
	if !bytes.Equal(e.End(got), want) {
		t.Error("another view")
	}
	defer func() {
		if recover() == nil {
			t.Error("a stride of 6 was taken")
		}
	}()
	e.Reset(6)
}

// A sorted mesh takes about a byte a triangle, and what is alike takes nearly nothing.
func TestSizes(t *testing.T) {
	m := meshtest.Sphere([3]float32{}, 1, 7)
	list := meshopt.NewTriangles()
	var s meshopt.Sorter
	s.Order(len(m.Vertices), m.Triangles, list.Add)
	if n, length := len(m.Triangles), list.Len(); length > n*11/10 || length != len(list.End(nil)) {
		t.Errorf("%d triangles take %d bytes", n, length)
	}
	if n := len(meshopt.AppendVertices(nil, make([]byte, 8*100_000), 8)); n > 100_000/16*3 {
		t.Errorf("a hundred thousand equal elements take %d bytes", n)
	}
	// Never much more than what was encoded.
	r := rand.New(rand.NewPCG(3, 3))
	noise := make([]byte, 8*10_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	if n := len(meshopt.AppendVertices(nil, noise, 8)); n > len(noise)*65/64+64 {
		t.Errorf("%d bytes of noise take %d", len(noise), n)
	}
}

func TestFilters(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	normal := func(n int) []float64 {
		v, square := make([]float64, n), 0.0
		for i := range v {
			v[i] = r.NormFloat64()
			square += v[i] * v[i]
		}
		for i := range v {
			v[i] /= math.Sqrt(square)
		}
		return v
	}
	for range 2000 {
		v := normal(3)
		in := [3]float32{float32(v[0]), float32(v[1]), float32(v[2])}
		for _, bits := range []int{4, 8} {
			b := meshopt.Octahedral(in, bits)
			got := octahedron(int(int8(b[0])), int(int8(b[1])), int(int8(b[2])))
			if off := angle(v, got[:]); off > 3/float64(int(1)<<(bits-1)) || int(b[2]) != 1<<(bits-1)-1 {
				t.Fatalf("%v of %d bits is %v, %v off", v, bits, got, off)
			}
		}
		b := meshopt.Octahedral16(in, 12)
		at := func(i int) int { return int(int16(binary.LittleEndian.Uint16(b[2*i:]))) }
		if got := octahedron(at(0), at(1), at(2)); angle(v, got[:]) > 3.0/2048 {
			t.Fatalf("%v is %v", v, got)
		}
		q := normal(4)
		got := rotation(meshopt.Quaternion([4]float32{float32(q[0]), float32(q[1]), float32(q[2]), float32(q[3])}, 14))
		dot := q[0]*got[0] + q[1]*got[1] + q[2]*got[2] + q[3]*got[3]
		if math.Abs(dot) < 1-1e-6 {
			t.Fatalf("%v is %v", q, got)
		}
		x := float32(math.Ldexp(r.NormFloat64(), r.IntN(120)-60))
		for _, bits := range []int{8, 15, 24} {
			e := meshopt.Exponential(nil, []float32{x}, bits)
			if got := power(binary.LittleEndian.Uint32(e)); math.Abs(got/float64(x)-1) > math.Ldexp(1, 1-bits) {
				t.Fatalf("%v of %d bits is %v", x, bits, got)
			}
		}
	}
}

func angle(a, b []float64) float64 {
	dot := 0.0
	for i := range a {
		dot += a[i] * b[i]
	}
	return math.Acos(max(-1, min(1, dot)))
}

// What is no direction, rotation or number does not become one that a decoder divides
// by zero for.
func TestFiltersOfWhatIsNone(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, v := range [][3]float32{{}, {nan, 0, 1}, {inf, -inf, 0}, {0, 0, -inf}} {
		if b := meshopt.Octahedral(v, 8); b != [4]byte{0, 0, 127, 0} {
			t.Errorf("%v: %v", v, b)
		}
	}
	for _, v := range [][3]float32{{1, 0, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}, {1e-30, 0, 0}, {-1e30, 1e30, 1e30}} {
		b := meshopt.Octahedral(v, 8)
		got := octahedron(int(int8(b[0])), int(int8(b[1])), 127)
		length := math.Sqrt(float64(v[0])*float64(v[0]) + float64(v[1])*float64(v[1]) + float64(v[2])*float64(v[2]))
		if off := angle([]float64{float64(v[0]) / length, float64(v[1]) / length, float64(v[2]) / length}, got[:]); off > 0.02 {
			t.Errorf("%v is %v", v, got)
		}
	}
	for _, q := range [][4]float32{{}, {nan, nan, nan, nan}, {inf, 0, 0, 0}} {
		if got := rotation(meshopt.Quaternion(q, 16)); math.Abs(got[3]-1) > 1e-6 {
			t.Errorf("%v is %v", q, got)
		}
	}
	for _, q := range [][4]float32{{1, 0, 0, 0}, {0, -1, 0, 0}, {0, 0, 2, 0}, {0.5, 0.5, 0.5, 0.5}, {-0.5, 0.5, -0.5, 0.5}} {
		got := rotation(meshopt.Quaternion(q, 16))
		dot := 0.0
		for i := range q {
			dot += float64(q[i]) * got[i]
		}
		length := math.Sqrt(float64(q[0]*q[0] + q[1]*q[1] + q[2]*q[2] + q[3]*q[3]))
		if math.Abs(math.Abs(dot)/length-1) > 1e-4 {
			t.Errorf("%v is %v", q, got)
		}
	}
	for x, want := range map[float32]float64{0: 0, nan: 0, 1: 1, -1: -1, inf: math.Ldexp(1<<23-1, 100), 1e-45: 0, math.MaxFloat32: math.Ldexp(1<<23-1, 100)} {
		got := power(binary.LittleEndian.Uint32(meshopt.Exponential(nil, []float32{x}, 24)))
		if x != inf && math.Abs(got-want) > math.Abs(want)*1e-6 || math.IsInf(got, 0) || math.IsNaN(got) {
			t.Errorf("%v is %v, want %v", x, got, want)
		}
	}
}

package meshopt_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/meshopt"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
)

// judge decodes views by npm's meshoptimizer, whose two decoders must agree with each
// other; `npm ci` in tests/contract brings it.
func judge(t *testing.T, views []view) [][]byte {
	t.Helper()
	var in bytes.Buffer
	for _, v := range views {
		for _, n := range []int{int(v.mode), int(v.filter), v.count, v.stride, len(v.encoded)} {
			in.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
		}
		in.Write(v.encoded)
	}
	out := meshtest.Contract(t, "meshopt-decode.mjs", "meshoptimizer", in.Bytes())
	var decoded [][]byte
	for _, v := range views {
		var both [2][]byte
		for i, name := range []string{"WebAssembly", "JavaScript"} {
			length := v.count * v.stride
			if len(out) < 4+length {
				t.Fatal("the judge's answer is too short")
			}
			if binary.LittleEndian.Uint32(out) != 1 {
				t.Errorf("%s: refused by the decoder in %s", v.name, name)
			}
			both[i], out = out[4:4+length], out[4+length:]
		}
		if v.filter == 0 && !bytes.Equal(both[0], both[1]) {
			t.Errorf("%s: the judges disagree", v.name)
		}
		decoded = append(decoded, both[0], both[1])
	}
	return decoded
}

func TestMeshoptimizerDecodesTheSame(t *testing.T) {
	all := views()
	for i, got := range judge(t, all) {
		if v := &all[i/2]; !v.equal(got) {
			t.Errorf("%s: meshoptimizer decodes something else", v.name)
		}
	}
}

// What meshoptimizer's filters give is near what was encoded.
func TestMeshoptimizerUndoesFilters(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	const n = 1000
	var normals [][3]float32
	var quaternions [][4]float32
	var numbers []float32
	var oct8, oct16, quat []byte
	for range n {
		v := [3]float32{float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64())}
		q := [4]float32{float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64())}
		normals, quaternions = append(normals, v), append(quaternions, q)
		numbers = append(numbers, v[:]...)
		a, b, c := meshopt.Octahedral(v, 8), meshopt.Octahedral16(v, 16), meshopt.Quaternion(q, 16)
		oct8, oct16, quat = append(oct8, a[:]...), append(oct16, b[:]...), append(quat, c[:]...)
	}
	attribute := func(name string, filter uint32, stride int, b []byte) view {
		return view{name, attributes, filter, len(b) / stride, stride, nil, meshopt.AppendVertices(nil, b, stride)}
	}
	got := judge(t, []view{
		attribute("octahedral, bytes", 1, 4, oct8), attribute("octahedral, 16 bits", 1, 8, oct16), attribute("quaternion", 2, 8, quat),
		attribute("exponential", 3, 4, meshopt.Exponential(nil, numbers, 20)),
	})
	unit := func(v []float32) []float64 {
		out, square := make([]float64, len(v)), 0.0
		for _, x := range v {
			square += float64(x) * float64(x)
		}
		for i, x := range v {
			out[i] = float64(x) / math.Sqrt(square)
		}
		return out
	}
	short := func(b []byte, i int) float64 { return float64(int16(binary.LittleEndian.Uint16(b[2*i:]))) / 32767 }
	for judge := range 2 {
		for i := range n {
			v := unit(normals[i][:])
			b := got[judge][4*i:]
			w := []float64{float64(int8(b[0])) / 127, float64(int8(b[1])) / 127, float64(int8(b[2])) / 127}
			if off := distance(v, w); off > 0.03 {
				t.Fatalf("normal %v is %v", v, w)
			}
			b = got[2+judge][8*i:]
			if w = []float64{short(b, 0), short(b, 1), short(b, 2)}; distance(v, w) > 2e-4 {
				t.Fatalf("normal %v is %v", v, w)
			}
			q := unit(quaternions[i][:])
			b = got[4+judge][8*i:]
			p := []float64{short(b, 0), short(b, 1), short(b, 2), short(b, 3)}
			if min(distance(q, p), distance([]float64{-q[0], -q[1], -q[2], -q[3]}, p)) > 2e-4 {
				t.Fatalf("quaternion %v is %v", q, p)
			}
		}
		for i, x := range numbers {
			y := math.Float32frombits(binary.LittleEndian.Uint32(got[6+judge][4*i:]))
			if math.Abs(float64(y/x)-1) > 1e-5 {
				t.Fatalf("%v is %v", x, y)
			}
		}
	}
}

func distance(a, b []float64) float64 {
	square := 0.0
	for i := range a {
		square += (a[i] - b[i]) * (a[i] - b[i])
	}
	return math.Sqrt(square)
}

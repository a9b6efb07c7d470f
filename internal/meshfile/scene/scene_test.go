package scene

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

func TestColor(t *testing.T) {
	cases := []struct {
		name, color string
		want        RGB
	}{
		{"given", "#dd8265", RGB{0xdd, 0x82, 0x65}},
		{"upper case", "#DD8265", RGB{0xdd, 0x82, 0x65}},
		{"missing", "", numbered(3)},
		{"sign", "#+d8265", numbered(3)},
		{"too long", "#dd8265ff", numbered(3)},
	}
	for _, c := range cases {
		if got := Color(volume.Label{ID: 3, Color: c.color}); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := (RGB{0xdd, 0x82, 0x65}).Hex(); got != "#DD8265" {
		t.Errorf("hex: %s", got)
	}
	for id := range 255 {
		if numbered(id) == numbered(id+1) {
			t.Errorf("labels %d and %d have one colour", id, id+1)
		}
	}
}

func TestLinearUndoesTheTransferCurve(t *testing.T) {
	for v := range 256 {
		l := RGB{uint8(v), 0, 0}.Linear()[0]
		back := 12.92 * l
		if l > 0.0031308 {
			back = 1.055*math.Pow(l, 1/2.4) - 0.055
		}
		if math.Abs(back*255-float64(v)) > 1e-6 {
			t.Fatalf("%d becomes %v and back %v", v, l, back*255)
		}
	}
}

func TestAxesAreRotations(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	matrix := RASFromFacing([3]float64{})
	for range 100 {
		var a, b, c [3]float32
		for k := range 3 {
			a[k], b[k], c[k] = r.Float32(), r.Float32(), r.Float32()
		}
		volumeOf := func(turn func([3]float32) [3]float32) float64 {
			n := surface.FaceVector([3]float32{}, turn(a), turn(b))
			p := turn(c)
			return n[0]*float64(p[0]) + n[1]*float64(p[1]) + n[2]*float64(p[2])
		}
		before := volumeOf(func(p [3]float32) [3]float32 { return p })
		for name, turn := range map[string]func([3]float32) [3]float32{"LPS": LPS, "Facing": Facing} {
			if after := volumeOf(turn); math.Abs(after-before) > 1e-12 {
				t.Errorf("%s changes a signed volume from %v to %v", name, before, after)
			}
			if turn(turn(a)) != a {
				t.Errorf("%s is not its own inverse", name)
			}
		}
		p := FacingMetres(a)
		for row := range 3 {
			back := matrix[12+row]
			for col := range 3 {
				back += matrix[4*col+row] * float64(p[col])
			}
			if math.Abs(back-float64(a[row])) > 1e-6 {
				t.Errorf("row %d: %v, want %v", row, back, a[row])
			}
		}
	}
}

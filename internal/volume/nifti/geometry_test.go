package nifti

import (
	"math"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
)

// Half a turn about any axis in the planes and diagonals of the grid comes out
// without a trace of rounding: what runs along an axis stays on it.
func TestQformHalfTurns(t *testing.T) {
	third := 1 / math.Sqrt(3)
	axes := [][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	for _, s := range []float64{-1, 1} {
		h := math.Sqrt(0.5)
		axes = append(axes, [3]float64{h, s * h, 0}, [3]float64{0, h, s * h}, [3]float64{s * h, 0, h},
			[3]float64{third, s * third, third}, [3]float64{0.6, s * 0.8, 0})
	}
	for _, axis := range axes {
		for _, cut := range []bool{false, true} { // rounded to float32, or cut
			q := axis
			for n := range q {
				f := float32(q[n])
				if cut && math.Abs(float64(f)) > math.Abs(q[n]) {
					f = math.Nextafter32(f, 0)
				}
				q[n] = float64(f)
			}
			h := header{quaternion: q, pixdim: [4]float64{1, 1, 1, 1}}
			got, err := h.fromQuaternion()
			if err != nil {
				t.Fatal(err)
			}
			for r := range 3 {
				for c := range 3 {
					want := 2 * axis[r] * axis[c]
					if r == c {
						want--
					}
					if math.Abs(got[r][c]-want) > 1e-6 {
						t.Errorf("half a turn about %v (cut: %v): %v at %d,%d, want %v", axis, cut, got[r][c], r, c, want)
					}
				}
			}
		}
	}
	// A turn that float32 can tell from half a turn is left as it is.
	q := [3]float64{0, 0, math.Cos(0.0005)}
	h := header{quaternion: q, pixdim: [4]float64{1, 1, 1, 1}}
	if got, err := h.fromQuaternion(); err != nil || math.Abs(got[1][0]-math.Sin(0.001)) > 1e-6 {
		t.Errorf("a turn of 180° less 0.001: %v %v", got, err)
	}
}

// A file that places its scan twice is warned of when the places contradict.
func TestQformAgainstSform(t *testing.T) {
	half := math.Sqrt(0.5)
	cases := []struct {
		name string
		rows [3][3]float64
		q    [3]float64
		qfac float64
		want string // part of the warning; empty: none
	}{
		{"equal", [3][3]float64{{1, 0, 0}, {0, 2, 0}, {0, 0, 3}}, [3]float64{}, 1, ""},
		{"equal, mirrored both", [3][3]float64{{1, 0, 0}, {0, 2, 0}, {0, 0, -3}}, [3]float64{}, -1, ""},
		{"30 degrees apart", [3][3]float64{{1, 0, 0}, {0, 2, 0}, {0, 0, 3}}, [3]float64{math.Sin(math.Pi / 12), 0, 0}, 1, ""},
		{"left and right", [3][3]float64{{-1, 0, 0}, {0, 2, 0}, {0, 0, 3}}, [3]float64{}, 1, "left"},
		{"half a turn about the long axis", [3][3]float64{{-1, 0, 0}, {0, -2, 0}, {0, 0, 3}}, [3]float64{}, 1, "left"},
		{"head and feet", [3][3]float64{{1, 0, 0}, {0, 2, 0}, {0, 0, -3}}, [3]float64{}, 1, "directions"},
		{"head and feet, qfac", [3][3]float64{{1, 0, 0}, {0, 2, 0}, {0, 0, 3}}, [3]float64{}, -1, "directions"},
		{"a quarter about left-right", [3][3]float64{{1, 0, 0}, {0, 2, 0}, {0, 0, 3}}, [3]float64{half, 0, 0}, 1, "directions"},
		{"a quarter about the long axis", [3][3]float64{{1, 0, 0}, {0, 2, 0}, {0, 0, 3}}, [3]float64{0, 0, half}, 1, "left"},
	}
	for _, c := range cases {
		for _, version := range []int{1, 2} {
			s := with(func(s *sample) {
				s.version, s.qcode, s.quaternion, s.pixdim[0] = version, 1, c.q, c.qfac
				for r := range 3 {
					copy(s.rows[r][:3], c.rows[r][:])
				}
			})
			_, report, err := convert(t, s.bytes(), ConvertOptions{})
			if err != nil {
				t.Fatal(c.name, err)
			}
			var said []string
			for _, w := range report.Warnings {
				if w.Code == "orientation_mismatch" {
					said = append(said, w.Message)
				}
			}
			if (c.want == "") != (len(said) == 0) || len(said) > 1 || !strings.Contains(strings.Join(said, ""), c.want) {
				t.Errorf("%s, version %d: %v, want one that says %q", c.name, version, said, c.want)
			}
			s.qcode = 0 // a qform without a code says nothing
			if _, report, _ = convert(t, s.bytes(), ConvertOptions{}); len(report.Warnings) > 0 {
				t.Errorf("%s without a qform: %v", c.name, report.Warnings)
			}
		}
	}
	if got := side((&volume.Affine{{0, -3, 0, 0}, {1, 0, 0, 0}, {0, 0, 1, 0}}).Directions()); got != -2 {
		t.Errorf("side %d, want -2", got)
	}
}

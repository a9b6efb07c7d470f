package volume_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
)

// seen is the Values of voxels.
func seen(clipped int64, voxels ...int16) volume.Values {
	v := volume.Values{Low: 1e9, High: -1e9, Total: int64(len(voxels)), Clipped: clipped}
	for _, x := range voxels {
		v.Low, v.High = min(v.Low, float64(x)), max(v.High, float64(x))
	}
	v.Add(voxels)
	return v
}

func ramp(from, to int16) (out []int16) {
	for v := from; v < to; v++ {
		out = append(out, v)
	}
	return out
}

func TestJudge(t *testing.T) {
	padded := ramp(-1000, 400)
	for range 1000 {
		padded = append(padded, -2000)
	}
	cases := []struct {
		name, modality string
		values         volume.Values
		want           string // found modality and warnings, or a code
	}{
		{"a CT", "CT", seen(0, ramp(-1000, 400)...), "CT"},
		{"a CT that nobody calls one", "", seen(0, ramp(-1000, 400)...), "CT"},
		{"a CT with padding below air", "CT", seen(0, padded...), "CT"},
		{"a CT with some metal", "CT", seen(3, ramp(-1000, 3000)...), "CT saturated"},
		{"no intercept", "CT", seen(0, ramp(24, 1800)...), "CT not_hounsfield"},
		{"the intercept twice", "CT", seen(0, ramp(-2048, 400)...), "CT not_hounsfield"},
		{"only air", "CT", seen(0, ramp(-1000, -700)...), "CT not_hounsfield"},
		{"the wrong sign", "CT", seen(500, ramp(0, 1000)...), "not_hounsfield"},
		{"an 8-bit picture", "CT", seen(0, ramp(0, 255)...), "not_hounsfield"},
		{"an 8-bit MR", "MR", seen(0, ramp(0, 255)...), "MR"},
		{"a PET beyond int16", "PT", seen(500, ramp(0, 1000)...), "PT saturated"},
		{"constant", "CT", seen(0, 7, 7, 7), "empty_volume"},
		{"normalised", "PT", seen(0, 0, 1, 2, 3), "not_hounsfield"},
		{"nobody says what", "", seen(0, ramp(0, 4000)...), " not_hounsfield"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, warnings, err := c.values.Judge(c.modality)
			for _, w := range warnings {
				got += " " + w.Code
			}
			if fault := (*volume.Error)(nil); errors.As(err, &fault) {
				got = fault.Code
			}
			if got != c.want {
				t.Errorf("%q (%v %v), want %q", got, warnings, err, c.want)
			}
		})
	}
}

// Values that rounding makes equal are normalised, not empty.
func TestJudgeKnowsFineValues(t *testing.T) {
	v := seen(0, 0, 0, 0)
	v.Fine = true
	if _, _, err := v.Judge("PT"); err == nil || !strings.HasPrefix(err.Error(), "not_hounsfield") {
		t.Errorf("%v, want not_hounsfield", err)
	}
}

// Every n-th voxel gives the shares of all.
func TestSamplesTellTheScale(t *testing.T) {
	var all, some volume.Intensities
	voxels := append(ramp(-1000, 1000), ramp(-3000, -2000)...)
	all.Add(voxels)
	some.AddEvery(voxels, 7)
	if all.Hounsfield() || some.Hounsfield() {
		t.Errorf("a third below air passes: %+v %+v", all, some)
	}
}

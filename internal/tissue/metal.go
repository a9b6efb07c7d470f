package tissue

import (
	"fmt"

	"github.com/iris-oculus/iris/internal/volume"
)

// What no tissue reaches: enamel and the densest bone stay below 2,500 HU, and
// scanners cut metal off at 3,071 or show it far above.
const (
	metalHU  = 2500
	metalML  = 0.1 // less is a wire, a clip, or a bright speck of streaks
	metalRim = 3   // mm around metal whose values are its blur
)

// metal is implants: what is denser than any tissue, in pieces of some size.
func (s *scan) metal(inside *mask) *mask {
	m := s.between(metalHU, highest).and(inside)
	if m.none() {
		return m
	}
	c := m.components(false)
	want := make([]bool, c.count)
	for k, n := range c.sizes() {
		want[k] = float64(n)*s.voxelML() >= metalML
	}
	return c.keep(want)
}

// warnings are what the owner of the scan is told of its bone.
func (f found) warnings() []volume.Warning {
	var out []volume.Warning
	if f.metalML > 0 {
		out = append(out, volume.Warning{Code: "metal", Message: fmt.Sprintf(
			"about %.1f ml of metal (%d HU and more) was found: it is part of bone, and bright streaks around it may be too", f.metalML, metalHU)})
	}
	if f.doubtful > 0 {
		out = append(out, volume.Warning{Code: "bone_or_contrast", Message: fmt.Sprintf(
			"%.0f ml in bone is solid, denser than %d HU and without a shell: it may be contrast medium", f.doubtful, poolHU)})
	}
	if f.touching > 0 {
		out = append(out, volume.Warning{Code: "contrast_touches_bone", Message: fmt.Sprintf(
			"%.0f ml are solids of bone of which a large part has no shell: an artery with contrast medium that touches the bone and is as dense may be part of it, or was cut off along a seam that is hard to see", f.touching)})
	}
	return out
}

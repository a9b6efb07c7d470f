package tissue

import (
	"fmt"

	"github.com/iris-oculus/iris/internal/volume"
)

// What the owner is told of air in the chest that is no lung, and of cut lungs.
const (
	pleuralML = 50  // less pure air beside a lung is a large bulla's, and not named
	cutMM2    = 400 // a lung reaches the side of the scan over this area or more
)

// aired is what is doubtful about the lungs.
type aired struct {
	pleuralML float64 // air taken out of the lungs
	cut       []string
	alone     bool // all of the lung is on one side and nothing tells which
}

// cutSides names the lungs that a side of the field of view cuts. Above and below
// scans often end within a lung: that is seen, and not named.
func (s *scan) cutSides(left, right *mask) (cut []string) {
	for _, l := range []struct {
		name string
		m    *mask
	}{{"left", left}, {"right", right}} {
		area := 0.0
		for n := range l.m.ny * l.m.nz {
			row, y := l.m.row(n), n%l.m.ny
			if y == 0 || y == l.m.ny-1 {
				runs(row, func(x0, x1 int) { area += float64(x1-x0) * s.spacing[0] * s.spacing[2] })
			}
			for _, x := range [2]int{0, l.m.nx - 1} {
				area += float64(row[x/64]>>(x%64)&1) * s.spacing[1] * s.spacing[2]
			}
		}
		if area >= cutMM2 {
			cut = append(cut, l.name)
		}
	}
	return cut
}

func (a aired) warnings() []volume.Warning {
	var out []volume.Warning
	if a.pleuralML >= pleuralML {
		out = append(out, volume.Warning{Code: "air_beside_lung", Message: fmt.Sprintf(
			"about %.0f ml of pure air in the chest is not counted as lung: it may be a pneumothorax or a large bulla", a.pleuralML)})
	}
	for _, side := range a.cut {
		out = append(out, volume.Warning{Code: "lung_cut", Message: fmt.Sprintf(
			"the field of view cuts the %s lung: its volume is that of the part in the scan", side)})
	}
	if a.alone {
		out = append(out, volume.Warning{Code: "lung_side", Message: "one lung and no windpipe were found: whether it is the left or the right one was judged by the middle of the body"})
	}
	return out
}

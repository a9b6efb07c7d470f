package build

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/decimate"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/volume"
)

// Decimation says how light meshes are made. At most one of Error, Ratio and
// Triangles is not 0; the zero value leaves every triangle.
type Decimation struct {
	// Error is how far a surface may move, in millimetres or, where Voxels is set, in
	// the shortest edges of a voxel.
	Error  float64
	Voxels bool
	// Ratio is the share of all triangles to keep, to 1.
	Ratio float64
	// Triangles is how many a structure may keep.
	Triangles int
}

var decimations = regexp.MustCompile(`^(?:none|([0-9]{1,4}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})(mm|vx)|(0?\.[0-9]{1,6}|1(?:\.0+)?)|([1-9][0-9]{1,8}))$`)

// ParseDecimation reads none, an error (0.2mm, 0.25vx), a ratio (0.25) or triangles for
// each structure (50000, at least 10). The error is bad_option.
func ParseDecimation(s string) (d Decimation, err error) {
	found := decimations.FindStringSubmatch(s)
	zero := func(number string) bool { return strings.Trim(number, "0.") == "" }
	if found == nil || found[1] != "" && zero(found[1]) || found[3] != "" && zero(found[3]) {
		return d, volume.Reject("bad_option", "option decimate: want none, a ratio (0.25), triangles per structure (50000) or an error (0.2mm, 0.25vx)")
	}
	switch {
	case found[1] != "":
		d.Error, err = strconv.ParseFloat(found[1], 64)
		d.Voxels = found[2] == "vx"
	case found[3] != "":
		d.Ratio, err = strconv.ParseFloat(found[3], 64)
	case found[4] != "":
		d.Triangles, err = strconv.Atoi(found[4])
	}
	return d, err
}

// none says whether every triangle is left.
func (d Decimation) none() bool {
	return d.Error == 0 && (d.Ratio == 0 || d.Ratio == 1) && d.Triangles == 0
}

func (d Decimation) check() error {
	if !(d.Error >= 0 && !math.IsInf(d.Error, 0) && d.Ratio >= 0 && d.Ratio <= 1 && d.Triangles >= 0) {
		return volume.Reject("bad_option", "decimation by an error of %g, to a ratio of %g or to %d triangles: want 0 or more, and a ratio of at most 1", d.Error, d.Ratio, d.Triangles)
	}
	return nil
}

// options is what decimate is asked for in voxels of a spacing.
func (d Decimation) options(spacing [3]float64, threads int) decimate.Options {
	o := decimate.Options{Error: d.Error, Ratio: d.Ratio, Triangles: d.Triangles, Threads: threads}
	if d.Voxels {
		o.Error *= min(spacing[0], spacing[1], spacing[2])
	}
	return o
}

// beforeOf counts the triangles of each label's mesh in a complex, and what they enclose.
func beforeOf(c *nets.Complex, labels int) []surface.Before {
	before := make([]surface.Before, labels)
	if len(c.Triangles) == 0 {
		return before
	}
	// Far from the origin of the scanner, differences of large products would be lost.
	near := c.Vertices[c.Triangles[0][0]]
	at := func(v uint32) (p [3]float64) {
		for axis := range p {
			p[axis] = float64(c.Vertices[v][axis]) - float64(near[axis])
		}
		return p
	}
	for i, t := range c.Triangles {
		a, b, d := at(t[0]), at(t[1]), at(t[2])
		six := a[0]*(b[1]*d[2]-b[2]*d[1]) + a[1]*(b[2]*d[0]-b[0]*d[2]) + a[2]*(b[0]*d[1]-b[1]*d[0])
		for side, sign := range [2]float64{1, -1} { // a triangle faces away from the label behind it
			label := c.Sides[i][side]
			before[label].Triangles++
			before[label].ML += sign * six / 6000 // cubic millimetres to millilitres
		}
	}
	return before
}

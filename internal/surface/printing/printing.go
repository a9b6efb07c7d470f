// Package printing says what a person wants to know of surfaces before printing
// them: are they closed, of how many pieces, how large and heavy, and where are
// walls too thin.
//
// In: the surfaces of a model, their origin, and Options. Positions are world RAS
// millimetres less the origin. Out: a Report, whose places are world RAS millimetres.
// The same surfaces give the same report for any number of threads. Memory bounds
// what Examine allocates. Errors: *volume.Error bad_option (a wall that is not
// MinWallLeast to MinWallMost) and the context's.
//
// What is examined are the meshes, each by itself: whether one crosses itself is not.
package printing

import (
	"context"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// MinWallDefault is the thickness in mm below which a wall is called thin if nothing
// else is asked for: two lines of a nozzle of 0.4 mm, without which no wall is
// printed from both sides.
const MinWallDefault = 0.8

// Bounds of Options.MinWall in mm. No printer makes walls of a tenth of the least,
// and beyond the most the work for each point of a surface is no longer bounded by
// what lies near it.
const (
	MinWallLeast = 0.05
	MinWallMost  = 20
)

// maxListed is how many places of a structure are listed: the counts say of how many.
const maxListed = 10

// Options of Examine. The zero value is good.
type Options struct {
	MinWall float64 // mm; 0: MinWallDefault
	Threads int     // 0: one for each CPU
}

// Report is what Examine finds.
type Report struct {
	MinWallMM  float64     `json:"min_wall_mm"`
	SizeMM     [3]float64  `json:"size_mm"` // of the box around all, along R, A and S
	VolumeML   float64     `json:"volume_ml"`
	Weights    []Weight    `json:"weights"` // of all, printed solid
	Structures []Structure `json:"structures"`
	// Touching are pairs of structures that share a wall: in one file without parts,
	// such as STL, it stands within the solid. Merged they have none.
	Touching [][2]string `json:"touching"`
}

// Structure is what is found of one structure.
type Structure struct {
	Name      string     `json:"name"`
	Triangles int        `json:"triangles"`
	Topology  Topology   `json:"topology"`
	VolumeML  float64    `json:"volume_ml"`
	SizeMM    [3]float64 `json:"size_mm"`
	Weights   []Weight   `json:"weights"`
	Pieces    int        `json:"pieces"`
	Listed    []Piece    `json:"listed_pieces"` // the largest
	// Cavities are closed off from outside: liquid resin or powder stays in them.
	Cavities       int     `json:"cavities"`
	CavityML       float64 `json:"cavity_ml"`
	LargestCavity  *Piece  `json:"largest_cavity,omitempty"`
	Thin           Thin    `json:"thin"`
	SurfaceCM2     float64 `json:"surface_cm2"`
	TouchesABorder bool    `json:"partial"` // it is cut by the border of the scan
}

// Piece is a connected part of a surface.
type Piece struct {
	VolumeML float64    `json:"volume_ml"`
	At       [3]float64 `json:"at_ras_mm"` // the middle of its box
	SizeMM   [3]float64 `json:"size_mm"`
}

// Thin says where walls are thinner than Report.MinWallMM.
type Thin struct {
	Places     int        `json:"places"`
	SurfaceCM2 float64    `json:"surface_cm2"` // of both sides of the walls
	Listed     []ThinWall `json:"listed"`      // those of the largest surface
}

// ThinWall is a connected place of a thin wall, both sides of it.
type ThinWall struct {
	ThicknessMM float64    `json:"thickness_mm"` // where it is thinnest
	At          [3]float64 `json:"at_ras_mm"`    // there, in the middle of the wall
	SurfaceCM2  float64    `json:"surface_cm2"`  // of both sides
	SizeMM      [3]float64 `json:"size_mm"`
}

// Good says whether nothing stands against printing all structures as they are:
// each closed, in one piece, without cavities and thin walls, and none touching another.
func (r *Report) Good() bool {
	for i := range r.Structures {
		s := &r.Structures[i]
		if !s.Topology.Manifold() || s.Pieces != 1 || s.Cavities+s.Thin.Places > 0 {
			return false
		}
	}
	return len(r.Structures) > 0 && len(r.Touching) == 0
}

// Memory bounds the bytes that Examine allocates for meshes of a size, kept or not.
func Memory(s surface.Size) int64 {
	const (
		edges    = 3 * 8                                    // of a triangle
		walls    = 16 + (boxBytes+1)*4/leafSize + wallBytes // its place in the order, boxes, what is known of it
		places   = (80 + 64) / 4                            // of a triangle: one in four is a thin place by itself
		vertex   = 4 + 4 + (64+64)/4                        // its set, its first thin triangle, one in four a piece
		touching = 16
		mesh     = 8 << 10 // what is listed
		fixed    = 1 << 20
	)
	return fixed + s.Meshes*mesh + s.Triangles*(edges+walls+places+touching) + s.Vertices*vertex
}

// Examine examines surfaces whose positions count from origin.
func Examine(ctx context.Context, surfaces []surface.Surface, origin [3]float64, o Options) (*Report, error) {
	if o.MinWall == 0 {
		o.MinWall = MinWallDefault
	}
	if !(o.MinWall >= MinWallLeast && o.MinWall <= MinWallMost) {
		return nil, volume.Reject("bad_option", "min-wall = %g mm: want %g to %d", o.MinWall, MinWallLeast, MinWallMost)
	}
	r := &Report{MinWallMM: o.MinWall, Structures: []Structure{}, Touching: touching(surfaces)}
	all := emptyBox()
	for i := range surfaces {
		m := &surfaces[i].Mesh
		if len(m.Triangles) == 0 {
			continue
		}
		s := Structure{Name: surfaces[i].Label.Name, Triangles: len(m.Triangles), SurfaceCM2: surfaces[i].Measure.SurfaceCM2, TouchesABorder: surfaces[i].Measure.Partial}
		s.Topology = topologyOf(m)
		extent := s.addPieces(m, origin)
		s.SizeMM = extent.size()
		s.Weights = weights(s.VolumeML)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if s.Thin, err = thinWalls(ctx, m, origin, o); err != nil {
			return nil, err
		}
		all.add(extent.low)
		all.add(extent.high)
		r.VolumeML += s.VolumeML
		r.Structures = append(r.Structures, s)
	}
	if len(r.Structures) > 0 {
		r.SizeMM = all.size()
	}
	r.Weights = weights(r.VolumeML)
	return r, nil
}

package build

import (
	"math"

	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/volume"
)

// A run is a stretch of voxels of one structure within a row. Pieces are sets of
// runs: those of neighbouring rows that touch are joined in a union-find.
type run struct {
	from, to  int32 // x of the first voxel, and of the one after the last
	structure uint16
	piece     uint32 // another run of the same piece, itself for its first
}

// dropPieces copies a label map without the pieces that Options do without.
func dropPieces(m *volume.LabelMap, c *choice, o *Options) (*volume.LabelMap, error) {
	runs, rows, err := findRuns(m, c)
	if err != nil {
		return nil, err
	}
	joinRuns(runs, rows, m.Dims, o.Joined)

	voxels := make([]int64, len(runs)) // of the piece, at its first run
	for i := range runs {
		voxels[root(runs, uint32(i))] += int64(runs[i].to - runs[i].from)
	}
	largest := make(map[uint16]uint32) // first run of each structure's largest piece
	for i := range runs {
		if r := &runs[i]; r.piece == uint32(i) {
			if best, ok := largest[r.structure]; !ok || voxels[i] > voxels[best] {
				largest[r.structure] = uint32(i)
			}
		}
	}
	atLeast := o.DropBelowMM3 / math.Abs(m.Affine.Det())

	out := &volume.LabelMap{Dims: m.Dims, Affine: m.Affine, Table: m.Table, U8: append([]uint8(nil), m.U8...), U16: append([]uint16(nil), m.U16...)}
	for row := range len(rows) - 1 {
		for i := rows[row]; i < rows[row+1]; i++ {
			r := &runs[i]
			first := root(runs, i)
			if float64(voxels[first]) >= atLeast && (!o.KeepLargest || largest[r.structure] == first) {
				continue
			}
			start := row * m.Dims[0]
			if m.U8 != nil {
				clear(out.U8[start+int(r.from) : start+int(r.to)])
			} else {
				clear(out.U16[start+int(r.from) : start+int(r.to)])
			}
		}
	}
	return out, nil
}

// findRuns lists the runs of all rows, and where each row's begin.
func findRuns(m *volume.LabelMap, c *choice) (runs []run, rows []uint32, err error) {
	nx := m.Dims[0]
	limit := 2 * nets.MaxVertices(m.Dims) // a run has two ends, a quad and a vertex each
	for row := range m.Dims[1] * m.Dims[2] {
		rows = append(rows, uint32(len(runs)))
		if len(runs) > limit {
			return nil, nil, volume.Reject("too_large", "the structures are in more pieces than a scan of this size should have (more than %d runs of voxels): choose fewer structures; noise makes no model", limit)
		}
		for x := 0; x < nx; {
			label := m.At(row*nx + x)
			from := x
			for x++; x < nx && m.At(row*nx+x) == label; x++ {
			}
			s := c.of(label)
			if s == 0 {
				continue
			}
			if last := len(runs) - 1; last >= int(rows[row]) && runs[last].structure == uint16(s) && runs[last].to == int32(from) {
				runs[last].to = int32(x) // two labels of one group
				continue
			}
			runs = append(runs, run{from: int32(from), to: int32(x), structure: uint16(s), piece: uint32(len(runs))})
		}
	}
	return runs, append(rows, uint32(len(runs))), nil
}

// joinRuns joins runs that share a voxel face, or, with joined, a voxel edge.
func joinRuns(runs []run, rows []uint32, dims [3]int, joined bool) {
	ny := dims[1]
	for row := range len(rows) - 1 {
		y, z := row%ny, row/ny
		here := [2]uint32{rows[row], rows[row+1]}
		join := func(other int, reach int32) {
			touch(runs, here, [2]uint32{rows[other], rows[other+1]}, reach)
		}
		diagonal := int32(0)
		if joined {
			diagonal = 1
		}
		if y > 0 {
			join(row-1, diagonal)
		}
		if z > 0 {
			join(row-ny, diagonal)
			if joined && y > 0 {
				join(row-ny-1, 0)
			}
			if joined && y < ny-1 {
				join(row-ny+1, 0)
			}
		}
	}
}

// touch joins the runs a and b of two rows that overlap once each is made longer
// by reach. Both are in order of x, so one walk over either suffices.
func touch(runs []run, a, b [2]uint32, reach int32) {
	for i, j := a[0], b[0]; i < a[1] && j < b[1]; {
		p, q := &runs[i], &runs[j]
		if p.structure == q.structure && p.from < q.to+reach && q.from < p.to+reach {
			u, v := root(runs, i), root(runs, j)
			runs[max(u, v)].piece = min(u, v)
		}
		if p.to < q.to {
			i++
		} else {
			j++
		}
	}
}

// root is the first run of a piece.
func root(runs []run, i uint32) uint32 {
	for runs[i].piece != i {
		runs[i].piece = runs[runs[i].piece].piece
		i = runs[i].piece
	}
	return i
}

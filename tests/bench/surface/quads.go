package main

import (
	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// sharedQuads lists every quad of a net once, as vertex numbers, with the labels
// on its two sides: what vtkSurfaceNets3D emits. The engine itself has no use for
// the list, it goes from the net to each label's triangles; it is made here so
// that extraction is compared with all of its output.
func sharedQuads(n *nets.Net, threads int) (quads [][4]uint32, sides [][2]uint16) {
	starts := make([]int, len(n.Layers)+1)
	for z := range n.Layers {
		count := 0
		for i := range n.Layers[z].Vertices {
			q := n.Layers[z].Vertices[i].Quads
			count += int(q&1 + q>>1&1 + q>>2&1)
		}
		starts[z+1] = starts[z] + count
	}
	total := starts[len(n.Layers)]
	quads, sides = pages.Make[[4]uint32](total), pages.Make[[2]uint16](total)
	work.Share(work.Workers(threads, len(n.Layers)), len(n.Layers), func(_, z int) {
		layerQuads(n, z, quads[starts[z]:starts[z+1]], sides[starts[z]:starts[z+1]])
	})
	return quads, sides
}

func layerQuads(n *nets.Net, z int, quads [][4]uint32, sides [][2]uint16) {
	l := &n.Layers[z]
	next := 0
	for i := range l.Vertices {
		v := &l.Vertices[i]
		if v.Quads == 0 {
			continue
		}
		at := n.Start[z] + i
		entries := l.Entries[l.First[i]:l.First[i+1]]
		low := nets.LabelAt(entries, 0)
		y, d := at+int(v.Y0), at+int(v.Z0)
		put := func(c int, a, b, e, f int) {
			quads[next] = [4]uint32{uint32(a), uint32(b), uint32(e), uint32(f)}
			sides[next] = [2]uint16{low, nets.LabelAt(entries, c)}
			next++
		}
		if v.Quads&1 != 0 {
			yd := d + int(n.Layers[z-1].Vertices[d-n.Start[z-1]].Y0)
			put(1, yd, d, at, y)
		}
		if v.Quads&2 != 0 {
			put(2, d-1, at-1, at, d)
		}
		if v.Quads&4 != 0 {
			put(4, y-1, y, at, at-1)
		}
	}
}

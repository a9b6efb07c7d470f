package labelmap

import "github.com/iris-oculus/iris/internal/volume"

// A scan of whole positive numbers, as many MR scans are, could be read as a label
// map of hundreds of structures of a few voxels each. The difference is that
// neighbouring voxels of a label map mostly carry the same label.
const (
	// fewLabels is the number of labels below which a map is not suspected. No scan has
	// so few grey values, and small maps of thin structures have few equal neighbours.
	fewLabels = 64
	// scanLike is the share of equal ones among neighbours that are both labelled,
	// below which the map is suspected. Parcellations into cells of four voxels have
	// 0.75, scans below 0.3 unless they are almost empty.
	scanLike = 0.5
)

var scanWarning = volume.Warning{Code: "looks_like_a_scan",
	Message: "the file looks like a scan, not like a label map: it has many different values, and neighbouring voxels mostly differ"}

// Suspect warns of a map without names whose voxels look like a scan.
func Suspect(m *volume.LabelMap) {
	if LooksLikeScan(m) {
		m.Warnings = append(m.Warnings, scanWarning)
	}
}

// LooksLikeScan says whether a map's voxels look like the grey values of a scan.
func LooksLikeScan(m *volume.LabelMap) bool {
	nx := m.Dims[0]
	seen := make([]bool, 1<<16)
	different := 0
	pairs, equal := 0, 0
	for at := 0; at < m.Len(); at += nx {
		last := 0
		for x := range nx {
			v := m.At(at + x)
			if v != 0 {
				if !seen[v] {
					seen[v] = true
					different++
				}
				if last != 0 {
					pairs++
					if v == last {
						equal++
					}
				}
			}
			last = v
		}
	}
	return different >= fewLabels && float64(equal) < scanLike*float64(pairs)
}

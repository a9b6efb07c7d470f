package series

import (
	"hash/fnv"
	"strings"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
)

// mark is a fingerprint of a UID, 0 for an empty one.
func mark(uid string) uint64 {
	if uid == "" {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(uid))
	return max(1, h.Sum64())
}

// passes are the marks that tell two volumes of a modality apart when they
// alternate along the stack, and what the owner is told that they are. A
// scanner numbers table positions too, so that numbers that change once are one
// volume. MR scanners gate and interleave the slices of one volume, so that
// neither their clock nor their trigger counts.
var passes = []struct {
	mark       header.Mark
	name       string
	modalities string
	// chance: its values may repeat by chance in one volume. A gated scanner steps
	// on with every few heart beats, and each beat has a trigger time of its own,
	// of which two may be equal. Such values tell volumes apart only when the slices
	// of each make an even stack of their own.
	chance bool
}{
	{header.MarkTime, "temporal positions", "CT MR PT", false},
	{header.MarkEcho, "echoes", "CT MR PT", false},
	{header.MarkAcquisition, "acquisitions", "CT PT", false},
	{header.MarkVoltage, "tube voltages", "CT", false},
	{header.MarkTrigger, "heart phases", "CT PT", true},
	{header.MarkClock, "acquisition times", "CT PT", true},
}

// overlapping: slices this much thicker than their distance cover each other,
// so that numbers that alternate are two volumes and no interleaving.
const overlapping = 1.25

// checkPasses refuses two volumes that were pushed into each other: slices of
// either that alternate along the stack. The planes must be known.
func (s *Series) checkPasses(st *Stack) error {
	single := s.singles(len(st.Depth))
	for _, p := range passes {
		judged := strings.Contains(p.modalities, s.Modality)
		if !judged && p.mark == header.MarkAcquisition && len(single) > 0 {
			thickness := s.Slices[single[0]].geometry.Thickness
			judged = thickness > overlapping*st.Depth[len(st.Depth)-1]/float64(len(st.Depth)-1)
		}
		if !judged {
			continue
		}
		runs, last := map[uint64]int{}, uint64(0)
		depths := map[uint64][]float64{}
		for _, i := range single {
			v := s.Slices[i].geometry.Marks[p.mark]
			depths[v] = append(depths[v], st.Depth[s.Slices[i].Plane])
			if v != 0 && v != last {
				runs[v]++
				last = v
			}
		}
		again := 0
		for v, n := range runs {
			if n > 1 && (!p.chance || len(depths[v]) >= MinSlices && st.even(depths[v])) {
				again++
			}
		}
		if again > 1 {
			return volume.Reject("multiple_volumes", "the slices of %d %s alternate along the series: it holds more than one volume (phases, times or passes that overlap); send the slices of one of them", len(runs), p.name)
		}
	}
	return nil
}

// singles are the slices that have their plane for themselves. Slices that
// share one are compared by their pixels.
func (s *Series) singles(planes int) []int {
	count := make([]int, planes)
	for _, sl := range s.Slices {
		count[sl.Plane]++
	}
	var out []int
	for i, sl := range s.Slices {
		if count[sl.Plane] == 1 {
			out = append(out, i)
		}
	}
	return out
}

// checkSpace refuses slices of several frames of reference or studies: their
// positions cannot be compared. A UID of its own for every image tells nothing:
// careless anonymisers write those.
func (s *Series) checkSpace() error {
	spaces, studies := map[uint64]bool{}, map[uint64]bool{}
	for _, im := range s.Images {
		if im.space != 0 {
			spaces[im.space] = true
		}
		if im.study != 0 {
			studies[im.study] = true
		}
	}
	for _, found := range []struct {
		n    int
		what string
	}{{len(spaces), "frames of reference"}, {len(studies), "studies"}} {
		if found.n > 1 && found.n < len(s.Images) {
			return volume.Reject("multiple_volumes", "the slices of the series belong to %d %s, whose positions cannot be compared: it holds more than one volume; send one of them", found.n, found.what)
		}
	}
	return nil
}

// Scattered says whether every image has a frame of reference of its own.
func (s *Series) Scattered() bool {
	spaces := map[uint64]bool{}
	for _, im := range s.Images {
		if im.space != 0 {
			spaces[im.space] = true
		}
	}
	return len(spaces) > 1
}

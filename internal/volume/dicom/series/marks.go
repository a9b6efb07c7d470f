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

// passes are the marks that tell two volumes of a modality apart when their values
// alternate along the stack, and the words for them in an error. A scanner numbers
// table positions as well, so that a number may change within one volume. MR scanners
// gate and interleave the slices of one volume, so that neither their clock nor their
// trigger counts.
var passes = []struct {
	mark       header.Mark
	name       string
	modalities string
	// chance says that values of the mark may repeat by chance in one volume. A gated
	// scanner moves on after a few heart beats, and each beat has a trigger time, of
	// which two may be equal. Such values tell volumes apart only when the slices of
	// each value make an even stack.
	chance bool
}{
	{header.MarkTime, "temporal positions", "CT MR PT", false},
	{header.MarkEcho, "echoes", "CT MR PT", false},
	{header.MarkAcquisition, "acquisitions", "CT PT", false},
	{header.MarkVoltage, "tube voltages", "CT", false},
	{header.MarkTrigger, "heart phases", "CT PT", true},
	{header.MarkClock, "acquisition times", "CT PT", true},
}

// overlapping is the ratio of thickness to distance above which slices cover each
// other. Marks that alternate along such slices mean two volumes, not one that was
// scanned in interleaved order.
const overlapping = 1.25

// checkPasses refuses a stack in which the slices of two volumes alternate. The planes
// must be known.
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

// checkSpace refuses slices of several frames of reference or studies, because their
// positions cannot be compared. It accepts a different UID for every image, as
// careless anonymisers write them.
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

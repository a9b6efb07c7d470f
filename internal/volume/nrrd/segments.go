package nrrd

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/labelmap"
	"github.com/iris-oculus/iris/internal/volume/labeltable"
)

// maxSegments bounds the numbers of segments.
const maxSegments = math.MaxUint16

// segment is what the keys Segment{N}_… say of segment N, not judged yet.
type segment struct {
	name, id, value, layer, color, extent string
}

// keyValue takes a key and its value. Keys of segments are kept, others say nothing
// about a label map.
func (h *header) keyValue(key, value string) {
	rest, isSegment := strings.CutPrefix(key, "Segment")
	number, field, found := strings.Cut(rest, "_")
	n, err := strconv.Atoi(number)
	if !isSegment || !found || err != nil || n < 0 || n >= maxSegments || number != strconv.Itoa(n) {
		return
	}
	s := h.segments[n]
	if s == nil {
		s = &segment{}
	}
	switch field {
	case "Name":
		s.name = value
	case "ID":
		s.id = value
	case "LabelValue":
		s.value = value
	case "Layer":
		s.layer = value
	case "Color", "DefaultColor": // the second is that of old versions
		s.color = value
	case "Extent":
		s.extent = value
	default:
		return
	}
	h.segments[n] = s
}

// segmentation says which label a voxel of a layer has, and how labels are named.
type segmentation struct {
	entries  []labeltable.Entry
	labels   []map[float64]float64 // per layer: label by value; nil for a file of one layer
	warnings []volume.Warning
}

// place is where a segment is found: its value in its layer.
type place struct {
	layer int
	value int64
}

// newSegmentation gives each segment its label: its value, or, when two layers use the
// same one, its turn.
func newSegmentation(h *header) *segmentation {
	t := &segmentation{}
	numbers := slices.Sorted(maps.Keys(h.segments))
	at := make(map[place]*segment)
	layerOf := make(map[int64]int)
	var order []place
	twice, outside, shared := false, false, false
	for _, n := range numbers {
		s := h.segments[n]
		p, ok := s.place(n, h.layers)
		if !ok {
			outside = true
			continue
		}
		if first := at[p]; first != nil {
			// 3D Slicer may give an empty segment the value of another one.
			switch {
			case s.empty():
			case first.empty():
				at[p] = s
			default:
				twice = true
			}
			continue
		}
		if l, used := layerOf[p.value]; used && l != p.layer {
			shared = true
		}
		at[p], layerOf[p.value] = s, p.layer
		order = append(order, p)
	}
	if h.layers > 1 {
		t.labels = make([]map[float64]float64, h.layers)
	}
	for i, p := range order {
		label := p.value
		if shared {
			label = int64(i + 1)
		}
		if t.labels != nil {
			if t.labels[p.layer] == nil {
				t.labels[p.layer] = make(map[float64]float64)
			}
			t.labels[p.layer][float64(p.value)] = float64(label)
		}
		s := at[p]
		if name := s.title(); name != "" {
			t.entries = append(t.entries, labeltable.Entry{ID: label, Name: name, Color: s.rgb()})
		}
	}
	if twice {
		t.warn("labels_table_ignored", "two segments of the file have the same label value; the name and the colour of the first count")
	}
	if outside {
		t.warn("labels_table_ignored", "a segment of the file has a label value or a layer that no voxel can have; it was ignored")
	}
	if shared {
		t.warn("labels_renumbered", "segments in different layers of the file have the same label value; all were numbered from 1 in the file's order")
	}
	return t
}

func (t *segmentation) warn(code, message string) {
	t.warnings = append(t.warnings, volume.Warning{Code: code, Message: message})
}

// place is the layer and the value of segment n. Where the file lacks them they are
// what 3D Slicer assumes: the value 1, and a layer of its own if there are several.
func (s *segment) place(n, layers int) (p place, ok bool) {
	p = place{value: 1}
	if layers > 1 {
		p.layer = n
	}
	if s.value != "" {
		v, err := strconv.ParseInt(strings.TrimSpace(s.value), 10, 64)
		if err != nil {
			return p, false
		}
		p.value = v
	}
	if s.layer != "" {
		l, err := strconv.Atoi(strings.TrimSpace(s.layer))
		if err != nil {
			return p, false
		}
		p.layer = l
	}
	return p, p.value >= 1 && p.value < labelmap.Largest && p.layer >= 0 && p.layer < layers
}

// unescape undoes what NRRD does to line ends and backslashes.
var unescape = strings.NewReplacer(`\\`, `\`, `\n`, " ")

// title is the name on one line, or the id of a segment without a name.
func (s *segment) title() string {
	if name := labeltable.Printable(unescape.Replace(s.name)); name != "" {
		return name
	}
	return labeltable.Printable(unescape.Replace(s.id))
}

// rgb is the colour, whose parts are 0 to 1 in the file; empty for anything else.
func (s *segment) rgb() string {
	parts := strings.Fields(s.color)
	if len(parts) != 3 {
		return ""
	}
	var v [3]float64
	for i, p := range parts {
		var err error
		if v[i], err = strconv.ParseFloat(p, 64); err != nil || !(v[i] >= 0 && v[i] <= 1) {
			return ""
		}
	}
	return labeltable.RGB(255*v[0], 255*v[1], 255*v[2])
}

// empty says that the file knows that the segment has no voxels: a box that ends
// before it begins.
func (s *segment) empty() bool {
	parts := strings.Fields(s.extent)
	if len(parts) != 6 {
		return false
	}
	for i := 0; i < 6; i += 2 {
		low, err := strconv.Atoi(parts[i])
		high, err2 := strconv.Atoi(parts[i+1])
		if err == nil && err2 == nil && high < low {
			return true
		}
	}
	return false
}

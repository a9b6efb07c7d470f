package labelmap

import (
	"fmt"
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/volume"
)

// wideLabels gives numbers of 16 bits to labels with more bits, as those of the Allen
// Institute's atlases. While voxels come in, numbers follow the order in which labels
// appear; in the end they follow the order of the labels.
type wideLabels struct {
	labels  []int64 // by number; 0 is the background
	numbers map[int64]uint16
	last    float64 // the last label; a run of it needs one look into the map
	number  uint16
}

// newWideLabels begins with voxels that carry their own labels, and renumbers them.
func newWideLabels(voxels []uint16) *wideLabels {
	w := &wideLabels{labels: []int64{0}, numbers: map[int64]uint16{0: 0}}
	present := make([]bool, math.MaxUint16+1)
	for _, v := range voxels {
		present[v] = true
	}
	number := make([]uint16, len(present))
	for label, here := range present {
		if here && label > 0 {
			number[label] = uint16(len(w.labels))
			w.numbers[int64(label)] = number[label]
			w.labels = append(w.labels, int64(label))
		}
	}
	for i, v := range voxels {
		voxels[i] = number[v]
	}
	return w
}

// add writes the numbers of labels.
func (w *wideLabels) add(voxels []uint16, labels []float64) error {
	for i, v := range labels {
		if v != w.last {
			number, known := w.numbers[int64(v)]
			if !known {
				if len(w.labels) > math.MaxUint16 {
					return volume.Reject("bad_labels", "the label map has more than %d different labels: is it a scan?", math.MaxUint16)
				}
				number = uint16(len(w.labels))
				w.numbers[int64(v)] = number
				w.labels = append(w.labels, int64(v))
			}
			w.last, w.number = v, number
		}
		voxels[i] = w.number
	}
	return nil
}

// sort puts the numbers in order of the labels, and makes a table of them.
func (w *wideLabels) sort(voxels []uint16) []volume.Label {
	order := slices.Clone(w.labels[1:])
	slices.Sort(order)
	number := make([]uint16, len(w.labels))
	table := make([]volume.Label, len(order))
	for i, label := range order {
		number[w.numbers[label]] = uint16(i + 1)
		table[i] = volume.Label{ID: i + 1, Source: label, Name: fmt.Sprintf("label_%d", label), Color: volume.ColorOf(label)}
	}
	for i, v := range voxels {
		voxels[i] = number[v]
	}
	return table
}

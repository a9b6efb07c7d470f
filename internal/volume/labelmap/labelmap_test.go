package labelmap

import (
	"errors"
	"math"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
)

func TestTooManyWideLabels(t *testing.T) {
	var fault *volume.Error
	w := newWideLabels(nil)
	values := make([]float64, math.MaxUint16+1)
	for i := range values {
		values[i] = float64(70000 + i)
	}
	if err := w.add(make([]uint16, len(values)), values); !errors.As(err, &fault) || fault.Code != "bad_labels" {
		t.Errorf("%v", err)
	}
}

// grey is a map of smooth grey values with some noise, labels one of blocks.
func grey(block int) *volume.LabelMap {
	m := &volume.LabelMap{Dims: [3]int{32, 32, 8}, U16: make([]uint16, 32*32*8)}
	for i := range m.U16 {
		x, y, z := i%32, i/32%32, i/1024
		if block > 0 {
			m.U16[i] = uint16(1 + x/block + 16*(y/block) + 256*(z/block))
			continue
		}
		m.U16[i] = uint16(300 + 5*x + 3*y + z + (i*7919)%13)
	}
	return m
}

func TestLooksLikeScan(t *testing.T) {
	if !LooksLikeScan(grey(0)) {
		t.Error("a scan is taken for a label map")
	}
	for _, block := range []int{2, 3, 4, 8} {
		if LooksLikeScan(grey(block)) {
			t.Errorf("a parcellation into blocks of %d is taken for a scan", block)
		}
	}
}

// Labels of 8, 16 and more bits, met before and after the point where memory for the
// whole map is taken, come out as they went in.
func TestReadValuesGrows(t *testing.T) {
	dims := [3]int{1024, 1024, 5} // GoodFaith is 4 of the 5 planes
	for name, at := range map[string]map[int]int64{
		"8 bits":                  {5: 1, volume.GoodFaith: 2},
		"16 bits from the start":  {5: 300, volume.GoodFaith - 1: 2, volume.GoodFaith: 301},
		"16 bits at the end":      {5: 1, 5<<20 - 1: 300},
		"wide from the start":     {5: 70001, 6: 300, volume.GoodFaith: 70000, 5<<20 - 1: 1},
		"wide after 16 bits":      {5: 300, volume.GoodFaith + 9: 70000},
		"wide at once at the end": {5: 1, 5<<20 - 1: 70000},
	} {
		m := &volume.LabelMap{Dims: dims}
		done, values := 0, make([]float64, 1<<16)
		err := ReadValues(m, func(most int) ([]float64, error) {
			part := values[:min(most, len(values))]
			clear(part)
			for n, v := range at {
				if n >= done && n < done+len(part) {
					part[n-done] = float64(v)
				}
			}
			done += len(part)
			return part, nil
		})
		if err != nil || len(m.U8)+len(m.U16) != m.Len() {
			t.Fatalf("%s: %v, %d of %d voxels", name, err, len(m.U8)+len(m.U16), m.Len())
		}
		labelled := 0
		for n := range m.Len() {
			got := int64(m.At(n))
			if l, found := m.Table.Find(int(got)); found {
				got = l.Source
			}
			if got != 0 {
				labelled++
			}
			if got != at[n] {
				t.Fatalf("%s: voxel %d is %d, want %d", name, n, got, at[n])
			}
		}
		if labelled != len(at) {
			t.Errorf("%s: %d voxels are labelled, want %d", name, labelled, len(at))
		}
	}
}

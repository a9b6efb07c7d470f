package series_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
)

// marked is an even pile whose slices carry a mark, 0 for none.
func marked(m header.Mark, modality string, values ...uint64) []*header.Header {
	var out []*header.Header
	for n, v := range values {
		h := slice(0, 0, 2*float64(n))
		h.Modality = modality
		h.Root.Marks[m] = v
		out = append(out, h)
	}
	return out
}

// Numbers that alternate are two volumes, numbers that change along the stack one.
func TestPasses(t *testing.T) {
	cases := []struct {
		name     string
		mark     header.Mark
		modality string
		values   []uint64
		want     string
	}{
		{"one number", header.MarkAcquisition, "CT", []uint64{1, 1, 1, 1, 1, 1}, "<nil>"},
		{"a number for every slice", header.MarkAcquisition, "CT", []uint64{1, 2, 3, 4, 5, 6}, "<nil>"},
		{"a number for every table position", header.MarkAcquisition, "CT", []uint64{1, 1, 2, 2, 3, 3}, "<nil>"},
		{"the same, fed downwards", header.MarkAcquisition, "CT", []uint64{3, 3, 2, 2, 1, 1}, "<nil>"},
		{"one slice scanned again", header.MarkAcquisition, "CT", []uint64{1, 1, 2, 1, 1, 1}, "<nil>"},
		{"some without a number", header.MarkAcquisition, "CT", []uint64{1, 0, 1, 0, 2, 2}, "<nil>"},
		{"alternating", header.MarkAcquisition, "CT", []uint64{1, 2, 1, 2, 1, 2}, "multiple_volumes"},
		{"three by turns", header.MarkAcquisition, "CT", []uint64{1, 2, 3, 1, 2, 3}, "multiple_volumes"},
		{"two passes that overlap", header.MarkAcquisition, "CT", []uint64{1, 1, 2, 1, 2, 2}, "multiple_volumes"},
		{"temporal positions", header.MarkTime, "PT", []uint64{1, 2, 1, 2, 1, 2}, "multiple_volumes"},
		{"echoes", header.MarkEcho, "MR", []uint64{1, 2, 1, 2, 1, 2}, "multiple_volumes"},
		{"tube voltages", header.MarkVoltage, "CT", []uint64{80, 140, 80, 140, 80, 140}, "multiple_volumes"},
		{"heart phases", header.MarkTrigger, "CT", []uint64{1, 2, 1, 2, 1, 2}, "multiple_volumes"},
		{"table positions whose beats had equal trigger times", header.MarkTrigger, "CT", []uint64{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2}, "<nil>"},
		{"one beat a slice, times that happen to be equal", header.MarkTrigger, "CT", []uint64{1, 2, 3, 1, 4, 2, 5, 3, 1, 6, 7, 2}, "<nil>"},
		{"times of rotations that share slices", header.MarkClock, "CT", []uint64{1, 2, 1, 2, 2, 3, 2, 3, 3, 4, 3, 4}, "<nil>"},
		{"two times by turns", header.MarkClock, "CT", []uint64{1, 2, 1, 2, 1, 2}, "multiple_volumes"},
		{"MR slices interleaved in two passes", header.MarkAcquisition, "MR", []uint64{1, 2, 1, 2, 1, 2}, "<nil>"},
		{"MR slices gated in turns", header.MarkTrigger, "MR", []uint64{1, 2, 1, 2, 1, 2}, "<nil>"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			headers := marked(c.mark, c.modality, c.values...)
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(headers), func(i, j int) { headers[i], headers[j] = headers[j], headers[i] })
			_, _, err := stackOf(headers...)
			if code(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// MR slices that are thicker than their distance cover each other: numbers that
// alternate are two volumes there too.
func TestThickPassesOfMR(t *testing.T) {
	headers := marked(header.MarkAcquisition, "MR", 1, 2, 1, 2, 1, 2)
	for _, h := range headers {
		h.Root.Thickness = 4
	}
	if _, _, err := stackOf(headers...); code(err) != "multiple_volumes" {
		t.Errorf("%v", err)
	}
}

// Positions of several frames of reference, or of several studies, cannot be compared.
func TestSpaces(t *testing.T) {
	set := func(space, study func(n int) string) []*header.Header {
		headers := pile(0, 2, 4, 6)
		for n, h := range headers {
			h.FrameOfReference, h.Study = space(n), study(n)
		}
		return headers
	}
	one := func(int) string { return "1.2" }
	half := func(n int) string { return fmt.Sprint("1.", n/2) }
	odd := func(n int) string { return fmt.Sprint("1.", n/3) }
	own := func(n int) string { return fmt.Sprint("1.", n) }
	none := func(int) string { return "" }
	cases := []struct {
		name         string
		space, study func(int) string
		want         string
	}{
		{"one", one, one, "<nil>"},
		{"none", none, none, "<nil>"},
		{"two", half, one, "multiple_volumes"},
		{"one slice of another", odd, one, "multiple_volumes"},
		{"two studies", one, half, "multiple_volumes"},
		{"an anonymiser's: one for every slice", own, own, "<nil>"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, _, err := stackOf(set(c.space, c.study)...)
			if code(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			if err == nil && s.Scattered() != (c.space(0) != c.space(1)) {
				t.Errorf("scattered: %v", s.Scattered())
			}
		})
	}
}

// Slices that may have been sent twice, and which of two is kept.
func TestNear(t *testing.T) {
	cases := []struct {
		name   string
		depths []float64
		near   int
		want   []float64 // depths that are kept when all pairs are equal
	}{
		{"none", []float64{0, 2, 4, 6}, 0, []float64{0, 2, 4, 6}},
		{"the upper one is off", []float64{0, 2, 2.02, 4, 6}, 1, []float64{0, 2, 4, 6}},
		{"the lower one is off", []float64{0, 2, 3.98, 4, 6}, 1, []float64{0, 2, 4, 6}},
		{"at the lower end", []float64{-0.02, 0, 2, 4, 6}, 1, []float64{0, 2, 4, 6}},
		{"at the upper end", []float64{0, 2, 4, 6, 6.02}, 1, []float64{0, 2, 4, 6}},
		{"all of them", []float64{0, 0.02, 2, 2.02, 4, 4.02}, 3, nil},
		{"a seam is none", []float64{0, 2, 4, 4.25, 6.25}, 0, nil},
		{"thin slices are none", []float64{0, 0.05, 0.1, 0.15}, 0, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var b series.Builder
			for n, h := range pile(c.depths...) {
				b.Add(n, h, nil)
			}
			s, err := b.Choose(series.Choice{})
			if err != nil {
				t.Fatal(err)
			}
			near := s.Near()
			if len(near) != c.near {
				t.Fatalf("%v, want %d", near, c.near)
			}
			for _, pair := range near {
				s.Repeat(pair)
			}
			st, err := s.Stack()
			if err != nil {
				t.Fatal(err)
			}
			if c.want != nil && (len(st.Depth) != len(c.want) || !st.Even || st.Affine[2][3] != c.want[0] || st.Depth[len(st.Depth)-1] != c.want[len(c.want)-1]) {
				t.Errorf("depths %v from %g, want %v", st.Depth, st.Affine[2][3], c.want)
			}
		})
	}
}

// A volume before what is none, an original before what was made of it.
func TestTheRightSeries(t *testing.T) {
	type kind struct {
		n      int
		change func(n int, h *header.Header)
	}
	plain := func(int, *header.Header) {}
	derived := func(_ int, h *header.Header) { h.Derived = true }
	turning := func(n int, h *header.Header) {
		turns := [][6]float64{{1, 0, 0, 0, 1, 0}, {0, 1, 0, 0, 0, 1}, {1, 0, 0, 0, 0, 1}}
		h.Root.Orientation = turns[n%3]
	}
	still := func(_ int, h *header.Header) { h.Root.Position = [3]float64{} }
	nowhere := func(_ int, h *header.Header) { h.Root.Has &^= header.HasPosition }
	capture := func(_ int, h *header.Header) { h.SOPClass = "1.2.840.10008.5.1.4.1.1.7" }
	cases := []struct {
		name   string
		series []kind
		want   string
	}{
		{"the larger one", []kind{{4, plain}, {6, plain}}, "1"},
		{"not the reformats", []kind{{9, derived}, {4, plain}}, "1"},
		{"not the secondary captures", []kind{{9, capture}, {4, plain}}, "1"},
		{"not the turning projections", []kind{{9, turning}, {4, plain}}, "1"},
		{"not the slices of one place", []kind{{9, still}, {4, plain}}, "1"},
		{"not the ones of no place", []kind{{9, nowhere}, {4, plain}}, "1"},
		{"reformats before no volume", []kind{{9, turning}, {4, derived}}, "1"},
		{"reformats when there is nothing else", []kind{{4, derived}}, "0"},
		{"two equal ones", []kind{{4, plain}, {4, plain}, {9, derived}}, "multiple_series"},
		{"equal, but one is derived", []kind{{4, derived}, {4, plain}}, "1"},
		{"an original that lacks a slice is not passed over", []kind{{9, derived}, {4, func(n int, h *header.Header) {
			if n == 3 {
				h.Root.Position[2] += 2
			}
		}}}, "missing_slices series=2: CT, 9 slices, 2.00 mm apart, derived from other images"},
		{"nor is one that is compressed", []kind{{9, derived}, {4, func(_ int, h *header.Header) { h.TransferSyntax = "1.2.840.10008.1.2.4.110" }}}, "unsupported_transfer_syntax series=2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var b series.Builder
			for uid, k := range c.series {
				for n := range k.n {
					h := slice(0, 0, 2*float64(n))
					h.Series = fmt.Sprint(uid)
					k.change(n, h)
					b.Add(100*uid+n, h, nil)
				}
			}
			s, err := b.Choose(series.Choice{})
			got := ""
			if err == nil {
				got = s.UID
				if _, err = s.Stack(); err != nil {
					err = s.Explain(err)
				}
			}
			want, list, _ := strings.Cut(c.want, " ")
			if err != nil {
				got = code(err)
			}
			if got != want || list != "" && !strings.Contains(err.Error(), list) {
				t.Errorf("%s: %v, want %s", got, err, c.want)
			}
		})
	}
}

// Slices that each say that they are a series of their own are one series.
func TestJoin(t *testing.T) {
	build := func(change func(n int, h *header.Header)) (*series.Series, error) {
		var b series.Builder
		for n := range 5 {
			h := slice(0, 0, 2*float64(n))
			h.Series, h.Study, h.FrameOfReference = fmt.Sprint("1.", n), "1", "2"
			change(n, h)
			b.Add(n, h, nil)
		}
		return b.Choose(series.Choice{})
	}
	cases := []struct {
		name   string
		change func(n int, h *header.Header)
		want   string
	}{
		{"the series only", func(int, *header.Header) {}, "5"},
		{"every UID", func(n int, h *header.Header) { h.Study, h.FrameOfReference = fmt.Sprint(n), fmt.Sprint(n) }, "5"},
		{"of two matrices", func(n int, h *header.Header) {
			if n > 2 {
				h.Rows, h.Pixels.Length = 2, 24
			}
		}, "3"},
		{"of two studies", func(n int, h *header.Header) { h.Study = fmt.Sprint(n / 3) }, "3"},
		{"of orientations of their own", func(n int, h *header.Header) { h.Root.Orientation[2] = float64(n) }, "too_few_slices"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := build(c.change)
			got := code(err)
			if err == nil {
				got = fmt.Sprint(s.Joined())
				_, err = s.Stack()
			}
			if got != c.want || c.want == "5" && err != nil {
				t.Errorf("%s: %v, want %s", got, err, c.want)
			}
			if err != nil && !strings.Contains(err.Error(), "5 images in 5 series") {
				t.Errorf("%v", err)
			}
		})
	}
}

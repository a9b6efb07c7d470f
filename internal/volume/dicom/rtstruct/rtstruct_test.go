package rtstruct

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/object"
	"github.com/iris-oculus/iris/internal/volume/dicom/objecttest"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
	"github.com/iris-oculus/iris/internal/volume/dicom/planes"
)

// within says whether a point lies in a closed contour, by the number of edges to its right.
func within(loop []point, r, c float64) bool {
	inside := false
	for i, p := range loop {
		q := loop[(i+1)%len(loop)]
		y0, y1 := float64(p.r)/2, float64(q.r)/2
		if (y0 > r) != (y1 > r) && c < float64(p.c)/2+(r-y0)/(y1-y0)*float64(q.c-p.c)/2 {
			inside = !inside
		}
	}
	return inside
}

// check fills contours as readers do: each by itself, added up or by XOR.
func check(t *testing.T, name string, m *mask) {
	t.Helper()
	all := contours(m)
	for _, loop := range all {
		if len(loop) < 3 {
			t.Errorf("%s: a contour of %d vertices", name, len(loop))
		}
	}
	for r := range m.rows {
		for c := range m.columns {
			in := 0
			for _, loop := range all {
				if within(loop, float64(r)+1e-7, float64(c)+1e-7) {
					in++
				}
			}
			if in > 1 || (in == 1) != m.at(r, c) {
				t.Fatalf("%s: pixel %d %d is in %d contours; in the structure: %v\n%v", name, r, c, in, m.at(r, c), all)
			}
		}
	}
}

func parse(text string) *mask {
	lines := strings.Fields(text)
	m := &mask{rows: len(lines), columns: len(lines[0])}
	for _, line := range lines {
		for _, b := range line {
			m.pixels = append(m.pixels, b == '#')
		}
	}
	return m
}

// Filled, contours are the structure: with holes, islands in holes, corners that touch,
// single pixels and structures that reach the edge.
func TestContoursFillTheStructure(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want int // contours
	}{
		"a pixel":                      {"#", 1},
		"a line":                       {"####", 1},
		"corners":                      {"#. .#", 2},
		"a ring":                       {"### #.# ###", 1},
		"a hole's corner":              {".#. #.# .#.", 4},
		"an island":                    {"##### #...# #.#.# #...# #####", 2},
		"two holes":                    {"####### #.#.#.# #######", 1},
		"holes in a row":               {"######## #.##.#.# ######## #..##..# ########", 1},
		"nested":                       {"########### #.........# #.#######.# #.#.....#.# #.#.###.#.# #.#.#.#.#.# #.#.###.#.# #.#.....#.# #.#######.# #.........# ###########", 3},
		"holes that touch at a corner": {"#### #.## ##.# ####", 1},
	} {
		m := parse(c.text)
		check(t, name, m)
		if got := len(contours(m)); got != c.want {
			t.Errorf("%s: %d contours, want %d", name, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 300 {
		m := &mask{rows: 1 + r.IntN(14), columns: 1 + r.IntN(14)}
		share := 1 + r.IntN(9)
		for range m.rows * m.columns {
			m.pixels = append(m.pixels, r.IntN(10) < share)
		}
		check(t, fmt.Sprintf("random %d", n), m)
	}
}

// series is n oblique frames; the map of its pixels lies on the same grid.
func series(n int) (*origin.Scan, *volume.LabelMap) {
	row, col, normal := [3]float64{0.6, 0.8, 0}, [3]float64{-0.8, 0.6, 0}, [3]float64{0, 0, 1}
	s := &origin.Scan{Study: "1.2.3", Series: "1.2.3.4", FrameOfReference: "1.2.3.5", Modality: "CT", Rows: 7, Columns: 9,
		Orientation: [6]float64{0.6, 0.8, 0, -0.8, 0.6, 0}, Spacing: [2]float64{0.75, 0.5}, Gap: 2,
		Attributes: []origin.Attribute{{Tag: 0x00100010, Value: []byte("ZZPHI^NAME")}}}
	m := &volume.LabelMap{Dims: [3]int{9, 7, n}, U8: make([]uint8, 63*n)}
	for a, sign := range [3]float64{-1, -1, 1} {
		m.Affine[a] = [4]float64{sign * row[a] * 0.5, sign * col[a] * 0.75, sign * normal[a] * 2, sign * [3]float64{-10, -20, 30}[a]}
	}
	for k := range n {
		s.Slices = append(s.Slices, origin.Slice{Class: "1.2.840.10008.5.1.4.1.1.2", Instance: fmt.Sprintf("1.2.3.4.%d", k+1), Position: [3]float64{-10, -20, 30 + 2*float64(k)}})
	}
	return s, m
}

var (
	made      = object.Made{Seed: "job", Created: time.Date(2026, 12, 1, 10, 30, 0, 0, time.UTC)}
	sequences = []uint32{0x30060010, 0x30060012, 0x30060014, 0x30060016, 0x30060020, 0x30060039, 0x30060040, 0x30060080, 0x30060086}
)

// A file's contours, taken back to pixels, are the label map; they refer to the images
// that they lie on.
func TestFile(t *testing.T) {
	s, m := series(4)
	r := rand.New(rand.NewPCG(5, 6))
	for n := range m.U8 {
		m.U8[n] = uint8(r.IntN(3))
	}
	m.Table.Labels = []volume.Label{{ID: 1, Name: "liver", Color: "#288c28"}, {ID: 2, Name: "spleen"}}
	var file, again bytes.Buffer
	report, err := Write(&file, m, s, Options{Made: made})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write(&again, m, s, Options{Made: made}); err != nil || !bytes.Equal(again.Bytes(), file.Bytes()) {
		t.Errorf("a second run wrote other bytes: %v", err)
	}
	_, d, err := objecttest.Read(file.Bytes(), sequences...)
	if err != nil {
		t.Fatal(err)
	}
	if d.Text(0x00100010) != "ZZPHI^NAME" || d.Text(0x0020000D) != "1.2.3" || d.Text(0x00080060) != "RTSTRUCT" || d.Text(0x00080018) != report.Instance ||
		len(d[0x30060020].Items) != 2 || d[0x30060039].Items[0].Text(0x3006002A) != `40\140\40` {
		t.Errorf("%v", d)
	}
	got := make([]uint8, len(m.U8))
	for i, region := range d[0x30060039].Items {
		for _, c := range region[0x30060040].Items {
			var loop []point
			text := strings.Split(c.Text(0x30060050), `\`)
			var last [3]float64
			for n := 0; n+2 < len(text); n += 3 {
				var p [3]float64
				for a := range p {
					if p[a], err = strconv.ParseFloat(text[n+a], 64); err != nil {
						t.Fatal(err)
					}
				}
				x, y := p[0]+10, p[1]+20
				loop, last = append(loop, point{int(math.Round(2 * (-0.8*x + 0.6*y) / 0.75)), int(math.Round(2 * (0.6*x + 0.8*y) / 0.5))}), p
			}
			if fmt.Sprint(len(loop)) != c.Text(0x30060046) {
				t.Errorf("%d vertices, %s said", len(loop), c.Text(0x30060046))
			}
			k := int(math.Round((last[2] - 30) / 2))
			if c.In(0x30060016).Text(0x00081155) != s.Slices[k].Instance {
				t.Errorf("a contour of frame %d refers to %s", k, c.In(0x30060016).Text(0x00081155))
			}
			for r := range s.Rows {
				for col := range s.Columns {
					if within(loop, float64(r)+1e-7, float64(col)+1e-7) {
						got[63*k+9*r+col] = uint8(i + 1)
					}
				}
			}
		}
	}
	if !bytes.Equal(got, m.U8) {
		t.Error("the contours are not the label map")
	}
}

func TestRefusals(t *testing.T) {
	s, m := series(3)
	var fault *volume.Error
	if _, err := Write(&bytes.Buffer{}, m, s, Options{Made: made}); !errors.As(err, &fault) || fault.Code != "empty_segmentation" {
		t.Errorf("an empty map: %v", err)
	}
	m.U8[0], m.U8[70] = 1, 2
	var out bytes.Buffer
	_, err := Write(&out, m, s, Options{Made: made, MaxBytes: 40})
	if !errors.As(err, &fault) || fault.Code != "too_large" || out.Len() > 0 {
		t.Errorf("contours beyond the bound: %v, %d bytes", err, out.Len())
	}
	s.Slices = []origin.Slice{s.Slices[0], s.Slices[2], {Class: "1", Instance: "9", Position: [3]float64{-10, -20, 38}}}
	s.Gap = 4
	report, err := Write(&bytes.Buffer{}, m, s, Options{Made: made})
	if err != nil || report.Lost != 1 || len(report.Warnings()) != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// A contour of few vertices takes most of its bytes for itself: noise is refused by them.
func TestBound(t *testing.T) {
	s, m := series(3)
	for n := range m.U8 {
		m.U8[n] = uint8(n%2 + 1)
	}
	p, err := planes.Of(m, s)
	if err != nil {
		t.Fatal(err)
	}
	regions, _, err := trace(m, s, p, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	count, vertices := 0, 0
	for _, region := range regions {
		for _, c := range region {
			count, vertices = count+1, vertices+len(c.data)
		}
	}
	var fault *volume.Error
	if _, _, err := trace(m, s, p, count*headBytes+vertices-1); !errors.As(err, &fault) || fault.Code != "too_large" {
		t.Errorf("%d contours: %v", count, err)
	}
	if _, _, err := trace(m, s, p, count*headBytes+vertices); err != nil {
		t.Errorf("%d contours: %v", count, err)
	}
}

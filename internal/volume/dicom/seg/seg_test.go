package seg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/meshfile/deflate"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/object"
	"github.com/iris-oculus/iris/internal/volume/dicom/objecttest"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
	"github.com/iris-oculus/iris/internal/volume/dicom/seg"
)

var made = object.Made{Seed: "01ARZ3NDEKTSV4RRFFQ69G5FAV", Created: time.Date(2026, 12, 1, 10, 30, 0, 0, time.UTC)}

// geometry is a series' orientation, the step from slice to slice, and its size.
type geometry struct {
	row, col, step   [3]float64
	rows, columns, n int
	spacing          [2]float64
	multi            bool
}

func unit(v [3]float64) [3]float64 {
	n := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
	return [3]float64{v[0] / n, v[1] / n, v[2] / n}
}

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func geometries() map[string]geometry {
	r := unit([3]float64{0.9, 0.3, -0.2})
	c := unit(cross([3]float64{0.1, 0.2, 0.95}, r))
	n := cross(r, c)
	oblique := geometry{row: r, col: c, step: [3]float64{2 * n[0], 2 * n[1], 2 * n[2]}, rows: 11, columns: 9, n: 5, spacing: [2]float64{0.8, 0.7}}
	multi := oblique
	multi.multi = true
	return map[string]geometry{
		"axial":    {row: [3]float64{1}, col: [3]float64{0, 1}, step: [3]float64{0, 0, 2}, rows: 11, columns: 9, n: 5, spacing: [2]float64{0.8, 0.7}},
		"feet":     {row: [3]float64{1}, col: [3]float64{0, 1}, step: [3]float64{0, 0, -2}, rows: 11, columns: 9, n: 5, spacing: [2]float64{0.8, 0.7}},
		"sagittal": {row: [3]float64{0, 1}, col: [3]float64{0, 0, -1}, step: [3]float64{-2}, rows: 11, columns: 9, n: 5, spacing: [2]float64{0.8, 0.7}},
		"coronal":  {row: [3]float64{1}, col: [3]float64{0, 0, -1}, step: [3]float64{0, 1.5}, rows: 8, columns: 8, n: 6, spacing: [2]float64{0.8, 0.7}},
		"oblique":  oblique, "multi-frame": multi,
	}
}

func (g geometry) scan() *origin.Scan {
	s := &origin.Scan{
		Study: "1.2.3", Series: "1.2.3.4", FrameOfReference: "1.2.3.5", Modality: "CT", Rows: g.rows, Columns: g.columns,
		Orientation: [6]float64{g.row[0], g.row[1], g.row[2], g.col[0], g.col[1], g.col[2]}, Spacing: g.spacing, Thickness: 2,
		Attributes: []origin.Attribute{{Tag: 0x00080005, Value: []byte("ISO_IR 100")}, {Tag: 0x00100010, Value: []byte("ZZPHI^\xc9milie")}, {Tag: 0x00100020, Value: []byte("ZZPHI-1 ")}, {Tag: 0x00080020, Value: []byte("20260102")}, {Tag: 0x00100030, Value: []byte("1970")}},
	}
	s.Gap = math.Sqrt(g.step[0]*g.step[0] + g.step[1]*g.step[1] + g.step[2]*g.step[2])
	for k := range g.n {
		slice := origin.Slice{Class: "1.2.840.10008.5.1.4.1.1.2", Instance: fmt.Sprintf("1.2.3.4.%d", k+1)}
		if g.multi {
			slice.Instance, slice.Frame = "1.2.3.4.1", k+1
		}
		for a := range 3 {
			slice.Position[a] = [3]float64{-31.25, 17.5, -203}[a] + float64(k)*g.step[a]
		}
		s.Slices = append(s.Slices, slice)
	}
	return s
}

// pixels is a label for each pixel of the frames, and the map on the grid that prepare
// would make of them: permuted and flipped to RAS.
func (g geometry) pixels(labels int) ([][]int, *volume.LabelMap) {
	r := rand.New(rand.NewPCG(uint64(labels), 7))
	n := unit(g.step)
	gap := math.Sqrt(g.step[0]*g.step[0] + g.step[1]*g.step[1] + g.step[2]*g.step[2])
	var a volume.Affine
	p := g.scan().Slices[0].Position
	for row, sign := range [3]float64{-1, -1, 1} {
		a[row] = [4]float64{sign * g.row[row] * g.spacing[1], sign * g.col[row] * g.spacing[0], sign * n[row] * gap, sign * p[row]}
	}
	dims := [3]int{g.columns, g.rows, g.n}
	turn := volume.Canonical(a)
	m := &volume.LabelMap{Table: volume.Table{Iris: volume.TableVersion, Provenance: volume.Provenance{Model: "TotalSegmentator", Version: "2.18", Task: "total", Weights: "sha256:00"}}}
	m.Dims, m.Affine = turn.Apply(dims, a)
	m.U8 = make([]uint8, m.Len())
	frames := make([][]int, g.n)
	start, step := turn.Strides(dims)
	var flat []int
	for range dims[0] * dims[1] * dims[2] {
		v := 0
		if r.IntN(3) > 0 {
			v = 1 + r.IntN(labels)
		}
		flat = append(flat, v)
	}
	for k := range g.n {
		if k == 1 && labels == 1 {
			clear(flat[k*g.rows*g.columns:][:g.rows*g.columns]) // a frame without a structure
		}
		frames[k] = flat[k*g.rows*g.columns:][:g.rows*g.columns]
	}
	for z := range m.Dims[2] {
		for y := range m.Dims[1] {
			for x := range m.Dims[0] {
				m.U8[x+m.Dims[0]*(y+m.Dims[1]*z)] = uint8(flat[start+x*step[0]+y*step[1]+z*step[2]])
			}
		}
	}
	for id := 1; id <= labels; id++ {
		m.Table.Labels = append(m.Table.Labels, volume.Label{ID: id, Name: fmt.Sprintf("part_%d", id), Color: "#32aa3c"})
	}
	m.Table.Labels[0] = volume.Label{ID: 1, Name: "kidney_left", Color: "#2e8ab8"}
	return frames, m
}

func write(t testing.TB, m *volume.LabelMap, s *origin.Scan, o seg.Options) ([]byte, seg.Report) {
	t.Helper()
	var b bytes.Buffer
	report, err := seg.Write(&b, m, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), report
}

// decimals are numbers as the file has them.
func decimals(numbers []float64) string {
	text := make([]string, len(numbers))
	for i, x := range numbers {
		text[i] = object.Decimal(x)
	}
	return strings.Join(text, `\`)
}

// decode gives the labels of each source frame from a file.
func decode(t testing.TB, file []byte, s *origin.Scan, id func(number int) int) [][]int {
	t.Helper()
	_, d, err := objecttest.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	size := s.Rows * s.Columns
	out := make([][]int, len(s.Slices))
	for k := range out {
		out[k] = make([]int, size)
	}
	shared := d.In(0x52009229)
	measures, orientation := shared.In(0x00289110), shared.In(0x00209116).Text(0x00200037)
	if got, want := measures.Text(0x00280030), decimals(s.Spacing[:]); got != want || orientation != decimals(s.Orientation[:]) || measures.Text(0x00180050) != decimals([]float64{s.Thickness}) {
		t.Errorf("spacing %q, want %q; orientation %q, thickness %q", got, want, orientation, measures.Text(0x00180050))
	}
	pixels, bits := d[0x7FE00010].Value, d.Short(0x00280100)
	groups := d[0x52009230].Items
	if d.Text(0x00280008) != fmt.Sprint(len(groups)) {
		t.Fatalf("%s frames and %d groups", d.Text(0x00280008), len(groups))
	}
	for n, g := range groups {
		k := slices.IndexFunc(s.Slices, func(slice origin.Slice) bool {
			return decimals(slice.Position[:]) == g.In(0x00209113).Text(0x00200032)
		})
		if k < 0 {
			t.Fatalf("frame %d lies at %q, where no frame of the source is", n, g.In(0x00209113).Text(0x00200032))
		}
		image := g.In(0x00089124).In(0x00082112)
		if image.Text(0x00081155) != s.Slices[k].Instance || s.Slices[k].Frame > 0 && image.Text(0x00081160) != fmt.Sprint(s.Slices[k].Frame) {
			t.Errorf("frame %d refers to %q, frame %q", n, image.Text(0x00081155), image.Text(0x00081160))
		}
		// Places along the dimensions: segment and plane, or the plane alone, from 1.
		place := binary.LittleEndian.AppendUint32(nil, uint32(k+1))
		if bits == 1 {
			place = append(binary.LittleEndian.AppendUint32(nil, uint32(g.In(0x0062000A).Short(0x0062000B))), place...)
		}
		if got := g.In(0x00209111)[0x00209157].Value; !bytes.Equal(got, place) {
			t.Errorf("frame %d has the dimension index values %v, want %v", n, got, place)
		}
		for i := range size {
			switch at := n*size + i; bits {
			case 1:
				if pixels[at/8]>>(at%8)&1 == 1 {
					out[k][i] = id(g.In(0x0062000A).Short(0x0062000B))
				}
			case 8:
				out[k][i] = id(int(pixels[at]))
			case 16:
				out[k][i] = id(int(pixels[2*at]) | int(pixels[2*at+1])<<8)
			}
		}
	}
	return out
}

func same(a, b [][]int) bool {
	return slices.EqualFunc(a, b, func(x, y []int) bool { return slices.Equal(x, y) })
}

// What is written lies on the source's frames, pixel for pixel, whatever their
// orientation, in both forms, for 1 and many segments.
func TestEveryGeometry(t *testing.T) {
	self := func(n int) int { return n }
	for name, g := range geometries() {
		for _, labels := range []int{1, 117} {
			for _, asMap := range []bool{false, true} {
				s := g.scan()
				want, m := g.pixels(labels)
				file, report := write(t, m, s, seg.Options{Made: made, LabelMap: asMap})
				present := map[int]bool{}
				for _, frame := range want {
					for _, v := range frame {
						present[v] = true
					}
				}
				id := func(n int) int { return report.Segments[n-1].ID }
				if asMap {
					id = self
				}
				if !same(decode(t, file, s, id), want) || !report.Exact || len(report.Lost) > 0 {
					t.Errorf("%s, %d labels, label map %v: other pixels than the source's", name, labels, asMap)
				}
				if again, _ := write(t, m, s, seg.Options{Made: made, LabelMap: asMap}); !bytes.Equal(again, file) {
					t.Errorf("%s: a second run wrote other bytes", name)
				}
				if empty := labels == 1; empty && report.Frames != g.n-1 {
					t.Errorf("%s: %d frames, one of %d is empty", name, report.Frames, g.n)
				}
			}
		}
	}
}

// A tilted gantry: the scan was resampled, and each pixel of the source gets the voxel in
// which its centre lies.
func TestTilted(t *testing.T) {
	g := geometry{row: [3]float64{1}, col: [3]float64{0, 1}, step: [3]float64{0, 0.731, 2}, rows: 12, columns: 9, n: 6, spacing: [2]float64{0.8, 0.7}}
	s := g.scan()
	s.Gap = 2
	m := &volume.LabelMap{Dims: [3]int{9, 17, 6}, Affine: volume.Affine{{-0.7, 0, 0, 31.25}, {0, -0.8, 0, -17.5}, {0, 0, 2, -203}}}
	m.U8 = make([]uint8, m.Len())
	for n := range m.U8 {
		m.U8[n] = uint8(n % 5)
	}
	file, report := write(t, m, s, seg.Options{Made: made})
	got := decode(t, file, s, func(n int) int { return report.Segments[n-1].ID })
	if report.Exact {
		t.Error("a tilted source is said to be exact")
	}
	for k := range s.Slices {
		for r := range s.Rows {
			for c := range s.Columns {
				y := float64(r) + 0.731*float64(k)/0.8 // in rows of the map
				j := int(math.Round(y))
				want := 0
				if j < m.Dims[1] {
					want = m.At(c + m.Dims[0]*(j+m.Dims[1]*k))
				}
				if got[k][r*s.Columns+c] != want {
					t.Fatalf("frame %d row %d column %d: %d, want %d", k, r, c, got[k][r*s.Columns+c], want)
				}
			}
		}
	}
}

// Labels with gaps are numbered from 1, labels above 255 take 16 bits, and one that lies
// between the frames is said to be lost.
func TestNumbers(t *testing.T) {
	g := geometries()["axial"]
	s := g.scan()
	_, m := g.pixels(1)
	m.U16 = make([]uint16, m.Len())
	m.U8 = nil
	m.U16[0], m.U16[1], m.U16[5] = 7, 300, 65535
	m.Table.Labels = []volume.Label{{ID: 7, Name: "liver"}, {ID: 300, Name: "Hígado\\2"}}
	for _, asMap := range []bool{false, true} {
		file, report := write(t, m, s, seg.Options{Made: made, LabelMap: asMap})
		_, d, err := objecttest.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, item := range d[0x00620002].Items {
			got = append(got, fmt.Sprint(item.Short(0x00620004), " ", item.Text(0x00620005)))
		}
		want := []string{"1 liver", "2 H_gado_2", "3 label_65535"}
		if asMap {
			want = []string{"7 liver", "300 H_gado_2", "65535 label_65535"}
		}
		if !slices.Equal(got, want) || len(report.Segments) != 3 {
			t.Errorf("segments %q, want %q", got, want)
		}
	}
	// Every second slice of the series is left out: what lay there alone is lost.
	s.Slices = []origin.Slice{s.Slices[0], s.Slices[2], s.Slices[4]}
	s.Gap = 4
	m.U16[2*m.Dims[0]*m.Dims[1]-1] = 9 // in slice 1
	_, report := write(t, m, s, seg.Options{Made: made})
	if len(report.Lost) != 1 || report.Lost[0].ID != 9 || report.Warnings()[0].Code != "structures_between_frames" {
		t.Errorf("lost %+v", report.Lost)
	}
}

// The object is of its source's patient, study and frame of reference, with the texts as
// the source has them, and without a date that is none.
func TestIdentity(t *testing.T) {
	g := geometries()["axial"]
	s := g.scan()
	_, m := g.pixels(3)
	file, report := write(t, m, s, seg.Options{Made: made})
	meta, d, err := objecttest.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[uint32]string{
		0x00080005: "ISO_IR 100", 0x00100010: "ZZPHI^\xc9milie", 0x00100020: "ZZPHI-1", 0x00100030: "", 0x00100040: "", 0x00080020: "20260102",
		0x0020000D: "1.2.3", 0x00200052: "1.2.3.5", 0x00080060: "SEG", 0x00080023: "20261201", 0x00080033: "103000", 0x00080016: seg.Binary,
		0x00080018: report.Instance, 0x00620001: "BINARY", 0x00280004: "MONOCHROME2", 0x00282110: "00",
	} {
		if _, there := d[tag]; !there || d.Text(tag) != want {
			t.Errorf("%08X is %q, want %q", tag, d.Text(tag), want)
		}
	}
	if meta.Text(0x00020003) != report.Instance || d.Text(0x0020000E) == s.Series || !strings.HasPrefix(report.Instance, "2.25.") {
		t.Errorf("instance %q %q, series %q", meta.Text(0x00020003), report.Instance, d.Text(0x0020000E))
	}
	refs := d.In(0x00081115)
	if refs.Text(0x0020000E) != s.Series || len(refs[0x0008114A].Items) != len(s.Slices) {
		t.Errorf("references %v", refs)
	}
	kidney := d[0x00620002].Items[0]
	kind := kidney.In(0x0062000F)
	if kind.Text(0x00080100) != "64033007" || kind.In(0x00620011).Text(0x00080104) != "Left" || kidney.In(0x00620007).Text(0x00660036) != "TotalSegmentator" ||
		kidney.In(0x00620007).In(0x0066002F).Text(0x00080100) != "123110" {
		t.Errorf("segment 1 is %v", kidney)
	}
	// It is a DICOM image that our own reader reads up to its pixels.
	h, _, err := header.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil || h.Frames() != report.Frames || h.Rows != s.Rows || len(h.PerFrame) != report.Frames {
		t.Errorf("%+v, %v", h, err)
	}
}

// Files spell their character set in ways of their own. Without it, the name of a patient
// would be read as another: it is kept, as the standard has it.
func TestCharacterSet(t *testing.T) {
	g := geometries()["axial"]
	_, m := g.pixels(1)
	for is, want := range map[string]string{
		"iso_ir 192": "ISO_IR 192", "ISO-IR 100": "ISO_IR 100", "ISO IR 144 ": "ISO_IR 144", "utf-8": "ISO_IR 192", "GB18030": "GB18030",
		`\ISO 2022 IR 87`: `\ISO 2022 IR 87`, `ISO 2022 IR 6\ISO_2022-IR-149\ `: `ISO 2022 IR 6\ISO 2022 IR 149\`, "": "",
	} {
		s := g.scan()
		s.Attributes[0].Value, s.Attributes[1].Value = []byte(is), []byte("ZZPHI^\xe5\xb1\xb1")
		s.Attributes = append(s.Attributes, origin.Attribute{Tag: 0x00100040, Value: []byte("f ")})
		file, _ := write(t, m, s, seg.Options{Made: made})
		_, d, err := objecttest.Read(file)
		if err != nil || d.Text(0x00080005) != want || d.Text(0x00100010) != "ZZPHI^\xe5\xb1\xb1" || d.Text(0x00100040) != "F" {
			t.Errorf("%q: %q, want %q; sex %q; %v", is, d.Text(0x00080005), want, d.Text(0x00100040), err)
		}
	}
}

// Another job, another label map or another series makes another instance; a source
// without UIDs is named by what it has.
func TestInstances(t *testing.T) {
	g := geometries()["axial"]
	seen := map[string]string{}
	for name, change := range map[string]func(m *volume.LabelMap, s *origin.Scan, o *seg.Options){
		"itself":     func(*volume.LabelMap, *origin.Scan, *seg.Options) {},
		"a job":      func(_ *volume.LabelMap, _ *origin.Scan, o *seg.Options) { o.Made.Seed = "2" },
		"a time":     func(_ *volume.LabelMap, _ *origin.Scan, o *seg.Options) { o.Made.Created = time.Unix(5, 0) },
		"a voxel":    func(m *volume.LabelMap, _ *origin.Scan, _ *seg.Options) { m.U8[3] ^= 1 },
		"a name":     func(m *volume.LabelMap, _ *origin.Scan, _ *seg.Options) { m.Table.Labels[0].Name = "x" },
		"a series":   func(_ *volume.LabelMap, s *origin.Scan, _ *seg.Options) { s.Series = "9" },
		"label map":  func(_ *volume.LabelMap, _ *origin.Scan, o *seg.Options) { o.LabelMap = true },
		"without id": func(_ *volume.LabelMap, s *origin.Scan, _ *seg.Options) { s.Study, s.FrameOfReference = "", "" },
	} {
		s := g.scan()
		_, m := g.pixels(2)
		o := seg.Options{Made: made}
		change(m, s, &o)
		file, report := write(t, m, s, o)
		if other, twice := seen[report.Instance]; twice {
			t.Errorf("%s and %s have the same instance", name, other)
		}
		seen[report.Instance] = name
		if _, d, err := objecttest.Read(file); err != nil || d.Text(0x0020000D) == "" || d.Text(0x00200052) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	g := geometries()["axial"]
	s := g.scan()
	_, m := g.pixels(1)
	m.U8 = make([]uint8, m.Len())
	var fault *volume.Error
	if _, err := seg.Write(&bytes.Buffer{}, m, s, seg.Options{Made: made}); !errors.As(err, &fault) || fault.Code != "empty_segmentation" {
		t.Errorf("an empty map: %v", err)
	}
	// Noise has a frame for every voxel, whose header would take gigabytes.
	noise := geometry{row: [3]float64{1}, col: [3]float64{0, 1}, step: [3]float64{0, 0, 1}, rows: 64, columns: 64, n: 130, spacing: [2]float64{1, 1}}
	many := &volume.LabelMap{Dims: [3]int{64, 64, 130}, Affine: volume.Affine{{-1, 0, 0, 31.25}, {0, -1, 0, -17.5}, {0, 0, 1, -203}}}
	many.U16 = make([]uint16, many.Len())
	for n := range many.U16 {
		many.U16[n] = uint16(1 + n%4096)
	}
	if _, err := seg.Write(&bytes.Buffer{}, many, noise.scan(), seg.Options{Made: made}); !errors.As(err, &fault) || fault.Code != "too_large" {
		t.Errorf("noise: %v", err)
	}
	if _, err := seg.Write(&bytes.Buffer{}, many, noise.scan(), seg.Options{Made: made, LabelMap: true}); err != nil {
		t.Errorf("noise as labels: %v", err)
	}
	s.Slices = nil
	if _, err := seg.Write(&bytes.Buffer{}, m, s, seg.Options{Made: made}); err == nil {
		t.Error("a series without slices was taken")
	}
}

func BenchmarkWrite(b *testing.B) {
	g := geometry{row: [3]float64{1}, col: [3]float64{0, 1}, step: [3]float64{0, 0, 1}, rows: 512, columns: 512, n: 300, spacing: [2]float64{0.8, 0.8}}
	s := g.scan()
	m := &volume.LabelMap{Dims: [3]int{512, 512, 300}, Affine: volume.Affine{{-0.8, 0, 0, 31.25}, {0, -0.8, 0, -17.5}, {0, 0, 1, -203}}}
	m.U8 = make([]uint8, m.Len())
	for n := range m.U8 { // 118 blocks
		x, y, z := n%512/103, n/512%512/103, n/512/512/61
		m.U8[n] = uint8((x + 5*y + 25*z) % 118)
	}
	b.SetBytes(int64(m.Len()))
	for b.Loop() {
		var c counter
		if _, err := seg.Write(&c, m, s, seg.Options{Made: made}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(c)/1e6, "MB")
	}
	var stored counter // as the mesh stage stores it
	z, err := deflate.NewGzip(&stored)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := seg.Write(z, m, s, seg.Options{Made: made}); err != nil {
		b.Fatal(err)
	}
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(stored)/1e6, "stored-MB")
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

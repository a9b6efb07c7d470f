// Package rtstruct writes label maps as DICOM structure sets (PS3.3 A.19). In: a label map,
// the series its volume was made from (origin), and who made it. Out: a file in the study
// of the series: a region a structure, as closed planar contours on the series' own frames.
//
// Contours run through the middles between neighbouring pixels of which one is in the
// structure, and a hole is joined to the contour around it by a channel of no width
// (keyhole): a pixel's centre lies in a contour exactly when the pixel is in the structure.
// The file is in implicit VR, for a contour may be longer than explicit VR can say.
//
// The same input gives the same bytes. Errors: *volume.Error empty_segmentation, when no
// structure lies on the frames, and too_large; those of the writer.
package rtstruct

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/object"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
	"github.com/iris-oculus/iris/internal/volume/dicom/planes"
	"github.com/iris-oculus/iris/internal/volume/terms"
)

// Class is the SOP class of structure sets (PS3.4 B.5).
const Class = "1.2.840.10008.5.1.4.1.1.481.3"

// maxBytes bounds a file, which is made in memory: some 10 million vertices. headBytes is
// what a contour takes beside its vertices.
const (
	maxBytes  = 512 << 20
	headBytes = 400
)

// Options says how a structure set is written.
type Options struct {
	Made object.Made
	// MaxBytes bounds what the contours take in the file; up to three times as much is in
	// memory at once. 0: 512 MB, which is also the most.
	MaxBytes int64
}

// Report says what was written.
type Report struct {
	Instance string
	Regions  []volume.Label // in order of their numbers
	Lost     int            // structures of the label map that lie on no frame
	Contours int
}

// contour is a closed contour on a frame; its vertices are LPS millimetres as text.
type contour struct {
	frame, points int
	data          []byte
}

// Write writes a label map.
func Write(w io.Writer, m *volume.LabelMap, scan *origin.Scan, o Options) (Report, error) {
	if err := scan.Check(); err != nil {
		return Report{}, fmt.Errorf("write a structure set: %w", err)
	}
	p, err := planes.Of(m, scan)
	if err != nil {
		return Report{}, fmt.Errorf("write a structure set: %w", err)
	}
	most := maxBytes
	if o.MaxBytes > 0 && o.MaxBytes < maxBytes {
		most = int(o.MaxBytes)
	}
	regions, labels, err := trace(m, scan, p, most)
	if err != nil {
		return Report{}, err
	}
	report := Report{Regions: labels, Lost: object.Different(m) - len(labels)}
	for _, r := range regions {
		report.Contours += len(r)
	}
	report.Instance = object.UID("structure set", o.Made.Seed, o.Made.Created.UTC().Format("20060102150405"), object.Digest(m), scan.Digest())
	s := object.NewSet(object.ImplicitLE)
	f := file{scan: scan, made: o.Made, instance: report.Instance, labels: labels, regions: regions, task: m.Table.Provenance}
	f.write(s)
	out := bufio.NewWriterSize(w, 1<<18)
	if err := object.File(out, object.ImplicitLE, Class, report.Instance, s); err != nil {
		return Report{}, err
	}
	if err := out.Flush(); err != nil {
		return Report{}, fmt.Errorf("write a structure set: %w", err)
	}
	return report, nil
}

// trace gives the contours of each structure that lies on the frames, in order of labels:
// in the file they take most bytes.
func trace(m *volume.LabelMap, scan *origin.Scan, p *planes.Planes, most int) ([][]contour, []volume.Label, error) {
	by, total := map[int][]contour{}, 0
	row := make([]uint16, p.Columns)
	for k, boxes := range p.Boxes() {
		for _, b := range boxes {
			part := mask{rows: b.Bottom - b.Top, columns: b.Right - b.Left}
			part.pixels = make([]bool, part.rows*part.columns)
			for r := b.Top; r < b.Bottom; r++ {
				p.Row(k, r, b.Left, row[:part.columns])
				for i, v := range row[:part.columns] {
					part.pixels[(r-b.Top)*part.columns+i] = int(v) == b.Label
				}
			}
			for _, loop := range contours(&part) {
				c := contour{frame: k, points: len(loop), data: points(scan, k, b.Top, b.Left, loop)}
				if total += len(c.data) + headBytes; total > most {
					return nil, nil, volume.Reject("too_large", "the contours of the structures have more than %d MB", most>>20)
				}
				by[b.Label] = append(by[b.Label], c)
			}
		}
	}
	var regions [][]contour
	var labels []volume.Label
	named := map[int]volume.Label{}
	for _, l := range m.Table.Labels {
		named[l.ID] = l
	}
	for label := 1; label <= math.MaxUint16; label++ {
		if by[label] == nil {
			continue
		}
		l, ok := named[label]
		if !ok {
			l = volume.Label{ID: label, Name: fmt.Sprintf("label_%d", label)}
		}
		regions, labels = append(regions, by[label]), append(labels, l)
	}
	if len(labels) == 0 {
		return nil, nil, volume.Reject("empty_segmentation", "no structure of the label map lies on the frames of the DICOM series: was it made of another series?")
	}
	return regions, labels, nil
}

// points are the vertices of a contour as decimal strings, in LPS millimetres, to a tenth
// of a micrometre. top and left are the frame's pixel that the contour counts from.
func points(scan *origin.Scan, k, top, left int, loop []point) []byte {
	o, at := scan.Orientation, scan.Slices[k].Position
	var out []byte
	for i, p := range loop {
		r, c := (float64(2*top+p.r)/2)*scan.Spacing[0], (float64(2*left+p.c)/2)*scan.Spacing[1]
		for a := range 3 {
			if i+a > 0 {
				out = append(out, '\\')
			}
			mm := math.Round((at[a]+float64(c*o[a])+float64(r*o[3+a]))*1e4) / 1e4
			out = strconv.AppendFloat(out, mm+0, 'f', -1, 64) // never -0
		}
	}
	return out
}

// file is a structure set that is being written.
type file struct {
	scan     *origin.Scan
	made     object.Made
	instance string
	labels   []volume.Label
	regions  [][]contour
	task     volume.Provenance
}

const seriesNumber = 9002

func (f *file) write(s *object.Set) {
	c := object.Common{
		Source: f.scan, Made: f.made, Class: Class, Instance: f.instance, Series: object.UID("series", f.instance),
		Modality: "RTSTRUCT", Description: "Structures", Number: seriesNumber, Operators: true,
	}
	c.Begin(s)
	c.Equipment(s)
	c.Patient(s)
	c.Study(s, 1, true)
	date, clock := c.Now()
	s.Text(0x30060002, "SH", "Structures")
	s.Text(0x30060008, "DA", date)
	s.Text(0x30060009, "TM", clock)
	s.Item(0x30060010, f.references)
	s.Items(0x30060020, len(f.labels), func(i int, s *object.Set) {
		s.Integers(0x30060022, i+1)
		s.Text(0x30060024, "UI", object.FrameOfReference(f.scan))
		s.Text(0x30060026, "LO", f.name(i))
		s.Text(0x30060036, "CS", "AUTOMATIC")
	})
	s.Items(0x30060039, len(f.labels), f.region)
	s.Items(0x30060080, len(f.labels), f.observation)
	s.Text(0x300E0002, "CS", "UNAPPROVED")
}

func (f *file) name(i int) string {
	if text := object.Text(f.labels[i].Name, 64); text != "" {
		return text
	}
	return "structure"
}

// references writes the frame of reference, the study, the series and its images.
func (f *file) references(s *object.Set) {
	s.Text(0x00200052, "UI", object.FrameOfReference(f.scan))
	groups := object.BySeries(f.scan)
	if len(groups) == 0 {
		return
	}
	s.Item(0x30060012, func(s *object.Set) {
		s.Text(0x00081150, "UI", "1.2.840.10008.3.1.2.3.1")
		s.Text(0x00081155, "UI", object.StudyUID(f.scan))
		s.Items(0x30060014, len(groups), func(i int, s *object.Set) {
			s.Text(0x0020000E, "UI", groups[i].Series)
			s.Items(0x30060016, len(groups[i].Slices), func(n int, s *object.Set) { object.Reference(s, &groups[i].Slices[n], false) })
		})
	})
}

// region writes a region's contours.
func (f *file) region(i int, s *object.Set) {
	rgb := object.RGB(f.labels[i].Color)
	s.Integers(0x3006002A, rgb[:]...)
	s.Items(0x30060040, len(f.regions[i]), func(n int, s *object.Set) {
		c := &f.regions[i][n]
		if slice := &f.scan.Slices[c.frame]; slice.Class != "" && slice.Instance != "" {
			s.Item(0x30060016, func(s *object.Set) { object.Reference(s, slice, true) })
		}
		s.Text(0x30060042, "CS", "CLOSED_PLANAR")
		s.Integers(0x30060046, c.points)
		s.Raw(0x30060050, "DS", c.data)
	})
	s.Integers(0x30060084, i+1)
}

// observation writes what a region is.
func (f *file) observation(i int, s *object.Set) {
	l := f.labels[i]
	s.Integers(0x30060082, i+1)
	s.Integers(0x30060084, i+1)
	if term, known := terms.Of(l.Name, l.SNOMED, l.NameEN); known {
		s.Code(0x30060086, object.Code{Value: term.Type.Value, Scheme: "SCT", Meaning: term.Type.Meaning})
	}
	s.Text(0x300600A4, "CS", "ORGAN")
	s.Text(0x300600A6, "PN")
}

// Warnings are what is doubtful about what was written.
func (r Report) Warnings() []volume.Warning { return object.Between(r.Lost) }

package seg

import (
	"math"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/object"
	"github.com/iris-oculus/iris/internal/volume/terms"
)

// header writes everything before the pixel data.
func (f *file) header(s *object.Set, class string) {
	organization := object.UID("dimensions", f.report.Instance)
	c := object.Common{
		Source: f.scan, Made: f.options.Made, Class: class, Instance: f.report.Instance,
		Series: object.UID("series", f.report.Instance), Modality: "SEG", Description: "Segmentation",
		ImageType: []string{"DERIVED", "PRIMARY"}, Number: seriesNumber, Content: true,
	}
	c.Begin(s)
	c.Equipment(s)
	object.References(s, f.scan)
	c.Patient(s)
	c.Study(s, 1, true)
	f.dimensions(s, organization)
	f.image(s, &c)
	f.segmentation(s)
	s.Text(0x00700080, "CS", "SEGMENTATION")
	s.Text(0x00700081, "LO", object.Text(f.provider.Model, 64))
	s.Text(0x00700084, "PN")
	f.groups(s)
}

// seriesNumber is far above those of scanners, so that viewers list a segmentation behind.
const seriesNumber = 9001

// Pointers of the dimensions.
const (
	segmentNumber  = 0x0062000B
	segmentGroup   = 0x0062000A
	position       = 0x00200032
	positionGroup  = 0x00209113
	referencedUID  = 0x00209164
	dimensionIndex = 0x00209222
)

func (f *file) dimensions(s *object.Set, organization string) {
	s.Item(0x00209221, func(s *object.Set) { s.Text(referencedUID, "UI", organization) })
	type dimension struct {
		tag, group uint32
		label      string
	}
	all := []dimension{{segmentNumber, segmentGroup, "Segment Number"}, {position, positionGroup, "Image Position Patient"}}
	if f.options.LabelMap {
		all = all[1:]
	}
	s.Items(dimensionIndex, len(all), func(i int, s *object.Set) {
		s.Text(referencedUID, "UI", organization)
		s.Tags(0x00209165, all[i].tag)
		s.Tags(0x00209167, all[i].group)
		s.Text(0x00209421, "LO", all[i].label)
	})
}

// image writes the image's form.
func (f *file) image(s *object.Set, c *object.Common) {
	bits := 1
	if f.options.LabelMap {
		bits = 8
		if f.wide {
			bits = 16
		}
	}
	s.Shorts(0x00280002, 1)
	s.Text(0x00280004, "CS", "MONOCHROME2")
	s.Integers(0x00280008, len(f.frames))
	s.Shorts(0x00280010, f.planes.Rows)
	s.Shorts(0x00280011, f.planes.Columns)
	s.Shorts(0x00280100, bits)
	s.Shorts(0x00280101, bits)
	s.Shorts(0x00280102, bits-1)
	s.Shorts(0x00280103, 0)
	if f.options.LabelMap {
		s.Shorts(0x00280120, 0) // background is no segment
	}
	s.Text(0x00280301, "CS", "NO")
	c.Loss(s)
}

// segmentation writes the segments.
func (f *file) segmentation(s *object.Set) {
	kind := "BINARY"
	if f.options.LabelMap {
		kind = "LABELMAP"
	}
	s.Text(0x00620001, "CS", kind)
	s.Items(0x00620002, len(f.segments), func(i int, s *object.Set) { f.segment(s, i) })
	s.Text(0x00620013, "CS", "NO")
}

// number is a segment's: of a binary segmentation they count from 1 without a gap
// (PS3.3 C.8.20.2), in a label map segmentation it is the label.
func (f *file) number(i int) int {
	if f.options.LabelMap {
		return f.segments[i].ID
	}
	return i + 1
}

func (f *file) segment(s *object.Set, i int) {
	l := f.segments[i]
	term, _ := terms.Of(l.Name, l.SNOMED, l.NameEN)
	if term.Region.Value != "" {
		s.Items(0x00082218, 1, func(_ int, s *object.Set) {
			code(s, term.Region)
			if term.RegionModifier.Value != "" {
				s.Code(0x00082220, sct(term.RegionModifier))
			}
		})
	}
	s.Code(0x00620003, sct(term.Category))
	s.Shorts(0x00620004, f.number(i))
	s.Text(0x00620005, "LO", label(l))
	s.Item(0x00620007, f.algorithm)
	s.Text(0x00620008, "CS", "AUTOMATIC")
	s.Text(0x00620009, "LO", f.name())
	lab := object.Lab(l.Color)
	s.Shorts(0x0062000D, lab[:]...)
	s.Items(0x0062000F, 1, func(_ int, s *object.Set) {
		code(s, term.Type)
		if term.Modifier.Value != "" {
			s.Code(0x00620011, sct(term.Modifier))
		}
	})
}

func label(l volume.Label) string {
	if text := object.Text(l.Name, 64); text != "" {
		return text
	}
	return "segment"
}

func sct(c terms.Code) object.Code {
	return object.Code{Value: c.Value, Scheme: "SCT", Meaning: c.Meaning}
}

// code writes a coded term into an item that holds more.
func code(s *object.Set, c terms.Code) {
	s.Text(0x00080100, "SH", c.Value)
	s.Text(0x00080102, "SH", "SCT")
	s.Text(0x00080104, "LO", object.Text(c.Meaning, 64))
}

// name is the model's.
func (f *file) name() string {
	if name := object.Text(f.provider.Model, 64); name != "" {
		return name
	}
	return "unknown"
}

// algorithm writes which model made the segmentation (PS3.3 C.8.20.2 and 10.16). A model
// with weights is one that was trained.
func (f *file) algorithm(s *object.Set) {
	family := object.Code{Value: "123110", Scheme: "DCM", Meaning: "Artificial Intelligence"}
	if f.provider.Weights == "" {
		family = object.Code{Value: "123104", Scheme: "DCM", Meaning: "Morphological Operations"}
	}
	s.Code(0x0066002F, family)
	version := object.Text(f.provider.Version, 64)
	if version == "" {
		version = "unknown"
	}
	s.Text(0x00660031, "LO", version)
	if task := object.Text(f.provider.Task, 64); task != "" {
		s.Text(0x00660032, "LT", "task="+task)
	}
	s.Text(0x00660036, "LO", f.name())
}

// groups writes the functional groups: what all frames share, and each one's own.
func (f *file) groups(s *object.Set) {
	s.Item(0x52009229, func(s *object.Set) {
		s.Item(0x00209116, func(s *object.Set) { s.Decimals(0x00200037, f.scan.Orientation[:]...) })
		s.Item(0x00289110, func(s *object.Set) {
			thickness := f.scan.Thickness
			if !(thickness > 0) {
				thickness = f.scan.Gap
			}
			s.Decimals(0x00180050, thickness)
			if f.even() {
				s.Decimals(0x00180088, f.scan.Gap)
			}
			s.Decimals(0x00280030, f.scan.Spacing[:]...)
		})
	})
	s.Items(0x52009230, len(f.frames), func(i int, s *object.Set) { f.group(s, &f.frames[i]) })
}

// even says whether the frames are as far apart as Gap has it, to a hundredth: else no
// number says how far.
func (f *file) even() bool {
	for k := 1; k < len(f.scan.Slices); k++ {
		a, b := f.scan.Slices[k-1].Position, f.scan.Slices[k].Position
		o := f.scan.Orientation
		n := [3]float64{o[1]*o[5] - o[2]*o[4], o[2]*o[3] - o[0]*o[5], o[0]*o[4] - o[1]*o[3]}
		along := math.Abs((b[0]-a[0])*n[0] + (b[1]-a[1])*n[1] + (b[2]-a[2])*n[2])
		if math.Abs(along-f.scan.Gap) > 0.01*f.scan.Gap+0.01 {
			return false
		}
	}
	return true
}

func (f *file) group(s *object.Set, fr *frame) {
	slice := &f.scan.Slices[fr.plane]
	if slice.Instance != "" && slice.Class != "" {
		s.Item(0x00089124, func(s *object.Set) {
			s.Item(0x00082112, func(s *object.Set) {
				object.Reference(s, slice, true)
				s.Text(0x0028135A, "CS", "YES")
				s.Code(0x0040A170, object.Code{Value: "121322", Scheme: "DCM", Meaning: "Source image for image processing operation"})
			})
			s.Code(0x00089215, object.Code{Value: "113076", Scheme: "DCM", Meaning: "Segmentation"})
		})
	}
	s.Item(0x00209111, func(s *object.Set) {
		if f.options.LabelMap {
			s.Longs(0x00209157, fr.plane+1)
		} else {
			s.Longs(0x00209157, fr.segment+1, fr.plane+1)
		}
	})
	s.Item(positionGroup, func(s *object.Set) { s.Decimals(position, slice.Position[:]...) })
	if !f.options.LabelMap {
		s.Item(segmentGroup, func(s *object.Set) { s.Shorts(segmentNumber, fr.segment+1) })
	}
}

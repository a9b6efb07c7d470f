// Package series turns the files of a drop into one stack of slices. In: headers in any
// order. Out: the series that was asked for or is the best, its slices ordered by
// position along the normal, and their grid. File names, instance numbers and slice
// thicknesses are not used to place a slice.
//
// Positions are LPS millimetres inside, world RAS millimetres in affines. Errors are
// *volume.Error that say why a drop is no volume: no_image_series,
// no_ct_series, localizer_only, too_few_slices, multiple_series, bad_option,
// multiple_volumes, missing_rescale, mixed_units, unsupported_modality_lut,
// mixed_dimensions, mixed_orientation, missing_geometry, bad_geometry,
// missing_slices, or what is wrong with a file.
package series

import (
	"errors"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/pixel"
)

// MinSlices is the least number of slices of a volume. Of two slices nobody can tell
// whether there was one between them.
const MinSlices = 3

// maxFrames bounds the frames of a drop. 20,000 files of 20,000 frames of one pixel
// would be within an archive's limits, but not fit into memory.
const maxFrames = 100_000

// Image is one file of a series.
type Image struct {
	File                  int // as Builder.Add was given it
	SOPClass, SOPInstance string
	Series                string // its series instance UID
	Layout                pixel.Layout
	Frames                int
	Lift                  int // by how many bits its samples are shifted up, if HighBit is right

	derived      bool   // it was made from another image
	sizes        [2]int // rows, columns
	study, space uint64 // fingerprints of the study and of the frame of reference
}

// Slice is one frame of one image.
type Slice struct {
	Image            int // index into Series.Images
	Frame            int
	Plane            int // order along the normal; equal for slices at one position
	Slope, Intercept float64
	repeat           int // -1, 1: it repeats the slice below, above at nearly the same position
	geometry         header.Frame
}

// Geometry is where the slice lies, as its file has it.
func (s *Slice) Geometry() header.Frame { return s.geometry }

// Series holds the images that share a series instance UID. Files without one make up
// one series.
type Series struct {
	UID, Study, FrameOfReference string
	Modality                     string // CT, MR or PT
	Images                       []Image
	Slices                       []Slice
	Identity                     []header.Attribute // of its first image

	first    int    // lowest file, which orders equal series
	fault    error  // the first file that cannot be used
	syntax   error  // pixel data that is not read yet
	sizes    [2]int // rows, columns of the first image
	mixed    bool
	captured bool // some image is a secondary capture

	// Stepped says that some image gives the position of its first frame only.
	Stepped  bool
	derived  int // images that were made from others
	number   int // in the list to choose from, from 1
	joined   int // series of one slice each that were joined into this one
	scouts   int // images across the stack, which were left out
	pictures int // images without a place that were made from others, left out too
	coloured int // images of the series that are no grayscale, left out too
	units    string
	unlike   bool // the images differ in their units
	upload   *Builder
}

// Builder collects the headers of a drop. The zero value is ready.
type Builder struct {
	series  []*Series
	byUID   map[string]*Series
	damaged error // a file of which not even the series is known
	listed  []*Series

	localizers, foreign, documents int
	frames                         int

	coloured map[string]int // images that are no slices, by series
}

// Add takes one file's header. err says what is wrong with the file; h may be nil then.
func (b *Builder) Add(file int, h *header.Header, err error) {
	if h == nil {
		h = &header.Header{}
	}
	if err == nil && !h.Pixels.Present && classes[h.SOPClass] != "" {
		err = volume.Reject("truncated", "a DICOM image has no pixel data: it was cut short, send it again")
	}
	switch {
	case err != nil && !imageClass(h.SOPClass):
		b.documents++
	case err != nil:
		b.damage(h, err)
	case !h.Pixels.Present:
		b.documents++
	case h.Localizer:
		b.localizers++
	case !volumetric(h):
		b.foreign++
		if b.coloured == nil {
			b.coloured = map[string]int{}
		}
		b.coloured[h.Series]++
	case b.frames+h.Frames() > maxFrames:
		b.damaged = volume.Reject("too_large", "the upload holds more than %d slices: send one series", maxFrames)
	default:
		b.frames += h.Frames()
		b.of(h).add(file, h)
	}
}

// damage keeps the first fault of a series, or of the drop when it is not known to
// which series the file belongs.
func (b *Builder) damage(h *header.Header, err error) {
	fault := &b.damaged
	if h.Series != "" {
		fault = &b.of(h).fault
	}
	if *fault == nil {
		*fault = err
	}
}

func (b *Builder) of(h *header.Header) *Series {
	if s, ok := b.byUID[h.Series]; ok {
		return s
	}
	if b.byUID == nil {
		b.byUID = map[string]*Series{}
	}
	s := &Series{UID: h.Series, Study: h.Study, FrameOfReference: h.FrameOfReference, Modality: modality(h), upload: b}
	b.series = append(b.series, s)
	b.byUID[h.Series] = s
	return s
}

func (s *Series) add(file int, h *header.Header) {
	if err := usable(h); err != nil {
		if s.fault == nil {
			s.fault = err
		}
		return
	}
	layout, err := layoutOf(h)
	if err != nil && s.syntax == nil {
		if fault := (*volume.Error)(nil); !errors.As(err, &fault) || !fault.Unsupported {
			s.fault = err
			return
		}
		s.syntax = err
	}
	s.first = min(s.first, file)
	if len(s.Images) == 0 {
		s.first = file
		s.sizes, s.Modality, s.units = [2]int{h.Rows, h.Columns}, modality(h), h.Units
		s.Identity = h.Identity
	}
	s.Stepped = s.Stepped || h.Stepped()
	isMade := h.Derived || isSecondary(h.SOPClass)
	if isMade {
		s.derived++
	}
	s.unlike = s.unlike || s.units != h.Units
	s.captured = s.captured || isSecondary(h.SOPClass)
	s.mixed = s.mixed || s.sizes != [2]int{h.Rows, h.Columns}
	s.Images = append(s.Images, Image{
		File: file, SOPClass: h.SOPClass, SOPInstance: h.SOPInstance, Series: s.UID, Layout: layout, Frames: h.Frames(),
		Lift: pixel.HighBit(h, layout), derived: isMade, sizes: [2]int{h.Rows, h.Columns}, study: mark(h.Study), space: mark(h.FrameOfReference)})
	for n := range h.Frames() {
		f := h.Frame(n)
		if f.Has&header.IsLocalizer != 0 {
			continue
		}
		s.Slices = append(s.Slices, Slice{
			Image: len(s.Images) - 1, Frame: n, Slope: f.Slope, Intercept: f.Intercept, geometry: f})
	}
}

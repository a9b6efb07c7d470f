// Package header reads a DICOM file (PS3.10) up to its pixel data. In: a forward-only
// stream of known length. Out: the attributes that a volume needs, and the stream,
// placed at the first pixel. Positions are LPS millimetres as the file has them. Files
// may have implicit or explicit VR, either byte order, deflated data sets, no preamble
// or meta group, and nested or endless sequences.
//
// Every length is compared with the bytes left before anything is allocated; the walk
// is iterative and bounded in depth, elements and bytes. Faults of a file are
// *volume.Error with the codes corrupt_dicom, truncated, bad_geometry and
// unsupported_transfer_syntax. An error of the stream itself is returned as it is.
package header

// Limits of one file's header.
const (
	MaxDepth    = 32
	MaxElements = 100_000
	MaxBytes    = 64 << 20 // enhanced files of thousands of frames have long headers
	MaxFrames   = 20_000
	// perFrameElements is how many elements a frame of an enhanced file may add to
	// MaxElements, because its functional groups are sequences, which must be walked
	// when they are endless.
	perFrameElements = 256
	maxValue         = 1024 // bytes of a value that is kept
)

// Header is one file. The zero value of a field means that the tag is absent or
// empty. Text is kept to choose and to group by, never to be shown.
type Header struct {
	TransferSyntax string

	SOPClass, SOPInstance, Series, Study, FrameOfReference string

	Modality, Photometric string
	Units                 string // of PET values: BQML, GML, CNTS, …
	Kind                  uint64 // fingerprint of the image type, 0 when there is none
	Derived               bool   // image type says that another image was made into this one
	Localizer             bool   // image type says LOCALIZER
	Mosaic                bool   // image type says MOSAIC: slices tiled into one image

	Rows, Columns, Samples             int
	BitsAllocated, BitsStored, HighBit int
	Signed                             bool
	NoSign                             bool    // the pixel representation is neither 0 nor 1
	Lossy                              bool    // it was compressed with loss at some time
	Lossless                           bool    // it says that it never was
	NumberOfFrames                     int     // -1: no number of frames
	SliceStep                          float64 // spacing between slices, mm; 0: not given
	FramesElsewhere                    bool    // frames differ in time or in something else than place
	Float                              bool    // float pixel data, which no CT or MR scanner writes
	ModalityLUT                        bool    // values come from a table instead of slope and intercept
	Padding, PaddingLimit              Padding

	Root, Shared Frame
	PerFrame     []Frame

	// Identity is what an object derived from this image shares with it. It names a
	// patient: it belongs with the job's work files, never in a log.
	Identity []Attribute

	Pixels PixelData
}

// PixelData is where the pixels are: the stream that Read returns stands at
// their first byte.
type PixelData struct {
	Present      bool
	Encapsulated bool  // fragments until a delimiter; Length is -1
	Length       int64 // bytes, compared with the bytes left already
	Words        bool  // VR OW: in big endian even 8-bit samples are swapped in pairs

	// Offsets is the extended offset table of encapsulated frames (PS3.5 §A.4), in the
	// byte order of the file; nil: there is none.
	Offsets []byte
}

// Frame is what may differ from frame to frame. Has tells which fields are set.
type Frame struct {
	Position         [3]float64 // centre of the first pixel, LPS mm
	Orientation      [6]float64 // direction of a row, then of a column
	Spacing          [2]float64 // between rows, between columns, mm
	Slope, Intercept float64
	Scale            string        // what the rescaled values are: HU, US, …
	Thickness        float64       // of the slice, mm; as the scanner was asked, never used as a spacing
	Marks            [Marks]uint64 // fingerprints, 0 for what is absent
	Has              Fields
}

// Fields is a set of Frame's fields.
type Fields uint8

// These are the fields of a Frame. Bad says that one of its geometry fields is no list
// of numbers.
const (
	HasPosition Fields = 1 << iota
	HasOrientation
	HasSpacing
	HasSlope
	HasIntercept
	IsLocalizer
	Bad
)

// Frames is the number of frames, 1 for a plain slice.
func (h *Header) Frames() int { return max(1, h.NumberOfFrames) }

// Stepped says whether h is a multi-frame image without a description of each
// frame, as cone beam scanners write it: only the first frame has a position,
// and all others follow from SliceStep.
func (h *Header) Stepped() bool { return h.NumberOfFrames > 1 && len(h.PerFrame) == 0 }

// Frame is frame n. Fields that it lacks are taken from the shared functional groups,
// then from the file's root, where older converters of enhanced files leave the
// rescale tags. A stepped frame lies n steps from the first along the cross product
// of row and column direction, by the convention of ITK and dcm2niix, because the
// standard says nothing about it.
func (h *Header) Frame(n int) Frame {
	f := h.described(n)
	if h.Stepped() && f.Has&HasOrientation != 0 {
		r, c := f.Orientation[:3], f.Orientation[3:]
		normal := [3]float64{r[1]*c[2] - r[2]*c[1], r[2]*c[0] - r[0]*c[2], r[0]*c[1] - r[1]*c[0]}
		for a := range 3 {
			f.Position[a] += float64(n) * h.SliceStep * normal[a]
		}
	}
	return f
}

// described reads the attributes that the file gives for frame n.
func (h *Header) described(n int) Frame {
	var f Frame
	if n < len(h.PerFrame) {
		f = h.PerFrame[n]
	}
	f.fill(h.Shared)
	f.fill(h.Root)
	if f.Has&HasSlope == 0 || f.Slope == 0 {
		// A slope of 0 would erase the image: readers agree that it means "none".
		f.Slope, f.Has = 1, f.Has&^HasSlope
	}
	return f
}

func (f *Frame) fill(from Frame) {
	take := from.Has &^ f.Has
	if take&HasPosition != 0 {
		f.Position = from.Position
	}
	if take&HasOrientation != 0 {
		f.Orientation = from.Orientation
	}
	if take&HasSpacing != 0 {
		f.Spacing = from.Spacing
	}
	if take&HasSlope != 0 {
		f.Slope = from.Slope
	}
	if take&HasIntercept != 0 {
		f.Intercept = from.Intercept
	}
	if f.Scale == "" {
		f.Scale = from.Scale
	}
	if f.Thickness == 0 {
		f.Thickness = from.Thickness
	}
	for m, v := range from.Marks {
		if f.Marks[m] == 0 {
			f.Marks[m] = v
		}
	}
	f.Has |= take
}

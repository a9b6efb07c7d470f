// Package header reads a DICOM file (PS3.10) up to its pixel data: in goes a
// forward-only stream of a known length, out come the attributes that a volume
// needs and the stream, placed at the first pixel. Implicit and explicit VR,
// both byte orders, deflated; with and without preamble and meta group; nested
// and endless sequences. Positions are LPS millimetres as the file has them.
//
// Every length is compared with the bytes left before anything is allocated;
// the walk is iterative and bounded in depth, elements and bytes. What is wrong
// with a file is a *volume.Error: corrupt_dicom, truncated, bad_geometry,
// unsupported_transfer_syntax. An error of the stream itself is returned as is.
package header

// Limits of one file's header.
const (
	MaxDepth    = 32
	MaxElements = 100_000
	MaxBytes    = 64 << 20 // enhanced files of thousands of frames have long headers
	MaxFrames   = 20_000
	// perFrameElements is what a frame of an enhanced file may add to MaxElements:
	// its functional groups are sequences that must be walked when endless.
	perFrameElements = 256
	maxValue         = 1024 // bytes of a value that is kept
)

// Header is one file. The zero value of a field means that the tag is absent or
// empty. Text is kept to choose and to group by, never to be shown.
type Header struct {
	TransferSyntax string

	SOPClass, SOPInstance, Series, Study, FrameOfReference string

	Modality, Photometric string
	Localizer             bool // image type says LOCALIZER
	Mosaic                bool // image type says MOSAIC: slices tiled into one image

	Rows, Columns, Samples             int
	BitsAllocated, BitsStored, HighBit int
	Signed                             bool
	NumberOfFrames                     int
	Float                              bool // float pixel data, which no CT or MR scanner writes

	Root, Shared Frame
	PerFrame     []Frame

	Pixels PixelData
}

// PixelData is where the pixels are: the stream that Read returns stands at
// their first byte.
type PixelData struct {
	Present      bool
	Encapsulated bool  // fragments until a delimiter; Length is meaningless
	Length       int64 // bytes, compared with the bytes left already
	Words        bool  // VR OW: in big endian even 8-bit samples are swapped in pairs
}

// Frame is what may differ from frame to frame. Has tells which fields are set.
type Frame struct {
	Position         [3]float64 // centre of the first pixel, LPS mm
	Orientation      [6]float64 // direction of a row, then of a column
	Spacing          [2]float64 // between rows, between columns, mm
	Slope, Intercept float64
	Has              Fields
}

// Fields is a set of Frame's fields.
type Fields uint8

// The fields of a Frame; Bad: one of its geometry fields is no list of numbers.
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

// Frame is frame n with what it leaves open filled in: from the shared
// functional groups, then from the file's root, where older converters of
// enhanced files leave the rescale tags.
func (h *Header) Frame(n int) Frame {
	var f Frame
	if n < len(h.PerFrame) {
		f = h.PerFrame[n]
	}
	f.fill(h.Shared)
	f.fill(h.Root)
	if f.Has&HasSlope == 0 || f.Slope == 0 {
		f.Slope = 1 // a slope of 0 would erase the image: readers agree that it means "none"
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
	f.Has |= take
}

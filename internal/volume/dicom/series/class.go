package series

import (
	"strings"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/pixel"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

// storage is the common prefix of the storage SOP classes, PS3.4 table B.5-1.
const storage = "1.2.840.10008.5.1.4.1.1."

// classes are those whose frames are slices of a volume, and their modality.
var classes = map[string]string{
	storage + "2": "CT", storage + "2.1": "CT", storage + "2.2": "CT",
	storage + "4": "MR", storage + "4.1": "MR", storage + "4.4": "MR",
	storage + "128": "PT", storage + "130": "PT", storage + "128.1": "PT",
}

// secondaryCapture are images that a program made: slices when they have
// positions in the patient, screenshots and reports otherwise.
const secondaryCapture = storage + "7"

func isSecondary(class string) bool {
	return class == secondaryCapture || strings.HasPrefix(class, secondaryCapture+".")
}

// isForeign says whether a class is not one of DICOM's: it is absent, private or
// rewritten by an anonymiser. Then only the file's other attributes tell what it is.
func isForeign(class string) bool { return !strings.HasPrefix(class, "1.2.840.10008.") }

// imageClass says whether a file of this class could be part of a volume.
func imageClass(class string) bool {
	return classes[class] != "" || isSecondary(class) || isForeign(class)
}

// modality is CT, MR or PT, empty for anything else.
func modality(h *header.Header) string {
	switch h.Modality {
	case "CT", "MR", "PT":
		return h.Modality
	}
	return classes[h.SOPClass]
}

// volumetric says whether a file's frames can be slices of a CT, MR or PET.
func volumetric(h *header.Header) bool {
	if modality(h) == "" || h.Samples > 1 || h.Photometric != "" && !strings.HasPrefix(h.Photometric, "MONOCHROME") {
		return false
	}
	if classes[h.SOPClass] != "" {
		return true
	}
	const placed = header.HasPosition | header.HasOrientation
	return imageClass(h.SOPClass) && h.Frame(0).Has&placed == placed
}

// usable refuses a header whose counts contradict each other, and images that
// are many slices tiled into one.
func usable(h *header.Header) error {
	if h.Mosaic {
		return volume.Unsupported("unsupported_image_type", "the images are mosaics, many slices tiled into one: export them as single slices")
	}
	if n := len(h.PerFrame); n > 0 && n != h.Frames() {
		return volume.Reject("corrupt_dicom", "an enhanced file describes %d frames and says that it has %d: export the series again", n, h.Frames())
	}
	if h.NumberOfFrames < 0 {
		return volume.Reject("corrupt_dicom", "a file's number of frames is not a whole number above 0: export the series again")
	}
	if h.Stepped() {
		if err := stepped(h); err != nil {
			return err
		}
	}
	if h.ModalityLUT {
		return volume.Unsupported("unsupported_modality_lut", "the images give their values by a table (Modality LUT), which is not read: export the scan with a rescale slope and intercept")
	}
	if h.Frames() > header.MaxFrames {
		return volume.Reject("too_large", "a file says that it has %d frames: at most %d are read", h.Frames(), header.MaxFrames)
	}
	return nil
}

// stepped refuses a multi-frame image that does not describe its frames, unless
// the place of every frame follows from the first one's and from one distance.
func stepped(h *header.Header) error {
	switch {
	case h.FramesElsewhere:
		return volume.Unsupported("unsupported_image_type",
			"a file holds %d images in one whose frames differ in time or in something else than their place: export the slices of one volume as single files", h.NumberOfFrames)
	case h.SliceStep == 0:
		return volume.Unsupported("unsupported_image_type",
			"a file holds %d slices in one and does not say how far they lie apart: export them as single slices or as an enhanced multi-frame image", h.NumberOfFrames)
	}
	return nil
}

func layoutOf(h *header.Header) (pixel.Layout, error) {
	if err := syntax.Supported(h.TransferSyntax); err != nil {
		return pixel.Layout{}, err
	}
	if h.Pixels.Encapsulated && syntax.Find(h.TransferSyntax).BigEndian {
		return pixel.Layout{}, volume.Reject("corrupt_dicom", "a file's pixel data has no length though it is not compressed: export the series again")
	}
	return pixel.Of(h)
}

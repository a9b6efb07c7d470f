package header

import (
	"github.com/iris-oculus/iris/internal/volume"
)

// tag is group<<16 | element.
type tag uint32

// The tags that are read, PS3.6.
const (
	tagMetaSOPClass     tag = 0x00020002
	tagTransferSyntax   tag = 0x00020010
	tagImageType        tag = 0x00080008
	tagSOPClass         tag = 0x00080016
	tagSOPInstance      tag = 0x00080018
	tagModality         tag = 0x00080060
	tagFrameType        tag = 0x00089007
	tagSliceStep        tag = 0x00180088
	tagFrameTime        tag = 0x00181063
	tagFrameTimes       tag = 0x00181065
	tagMRFrameTypes     tag = 0x00189226
	tagCTFrameTypes     tag = 0x00189329
	tagPETFrameTypes    tag = 0x00189751
	tagStudy            tag = 0x0020000D
	tagSeries           tag = 0x0020000E
	tagPosition         tag = 0x00200032
	tagOrientation      tag = 0x00200037
	tagFrameOfReference tag = 0x00200052
	tagPlanePositions   tag = 0x00209113
	tagPlaneOrients     tag = 0x00209116
	tagSamples          tag = 0x00280002
	tagPhotometric      tag = 0x00280004
	tagFrames           tag = 0x00280008
	tagFramePointer     tag = 0x00280009
	tagRows             tag = 0x00280010
	tagColumns          tag = 0x00280011
	tagSpacing          tag = 0x00280030
	tagBitsAllocated    tag = 0x00280100
	tagBitsStored       tag = 0x00280101
	tagHighBit          tag = 0x00280102
	tagSigned           tag = 0x00280103
	tagIntercept        tag = 0x00281052
	tagSlope            tag = 0x00281053
	tagPixelMeasures    tag = 0x00289110
	tagLossy            tag = 0x00282110
	tagLossyRatio       tag = 0x00282112
	tagPixelTransforms  tag = 0x00289145
	tagShared           tag = 0x52009229
	tagPerFrame         tag = 0x52009230
	tagFrameOffsets     tag = 0x7FE00001
	tagFloatPixels      tag = 0x7FE00008
	tagDoublePixels     tag = 0x7FE00009
	tagPixels           tag = 0x7FE00010
	tagItem             tag = 0xFFFEE000
	tagItemEnd          tag = 0xFFFEE00D
	tagSequenceEnd      tag = 0xFFFEE0DD
)

// endless is the length of a sequence or item that ends at a delimiter.
const endless = 0xFFFFFFFF

// element is one data element without its value. vr is empty in implicit VR.
type element struct {
	tag    tag
	vr     string
	length uint32
}

// longVRs have a 32-bit length after two reserved bytes (PS3.5 table 7.1-1).
var longVRs = map[string]bool{
	"OB": true, "OD": true, "OF": true, "OL": true, "OV": true, "OW": true, "SQ": true,
	"SV": true, "UC": true, "UN": true, "UR": true, "UT": true, "UV": true,
}

var shortVRs = map[string]bool{
	"AE": true, "AS": true, "AT": true, "CS": true, "DA": true, "DS": true, "DT": true,
	"FD": true, "FL": true, "IS": true, "LO": true, "LT": true, "PN": true, "SH": true,
	"SL": true, "SS": true, "ST": true, "TM": true, "UI": true, "UL": true, "US": true,
}

func knownVR(b []byte) bool { return longVRs[string(b)] || shortVRs[string(b)] }

// next reads an element's tag, VR and length.
func (c *cursor) next(implicit bool) (element, error) {
	b, err := c.read(8)
	if err != nil {
		return element{}, err
	}
	e := element{tag: tag(c.order.Uint16(b))<<16 | tag(c.order.Uint16(b[2:])), length: c.order.Uint32(b[4:])}
	if implicit || e.tag>>16 == 0xFFFE {
		return e, nil
	}
	switch vr := string(b[4:6]); {
	case shortVRs[vr]:
		e.vr, e.length = vr, uint32(c.order.Uint16(b[6:]))
	case longVRs[vr] && b[6] == 0 && b[7] == 0:
		e.vr = vr
		if b, err = c.read(4); err != nil {
			return element{}, err
		}
		e.length = c.order.Uint32(b)
	default:
		return c.odd(e, [4]byte(b[4:8]))
	}
	return e, nil
}

func corrupt(what string) error {
	return volume.Reject("corrupt_dicom", "a DICOM file is damaged: %s", what)
}

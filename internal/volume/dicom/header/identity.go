package header

import "slices"

// Attribute is an attribute of a file's root, as the file has it: its text is in the
// file's character set, which is one of the attributes.
type Attribute struct {
	Tag   uint32 `json:"tag"` // group<<16 | element
	Value []byte `json:"value"`
}

// identity are the attributes, in ascending order, that an object derived from an image
// must share with it: character set, study, patient, frame of reference, and whether the
// pixels were compressed with loss (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2, C.7.4.1, C.7.6.1).
var identity = []tag{
	0x00080005,                         // specific character set
	0x00080020, 0x00080030, 0x00080050, // study date and time, accession number
	0x00080090,                                     // referring physician
	0x00080201,                                     // offset of the times from UTC
	0x00081030,                                     // study description
	0x00100010, 0x00100020, 0x00100021, 0x00100022, // patient's name, id, its issuer and its type
	0x00100030, 0x00100032, 0x00100040, // birth date and time, sex
	0x00101010, 0x00101020, 0x00101030, // age, size, weight
	0x00120062, 0x00120063, // identity removed, by which method
	0x00200010,                         // study id
	0x00201040,                         // position reference indicator
	0x00282110, 0x00282112, 0x00282114, // loss, ratio and method of compression
}

// maxIdentity bounds a value that is kept: no text of these has more than 64 characters
// a value, and no method of compression or of de-identification needs more than this.
const maxIdentity = 1024

func identityTag(t tag) bool {
	_, found := slices.BinarySearch(identity, t)
	return found
}

// identify keeps an attribute of the root. A tag that is repeated counts once, as it came
// first.
func (h *Header) identify(t tag, b []byte) {
	if len(b) > maxIdentity || slices.ContainsFunc(h.Identity, func(a Attribute) bool { return a.Tag == uint32(t) }) {
		return
	}
	if h.Identity == nil {
		h.Identity = make([]Attribute, 0, len(identity))
	}
	h.Identity = append(h.Identity, Attribute{Tag: uint32(t), Value: slices.Clone(b)})
}

// Package syntax knows DICOM's transfer syntaxes. In: the UID of a syntax. Out: a
// Syntax, which says how a data set is written and whether its pixels can be read.
// Supported returns the *volume.Error unsupported_transfer_syntax for one whose pixels
// cannot.
package syntax

import "github.com/iris-oculus/iris/internal/volume"

// UIDs of the syntaxes whose pixel data is stored as it is.
const (
	ImplicitLE = "1.2.840.10008.1.2"
	ExplicitLE = "1.2.840.10008.1.2.1"
	Deflated   = "1.2.840.10008.1.2.1.99"
	ExplicitBE = "1.2.840.10008.1.2.2"
)

// Syntax is one transfer syntax.
type Syntax struct {
	Name      string
	Native    bool // samples are stored as they are
	BigEndian bool
	Deflated  bool // the whole data set is one deflate stream
}

// syntaxes is every syntax with a meaning for images, PS3.6 table A-1.
var syntaxes = map[string]Syntax{
	ImplicitLE: {Name: "implicit little endian", Native: true},
	ExplicitLE: {Name: "explicit little endian", Native: true},
	Deflated:   {Name: "deflated", Native: true, Deflated: true},
	ExplicitBE: {Name: "explicit big endian", Native: true, BigEndian: true},
	// Private to GE: implicit, pixel data big endian.
	"1.2.840.113619.5.2": {Name: "GE private big endian"},

	"1.2.840.10008.1.2.1.98":  {Name: "encapsulated uncompressed"},
	"1.2.840.10008.1.2.4.50":  {Name: "JPEG baseline"},
	"1.2.840.10008.1.2.4.51":  {Name: "JPEG extended"},
	"1.2.840.10008.1.2.4.57":  {Name: "JPEG lossless"},
	"1.2.840.10008.1.2.4.70":  {Name: "JPEG lossless, first-order"},
	"1.2.840.10008.1.2.4.80":  {Name: "JPEG-LS lossless"},
	"1.2.840.10008.1.2.4.81":  {Name: "JPEG-LS near-lossless"},
	"1.2.840.10008.1.2.4.90":  {Name: "JPEG 2000 lossless"},
	"1.2.840.10008.1.2.4.91":  {Name: "JPEG 2000"},
	"1.2.840.10008.1.2.4.92":  {Name: "JPEG 2000 multi-component lossless"},
	"1.2.840.10008.1.2.4.93":  {Name: "JPEG 2000 multi-component"},
	"1.2.840.10008.1.2.4.100": {Name: "MPEG-2"},
	"1.2.840.10008.1.2.4.102": {Name: "MPEG-4"},
	"1.2.840.10008.1.2.4.107": {Name: "HEVC"},
	"1.2.840.10008.1.2.4.110": {Name: "JPEG XL lossless"},
	"1.2.840.10008.1.2.4.112": {Name: "JPEG XL"},
	"1.2.840.10008.1.2.4.201": {Name: "high-throughput JPEG 2000 lossless"},
	"1.2.840.10008.1.2.4.202": {Name: "high-throughput JPEG 2000 lossless RPCL"},
	"1.2.840.10008.1.2.4.203": {Name: "high-throughput JPEG 2000"},
	"1.2.840.10008.1.2.5":     {Name: "RLE lossless"},
	"1.2.840.10008.1.2.8.1":   {Name: "deflated frames"},
}

// Find is the syntax of a UID, the zero Syntax for one that is not known.
func Find(uid string) Syntax { return syntaxes[uid] }

// Supported is an *volume.Error unless pixels in this syntax can be read.
func Supported(uid string) error {
	s := Find(uid)
	if s.Native {
		return nil
	}
	name := s.Name
	if name == "" {
		name = "an unknown way"
	}
	return volume.Unsupported("unsupported_transfer_syntax",
		"the images are stored as %s, which is not read yet: export the series uncompressed (explicit little endian)", name)
}

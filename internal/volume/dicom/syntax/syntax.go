// Package syntax knows DICOM's transfer syntaxes. In: the UID of a syntax. Out: a
// Syntax, which says how a data set is written and whether its pixels can be read.
// Supported returns the *volume.Error unsupported_transfer_syntax for one whose pixels
// cannot.
package syntax

import "github.com/iris-oculus/iris/internal/volume"

// UIDs of the syntaxes that something depends on.
const (
	ImplicitLE = "1.2.840.10008.1.2"
	ExplicitLE = "1.2.840.10008.1.2.1"
	Deflated   = "1.2.840.10008.1.2.1.99"
	ExplicitBE = "1.2.840.10008.1.2.2"
	RLE        = "1.2.840.10008.1.2.5"
	GEPrivate  = "1.2.840.113619.5.2"
)

// Syntax is one transfer syntax. Its pixel data is Native, or its Frames are read, or it
// is refused.
type Syntax struct {
	Name   string
	Native bool // samples are stored as they are
	Frames bool // frames are stored in fragments, which package decode reads

	BigEndian      bool // the data set
	BigPixels      bool // the samples alone
	Deflated       bool // the whole data set is one deflate stream
	Plain          bool // frames are samples as they are
	DeflatedFrames bool // frames are deflate streams of samples
}

// syntaxes is every syntax with a meaning for images, PS3.6 table A-1.
var syntaxes = map[string]Syntax{
	ImplicitLE: {Name: "implicit little endian", Native: true},
	ExplicitLE: {Name: "explicit little endian", Native: true},
	Deflated:   {Name: "deflated", Native: true, Deflated: true},
	ExplicitBE: {Name: "explicit big endian", Native: true, BigEndian: true},
	// Private to GE: an implicit little endian data set with big endian samples.
	GEPrivate: {Name: "GE private big endian", Native: true, BigPixels: true},

	"1.2.840.10008.1.2.1.98":  {Name: "encapsulated uncompressed", Frames: true, Plain: true},
	"1.2.840.10008.1.2.4.50":  {Name: "JPEG baseline", Frames: true},
	"1.2.840.10008.1.2.4.51":  {Name: "JPEG extended", Frames: true},
	"1.2.840.10008.1.2.4.57":  {Name: "JPEG lossless", Frames: true},
	"1.2.840.10008.1.2.4.70":  {Name: "JPEG lossless, first-order", Frames: true},
	"1.2.840.10008.1.2.4.80":  {Name: "JPEG-LS lossless", Frames: true},
	"1.2.840.10008.1.2.4.81":  {Name: "JPEG-LS near-lossless", Frames: true},
	"1.2.840.10008.1.2.4.90":  {Name: "JPEG 2000 lossless", Frames: true},
	"1.2.840.10008.1.2.4.91":  {Name: "JPEG 2000", Frames: true},
	"1.2.840.10008.1.2.4.92":  {Name: "JPEG 2000 multi-component lossless", Frames: true},
	"1.2.840.10008.1.2.4.93":  {Name: "JPEG 2000 multi-component", Frames: true},
	"1.2.840.10008.1.2.4.100": {Name: "MPEG-2"},
	"1.2.840.10008.1.2.4.101": {Name: "MPEG-2"},
	"1.2.840.10008.1.2.4.102": {Name: "MPEG-4"},
	"1.2.840.10008.1.2.4.103": {Name: "MPEG-4"},
	"1.2.840.10008.1.2.4.104": {Name: "MPEG-4"},
	"1.2.840.10008.1.2.4.105": {Name: "MPEG-4"},
	"1.2.840.10008.1.2.4.106": {Name: "MPEG-4"},
	"1.2.840.10008.1.2.4.107": {Name: "HEVC"},
	"1.2.840.10008.1.2.4.108": {Name: "HEVC"},
	"1.2.840.10008.1.2.4.110": {Name: "JPEG XL lossless"},
	"1.2.840.10008.1.2.4.111": {Name: "JPEG XL of JPEG"},
	"1.2.840.10008.1.2.4.112": {Name: "JPEG XL"},
	"1.2.840.10008.1.2.4.201": {Name: "high-throughput JPEG 2000 lossless", Frames: true},
	"1.2.840.10008.1.2.4.202": {Name: "high-throughput JPEG 2000 lossless RPCL", Frames: true},
	"1.2.840.10008.1.2.4.203": {Name: "high-throughput JPEG 2000", Frames: true},
	RLE:                       {Name: "RLE lossless", Frames: true},
	"1.2.840.10008.1.2.8.1":   {Name: "deflated frames", Frames: true, DeflatedFrames: true},
}

// Find is the syntax of a UID, the zero Syntax for one that is not known.
func Find(uid string) Syntax { return syntaxes[uid] }

// Named is the name of a syntax in a sentence.
func Named(uid string) string {
	if name := Find(uid).Name; name != "" {
		return name
	}
	return "an unknown format"
}

// Supported is an *volume.Error unless pixels in this syntax can be read.
func Supported(uid string) error {
	if s := Find(uid); s.Native || s.Frames {
		return nil
	}
	return volume.Unsupported("unsupported_transfer_syntax",
		"the images are stored as %s, which is not read: export the series uncompressed (explicit little endian)", Named(uid))
}

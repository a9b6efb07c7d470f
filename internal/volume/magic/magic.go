// Package magic finds out by its first bytes what a file is that people send instead of
// a scan or beside one. In: the first bytes. Out: a Kind, with a name that completes
// the sentence "the file is …". DICOM is not among the kinds. Package header has to be
// asked before this one, because the first 128 bytes of a DICOM file may be those of
// any other kind. No errors.
package magic

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// Length is how many bytes Of wants to see. Fewer are judged as they are.
const Length = 4096

// Class says what can be done with a kind of file.
type Class int

// The classes. Zip, Gzip and Tar are read, or can be looked into; Packed are
// archives and compressed files that are not; NIfTI is a header of any version,
// Pair one whose voxels lie in another file; Volume are scans in formats that
// are not read; Document is anything else that is known, Text and Unknown what
// is not; Zeros begins with nothing else, Empty has no bytes.
const (
	Unknown Class = iota
	Empty
	Zeros
	Zip
	Gzip
	Tar
	Packed
	NIfTI
	Pair
	Volume
	Document
	Text
)

// Kind is what a file is.
type Kind struct {
	Name  string
	Class Class
}

// Of judges a file by its first bytes.
func Of(head []byte) Kind {
	switch {
	case len(head) == 0:
		return Kind{"empty", Empty}
	case allZero(head):
		return Kind{"filled with zeros, as a broken transfer leaves it", Zeros}
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")),
		bytes.HasPrefix(head, []byte("PK00PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x07\x08PK\x03\x04")):
		return zip(head)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return Kind{"a gzip file", Gzip}
	case TarHeader(head):
		return Kind{"a tar archive without compression", Tar}
	}
	if class := nifti(head); class != Unknown {
		return Kind{map[Class]string{NIfTI: "a NIfTI file", Pair: "the header of a .hdr/.img pair"}[class], class}
	}
	text := utf16(head) || printable(head)
	for _, s := range signatures {
		if text && len(s.begins) < 3 {
			continue // two letters are a word's, too
		}
		if len(head) >= s.at && bytes.HasPrefix(head[s.at:], []byte(s.begins)) {
			return s.Kind
		}
	}
	if text {
		return ofText(head)
	}
	// Volumes whose header is text and whose voxels follow it.
	if kind := ofText(head[:textual(head)]); kind.Class == Volume {
		return kind
	}
	return Kind{"of an unknown kind", Unknown}
}

// allZero says whether all bytes are zero.
func allZero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

// zip finds documents in the form of zip archives by the name of their first entry.
func zip(head []byte) Kind {
	at := bytes.Index(head[:min(len(head), 16)], []byte("PK\x03\x04"))
	if at < 0 || len(head) < at+30 {
		return Kind{"a zip archive", Zip}
	}
	n := int(binary.LittleEndian.Uint16(head[at+26:]))
	name := string(head[at+30 : min(len(head), at+30+n)])
	switch {
	case name == "[Content_Types].xml", strings.HasPrefix(name, "_rels/"):
		return Kind{"a Word, Excel or PowerPoint document", Document}
	case name == "mimetype":
		return Kind{"an OpenDocument file or an electronic book", Document}
	}
	return Kind{"a zip archive", Zip}
}

// TarHeader says whether b begins with the header of a tar archive's member, by
// its checksum: archives of Unix version 7 have no magic. The sum is that of the
// header with spaces for itself; old programs added the bytes as signed ones.
func TarHeader(b []byte) bool {
	const size, at, end = 512, 148, 156
	if len(b) < size {
		return false
	}
	want, err := strconv.ParseInt(strings.Trim(string(b[at:end]), " \x00"), 8, 32)
	if err != nil {
		return false
	}
	unsigned, signed := int64(0), int64(0)
	for n, v := range b[:size] {
		if n >= at && n < end {
			v = ' '
		}
		unsigned += int64(v)
		signed += int64(int8(v))
	}
	return want == unsigned || want == signed
}

// nifti knows a header by its magic or, in either byte order, by its own size in
// its first field, which Analyze 7.5 has, too.
func nifti(b []byte) Class {
	if len(b) < 4 {
		return Unknown
	}
	if len(b) >= 348 && string(b[344:348]) == "ni1\x00" || len(b) >= 8 && string(b[4:8]) == "ni2\x00" {
		return Pair
	}
	for _, size := range []uint32{binary.LittleEndian.Uint32(b), binary.BigEndian.Uint32(b)} {
		if size == 348 || size == 540 {
			return NIfTI
		}
	}
	return Unknown
}

// utf16 says whether b is text of two bytes a character.
func utf16(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff})
}

// printable says whether b is text: no control characters but those of lines.
func printable(b []byte) bool { return textual(b) == len(b) }

// textual is how many of the first bytes are text.
func textual(b []byte) int {
	for n, c := range b {
		if c < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1b", rune(c)) || c == 0x7f {
			return n
		}
	}
	return len(b)
}

// ofText is the kind of a file of text.
func ofText(b []byte) Kind {
	text := strings.TrimLeft(string(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))), " \t\r\n")
	lower := strings.ToLower(text[:min(len(text), 256)])
	for _, s := range texts {
		if strings.HasPrefix(lower, s.begins) {
			return s.Kind
		}
	}
	// MetaImage headers begin with any of their keys.
	if strings.Contains(lower, "ndims = ") || strings.Contains(lower, "elementtype = ") {
		return metaImage
	}
	return Kind{"text", Text}
}

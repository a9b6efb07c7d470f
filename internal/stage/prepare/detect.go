package prepare

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
)

// kind is how an upload is read.
type kind int

const (
	kindNIfTI kind = iota // gzip or not
	kindDICOM
	kindZip
	kindTarGz
)

// detect tells the kind of an upload from its first bytes. What is none of them
// is refused with a sentence that its owner understands.
func (s Source) detect() (kind, error) {
	if s.Size == 0 {
		return 0, volume.Reject("unrecognized", "the file is empty")
	}
	if s.Size > volume.MaxObjectBytes {
		return 0, volume.Reject("too_large", "the file has %d bytes: at most %d are accepted", s.Size, int64(volume.MaxObjectBytes))
	}
	head := make([]byte, min(s.Size, header.SniffLength))
	if n, err := s.File.ReadAt(head, 0); n < len(head) && err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return kindZip, nil
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return insideGzip(io.NewSectionReader(s.File, 0, s.Size))
	case header.Sniff(head) != header.Other:
		return kindDICOM, nil
	case isNIfTI(head):
		return kindNIfTI, nil
	}
	return 0, volume.Reject("unrecognized",
		"the file is %s, not a scan: send a NIfTI file (.nii, .nii.gz), a DICOM file, or DICOM files in a .zip, .tar.gz or folder", nameOf(head))
}

// insideGzip tells a compressed tar from a compressed NIfTI, whose reader says
// what is wrong with anything else.
func insideGzip(r io.Reader) (kind, error) {
	gz, err := gzip.NewReader(r)
	if err != nil {
		return kindNIfTI, nil
	}
	inside := make([]byte, 512)
	n, _ := io.ReadFull(gz, inside)
	inside = inside[:n]
	switch {
	case isTar(inside):
		return kindTarGz, nil
	case !isNIfTI(inside) && header.Sniff(inside) != header.Other:
		return 0, volume.Reject("unrecognized", "the file is a compressed DICOM file: send it uncompressed, or the series in a .zip or .tar.gz")
	case n == len(inside) && n > 0 && !isNIfTI(inside) && n >= 348:
		return 0, volume.Reject("unrecognized", "the compressed file holds %s, not a scan: send a NIfTI file (.nii.gz) or DICOM files (.tar.gz)", nameOf(inside))
	}
	return kindNIfTI, nil
}

// isTar knows a tar header by its magic, POSIX or GNU.
func isTar(b []byte) bool { return len(b) == 512 && string(b[257:262]) == "ustar" }

// isNIfTI knows a header by its own size, its first field, in either byte order.
func isNIfTI(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	for _, size := range []uint32{binary.LittleEndian.Uint32(b), binary.BigEndian.Uint32(b)} {
		if size == 348 || size == 540 {
			return true
		}
	}
	return false
}

// signatures are what people send by mistake.
var signatures = []struct{ begins, name string }{
	{"%PDF", "a PDF document"},
	{"\x89PNG", "a PNG picture"},
	{"\xff\xd8\xff", "a JPEG picture"},
	{"Rar!", "a RAR archive"},
	{"7z\xbc\xaf", "a 7-Zip archive"},
	{"BZh", "a bzip2 file"},
	{"\xfd7zXZ", "an xz file"},
	{"NRRD", "an NRRD volume"},
	{"ObjectType", "a MetaImage header"},
}

func nameOf(head []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.begins)) {
			return s.name
		}
	}
	if len(head) >= 512 && isTar(head[:512]) {
		return "a tar archive without compression"
	}
	for _, b := range head {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' {
			return "of an unknown kind"
		}
	}
	return "text"
}

package prepare

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/magic"
	"github.com/iris-oculus/iris/internal/volume/nrrd"
)

// kind is how an upload is read.
type kind int

const (
	kindNIfTI kind = iota // gzip or not
	kindDICOM
	kindZip
	kindTarGz
	kindNRRD // read as a label map only
)

// These sentences say what to do about a file that is no scan.
const (
	sendScan   = "send a NIfTI file (.nii, .nii.gz), a DICOM file, or DICOM files in a .zip, a .tar.gz or a folder"
	sendUnpack = "unpack it and send the DICOM files in a .zip, a .tar.gz or a folder, or the NIfTI file by itself"
	sendTarGz  = "compress it with gzip and send the .tar.gz"
	sendNIfTI  = "convert it to NIfTI (.nii.gz), for example with 3D Slicer, and send that; or send the DICOM files that it was made from"
	sendOnce   = "unpack it once and send what comes out"
	sendAgain  = "send it again, or the copy that it was made from"
)

// detect finds the kind of an upload by its first bytes. It refuses a file of any other
// kind with a sentence for its owner.
func (s Source) detect() (kind, error) {
	if s.Size == 0 {
		return 0, volume.Reject("unrecognized", "the file is empty: %s", sendAgain)
	}
	if s.Size > volume.MaxObjectBytes {
		return 0, volume.Reject("too_large", "the file has %d bytes: at most %d are accepted", s.Size, int64(volume.MaxObjectBytes))
	}
	head := make([]byte, min(s.Size, header.SniffLength))
	if n, err := s.File.ReadAt(head, 0); n < len(head) && err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	looks := header.Sniff(head)
	if looks == header.DICOM { // its first 128 bytes may be those of any other kind
		return kindDICOM, nil
	}
	if nrrd.Is(head) {
		return kindNRRD, nil
	}
	is := magic.Of(head)
	switch is.Class {
	case magic.Zip:
		return kindZip, nil
	case magic.NIfTI, magic.Pair:
		return kindNIfTI, nil
	case magic.Gzip:
		return insideGzip(io.NewSectionReader(s.File, 0, s.Size))
	case magic.Unknown, magic.Zeros:
		if looks != header.Other {
			return kindDICOM, nil
		}
		disc, err := s.isDisc()
		if err != nil {
			return 0, err
		}
		if disc {
			is = magic.Kind{Name: "an image of a CD or DVD (.iso)", Class: magic.Packed}
		}
	}
	return 0, refused("the file is", is)
}

// insideGzip tells a compressed tar from a compressed NIfTI, and refuses any other file.
// Faults of the compression itself are left to the readers.
func insideGzip(r io.Reader) (kind, error) {
	gz, err := gzip.NewReader(r)
	if err != nil {
		return kindNIfTI, nil
	}
	inside := bufio.NewReaderSize(gz, header.SniffLength)
	head, err := inside.Peek(header.SniffLength)
	if err != nil && !errors.Is(err, io.EOF) {
		if magic.TarHeader(head) {
			return kindTarGz, nil
		}
		return kindNIfTI, nil
	}
	if header.Sniff(head) == header.DICOM {
		return 0, compressedDICOM()
	}
	is := magic.Of(head)
	switch is.Class {
	case magic.Tar:
		return kindTarGz, nil
	case magic.NIfTI, magic.Pair:
		return kindNIfTI, nil
	case magic.Gzip:
		return 0, volume.Reject("unrecognized", "the file was compressed twice with gzip: %s", sendOnce)
	case magic.Zip:
		return 0, volume.Reject("unrecognized", "the file is a zip archive that was compressed once more with gzip: %s", sendOnce)
	case magic.Empty:
		return 0, volume.Reject("unrecognized", "the file is a compressed file of nothing: %s", sendAgain)
	case magic.Unknown:
		if header.Sniff(head) != header.Other {
			return 0, compressedDICOM()
		}
	}
	return 0, refused("the file is compressed with gzip, and inside is", is)
}

func compressedDICOM() error {
	return volume.Reject("unrecognized", "the file is a compressed DICOM file: send it uncompressed, or the whole series in a .zip or .tar.gz")
}

// refused is the error for a file that is no scan. It says what the file is and what to
// do.
func refused(begins string, is magic.Kind) error {
	todo := ", not a scan: " + sendScan
	switch is.Class {
	case magic.Packed:
		todo = ", which is not read: " + sendUnpack
	case magic.Tar:
		todo = ": " + sendTarGz
	case magic.Volume:
		todo = ", a format that is not read: " + sendNIfTI
	case magic.Zeros:
		todo = ": " + sendAgain
	}
	return volume.Reject("unrecognized", "%s %s%s", begins, is.Name, todo)
}

// Where an ISO 9660 file system has its mark: in its 17th sector.
const (
	discMarkAt = 16*2048 + 1
	discMark   = "CD001"
)

// isDisc says whether the file is the image of a CD or DVD.
func (s Source) isDisc() (bool, error) {
	mark := make([]byte, len(discMark))
	n, err := s.File.ReadAt(mark, discMarkAt)
	if n < len(mark) && err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return string(mark[:n]) == discMark, nil
}

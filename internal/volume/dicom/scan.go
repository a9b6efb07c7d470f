package dicom

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// found is what the first pass saw.
type found struct {
	buffer                    *bufio.Reader // of one file after the other
	series                    series.Builder
	files, dicom              int
	archives, niftis, damaged int // among the strangers
	strangers, litter         int
}

// scan reads every file's header.
func scan(ctx context.Context, files drop.Files) (*found, error) {
	f := &found{buffer: bufio.NewReaderSize(nil, header.SniffLength)}
	err := files.Each(ctx, nil, func(file drop.File) error {
		f.files++
		if file.Litter {
			f.litter++
			return nil
		}
		return f.look(file)
	})
	if err != nil {
		return nil, err
	}
	if f.dicom == 0 {
		return nil, f.nothing()
	}
	return f, nil
}

// look reads one file's header. What is wrong with the file is kept for when it
// is known whether it matters; only faults of the container or the disk return.
func (f *found) look(file drop.File) error {
	r := f.buffer
	r.Reset(file.Body)
	head, err := r.Peek(header.SniffLength)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	kind := header.Sniff(head)
	if kind != header.DICOM && kind != header.Bare {
		f.stranger(head, kind)
		return nil
	}
	h, _, err := header.Read(r, file.Size)
	fault := (*volume.Error)(nil)
	if err != nil && !errors.As(err, &fault) {
		return err
	}
	if kind == header.Bare && err != nil && (h == nil || h.SOPClass == "") {
		f.stranger(head, header.Other) // it only began like a data set
		return nil
	}
	f.dicom++
	f.series.Add(file.Index, h, err)
	return nil
}

// stranger sorts a file that is not DICOM.
func (f *found) stranger(head []byte, kind header.Kind) {
	f.strangers++
	switch {
	case kind == header.Damaged:
		f.damaged++
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		f.archives++
	case len(head) >= 348 && bytes.HasPrefix(head[344:], []byte("n+1\x00")):
		f.niftis++
	}
}

// nothing says what was found instead of DICOM files.
func (f *found) nothing() error {
	switch {
	case f.files == 0:
		return volume.Reject("empty_archive", "the upload holds no files")
	case f.damaged > 0:
		return volume.Reject("corrupt_dicom", "a file holds DICOM data but does not begin as a DICOM file does: it is damaged")
	case f.niftis > 0:
		return volume.Reject("no_image_series", "the upload holds a NIfTI file and no DICOM images: upload the NIfTI file by itself")
	case f.archives > 0:
		return volume.Reject("nested_archive", "the upload holds other archives or compressed files and no DICOM images: upload what is inside")
	}
	return volume.Reject("no_image_series", "none of the %d files is a DICOM image", f.files)
}

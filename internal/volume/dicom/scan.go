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

// mediaDirectory is the SOP class of a DICOMDIR, which lists a CD's files and
// holds no image (PS3.10 §8).
const mediaDirectory = "1.2.840.10008.1.3.10"

// found holds the results of the first pass.
type found struct {
	buffer       *bufio.Reader // of one file after the other
	series       series.Builder
	files, dicom int
	others       others
}

// scan reads every file's header.
func scan(ctx context.Context, files drop.Files) (*found, error) {
	f := &found{buffer: bufio.NewReaderSize(nil, header.SniffLength)}
	f.others.peek = peekLimit
	err := files.Each(ctx, nil, func(file drop.File) error {
		if file.Litter {
			return nil
		}
		f.files++
		return f.look(file)
	})
	if err != nil {
		return nil, err
	}
	if f.dicom == 0 {
		return nil, f.others.noImages(f.files)
	}
	return f, f.others.nested()
}

// look reads one file's header. A fault of the file is noted, because only later is it
// known whether it matters. look returns only faults of the container or the disk.
func (f *found) look(file drop.File) error {
	switch {
	case file.Apart:
		f.others.apart++
		return nil
	case file.Dangling:
		f.others.add(file.Ending, isDangling)
		return nil
	}
	r := f.buffer
	r.Reset(file.Body)
	head, err := r.Peek(header.SniffLength)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	kind := header.Sniff(head)
	if kind != header.DICOM && kind != header.Bare {
		f.others.sort(file.Ending, head, r, kind == header.Damaged)
		return nil
	}
	if kind == header.Bare {
		head = bytes.Clone(head) // reading on overwrites it
	}
	h, _, err := header.Read(r, file.Size)
	fault := (*volume.Error)(nil)
	if err != nil && !errors.As(err, &fault) {
		return err
	}
	if h == nil || h.SOPClass == "" {
		// The data set has no SOP class: it is cut or overwritten, or the file only
		// begins like a data set.
		switch {
		case len(head) < shortest:
			f.others.add(file.Ending, isCut)
			return nil
		case kind == header.Bare && (err != nil || !h.Pixels.Present):
			f.others.sort(file.Ending, head, r, false)
			return nil
		case err == nil && !h.Pixels.Present:
			f.others.add(file.Ending, isDamaged)
			return nil
		}
	}
	if h != nil && h.SOPClass == mediaDirectory {
		f.others.directory = true
		return nil
	}
	f.dicom++
	f.others.noteEnding(file.Ending)
	f.series.Add(file.Index, h, err)
	return nil
}

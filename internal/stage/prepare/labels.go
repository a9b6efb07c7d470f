package prepare

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/archive"
	"github.com/iris-oculus/iris/internal/volume/drop"
	"github.com/iris-oculus/iris/internal/volume/labeltable"
	"github.com/iris-oculus/iris/internal/volume/magic"
	"github.com/iris-oculus/iris/internal/volume/nifti"
	"github.com/iris-oculus/iris/internal/volume/nrrd"
)

const wantLabels = "task=labels takes one label map, NIfTI (.nii, .nii.gz) or NRRD (.seg.nrrd, .nrrd), or a .zip or .tar.gz of it and a table of its names"

// LabelMap reads a source that is a label map already: one file, or an archive that
// holds one and, beside it, a table of its names. Warnings of the map say what is
// doubtful. A file at fault is a *job.RejectedError or a *job.UnsupportedError.
func (s Source) LabelMap(ctx context.Context) (*volume.LabelMap, error) {
	m, err := s.labelMap(ctx)
	return m, named(err)
}

func (s Source) labelMap(ctx context.Context) (*volume.LabelMap, error) {
	if s.Folder != nil {
		return nil, volume.Reject("unrecognized", "a folder of DICOM files was sent: %s", wantLabels)
	}
	kind, err := s.detect()
	if err != nil {
		return nil, err
	}
	switch kind {
	case kindNIfTI, kindNRRD:
		return ReadLabels(io.NewSectionReader(s.File, 0, s.Size))
	case kindZip:
		z, err := archive.OpenZip(s.File, s.Size)
		if err != nil {
			return nil, compressedMap(err)
		}
		m, err := packedLabels(ctx, z)
		return m, compressedMap(err)
	case kindTarGz:
		m, err := packedLabels(ctx, &archive.TarGz{R: s.File, Size: s.Size})
		return m, compressedMap(err)
	}
	return nil, volume.Reject("unrecognized", "a DICOM file was sent: %s", wantLabels)
}

// ReadLabels reads a label map in any form that is read, which is told by its content.
// Errors are those of the form's own package.
func ReadLabels(r io.Reader) (*volume.LabelMap, error) {
	in := bufio.NewReader(r)
	// What is wrong with the reader comes again when the file is read.
	if head, _ := in.Peek(nrrd.MagicLength); nrrd.Is(head) {
		return nrrd.ReadLabels(in)
	}
	return nifti.ReadLabels(in)
}

// Named says whether a label map has names that somebody gave, not those that are made
// up for labels above 65,535.
func Named(m *volume.LabelMap) bool {
	return slices.ContainsFunc(m.Table.Labels, func(l volume.Label) bool { return !madeUp(l) })
}

// madeUp says whether the name of a label above 65,535 was made of its number.
func madeUp(l volume.Label) bool {
	return l.Name == "" || l.Source != 0 && l.Name == fmt.Sprintf("label_%d", l.Source)
}

// Labels writes a source that is a label map as the model server would have answered it,
// and says what is doubtful about it. Errors are those of LabelMap, and the writer's own.
func (s Source) Labels(ctx context.Context, dst io.Writer) ([]job.Notice, error) {
	m, err := s.LabelMap(ctx)
	if err == nil {
		err = judge(m)
	}
	if err != nil {
		return nil, err
	}
	return notices(m.Warnings), named(nifti.WriteLabels(dst, m))
}

// Bounds on the tables of an archive, which are held in memory while it is looked
// through.
const (
	maxTables     = 16
	maxTableBytes = 2 * labeltable.MaxBytes
)

// pack is what an archive holds.
type pack struct {
	maps      []int // indexes of label maps
	tables    [][]labeltable.Entry
	strangers int
	bytes     int64 // of the tables
}

// packedLabels reads the one label map of an archive and gives it the names of the table
// that lies in the archive too. It counts before the header's: it was put there by hand.
func packedLabels(ctx context.Context, files drop.Files) (*volume.LabelMap, error) {
	var p pack
	err := files.Each(ctx, nil, p.visit)
	switch {
	case err != nil:
		return nil, err
	case len(p.maps) == 0:
		return nil, volume.Reject("unrecognized", "the archive holds no label map: %s", wantLabels)
	case len(p.maps) > 1:
		return nil, volume.Reject("multiple_label_maps", "the archive holds %d volumes: task=labels takes one label map with all structures in it (TotalSegmentator writes it with --ml, 3D Slicer as .seg.nrrd)", len(p.maps))
	}
	var m *volume.LabelMap
	err = files.Each(ctx, p.maps, func(f drop.File) (err error) {
		m, err = ReadLabels(f.Body)
		return err
	})
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, volume.Reject("bad_archive", "the archive is damaged or was cut short: pack and send it again")
	}
	if p.strangers > 0 {
		m.Warnings = append(m.Warnings, volume.Warning{Code: "strangers",
			Message: fmt.Sprintf("files of the archive that are neither a label map nor a table of names were passed over: %d", p.strangers)})
	}
	return m, p.name(m)
}

// compressedMap says what to do about an archive that expands too much: label maps
// compress to a few thousandths of their size.
func compressedMap(err error) error {
	var named *volume.Error
	if errors.As(err, &named) && named.Code == "archive_too_large" {
		return volume.Reject(named.Code, "%s; a label map that lies in the archive as .nii.gz counts with its compressed size", named.Message)
	}
	return err
}

// visit judges one file of an archive by its content.
func (p *pack) visit(f drop.File) error {
	switch {
	case f.Litter:
		return nil
	case f.Dangling || f.Size == 0:
		p.strangers++
		return nil
	}
	in := bufio.NewReaderSize(f.Body, magic.Length)
	head, err := in.Peek(magic.Length)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case isVolume(head):
		p.maps = append(p.maps, f.Index)
		return nil
	case f.Size > labeltable.MaxBytes, isBinary(head), len(p.tables) == maxTables, p.bytes+f.Size > maxTableBytes:
		p.strangers++
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(in, labeltable.MaxBytes))
	if err != nil {
		return err
	}
	p.bytes += int64(len(text))
	entries, err := labeltable.Parse(text)
	if err != nil {
		p.strangers++
		return nil
	}
	p.tables = append(p.tables, entries)
	return nil
}

// isBinary says whether a file's first bytes are no text, not that of UTF-16 either.
func isBinary(head []byte) bool {
	return bytes.IndexByte(head, 0) >= 0 && !bytes.HasPrefix(head, []byte{0xff, 0xfe}) && !bytes.HasPrefix(head, []byte{0xfe, 0xff})
}

// isVolume says whether a file's first bytes are those of a NIfTI or NRRD file,
// compressed or not.
func isVolume(head []byte) bool {
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		gz, err := gzip.NewReader(bytes.NewReader(head))
		if err != nil {
			return false
		}
		plain := make([]byte, magic.Length)
		n, _ := io.ReadFull(gz, plain) // as much as the first bytes of the file expand to
		head = plain[:n]
	}
	return nrrd.Is(head) || magic.Of(head).Class == magic.NIfTI
}

// name gives a map the names of the archive's table.
func (p *pack) name(m *volume.LabelMap) error {
	var fit [][]labeltable.Entry
	for _, entries := range p.tables {
		same := func(other []labeltable.Entry) bool { return slices.Equal(entries, other) }
		if names(m, entries) && !slices.ContainsFunc(fit, same) {
			fit = append(fit, entries)
		}
	}
	switch {
	case len(fit) > 1:
		return volume.Reject("bad_labels_table", "the archive holds %d tables that name the labels differently: leave one in it", len(fit))
	case len(fit) == 1:
		labeltable.Apply(m, fit[0])
		trust(m)
	case len(p.tables) > 0:
		m.Warnings = append(m.Warnings, volume.Warning{Code: "labels_table_ignored",
			Message: "the table of names in the archive has no name for any label of the map"})
	}
	return nil
}

// names says whether a table names a label that the map has.
func names(m *volume.LabelMap, entries []labeltable.Entry) bool {
	trial := volume.LabelMap{Dims: m.Dims, U8: m.U8, U16: m.U16}
	trial.Table.Labels = slices.Clone(m.Table.Labels)
	for i := range trial.Table.Labels {
		trial.Table.Labels[i].Name = "" // only those of the entries count
	}
	labeltable.Apply(&trial, entries)
	said := make(map[string]bool, len(entries))
	for _, e := range entries {
		said[e.Name] = true
	}
	return slices.ContainsFunc(build.Found(&trial), func(name string) bool { return said[name] })
}

// trust takes back the doubt whether a map is one, once a table has named its labels.
func trust(m *volume.LabelMap) {
	m.Warnings = slices.DeleteFunc(m.Warnings, func(w volume.Warning) bool { return w.Code == "looks_like_a_scan" })
}

// judge refuses a map that seems to be a scan, and says which labels nobody has named.
func judge(m *volume.LabelMap) error {
	if slices.ContainsFunc(m.Warnings, func(w volume.Warning) bool { return w.Code == "looks_like_a_scan" }) {
		return job.Reject("bad_labels", "the file looks like a scan: it has many different values, and neighbouring voxels mostly differ. "+
			"Leave task=labels out to have it segmented; if it is a label map, send it with a table of its names")
	}
	given := make(map[string]bool, len(m.Table.Labels))
	for _, l := range m.Table.Labels {
		given[l.Name] = !madeUp(l)
	}
	var unnamed []string
	for _, name := range build.Found(m) {
		if !given[name] {
			unnamed = append(unnamed, name)
		}
	}
	if len(unnamed) > 0 {
		m.Warnings = append(m.Warnings, volume.Warning{Code: "labels_unnamed",
			Message: "nothing names these labels: " + job.Listed(unnamed) + "; a table of names beside the label map would"})
	}
	return nil
}

// labels writes an upload that is a label map as the model server would have answered.
// It is not ready while a table of its names may still come.
func (s Stage) labels(ctx context.Context, in job.StageInput, r job.Record, source Source) (job.PrepareOutput, error) {
	m, err := source.LabelMap(ctx)
	if err != nil {
		return job.PrepareOutput{}, err
	}
	ready, err := s.tableBeside(ctx, r, m)
	if err != nil || !ready {
		return job.PrepareOutput{}, err
	}
	if err := judge(m); err != nil {
		return job.PrepareOutput{}, err
	}
	options, err := r.Options.Held(build.Names(m))
	if err != nil {
		return job.PrepareOutput{}, err
	}
	err = s.stream(ctx, job.Key(in.Job, in.Attempt, job.LabelsObject), func(w io.Writer) error { return named(nifti.WriteLabels(w, m)) })
	if err != nil {
		return job.PrepareOutput{}, err
	}
	return s.finish(ctx, in, job.PrepareOutput{Ready: true, Labels: true}, m.Dims, func(r *job.Record) {
		r.Options, r.Warnings = options, notices(m.Warnings)
		r.ShowScan(nil) // there is none
	})
}

// tableBeside looks for a table of names that was dropped into the bucket under the name
// of the label map. It counts where the map has no names of its own. ready is false while
// such a map waits for its table: they are two objects, of which either may come first.
func (s Stage) tableBeside(ctx context.Context, r job.Record, m *volume.LabelMap) (ready bool, err error) {
	beside := job.LabelTables(r.Upload.Key)
	if _, _, own := job.ParseUploadKey(r.Upload.Key); own || len(beside) == 0 {
		return true, nil // an upload of one object, or an archive
	}
	had, found := Named(m), false
	for _, key := range beside {
		text, object, err := s.table(ctx, key)
		if errors.Is(err, job.ErrNotFound) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("read the table beside the label map: %w", err)
		}
		found = true
		linked := r // found by the table too, which is erased with the job
		linked.Upload = job.Upload{Bucket: r.Upload.Bucket, Key: key, ETag: object.ETag, Modified: object.Modified}
		if err := s.Jobs.LinkKey(ctx, linked); err != nil {
			return false, fmt.Errorf("link table: %w", err)
		}
		useTable(m, key, text, had)
	}
	if !found && !had && s.Now().Sub(r.CreatedAt) < job.QuietFor {
		return false, nil
	}
	return true, nil
}

// useTable gives a map without names those of a table that lies beside it, or warns that
// the table was not used.
func useTable(m *volume.LabelMap, key string, text []byte, had bool) {
	why := ""
	entries, err := labeltable.Parse(text)
	switch {
	case had:
		why = "names the structures in its header, which counts; an archive of both has the table count"
	case Named(m):
		why = "has its names from another one"
	case err != nil:
		why = "cannot use: " + job.Named(err).Error()
	case !names(m, entries):
		why = "has no label of"
	default:
		labeltable.Apply(m, entries)
		trust(m)
		return
	}
	m.Warnings = append(m.Warnings, volume.Warning{Code: "labels_table_ignored",
		Message: fmt.Sprintf("the %s file beside the label map was not used: the map %s", key[strings.LastIndexByte(key, '.'):], why)})
}

// table reads an upload that may be a table of names.
func (s Stage) table(ctx context.Context, key string) ([]byte, job.Object, error) {
	file, object, err := s.Uploads.ReaderAt(ctx, key)
	if err != nil {
		return nil, object, err
	}
	text, err := io.ReadAll(io.NewSectionReader(file, 0, min(object.Size, labeltable.MaxBytes+1)))
	return text, object, err
}

package prepare

import (
	"context"
	"io"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/archive"
	"github.com/iris-oculus/iris/internal/volume/dicom"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
	"github.com/iris-oculus/iris/internal/volume/drop"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// Source is an upload: one file, or a folder of files when Folder is set.
type Source struct {
	File   io.ReaderAt
	Size   int64
	Folder drop.Files
}

// Options is what the scan's owner may say about it, as in job.Options.
type Options struct {
	Series   int
	Modality string
	Watch    nifti.Watcher // sees the volume while it is written; nil for nobody
}

// Report describes the scan that was found and the volume that was written.
type Report struct {
	Dims     [3]int
	Affine   volume.Affine
	Modality string       // CT, MR, PT; empty: not known
	Source   *origin.Scan // nil unless the scan was DICOM
	Warnings []job.Notice
	Units    units
}

// units says which units the values of a scan seem to have. Model servers use the same
// rule, so that the GPU is not woken for a scan which they would refuse.
type units int

const (
	unitsNotJudged units = iota // DICOM says what it holds
	unitsHounsfield
	unitsOther
)

// Volume writes the source as a canonical volume (.nii.gz) to dst. Its kind is
// told by its content. What was written is of use only without an error; a scan
// at fault is a *job.RejectedError or a *job.UnsupportedError.
func (s Source) Volume(ctx context.Context, dst io.Writer, o Options) (Report, error) {
	report, err := s.convert(ctx, dst, o)
	return report, named(err)
}

// Describe says which DICOM series Volume would make its volume of, and where its frames
// lie, and what is doubtful about the choice. A source that is no DICOM has none:
// unrecognized.
func (s Source) Describe(ctx context.Context, o Options) (*origin.Scan, []volume.Warning, error) {
	files, err := s.files()
	if err == nil && files == nil {
		err = volume.Reject("unrecognized", "the source is no DICOM series: want its folder, its archive or its file")
	}
	if err != nil {
		return nil, nil, named(err)
	}
	found, warnings, err := dicom.Describe(ctx, files, dicom.Options{Series: o.Series, Modality: o.Modality})
	return found, warnings, named(err)
}

// files are those of a drop, nil for a source that is one file of another kind.
func (s Source) files() (drop.Files, error) {
	if s.Folder != nil {
		return s.Folder, nil
	}
	kind, err := s.detect()
	if err != nil {
		return nil, err
	}
	switch kind {
	case kindZip:
		return archive.OpenZip(s.File, s.Size)
	case kindTarGz:
		return &archive.TarGz{R: s.File, Size: s.Size}, nil
	case kindDICOM:
		return single{s}, nil
	case kindNRRD:
		return nil, volume.Reject("unrecognized", "the file is an NRRD volume, a format in which only label maps are read: if it is one (.seg.nrrd), say task=labels; if it is a scan, %s", sendNIfTI)
	}
	return nil, nil
}

func (s Source) convert(ctx context.Context, dst io.Writer, o Options) (Report, error) {
	files, err := s.files()
	if err != nil {
		return Report{}, err
	}
	if files != nil {
		return fromDICOM(ctx, files, dst, o)
	}
	r, err := nifti.Convert(ctx, s.File, s.Size, dst, nifti.ConvertOptions{Modality: o.Modality, Watch: o.Watch})
	report := Report{Dims: r.Dims, Affine: r.Affine, Modality: r.Modality, Units: unitsOther, Warnings: notices(r.Warnings)}
	if r.Hounsfield {
		report.Units = unitsHounsfield
	}
	return report, err
}

func fromDICOM(ctx context.Context, files drop.Files, dst io.Writer, o Options) (Report, error) {
	r, err := dicom.Convert(ctx, files, dst, dicom.Options{Series: o.Series, Modality: o.Modality, Watch: o.Watch})
	if err != nil {
		return Report{}, err
	}
	report := Report{Dims: r.Dims, Affine: r.Affine, Modality: r.Modality, Source: &r.Source, Warnings: notices(r.Warnings)}
	for _, w := range r.Warnings {
		if w.Code == "not_hounsfield" {
			report.Units = unitsOther
		}
	}
	return report, nil
}

// single is one DICOM file as a drop.
type single struct{ Source }

// Each implements drop.Files.
func (s single) Each(_ context.Context, _ []int, visit func(drop.File) error) error {
	return visit(drop.File{Size: s.Size, Body: io.NewSectionReader(s.File, 0, s.Size)})
}

// named turns a scan's fault into the named error of the workflow.
func named(err error) error {
	if named := job.Named(err); named != nil {
		return named
	}
	return err
}

func notices(warnings []nifti.Warning) []job.Notice {
	var out []job.Notice
	for _, w := range warnings {
		out = append(out, job.Notice{Code: w.Code, Message: w.Message})
	}
	return out
}

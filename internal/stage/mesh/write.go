package mesh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/deflate"
	"github.com/iris-oculus/iris/internal/meshfile/light"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// write stores every artifact and then job.MeshObject, so that all artifacts exist when
// that does.
func (s Stage) write(ctx context.Context, r job.Record, scan scan, surfaces []surface.Surface, preview *light.Model, drawn *drawn) error {
	model := meshfile.Scene{Surfaces: surfaces, Provenance: scan.labels.Table.Provenance, Spacing: scan.labels.Affine.Spacing(), Origin: scan.origin}
	artifacts := []struct {
		name  string
		write func(io.Writer) error
		put   func(context.Context, job.Record, string, func(io.Writer) error) (job.Artifact, error)
	}{
		{job.ModelGLB, func(w io.Writer) error { return meshfile.Write(w, "glb", model) }, s.put},
		{job.ViewGLB, func(w io.Writer) error { return meshfile.WriteView(w, model, meshfile.ViewStep) }, s.putGzip},
		{job.PreviewGLB, nil, func(ctx context.Context, r job.Record, name string, _ func(io.Writer) error) (job.Artifact, error) {
			return job.StorePacked(ctx, s.Results, r.ID, r.Attempt, name, preview.File, preview.Packed)
		}},
		{job.LabelsNIfTI, func(w io.Writer) error { return nifti.WriteLabels(w, scan.labels) }, s.put},
		{job.SlicesNIfTI, func(w io.Writer) error { return writeSlices(w, scan.volume) }, s.put},
		{job.MeasurementsJSON, func(w io.Writer) error { return writeMeasurementsJSON(w, scan, surfaces) }, s.put},
		{job.MeasurementsCSV, func(w io.Writer) error { return writeMeasurementsCSV(w, surfaces) }, s.put},
		{job.PreviewPNG, drawn.preview.write, s.put},
		{job.CheckPNG, drawn.check.write, s.put},
		{job.ProvenanceJSON, func(w io.Writer) error { return writeProvenance(w, scan, r.Options) }, s.put},
	}
	meshed := job.Meshed{Artifacts: []job.Artifact{}, Table: table(scan, surfaces), Warnings: s.warnings(r, scan, surfaces)}
	if preview == nil {
		meshed.Warnings = append(meshed.Warnings, noPreview)
	}
	if scan.doubtful != nil {
		meshed.Warnings = append(meshed.Warnings, *scan.doubtful)
	}
	if meshed.IsLong() { // no record holds it: whoever reads the job reads this
		_, err := s.put(ctx, r, job.TableObject, func(w io.Writer) error { return json.NewEncoder(w).Encode(meshed.Table) })
		if err != nil {
			return err
		}
	}
	for _, a := range artifacts {
		if a.name == job.SlicesNIfTI && scan.volume == nil || a.name == job.PreviewGLB && preview == nil {
			continue // the upload was a label map, or the prepared volume has expired; noPreview
		}
		done, err := a.put(ctx, r, a.name, a.write)
		if err != nil {
			return err
		}
		meshed.Artifacts = append(meshed.Artifacts, done)
	}
	if err := s.writeDICOM(ctx, r, scan, &meshed); err != nil {
		return err
	}
	text, err := json.Marshal(meshed)
	if err != nil {
		return fmt.Errorf("write %s: %w", job.MeshObject, err)
	}
	if _, err := s.Work.Put(ctx, job.Key(r.ID, r.Attempt, job.MeshObject), job.MediaType(job.MeshObject), bytes.NewReader(text)); err != nil {
		return fmt.Errorf("write %s: %w", job.MeshObject, err)
	}
	return nil
}

// slicesMM is the shortest edge of a voxel in slices.nii.gz: at 2 mm a chest has some
// 10 million voxels, which a browser can hold.
const slicesMM = 2

// writeSlices writes the volume in voxels that a browser can hold.
func writeSlices(w io.Writer, v *volume.Volume) error {
	return nifti.WriteVolume(w, volume.Coarse(v, slicesMM))
}

// putGzip is put for an artifact that is stored and sent as gzip. A browser undoes
// that by itself, and nothing between would compress the media type of a model. The
// size and the digest are the file's own (job.Artifact).
func (s Stage) putGzip(ctx context.Context, r job.Record, name string, write func(io.Writer) error) (job.Artifact, error) {
	digest, size := sha256.New(), counter(0)
	const encoding = "gzip"
	stored, err := job.Stream(func(body io.Reader) (job.Artifact, error) {
		return s.Results.PutEncoded(ctx, job.Key(r.ID, r.Attempt, name), job.MediaType(name), encoding, body)
	}, func(w io.Writer) error {
		z, err := deflate.NewGzip(w)
		if err != nil {
			return err
		}
		err = write(io.MultiWriter(z, digest, &size))
		return errors.Join(err, z.Close()) // closed after an error too: it ends goroutines
	})
	if err != nil {
		return stored, fmt.Errorf("write %s: %w", name, err)
	}
	return job.Artifact{
		Name: name, Bytes: int64(size), SHA256: hex.EncodeToString(digest.Sum(nil)), MediaType: stored.MediaType,
		Encoding: encoding, StoredBytes: stored.Bytes,
	}, nil
}

// counter counts the bytes written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// put streams an artifact into the results.
func (s Stage) put(ctx context.Context, r job.Record, name string, write func(io.Writer) error) (job.Artifact, error) {
	a, err := job.Stream(func(body io.Reader) (job.Artifact, error) {
		return s.Results.Put(ctx, job.Key(r.ID, r.Attempt, name), job.MediaType(name), body)
	}, write)
	if err != nil {
		return a, fmt.Errorf("write %s: %w", name, err)
	}
	a.Name = name
	return a, nil
}

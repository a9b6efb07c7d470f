package mesh

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/picture"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// write stores every artifact and then job.MeshObject, so that all artifacts exist when
// that does.
func (s Stage) write(ctx context.Context, r job.Record, scan scan, surfaces []surface.Surface) error {
	model := meshfile.Scene{Surfaces: surfaces, Provenance: scan.labels.Table.Provenance, Spacing: scan.labels.Affine.Spacing(), Origin: scan.origin}
	artifacts := []struct {
		name  string
		write func(io.Writer) error
	}{
		{job.ModelGLB, func(w io.Writer) error { return meshfile.Write(w, "glb", model) }},
		{job.LabelsNIfTI, func(w io.Writer) error { return nifti.WriteLabels(w, scan.labels) }},
		{job.MeasurementsJSON, func(w io.Writer) error { return writeMeasurementsJSON(w, scan, surfaces) }},
		{job.MeasurementsCSV, func(w io.Writer) error { return writeMeasurementsCSV(w, surfaces) }},
		{job.PreviewPNG, func(w io.Writer) error { return picture.Preview(surfaces, w) }},
		{job.CheckPNG, func(w io.Writer) error { return picture.Check(scan.labels, scan.volume, w) }},
		{job.ProvenanceJSON, func(w io.Writer) error { return writeProvenance(w, scan, r.Options) }},
	}
	meshed := job.Meshed{Artifacts: []job.Artifact{}, Table: table(scan, surfaces), Warnings: s.warnings(r, scan, surfaces)}
	if meshed.IsLong() { // no record holds it: whoever reads the job reads this
		_, err := s.put(ctx, r, job.TableObject, func(w io.Writer) error { return json.NewEncoder(w).Encode(meshed.Table) })
		if err != nil {
			return err
		}
	}
	for _, a := range artifacts {
		done, err := s.put(ctx, r, a.name, a.write)
		if err != nil {
			return err
		}
		meshed.Artifacts = append(meshed.Artifacts, done)
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

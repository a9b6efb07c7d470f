package prepare_test

import (
	"bytes"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume/nifti"
	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// A CT of 512×512×300: the volume alone, and the whole stage with its picture.
func BenchmarkPrepare(b *testing.B) {
	var file bytes.Buffer
	if err := nifti.WriteVolume(&file, phantom.Torso([3]int{512, 512, 300}, 0.75)); err != nil {
		b.Fatal(err)
	}
	b.Run("volume", func(b *testing.B) {
		for b.Loop() {
			var out bytes.Buffer
			if _, err := (prepare.Source{File: bytes.NewReader(file.Bytes()), Size: int64(file.Len())}).Volume(b.Context(), &out, prepare.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stage", func(b *testing.B) {
		for b.Loop() {
			w := newWorld(job.DefaultOptions(), job.Upload{Bucket: bucket, Key: "scan.nii.gz"})
			w.upload("scan.nii.gz", file.Bytes())
			out, err := w.stage("tissue").Prepare(b.Context(), job.StageInput{Job: id, Attempt: 1})
			if err != nil || !out.Ready || len(w.record().Artifacts) != 1 {
				b.Fatalf("%v %+v", err, out)
			}
		}
	})
}

package cloud_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/local/gateway/s3"
	"github.com/iris-oculus/iris/internal/local/gateway/s3/s3test"
	"github.com/iris-oculus/iris/internal/stage/settle"
)

// versioned is S3 on this machine with buckets that keep versions.
func versioned(t *testing.T) (client *awss3.Client, bucket func(string) *blobs.Bucket) {
	t.Helper()
	var buckets []s3.Bucket
	for _, name := range []string{"uploads", "work", "results"} {
		buckets = append(buckets, s3.Bucket{Name: "iris-" + name, Versions: true})
	}
	s, err := s3.New(t.Context(), s3.Config{
		Program: s3test.Program(t), Dir: t.TempDir(), Socket: filepath.Join(t.TempDir(), "s3.sock"), Key: key, Region: "us-east-1",
		Buckets: buckets, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	web := httptest.NewServer(http.Handler(s))
	t.Cleanup(web.Close)
	client = awss3.NewFromConfig(config(web.URL), func(o *awss3.Options) { o.UsePathStyle = true })
	return client, func(name string) *blobs.Bucket { return blobs.New(config(web.URL), "iris-"+name) }
}

// flow is a workflow in which nothing runs.
type flow struct{ settle.Workflow }

func (flow) Stop(context.Context, string) error { return nil }

// In buckets that keep versions an erasure leaves no version, no mark of a deletion and
// no part of an upload of its job, and every one of another's.
func TestAnErasureTakesEveryVersion(t *testing.T) {
	const id, other = "01JD0000000000000000000001", "01JD0000000000000000000002"
	client, bucket := versioned(t)
	uploads, work, results, ctx := bucket("uploads"), bucket("work"), bucket("results"), t.Context()
	store := &jobtest.Store{}
	stage := settle.Stage{Jobs: store, Links: store, Uploads: uploads, Work: work, Results: results, Workflow: flow{}, Now: time.Now}
	add := func(id string, o job.Object) {
		t.Helper()
		r := job.Record{ID: id, Attempt: 1, Status: job.Ready, CreatedAt: time.Now(), UpdatedAt: time.Now(),
			Upload: job.Upload{Key: o.Key, ETag: o.ETag, Modified: o.Modified}}
		if _, _, err := store.Create(ctx, r); err != nil {
			t.Fatal(err)
		}
		if err := store.LinkKey(ctx, r); err != nil {
			t.Fatal(err)
		}
	}

	add(id, put(t, uploads, "Doe^Jane/ct.nii.gz", "of the job"))
	put(t, uploads, "Doe^Jane/ct.nii.gz.txt", "a neighbour whose key begins in the same way")
	add(other, put(t, uploads, "Doe^Jane/ct.nii.gz", "of another job under the same key"))
	for _, text := range []string{"first", "second"} { // a stage that ran twice
		put(t, work, job.Key(id, 1, job.VolumeObject), text)
	}
	if err := work.Delete(ctx, job.Key(id, 1, job.VolumeObject)); err != nil { // as a cancellation does
		t.Fatal(err)
	}
	put(t, work, job.FailuresPrefix+job.Key(id, 1, "labels.bin-error.out"), "why")
	put(t, results, job.Key(id, 1, job.ModelGLB), "glb")
	put(t, results, job.Key(other, 1, job.ModelGLB), "glb")
	for b, key := range map[string]string{"results": job.Key(id, 1, job.ModelGLB), "uploads": job.UploadKey(id, "a.nii")} {
		_, err := client.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: aws.String("iris-" + b), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
	}

	left := func(b *blobs.Bucket) job.Tally {
		t.Helper()
		all, err := b.Tally(ctx, "")
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if got, want := left(work), (job.Tally{Objects: 1, Versions: 2, Markers: 1, Bytes: 3 + 5 + 6}); got != want {
		t.Fatalf("work holds %+v, want %+v: the buckets keep no versions", got, want)
	}
	mine, err := store.Get(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	held, err := stage.Holdings(ctx, mine)
	if err != nil || held.Total != (job.Tally{Objects: 2, Versions: 3, Markers: 1, Bytes: 27}) || len(held.Objects) != 5 {
		t.Errorf("holdings %+v, %v", held, err)
	}
	if o := held.Objects[0]; o.Bucket != "uploads" || o.Name != "upload-1.nii.gz" || o.Bytes != 10 || !o.Old {
		t.Errorf("the upload is shown as %+v", o)
	}
	if err := stage.Erase(ctx, id, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	if got := left(work); !got.Empty() {
		t.Errorf("work holds %+v", got)
	}
	if got, want := left(results), (job.Tally{Objects: 1, Bytes: 3}); got != want {
		t.Errorf("results hold %+v, want %+v", got, want)
	}
	if got, want := left(uploads), (job.Tally{Objects: 2, Bytes: 33 + 44}); got != want {
		t.Errorf("uploads hold %+v, want %+v", got, want)
	}
	r, err := store.Get(ctx, id)
	if want := (job.Tally{Objects: 2, Versions: 3, Markers: 1, Uploads: 2, Bytes: 3 + 3 + 5 + 6 + 10}); err != nil || r.Erasure.Found != want || !r.Erasure.Left.Empty() {
		t.Errorf("erasure %+v, %v: want %+v found", r.Erasure, err, want)
	}

	// The owner of the other job took the file away himself: what is left is the mark of
	// that deletion, which names the patient, and the version below it.
	if err := uploads.Delete(ctx, "Doe^Jane/ct.nii.gz"); err != nil {
		t.Fatal(err)
	}
	if got, want := left(uploads), (job.Tally{Objects: 1, Versions: 1, Markers: 1, Bytes: 33 + 44}); got != want {
		t.Fatalf("uploads hold %+v, want %+v", got, want)
	}
	if err := stage.Erase(ctx, other, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	if got, want := left(uploads), (job.Tally{Objects: 1, Bytes: 44}); got != want {
		t.Errorf("uploads hold %+v, want %+v", got, want)
	}
}

// What was uploaded before the bucket kept versions, or since it keeps no further ones,
// has no version of its own, and goes all the same.
func TestAnErasureTakesWhatHasNoVersion(t *testing.T) {
	const id = "01JD0000000000000000000001"
	client, bucket := versioned(t)
	uploads, ctx := bucket("uploads"), t.Context()
	setVersions(t, client, "Suspended")
	o := put(t, uploads, "scan.nii", "scan")
	setVersions(t, client, "Enabled")
	store := &jobtest.Store{}
	if _, _, err := store.Create(ctx, job.Record{ID: id, Attempt: 1, Status: job.Ready, UpdatedAt: time.Now(), Upload: job.Upload{Key: o.Key, ETag: o.ETag, Modified: o.Modified}}); err != nil {
		t.Fatal(err)
	}
	stage := settle.Stage{Jobs: store, Links: store, Uploads: uploads, Work: bucket("work"), Results: bucket("results"), Workflow: flow{}, Now: time.Now}
	if err := stage.Erase(ctx, id, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	if got, err := uploads.Tally(ctx, ""); err != nil || !got.Empty() {
		t.Errorf("left: %+v, %v", got, err)
	}
	if r, err := store.Get(ctx, id); err != nil || r.Erasure.Found != (job.Tally{Objects: 1, Bytes: 4}) {
		t.Errorf("erasure %+v, %v", r.Erasure, err)
	}
}

func setVersions(t *testing.T, client *awss3.Client, status types.BucketVersioningStatus) {
	t.Helper()
	_, err := client.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{
		Bucket: aws.String("iris-uploads"), VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	if err != nil {
		t.Fatal(err)
	}
}

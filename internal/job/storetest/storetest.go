// Package storetest checks the stores of this project. The stores in memory that tests
// use (jobtest) and those on DynamoDB and S3 (internal/cloud) must pass the same checks,
// so that a test in memory is valid for AWS.
//
// In: a World of stores. Out: for each check an error that says what differs. A check
// does not use package testing, so that a test can plant a defect in a store and find
// out which checks notice it (Failures).
package storetest

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Jobs is a table of jobs: records, listings, links, claims and folders.
type Jobs interface {
	Create(ctx context.Context, r job.Record) (job.Record, bool, error)
	Get(ctx context.Context, id string) (job.Record, error)
	Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error)
	Erase(ctx context.Context, r job.Record, until time.Time) error

	ByKey(ctx context.Context, key string, limit int32, cursor string) (job.Page, error)
	Behind(r job.Record) string
	ByOwner(ctx context.Context, owner string, limit int32, cursor string) (job.Page, error)
	Open(ctx context.Context, after string) iter.Seq2[string, error]
	Close(ctx context.Context, r job.Record) error
	SweptTo(ctx context.Context) (string, error)
	SetSweptTo(ctx context.Context, id string) error
	Due(ctx context.Context, now time.Time) iter.Seq2[job.Due, error]
	Settled(ctx context.Context, d job.Due) error
	Lapsed(ctx context.Context, id string) (job.Record, error)
	LinkKey(ctx context.Context, r job.Record) error
	Linked(ctx context.Context, id string) iter.Seq2[job.Upload, error]

	Claim(ctx context.Context, owner, key, value string, now time.Time) (string, bool, error)
	Claimed(ctx context.Context, owner, key string) (string, error)
	Unclaim(ctx context.Context, owner, key string) error

	Folder(ctx context.Context, bucket, prefix string) (job.Folder, error)
	OpenFolder(ctx context.Context, f job.Folder) error
	TouchFolder(ctx context.Context, f job.Folder, now time.Time) error
	SealFolder(ctx context.Context, f job.Folder) error

	Measure(ctx context.Context, s job.Sample) error
	Took(ctx context.Context, classes []job.Class) (map[job.Class]job.Samples, error)
}

// Lease is the GPU's lease, and how the GPU is.
type Lease interface {
	Get(ctx context.Context) (job.Lease, error)
	Put(ctx context.Context, l job.Lease) error
	State(ctx context.Context) (job.GPUState, error)
	SetState(ctx context.Context, state job.GPUState) error
	Look(ctx context.Context) (job.Lease, job.GPUState, error)
}

// Blobs is a bucket.
type Blobs interface {
	URI(key string) string
	KeyOf(uri string) (string, bool)
	Head(ctx context.Context, key string) (job.Object, error)
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	GetIf(ctx context.Context, key, etag string) (io.ReadCloser, error)
	ReaderAt(ctx context.Context, key string) (io.ReaderAt, job.Object, error)
	Put(ctx context.Context, key, mediaType string, body io.Reader) (job.Artifact, error)
	PutEncoded(ctx context.Context, key, mediaType, encoding string, body io.Reader) (job.Artifact, error)
	List(ctx context.Context, prefix string) iter.Seq2[job.Object, error]
	Delete(ctx context.Context, key string) error
	DeleteIf(ctx context.Context, key, etag string) error
	DeletePrefix(ctx context.Context, prefix string) (job.Tally, error)
	Versions(ctx context.Context, prefix string) iter.Seq2[job.Version, error]
	DeleteVersion(ctx context.Context, v job.Version) error
	Tally(ctx context.Context, prefix string) (job.Tally, error)
	AbortBelow(ctx context.Context, prefix string) (int, error)
}

// Fault is how the services behind the stores fail.
type Fault int

// The faults: none, an answer of 503 to every call, a body that breaks off in its middle.
const (
	None Fault = iota
	Busy
	Short
)

// World is the stores of one deployment. Its clock is the machine's. A field that
// is nil is not checked, so that a store can be tested alone.
type World struct {
	Jobs  Jobs
	Lease Lease // that nobody has written yet
	Blobs Blobs
	Fail  func(Fault) // from now on

	// Locks says that Amend keeps other writers out while the change runs, so that a
	// change must not wait for one. In other stores the later of two writers begins
	// again.
	Locks bool
}

// Factory makes a world. Checks use names of their own, so that worlds may share
// a table and a bucket; the lease is a new one each time.
type Factory func(t testing.TB) World

// check is one property of a store. Its name is unique and part of every key and id that
// it writes.
type check struct {
	name string
	of   func(World) bool // whether the world has the store
	run  func(ctx context.Context, name string, w World) error
}

func hasJobs(w World) bool  { return w.Jobs != nil }
func hasLease(w World) bool { return w.Lease != nil }
func hasBlobs(w World) bool { return w.Blobs != nil }

func checks() []check {
	var all []check
	for _, group := range [][]check{jobChecks, listChecks, claimChecks, usualChecks, leaseChecks, blobChecks, readChecks, busyChecks} {
		all = append(all, group...)
	}
	return all
}

// Run checks the stores that a factory makes.
func Run(t *testing.T, factory Factory) {
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			w := factory(t)
			if !c.of(w) {
				return
			}
			if err := c.run(t.Context(), c.name, w); err != nil {
				t.Error(err)
			}
		})
	}
}

// Failures are the names of the checks that a store fails.
func Failures(t testing.TB, factory Factory) []string {
	var failed []string
	for _, c := range checks() {
		w := factory(t)
		if c.of(w) && c.run(t.Context(), c.name, w) != nil {
			failed = append(failed, c.name)
		}
	}
	return failed
}

// record is the n-th record of a check, made n milliseconds after now, whole milliseconds.
func record(name string, n int) job.Record {
	at := time.Now().UTC().Truncate(time.Millisecond).Add(time.Duration(n) * time.Millisecond)
	var entropy [10]byte
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s %d", name, n)
	copy(entropy[:], hash.Sum(nil))
	return job.Record{
		ID: job.NewID(at, entropy), Attempt: 1, Status: job.Received, Owner: "owner of " + name,
		Upload: job.Upload{Bucket: "uploads", Key: name + "/scan.nii.gz"}, CreatedAt: at, UpdatedAt: at, ExpiresAt: at.Add(job.Lifetime),
	}
}

func made(ctx context.Context, w World, name string, n int) (job.Record, error) {
	r := record(name, n)
	_, created, err := w.Jobs.Create(ctx, r)
	if err == nil && !created {
		err = fmt.Errorf("create %d: it is there already", n)
	}
	return r, err
}

func wrong(what string, got ...any) error { return fmt.Errorf("%s: %+v", what, got) }

package settle_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

const otherID = "01JD0000000000000000000002"

// drop uploads an object and makes a job of it, as intake does.
func (b *bench) drop(t *testing.T, id, key, body string) job.Record {
	t.Helper()
	o := b.uploads.Set(key, []byte(body), nil)
	r := job.Record{ID: id, Attempt: 1, Status: job.Ready, Upload: job.Upload{Key: key, ETag: o.ETag, Modified: o.Modified}, CreatedAt: b.now, UpdatedAt: b.now}
	b.add(t, r)
	b.link(t, r, key)
	return r
}

func (b *bench) link(t *testing.T, r job.Record, keys ...string) {
	t.Helper()
	for _, key := range keys {
		r.Upload.Key, r.Upload.Prefix = key, ""
		if err := b.jobs.LinkKey(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// Whoever uploads under the same key again has a job and a file of his own,
// whether its bytes are others or the same.
func TestEraseLeavesTheNextUploadUnderItsKey(t *testing.T) {
	for _, c := range []struct {
		name, body string
		later      time.Duration
	}{
		{"other bytes", "a newer scan", time.Hour},
		{"the same bytes, an hour later", "scan", time.Hour},
		{"the same bytes, in the same second", "scan", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, job.Ready)
			b.link(t, b.record(t), "scan.nii.gz")
			b.now = b.now.Add(c.later)
			b.drop(t, otherID, "scan.nii.gz", c.body)
			if err := b.Erase(t.Context(), id, job.ByOwner); err != nil {
				t.Fatal(err)
			}
			if got := string(b.uploads.Bytes("scan.nii.gz")); got != c.body {
				t.Errorf("the other job's upload is %q, want %q", got, c.body)
			}
			if err := b.Erase(t.Context(), otherID, job.ByOwner); err != nil {
				t.Fatal(err)
			}
			if keys := b.uploads.Keys(); len(keys) != 0 {
				t.Errorf("both are erased, and %v is left", keys)
			}
			if n := b.jobs.Links(id) + b.jobs.Links(otherID); n != 0 {
				t.Errorf("%d keys still lead to the erased jobs", n)
			}
		})
	}
}

// An upload whose event has not come yet has no job, and is not the old job's.
func TestEraseLeavesAnUploadThatHasNoJobYet(t *testing.T) {
	b := newBench(t, job.Ready)
	b.uploads.Set("scan.nii.gz", []byte("a newer scan"), nil)
	if err := b.Erase(t.Context(), id, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	if b.uploads.Bytes("scan.nii.gz") == nil {
		t.Error("a file was deleted that the job was not made from")
	}
}

// folder is a generation of a folder: its job has consumed these slices.
func (b *bench) folder(t *testing.T, id string, sealed bool, keys ...string) {
	t.Helper()
	r := job.Record{ID: id, Attempt: 1, Status: job.Ready, Upload: job.Upload{Key: keys[0], Prefix: "ct/", ETag: "e"}, CreatedAt: b.now, UpdatedAt: b.now}
	b.add(t, r)
	b.link(t, r, append([]string{"ct/"}, keys...)...)
	var digests []string
	for _, key := range keys {
		o, err := b.uploads.Head(t.Context(), key)
		if err != nil {
			o = b.uploads.Set(key, []byte("slice "+key), nil)
		}
		digests = append(digests, job.SliceDigest(key, o.ETag))
	}
	if sealed {
		text, err := json.Marshal(digests)
		if err != nil {
			t.Fatal(err)
		}
		b.work.Set(job.Key(id, 1, job.SlicesObject), text, nil)
	}
}

// Generations of a folder share slices: each slice goes with the last job that
// reads it, in whichever order they are erased.
func TestEraseOfAGenerationLeavesSharedSlices(t *testing.T) {
	jobs := []string{otherID, "01JD0000000000000000000003", "01JD0000000000000000000004"}
	slicesOf := [][]string{{"ct/1", "ct/2"}, {"ct/1", "ct/2", "ct/3"}, {"ct/1", "ct/2", "ct/3", "ct/4"}}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		b := newBench(t, job.Ready)
		if err := b.Erase(t.Context(), id, job.ByOwner); err != nil { // the bench's own job is not of this folder
			t.Fatal(err)
		}
		for n, id := range jobs {
			b.folder(t, id, true, slicesOf[n]...)
		}
		left := map[int]bool{0: true, 1: true, 2: true}
		for _, n := range order {
			if err := b.Erase(t.Context(), jobs[n], job.ByOwner); err != nil {
				t.Fatal(err)
			}
			delete(left, n)
			want := []string{}
			for m := range slicesOf {
				if left[m] {
					want = slicesOf[m]
				}
			}
			if got := b.uploads.Keys(); !slices.Equal(got, want) {
				t.Errorf("order %v, after %d: %v, want %v", order, n, got, want)
			}
			if links := b.jobs.Links(jobs[n]); links != 0 {
				t.Errorf("%d keys still lead to an erased job", links)
			}
		}
	}
}

func TestEraseOfAFolderKeepsWhatItDidNotRead(t *testing.T) {
	b := newBench(t, job.Ready)
	b.folder(t, otherID, true, "ct/1", "ct/2")
	b.uploads.Set("ct/2", []byte("replaced"), nil)
	b.uploads.Set("ct/late", []byte("its event is on the way"), nil)
	if err := b.Erase(t.Context(), otherID, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	if got, want := b.uploads.Keys(), []string{"ct/2", "ct/late", "scan.nii.gz"}; !slices.Equal(got, want) {
		t.Errorf("left: %v, want %v", got, want)
	}
	// A generation that has yet to read the folder will read all of it.
	const third = "01JD0000000000000000000003"
	b.folder(t, third, false, "ct/2", "ct/late")
	b.folder(t, "01JD0000000000000000000005", true, "ct/2")
	if err := b.Erase(t.Context(), "01JD0000000000000000000005", job.ByOwner); err != nil {
		t.Fatal(err)
	}
	if got, want := b.uploads.Keys(), []string{"ct/2", "ct/late", "scan.nii.gz"}; !slices.Equal(got, want) {
		t.Errorf("left: %v, want %v", got, want)
	}
}

// The slices of a series that was dropped without a folder go with their job,
// but for one that somebody uploaded anew since then.
func TestEraseTakesEverySliceOfASeriesAtTheRoot(t *testing.T) {
	b := newBench(t, job.Ready)
	r := b.drop(t, otherID, "IM0", "slice 0")
	for _, key := range []string{"IM1", "IM2", "IM3"} {
		b.linkSlice(t, r, key)
	}
	b.uploads.Set("IM2", []byte("another scan"), nil)
	b.uploads.Set("IM4", []byte("nobody's"), nil)
	if err := b.Erase(t.Context(), otherID, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, key := range b.uploads.Keys() {
		if key != "scan.nii.gz" {
			left = append(left, key)
		}
	}
	if !slices.Equal(left, []string{"IM2", "IM4"}) || b.jobs.Links(otherID) != 0 {
		t.Errorf("left: %v, links %d", left, b.jobs.Links(otherID))
	}
}

// Intake may be linking slices of a series while its job is erased: the janitor
// takes these too, with what they were found by.
func TestASliceThatIsLinkedDuringTheErasureGoesToo(t *testing.T) {
	b := newBench(t, job.Ready)
	r := b.drop(t, otherID, "IM0", "slice 0")
	if err := b.Erase(t.Context(), otherID, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	b.linkSlice(t, r, "IM1")
	b.now = b.now.Add(5 * time.Minute)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := b.uploads.Keys(); !slices.Equal(left, []string{"scan.nii.gz"}) || b.jobs.Links(otherID) != 0 {
		t.Errorf("left: %v, links %d", left, b.jobs.Links(otherID))
	}
}

// An event that comes late describes the newer object of the same bytes, so two
// jobs of a series may note one slice: it stays until both are erased.
func TestASliceOfTwoSeriesJobsStaysForTheOther(t *testing.T) {
	b := newBench(t, job.Ready)
	const third = "01JD0000000000000000000003"
	first, second := b.drop(t, otherID, "IM0", "slice 0"), b.drop(t, third, "IM9", "slice 9")
	b.linkSlice(t, first, "IM1")
	b.linkSlice(t, second, "IM1")
	if err := b.Erase(t.Context(), otherID, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	if left, want := b.uploads.Keys(), []string{"IM1", "IM9", "scan.nii.gz"}; !slices.Equal(left, want) {
		t.Errorf("left: %v, want %v", left, want)
	}
	if err := b.Erase(t.Context(), third, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	if left, want := b.uploads.Keys(), []string{"scan.nii.gz"}; !slices.Equal(left, want) {
		t.Errorf("left: %v, want %v", left, want)
	}
}

// linkSlice makes a job findable by a further slice.
func (b *bench) linkSlice(t *testing.T, r job.Record, key string) {
	t.Helper()
	o := b.uploads.Set(key, []byte("slice "+key), nil)
	r.Upload = job.Upload{Key: key, ETag: o.ETag, Modified: o.Modified}
	if err := b.jobs.LinkKey(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

var readChecks = []check{
	{"an object that is not there", hasBlobs, noObject},
	{"a read of the object that is meant", hasBlobs, conditionalReads},
	{"ranges", hasBlobs, ranges},
	{"an object that changes under its reader", hasBlobs, changedMeanwhile},
	{"a short body is never a shorter object", hasBlobs, shortBodies},
}

var busyChecks = []check{
	{"a busy bucket says that it is busy", hasBlobs, busyBlobs},
	{"a busy table says that it is busy", hasJobs, busyJobs},
	{"a busy table of the lease says that it is busy", hasLease, busyLease},
}

func noObject(ctx context.Context, name string, w World) error {
	calls := blobReads(ctx, name+"/nothing", w)
	for how, call := range calls {
		if err := call(); !errors.Is(err, job.ErrNotFound) || strings.Contains(err.Error(), "nothing") {
			return wrong(how, err)
		}
	}
	return nil
}

func blobReads(ctx context.Context, key string, w World) map[string]func() error {
	return map[string]func() error{
		"head":   func() error { _, err := w.Blobs.Head(ctx, key); return err },
		"get":    func() error { _, err := read(w.Blobs.Get(ctx, key)); return err },
		"get if": func() error { _, err := read(w.Blobs.GetIf(ctx, key, "an-etag")); return err },
		"reader": func() error { _, _, err := w.Blobs.ReaderAt(ctx, key); return err },
	}
}

func conditionalReads(ctx context.Context, name string, w World) error {
	old, err := put(ctx, w, name, "old")
	if err != nil {
		return err
	}
	if _, err := put(ctx, w, name, "newer"); err != nil {
		return err
	}
	if got, err := read(w.Blobs.GetIf(ctx, name, old.ETag)); !errors.Is(err, job.ErrReplaced) {
		return wrong("another object", got, err)
	}
	return nil
}

func ranges(ctx context.Context, name string, w World) error {
	text := strings.Repeat("0123456789", 1000)
	want, err := put(ctx, w, name, text)
	if err != nil {
		return err
	}
	r, o, err := w.Blobs.ReaderAt(ctx, name)
	if err != nil || o.ETag != want.ETag || o.Size != want.Size || o.Key != name {
		return wrong("what it reads", o, err)
	}
	for _, at := range []struct {
		off, n int64
		want   string
		end    bool
	}{{0, 3, "012", false}, {9995, 5, "56789", false}, {9997, 9, "789", true}, {10000, 1, "", true}, {20000, 1, "", true}, {5, 10, "5678901234", false}} {
		p := make([]byte, at.n)
		n, err := r.ReadAt(p, at.off)
		if string(p[:n]) != at.want || at.end && err != io.EOF || !at.end && err != nil && err != io.EOF {
			return wrong(fmt.Sprintf("%d bytes from %d", at.n, at.off), n, err)
		}
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); err == nil {
		return errors.New("a negative offset was read")
	}
	return nil
}

// changedMeanwhile reads far from the first read, so that no cache of blocks helps.
func changedMeanwhile(ctx context.Context, name string, w World) error {
	for how, c := range map[string]struct {
		change func(key string) error
		want   error
	}{
		"replaced": {func(key string) error { _, err := put(ctx, w, key, strings.Repeat("y", 20<<20)); return err }, job.ErrReplaced},
		"deleted":  {func(key string) error { return w.Blobs.Delete(ctx, key) }, job.ErrNotFound},
	} {
		key := name + "/" + how
		if _, err := put(ctx, w, key, strings.Repeat("x", 20<<20)); err != nil {
			return err
		}
		r, _, err := w.Blobs.ReaderAt(ctx, key)
		if err != nil {
			return err
		}
		p := make([]byte, 8)
		if _, err := r.ReadAt(p, 0); err != nil || p[0] != 'x' {
			return wrong("before", err)
		}
		if err := c.change(key); err != nil {
			return err
		}
		if _, err := r.ReadAt(p, 12<<20); !errors.Is(err, c.want) || strings.Contains(err.Error(), name) {
			return wrong(how, string(p), err)
		}
	}
	return nil
}

func shortBodies(ctx context.Context, name string, w World) error {
	text := strings.Repeat("x", 1<<20)
	o, err := put(ctx, w, name, text)
	if err != nil {
		return err
	}
	r, _, err := w.Blobs.ReaderAt(ctx, name)
	if err != nil {
		return err
	}
	w.Fail(Short)
	defer w.Fail(None)
	for how, call := range map[string]func() error{
		"get":    func() error { _, err := read(w.Blobs.Get(ctx, name)); return err },
		"get if": func() error { _, err := read(w.Blobs.GetIf(ctx, name, o.ETag)); return err },
		"range":  func() error { _, err := r.ReadAt(make([]byte, 1<<20), 0); return err },
	} {
		if err := call(); !isBusy(err) {
			return wrong(how, err)
		}
	}
	w.Fail(None)
	if n, err := r.ReadAt(make([]byte, 1<<20), 0); n != 1<<20 || err != nil && err != io.EOF {
		return wrong("whole again", n, err)
	}
	return nil
}

func isBusy(err error) bool {
	var busy *job.BusyError
	return errors.As(err, &busy)
}

// busyAll asks that each call says "busy", and nothing else: neither success nor
// an absence nor a conflict, of which the caller would draw conclusions.
func busyAll(w World, calls map[string]func() error) error {
	w.Fail(Busy)
	defer w.Fail(None)
	for how, call := range calls {
		if err := call(); !isBusy(err) || errors.Is(err, job.ErrNotFound) || errors.Is(err, job.ErrReplaced) || errors.Is(err, job.ErrStale) {
			return wrong(how, err)
		}
	}
	return nil
}

func busyBlobs(ctx context.Context, name string, w World) error {
	o, err := put(ctx, w, name, "x")
	if err != nil {
		return err
	}
	calls := blobReads(ctx, name, w)
	calls["put"] = func() error { _, err := w.Blobs.Put(ctx, name, "x/y", strings.NewReader("y")); return err }
	calls["list"] = func() error { _, err := listed(ctx, w, name); return err }
	calls["delete"] = func() error { return w.Blobs.Delete(ctx, name) }
	calls["delete if"] = func() error { return w.Blobs.DeleteIf(ctx, name, o.ETag) }
	calls["delete prefix"] = func() error { _, err := w.Blobs.DeletePrefix(ctx, name); return err }
	calls["tally"] = func() error { _, err := w.Blobs.Tally(ctx, name); return err }
	if err := busyAll(w, calls); err != nil {
		return err
	}
	if got, err := read(w.Blobs.Get(ctx, name)); err != nil || got != "x" {
		return wrong("afterwards", got, err)
	}
	return nil
}

func busyJobs(ctx context.Context, name string, w World) error {
	r, err := made(ctx, w, name, 1)
	if err != nil {
		return err
	}
	f := job.Folder{Bucket: "b", Prefix: name, Generation: 1, LastArrival: time.Now()}
	return busyAll(w, map[string]func() error{
		"create":    func() error { _, _, err := w.Jobs.Create(ctx, record(name, 2)); return err },
		"get":       func() error { _, err := w.Jobs.Get(ctx, r.ID); return err },
		"amend":     func() error { _, err := w.Jobs.Amend(ctx, r.ID, func(*job.Record) error { return nil }); return err },
		"erase":     func() error { return w.Jobs.Erase(ctx, r, time.Now()) },
		"by key":    func() error { _, err := w.Jobs.ByKey(ctx, r.Upload.Key, 7, ""); return err },
		"by owner":  func() error { _, err := w.Jobs.ByOwner(ctx, r.Owner, 7, ""); return err },
		"open jobs": func() error { _, err := isOpen(ctx, w, r.ID); return err },
		"swept to":  func() error { _, err := w.Jobs.SweptTo(ctx); return err },
		"set swept": func() error { return w.Jobs.SetSweptTo(ctx, r.ID) },
		"close":     func() error { return w.Jobs.Close(ctx, r) },
		"link":      func() error { return w.Jobs.LinkKey(ctx, r) },
		"linked": func() error {
			for _, err := range w.Jobs.Linked(ctx, r.ID) {
				return err
			}
			return nil
		},
		"claim":        func() error { _, _, err := w.Jobs.Claim(ctx, name, "k", "v", time.Now()); return err },
		"claimed":      func() error { _, err := w.Jobs.Claimed(ctx, name, "k"); return err },
		"unclaim":      func() error { return w.Jobs.Unclaim(ctx, name, "k") },
		"folder":       func() error { _, err := w.Jobs.Folder(ctx, "b", name); return err },
		"open folder":  func() error { return w.Jobs.OpenFolder(ctx, f) },
		"touch folder": func() error { return w.Jobs.TouchFolder(ctx, f, time.Now()) },
		"seal folder":  func() error { return w.Jobs.SealFolder(ctx, f) },
	})
}

func busyLease(ctx context.Context, _ string, w World) error {
	return busyAll(w, map[string]func() error{
		"get": func() error { _, err := w.Lease.Get(ctx); return err },
		"put": func() error { return w.Lease.Put(ctx, job.Lease{Generation: 1}) },
	})
}

package storetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing/iotest"

	"github.com/iris-oculus/iris/internal/job"
)

var blobChecks = []check{
	{"an object comes back whole", hasBlobs, objectsComeBack},
	{"an encoded object comes back as it was stored", hasBlobs, encodedComesBack},
	{"an address and its key", hasBlobs, addresses},
	{"a body that breaks off is not stored", hasBlobs, brokenPut},
	{"a list has what is below a prefix, in order", hasBlobs, lists},
	{"a list has every page", hasBlobs, longLists},
	{"a delete takes one object", hasBlobs, deletes},
	{"a conditional delete takes the object that is meant", hasBlobs, conditionalDeletes},
	{"a prefix is emptied and nothing else", hasBlobs, prefixes},
	{"a version is deleted while it is the one that is meant", hasBlobs, versions},
}

func put(ctx context.Context, w World, key, text string) (job.Object, error) {
	if _, err := w.Blobs.Put(ctx, key, "x/y", strings.NewReader(text)); err != nil {
		return job.Object{}, err
	}
	return w.Blobs.Head(ctx, key)
}

func read(body io.ReadCloser, err error) (string, error) {
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(body)
	return string(text), errors.Join(err, body.Close())
}

func objectsComeBack(ctx context.Context, name string, w World) error {
	long := bytes.Repeat([]byte("0123456789"), 900_000) // more than one part
	for key, text := range map[string][]byte{"none": nil, "one": []byte("x"), "a b/ñ+%&=": []byte("odd"), "long": long} {
		key = name + "/" + key
		a, err := w.Blobs.Put(ctx, key, "x/y", io.MultiReader(bytes.NewReader(text))) // no length to be seen
		sum := sha256.Sum256(text)
		if want := (job.Artifact{Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), MediaType: "x/y"}); err != nil || a != want {
			return wrong("put "+key, a, err)
		}
		o, err := w.Blobs.Head(ctx, key)
		if err != nil || o.Key != key || o.Size != int64(len(text)) || o.ETag == "" || strings.Contains(o.ETag, `"`) {
			return wrong("head "+key, o, err)
		}
		for how, get := range map[string]func() (io.ReadCloser, error){
			"get":    func() (io.ReadCloser, error) { return w.Blobs.Get(ctx, key) },
			"get if": func() (io.ReadCloser, error) { return w.Blobs.GetIf(ctx, key, o.ETag) },
		} {
			if got, err := read(get()); err != nil || got != string(text) {
				return wrong(how+" "+key, len(got), err)
			}
		}
	}
	return nil
}

// encodedComesBack: a body in a Content-Encoding is not decoded on the way back, for
// whoever compares it with what was stored.
func encodedComesBack(ctx context.Context, name string, w World) error {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(bytes.Repeat([]byte("0123456789"), 1000))
	_ = z.Close()
	sum := sha256.Sum256(packed.Bytes())
	a, err := w.Blobs.PutEncoded(ctx, name, "x/y", "gzip", bytes.NewReader(packed.Bytes()))
	if want := (job.Artifact{Bytes: int64(packed.Len()), SHA256: hex.EncodeToString(sum[:]), MediaType: "x/y"}); err != nil || a != want {
		return wrong("put", a, err)
	}
	if o, err := w.Blobs.Head(ctx, name); err != nil || o.Size != int64(packed.Len()) {
		return wrong("head", o, err)
	}
	if got, err := read(w.Blobs.Get(ctx, name)); err != nil || got != packed.String() {
		return wrong("get", len(got), err)
	}
	return nil
}

func addresses(_ context.Context, name string, w World) error {
	if got, ok := w.Blobs.KeyOf(w.Blobs.URI(name + "/a b")); !ok || got != name+"/a b" {
		return wrong("its own", got, ok)
	}
	if got, ok := w.Blobs.KeyOf("s3://a-bucket-of-others/k"); ok {
		return wrong("another bucket's", got)
	}
	return nil
}

func brokenPut(ctx context.Context, name string, w World) error {
	broken := errors.New("broken")
	for _, size := range []int{10, 9 << 20} {
		body := io.MultiReader(bytes.NewReader(make([]byte, size)), iotest.ErrReader(broken))
		if _, err := w.Blobs.Put(ctx, name, "x/y", body); !errors.Is(err, broken) {
			return wrong("put", size, err)
		}
		if o, err := w.Blobs.Head(ctx, name); !errors.Is(err, job.ErrNotFound) {
			return wrong("part of it was stored", size, o, err)
		}
	}
	return nil
}

func listed(ctx context.Context, w World, prefix string) (keys []string, err error) {
	for o, err := range w.Blobs.List(ctx, prefix) {
		if err != nil {
			return keys, err
		}
		keys = append(keys, o.Key)
	}
	return keys, nil
}

func lists(ctx context.Context, name string, w World) error {
	want := map[string]job.Object{}
	for _, key := range []string{"/b", "/a/2", "/a/10", "/a-", "/ab"} {
		o, err := put(ctx, w, name+key, "text of "+key)
		if err != nil {
			return err
		}
		want[o.Key] = o
	}
	keys, err := listed(ctx, w, name+"/a")
	if err != nil || !slices.Equal(keys, []string{name + "/a-", name + "/a/10", name + "/a/2", name + "/ab"}) {
		return wrong("keys", keys, err)
	}
	for o, err := range w.Blobs.List(ctx, name+"/a/") {
		if err != nil || o.ETag != want[o.Key].ETag || o.Size != want[o.Key].Size {
			return wrong("an object", o, want[o.Key], err)
		}
	}
	if keys, err := listed(ctx, w, name+"/none/"); err != nil || len(keys) > 0 {
		return wrong("below nothing", keys, err)
	}
	return nil
}

// longLists has more objects than S3 lists or deletes at once.
func longLists(ctx context.Context, name string, w World) error {
	const objects = 1005
	var all sync.WaitGroup
	errs := make([]error, 8)
	for worker := range errs {
		all.Go(func() {
			for n := worker; n < objects && errs[worker] == nil; n += len(errs) {
				_, errs[worker] = w.Blobs.Put(ctx, fmt.Sprintf("%s/%04d", name, n), "x/y", strings.NewReader("x"))
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	keys, err := listed(ctx, w, name+"/")
	if err != nil || len(keys) != objects || !slices.IsSorted(keys) {
		return wrong("listed", len(keys), err)
	}
	if t, err := w.Blobs.DeletePrefix(ctx, name+"/"); err != nil || t.Objects != objects {
		return wrong("deleted", t, err)
	}
	if keys, err := listed(ctx, w, name+"/"); err != nil || len(keys) > 0 {
		return wrong("left", len(keys), err)
	}
	return nil
}

func deletes(ctx context.Context, name string, w World) error {
	for _, key := range []string{"/a", "/ab"} {
		if _, err := put(ctx, w, name+key, "x"); err != nil {
			return err
		}
	}
	for range 2 { // what is not there may be deleted
		if err := w.Blobs.Delete(ctx, name+"/a"); err != nil {
			return err
		}
	}
	if keys, err := listed(ctx, w, name); err != nil || !slices.Equal(keys, []string{name + "/ab"}) {
		return wrong("left", keys, err)
	}
	return nil
}

func conditionalDeletes(ctx context.Context, name string, w World) error {
	key := name + "/a b/ñ"
	old, err := put(ctx, w, key, "old")
	if err != nil {
		return err
	}
	now, err := put(ctx, w, key, "newer")
	if err != nil {
		return err
	}
	if err := w.Blobs.DeleteIf(ctx, key, old.ETag); !errors.Is(err, job.ErrReplaced) || strings.Contains(err.Error(), "ñ") {
		return wrong("another object", err)
	}
	if got, err := read(w.Blobs.Get(ctx, key)); err != nil || got != "newer" {
		return wrong("the newer object", got, err)
	}
	for range 2 {
		if err := w.Blobs.DeleteIf(ctx, key, now.ETag); err != nil {
			return wrong("its own object", err)
		}
	}
	if _, err := w.Blobs.Head(ctx, key); !errors.Is(err, job.ErrNotFound) {
		return wrong("it is still there", err)
	}
	return nil
}

func prefixes(ctx context.Context, name string, w World) error {
	for _, key := range []string{"/a/1", "/a/b/2", "/ab"} {
		if _, err := put(ctx, w, name+key, "x"); err != nil {
			return err
		}
	}
	for _, want := range []job.Tally{{Objects: 2, Bytes: 2}, {}} {
		if t, err := w.Blobs.Tally(ctx, name+"/a/"); err != nil || t != want {
			return wrong("tally", t, err)
		}
		if t, err := w.Blobs.DeletePrefix(ctx, name+"/a/"); err != nil || t != want {
			return wrong("deleted", t, err)
		}
	}
	if _, err := w.Blobs.DeletePrefix(ctx, ""); err == nil {
		return errors.New("an empty prefix: the whole bucket may be emptied")
	}
	if _, err := w.Blobs.AbortBelow(ctx, ""); err == nil {
		return errors.New("an empty prefix: all uploads of the bucket may be ended")
	}
	if keys, err := listed(ctx, w, name); err != nil || !slices.Equal(keys, []string{name + "/ab"}) {
		return wrong("left", keys, err)
	}
	return nil
}

// versions: in a bucket that keeps none, each object has one.
func versions(ctx context.Context, name string, w World) error {
	old, err := put(ctx, w, name, "old")
	if err != nil {
		return err
	}
	now, err := put(ctx, w, name, "newer")
	if err != nil {
		return err
	}
	var all []job.Version
	for v, err := range w.Blobs.Versions(ctx, name) {
		if err != nil {
			return err
		}
		all = append(all, v)
	}
	if len(all) != 1 || all[0].Key != name || all[0].ETag != now.ETag || all[0].Size != 5 || !all[0].Latest || all[0].Marker || all[0].ID != job.NullVersion {
		return wrong("versions", all)
	}
	meant := all[0]
	meant.ETag = old.ETag
	if err := w.Blobs.DeleteVersion(ctx, meant); !errors.Is(err, job.ErrReplaced) {
		return wrong("another object", err)
	}
	for range 2 {
		if err := w.Blobs.DeleteVersion(ctx, all[0]); err != nil {
			return wrong("its own object", err)
		}
	}
	if _, err := w.Blobs.Head(ctx, name); !errors.Is(err, job.ErrNotFound) {
		return wrong("it is still there", err)
	}
	return nil
}

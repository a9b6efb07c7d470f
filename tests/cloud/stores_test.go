// Package cloud_test drives the SDK's side of the stores against a real
// DynamoDB double and a real S3 on this machine.
package cloud_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/gateway/dynamo"
	"github.com/iris-oculus/iris/internal/local/gateway/s3"
	"github.com/iris-oculus/iris/internal/local/gateway/s3/s3test"
	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
	"github.com/iris-oculus/iris/internal/local/template"
)

var key = sigv4.Key{ID: "AKIAIRIS", Secret: "secret"}

func config(url string) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(key.ID, key.Secret, "")}
}

// modules are found before any S3 on this machine changes the working directory.
var modules, _ = filepath.Abs(filepath.Join("..", "..", "build", "node", "node_modules"))

func table(t testing.TB) *jobs.Store {
	t.Helper()
	web := httptest.NewServer(dynamoDouble(t))
	t.Cleanup(web.Close)
	return jobs.New(config(web.URL), "iris-jobs")
}

// dynamoDouble is DynamoDB on this machine with the table of jobs.
func dynamoDouble(t testing.TB) http.Handler {
	t.Helper()
	if _, err := os.Stat(filepath.Join(modules, "dynalite")); err != nil {
		t.Skip("SKIPPED: no build/node/node_modules/dynalite: run `make build` first")
	}
	text := func(names ...string) (all []template.Attribute) {
		for _, n := range names {
			all = append(all, template.Attribute{AttributeName: n, AttributeType: "S"})
		}
		return all
	}
	var index template.Index
	index.IndexName, index.Projection.ProjectionType = "owner-created", "ALL"
	index.KeySchema = []template.Key{{AttributeName: "owner", KeyType: "HASH"}, {AttributeName: "created", KeyType: "RANGE"}}
	s, err := dynamo.New(t.Context(), dynamo.Config{
		Dir: t.TempDir(), Socket: filepath.Join(t.TempDir(), "d.sock"), Modules: modules, Region: "us-east-1", Clock: clock.Real{},
		Logger: slog.New(slog.DiscardHandler),
		Tables: []template.Table{{
			Name: "iris-jobs", Attributes: text("pk", "sk", "owner", "created"), Indexes: []template.Index{index},
			Keys: []template.Key{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func record(n int, owner, key string) job.Record {
	at := time.Now().UTC().Truncate(time.Millisecond).Add(time.Duration(n) * time.Millisecond)
	return job.Record{ID: job.NewID(at, [10]byte{byte(n >> 8), byte(n)}), Attempt: 1, Status: job.Received, Owner: owner, Upload: job.Upload{Key: key},
		CreatedAt: at, ExpiresAt: at.Add(job.Lifetime)}
}

func TestTwentyWriters(t *testing.T) {
	s, ctx := table(t), t.Context()
	r := record(1, "a", "k")
	var all sync.WaitGroup
	var made, claimed, opened atomic.Int32
	for n := range 20 {
		all.Go(func() {
			if _, created, err := s.Create(ctx, r); err != nil {
				t.Error(err)
			} else if created {
				made.Add(1)
			}
			if _, err := s.Amend(ctx, r.ID, func(r *job.Record) error { r.Request.Sent++; return nil }); err != nil {
				t.Error(err)
			}
			if _, mine, err := s.Claim(ctx, "a", "key", fmt.Sprint(n), time.Now()); err != nil {
				t.Error(err)
			} else if mine {
				claimed.Add(1)
			}
			switch err := s.OpenFolder(ctx, job.Folder{Bucket: "b", Prefix: "p/", Generation: 1, Job: r.ID, LastArrival: time.Now()}); {
			case err == nil:
				opened.Add(1)
			case !errors.Is(err, job.ErrStale):
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := s.Get(ctx, r.ID)
	if err != nil || got.Request.Sent != 20 || made.Load() != 1 || claimed.Load() != 1 || opened.Load() != 1 {
		t.Errorf("%d amended, %d created, %d claimed, %d opened, %v", got.Request.Sent, made.Load(), claimed.Load(), opened.Load(), err)
	}
	fault := errors.New("no")
	if _, err := s.Amend(ctx, r.ID, func(r *job.Record) error { r.Owner = "x"; return fault }); err != fault {
		t.Errorf("a change's error comes back as %v", err)
	}
	if got, _ := s.Get(ctx, r.ID); got.Owner != "a" {
		t.Error("a refused change was written")
	}
	if _, err := s.Get(ctx, "none"); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("no job: %v", err)
	}
}

func TestPagesAndOpenJobs(t *testing.T) {
	s, ctx := table(t), t.Context()
	for n := range 25 {
		r := record(n, "a", "k")
		if _, _, err := s.Create(ctx, r); err != nil {
			t.Fatal(err)
		}
		if err := s.LinkKey(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string, page func(cursor string) (job.Page, error)) {
		seen, last, cursor := map[string]bool{}, "~", ""
		for {
			p, err := page(cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Jobs {
				if r.ID >= last || seen[r.ID] {
					t.Errorf("%s: %s after %s", name, r.ID, last)
				}
				seen[r.ID], last = true, r.ID
			}
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		if len(seen) != 25 {
			t.Errorf("%s: %d jobs", name, len(seen))
		}
	}
	read("by owner", func(c string) (job.Page, error) { return s.ByOwner(ctx, "a", 7, c) })
	read("by key", func(c string) (job.Page, error) { return s.ByKey(ctx, "k", 7, c) })
	for _, cursor := range []string{"%", strings.Repeat("A", 600)} {
		var refused *job.RejectedError
		if _, err := s.ByOwner(ctx, "a", 7, cursor); !errors.As(err, &refused) {
			t.Errorf("cursor %.9q: %v", cursor, err)
		}
	}
	open := 0
	for id, err := range s.Open(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		if open++; open%2 == 0 {
			if err := s.Close(ctx, job.Record{ID: id, Attempt: 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := 0
	for range s.Open(ctx, "") {
		left++
	}
	if open != 25 || left != 13 {
		t.Errorf("%d open, then %d", open, left)
	}
}

// What has outlived its time is not there, though DynamoDB deletes it days later.
func TestExpired(t *testing.T) {
	s, ctx := table(t), t.Context()
	r := record(1, "a", "k")
	r.ExpiresAt = time.Now().Add(-time.Hour)
	if _, _, err := s.Create(ctx, r); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, r.ID); !errors.Is(err, job.ErrNotFound) {
		t.Errorf("an expired job: %v", err)
	}
	long := time.Now().Add(-2 * job.Lifetime)
	if err := s.OpenFolder(ctx, job.Folder{Bucket: "b", Prefix: "p/", Generation: 1, LastArrival: long}); err != nil {
		t.Fatal(err)
	}
	f, err := s.Folder(ctx, "b", "p/")
	if err != nil || f.Generation != 0 {
		t.Fatalf("an expired folder: %+v, %v", f, err)
	}
	f.Generation, f.LastArrival = 1, time.Now()
	if err := s.OpenFolder(ctx, f); err != nil {
		t.Errorf("a folder used again: %v", err)
	}
	if _, _, err := s.Claim(ctx, "a", "k", "old", long); err != nil {
		t.Fatal(err)
	}
	if got, mine, err := s.Claim(ctx, "a", "k", "new", time.Now()); got != "new" || !mine || err != nil {
		t.Errorf("an expired claim: %q, %v, %v", got, mine, err)
	}
}

// storage is a real S3 with one bucket.
func storage(t *testing.T) *s3.Server {
	t.Helper()
	s, err := s3.New(t.Context(), s3.Config{
		Program: s3test.Program(t), Dir: t.TempDir(), Socket: filepath.Join(t.TempDir(), "s3.sock"), Key: key, Region: "us-east-1", Buckets: []s3.Bucket{{Name: "iris-work"}},
		ObjectCreated: func(context.Context, s3.Created) error { return nil }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// bucket is S3 and a count of the requests to it.
func bucket(t *testing.T) (*blobs.Bucket, *atomic.Int32) {
	t.Helper()
	s := storage(t)
	var requests atomic.Int32
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { requests.Add(1); s.ServeHTTP(w, r) }))
	t.Cleanup(web.Close)
	return blobs.New(config(web.URL), "iris-work"), &requests
}

func TestBlobs(t *testing.T) {
	b, requests := bucket(t)
	ctx := t.Context()
	text := make([]byte, 32<<20+7)
	for n := range text {
		text[n] = byte(n * n >> 7)
	}
	for name, size := range map[string]int{"none": 0, "one": 1, "part": 8 << 20, "more": 8<<20 + 1, "a b/ñ+%": len(text)} {
		a, err := b.Put(ctx, name, "x/y", io.MultiReader(bytes.NewReader(text[:size]))) // no length to be seen
		if err != nil || a.Bytes != int64(size) || len(a.SHA256) != 64 {
			t.Fatalf("put %d bytes: %+v, %v", size, a, err)
		}
		body, err := b.Get(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, text[:size]) {
			t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
		}
		_ = body.Close()
	}
	requests.Store(0)
	r, o, err := b.ReaderAt(ctx, "a b/ñ+%")
	if err != nil || o.Size != int64(len(text)) {
		t.Fatal(o, err)
	}
	got, err := io.ReadAll(bufferless{io.NewSectionReader(r, 0, o.Size)})
	if err != nil || !bytes.Equal(got, text) || requests.Load() >= 10 {
		t.Errorf("%d requests for 32 MiB, %v", requests.Load(), err)
	}
	if n, err := r.ReadAt(make([]byte, 9), o.Size-3); n != 3 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if _, err := b.Get(ctx, "nothing"); !errors.Is(err, job.ErrNotFound) || strings.Contains(err.Error(), "nothing") {
		t.Errorf("no object: %v", err)
	}
	signed, err := b.SignGet(ctx, "one", "model.glb", job.SignedURLLife)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(signed)
	if err != nil || resp.StatusCode != 200 || !strings.Contains(resp.Header.Get("Content-Disposition"), "model.glb") {
		t.Errorf("signed: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	if signed, err = b.SignHead(ctx, "one", job.SignedURLLife); err != nil {
		t.Fatal(err)
	}
	resp, err = http.Head(signed)
	if err != nil || resp.StatusCode != 200 || resp.ContentLength != 1 || resp.Header.Get("ETag") == "" {
		t.Errorf("signed for HEAD: %v, %v", resp, err)
	}
	_ = resp.Body.Close()

	listParts(t, b)

	if _, err := b.DeletePrefix(ctx, ""); err == nil {
		t.Error("a whole bucket was emptied")
	}
	if _, err := b.Head(ctx, "one"); err != nil {
		t.Errorf("another prefix: %v", err)
	}
}

// bufferless reads 512 bytes at a time.
type bufferless struct{ r io.Reader }

func (b bufferless) Read(p []byte) (int, error) { return b.r.Read(p[:min(len(p), 512)]) }

// The parts of an upload are listed while it is open, whatever their number.
func listParts(t *testing.T, b *blobs.Bucket) {
	t.Helper()
	ctx := t.Context()
	upload, err := b.StartParts(ctx, "parts", "application/octet-stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int32{1, 3} {
		address, err := b.SignPart(ctx, "parts", upload, n, int64(n))
		if err != nil {
			t.Fatal(err)
		}
		for bytes, want := range map[int32]int{n - 1: http.StatusForbidden, n: http.StatusOK, n + 1: http.StatusForbidden, 2000: http.StatusForbidden} {
			req, err := http.NewRequestWithContext(ctx, http.MethodPut, address, strings.NewReader(strings.Repeat("x", int(bytes))))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil || resp.StatusCode != want {
				t.Fatalf("part %d, %d bytes: %v, %v, want %d", n, bytes, resp, err, want)
			}
			_ = resp.Body.Close()
		}
	}
	// The ETag is the MD5 of the part's bytes, by which a client knows that they are its own.
	sum := md5.Sum([]byte("xxx"))
	parts, err := b.ListParts(ctx, "parts", upload)
	if err != nil || len(parts) != 2 || parts[1].Number != 3 || parts[1].Bytes != 3 || strings.Trim(parts[1].ETag, `"`) != hex.EncodeToString(sum[:]) {
		t.Errorf("parts %+v, %v", parts, err)
	}
	if err := b.CompleteParts(ctx, "parts", upload, []job.Part{parts[1].Part}); err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]string{"complete": upload, "unknown": "none"} {
		if _, err := b.ListParts(ctx, "parts", id); !errors.Is(err, job.ErrNotFound) {
			t.Errorf("parts of an upload that is %s: %v", name, err)
		}
	}
}

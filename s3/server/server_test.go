package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/iris-oculus/iris/internal/local/gateway/s3"
	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

var key = sigv4.Key{ID: "AKIAIRIS", Secret: "secret"}

// bus records announcements, or refuses them. As iris does, it takes an object that
// it knows by its sequencer for the same.
type bus struct {
	mu   sync.Mutex
	got  []s3.Created
	fail error
}

func (b *bus) created(_ context.Context, c s3.Created) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	known := slices.ContainsFunc(b.got, func(g s3.Created) bool { return g.Key == c.Key && g.Sequencer == c.Sequencer })
	if b.fail == nil && !known {
		b.got = append(b.got, c)
	}
	return b.fail
}

// reconcile announces what Objects lists, and says how many of these are new.
func (r running) reconcile(t *testing.T) int {
	t.Helper()
	objects, err := r.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := len(r.bus.got)
	for _, c := range objects {
		if err := r.bus.created(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return len(r.bus.got) - before
}

func (b *bus) refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
}

// about is what was announced for a key.
func (b *bus) about(key string) []s3.Created {
	b.mu.Lock()
	defer b.mu.Unlock()
	var cs []s3.Created
	for _, c := range b.got {
		if c.Key == key {
			cs = append(cs, c)
		}
	}
	return cs
}

type running struct {
	*Server
	bus    *bus
	client *awss3.Client
	url    string
	end    func()
}

// start runs S3 over dir; versitygw allows one at a time.
func start(t *testing.T, dir string) running {
	t.Helper()
	b := &bus{}
	settings := s3.Settings{
		Dir: dir, Socket: filepath.Join(t.TempDir(), "s3.sock"), Key: key, Region: "us-east-1",
		Buckets: []s3.Bucket{
			{Name: "iris-uploads", Announce: true, CORS: []s3.CORSRule{{
				AllowedOrigins: []string{"http://localhost:5173"}, AllowedMethods: []string{"PUT"},
				AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag"},
			}}},
			{Name: "iris-work"},
		},
	}
	s, err := New(t.Context(), Config{Settings: settings, ObjectCreated: b.created, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s3.Front(settings.Socket))
	end := sync.OnceFunc(func() {
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return running{s, b, awss3.New(awss3.Options{
		Region: "us-east-1", BaseEndpoint: &web.URL, UsePathStyle: true, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(key.ID, key.Secret, ""),
	}), web.URL, end}
}

func (r running) put(t *testing.T, bucket, key, body string) error {
	t.Helper()
	_, err := r.client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: strings.NewReader(body), Metadata: map[string]string{"iris-task": "auto"},
	})
	return err
}

func (r running) get(t *testing.T, bucket, key string) string {
	t.Helper()
	out, err := r.client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestEachUploadIsAnnouncedOnce(t *testing.T) {
	s := start(t, t.TempDir())
	multipart := bytes.Repeat([]byte("m"), 5<<20+7)
	cases := []struct {
		name, bucket, key, reason string
		size                      int64
		upload                    func() error
	}{
		{"put", "iris-uploads", "a b/ñ+%.nii.gz", "PutObject", 4, func() error { return s.put(t, "iris-uploads", "a b/ñ+%.nii.gz", "scan") }},
		{"empty", "iris-uploads", "empty", "PutObject", 0, func() error { return s.put(t, "iris-uploads", "empty", "") }},
		{"copy", "iris-uploads", "copy.nii", "CopyObject", 5, func() error {
			if err := s.put(t, "iris-work", "source", "bytes"); err != nil {
				return err
			}
			_, err := s.client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: aws.String("iris-uploads"), Key: aws.String("copy.nii"), CopySource: aws.String("iris-work/source")})
			return err
		}},
		{"multipart", "iris-uploads", "big.nii", "CompleteMultipartUpload", int64(len(multipart)), func() error { return s.multipart(t, "big.nii", multipart) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.upload(); err != nil {
				t.Fatal(err)
			}
			got := s.bus.about(c.key)
			if len(got) != 1 || got[0].Bucket != c.bucket || got[0].Size != c.size || got[0].Reason != c.reason || strings.Contains(got[0].ETag, `"`) {
				t.Fatalf("announced %+v", got)
			}
		})
	}
	raw, err := s.client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("iris-uploads"), Key: aws.String("empty")})
	if err != nil || raw.Metadata["iris-task"] != "auto" {
		t.Errorf("metadata %v, %v", raw.Metadata, err)
	}
	if got := s.get(t, "iris-uploads", "big.nii"); got != string(multipart) {
		t.Errorf("multipart object has %d bytes", len(got))
	}
	if got := s.bus.about("source"); got != nil {
		t.Errorf("the work bucket announced %+v", got)
	}

	// The same bytes again are another upload; sequencers grow.
	for range 20 {
		if err := s.put(t, "iris-uploads", "again", "same"); err != nil {
			t.Fatal(err)
		}
	}
	again := s.bus.about("again")
	if !slices.IsSortedFunc(again, func(a, b s3.Created) int { return strings.Compare(a.Sequencer, b.Sequencer) }) || len(slices.CompactFunc(again, func(a, b s3.Created) bool { return a.Sequencer == b.Sequencer })) != 20 {
		t.Errorf("sequencers do not grow: %+v", again)
	}
}

func (r running) multipart(t *testing.T, key string, body []byte) error {
	t.Helper()
	complete, err := r.parts(t, key, body)
	if err != nil {
		return err
	}
	return complete()
}

// parts uploads the parts of an object; the function returned completes it, as
// often as it is called.
func (r running) parts(t *testing.T, key string, body []byte) (complete func() error, err error) {
	t.Helper()
	bucket := "iris-uploads"
	up, err := r.client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	var parts []types.CompletedPart
	for i, part := range [][]byte{body[:5<<20], body[5<<20:]} {
		number := int32(i + 1)
		out, err := r.client.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId, PartNumber: &number, Body: bytes.NewReader(part)})
		if err != nil {
			return nil, err
		}
		parts = append(parts, types.CompletedPart{ETag: out.ETag, PartNumber: &number, ChecksumCRC32: out.ChecksumCRC32})
	}
	return func() error {
		_, err := r.client.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
		return err
	}, nil
}

func TestWhatWasNotAnnouncedIsAfterARestart(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	if err := s.put(t, "iris-uploads", "told", "x"); err != nil {
		t.Fatal(err)
	}
	s.bus.refuse(errors.New("the bus is full"))
	if err := s.put(t, "iris-uploads", "untold", "yz"); err == nil {
		t.Error("an upload whose announcement failed was acknowledged")
	}
	if err := s.put(t, "iris-uploads", "deleted", "x"); err == nil {
		t.Error("an upload whose announcement failed was acknowledged")
	}
	if _, err := s.client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: aws.String("iris-uploads"), Key: aws.String("deleted")}); err != nil {
		t.Fatal(err)
	}
	told := s.bus.about("told")[0]
	s.end()

	known := s.bus
	known.refuse(nil)
	s = start(t, dir)
	s.bus = known
	for i, want := range []int{1, 0} {
		if n := s.reconcile(t); n != want {
			t.Fatalf("round %d: %d new objects, want %d", i, n, want)
		}
	}
	// An object is listed as it was announced.
	objects, err := s.Objects(t.Context())
	if err != nil || len(objects) != 2 || objects[0].Key != "told" || !objects[0].At.Equal(told.At) {
		t.Fatalf("objects %+v, %v", objects, err)
	}
	objects[0].At = told.At
	if objects[0] != told {
		t.Errorf("listed %+v, announced %+v", objects[0], told)
	}
	if got := s.bus.about("untold"); len(got) != 1 || got[0].Size != 2 {
		t.Errorf("announced %+v", got)
	}
}

func TestSignedURLs(t *testing.T) {
	s := start(t, t.TempDir())
	if err := s.put(t, "iris-work", "model.glb", "glTF"); err != nil {
		t.Fatal(err)
	}
	presign := func(expires time.Duration) string {
		r, err := awss3.NewPresignClient(s.client, awss3.WithPresignExpires(expires)).PresignGetObject(t.Context(),
			&awss3.GetObjectInput{Bucket: aws.String("iris-work"), Key: aws.String("model.glb")})
		if err != nil {
			t.Fatal(err)
		}
		return r.URL
	}
	short := presign(time.Second)
	good := presign(time.Hour)
	time.Sleep(2100 * time.Millisecond) // at least: a slower machine comes later still
	for name, c := range map[string]struct {
		url    string
		status int
	}{
		"good":          {good, 200},
		"expired":       {short, 403},
		"tampered key":  {strings.Replace(good, "model.glb", "model.glc", 1), 403},
		"longer life":   {strings.Replace(good, "X-Amz-Expires=3600", "X-Amz-Expires=7200", 1), 403},
		"unsigned":      {s.url + "/iris-work/model.glb", 403},
		"unsigned list": {s.url + "/", 403},
	} {
		resp, err := http.Get(c.url)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s: %s, want %d", name, resp.Status, c.status)
		}
	}
}

func TestPreflight(t *testing.T) {
	s := start(t, t.TempDir())
	for _, c := range []struct {
		bucket, origin string
		allowed        bool
	}{
		{"iris-uploads", "http://localhost:5173", true},
		{"iris-uploads", "http://evil.example", false},
		{"iris-work", "http://localhost:5173", false},
	} {
		r, _ := http.NewRequest("OPTIONS", s.url+"/"+c.bucket+"/k", nil)
		r.Header.Set("Origin", c.origin)
		r.Header.Set("Access-Control-Request-Method", "PUT")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Origin") == c.origin; got != c.allowed {
			t.Errorf("%s from %s: %s %v", c.bucket, c.origin, resp.Status, resp.Header)
		}
	}
}

func TestAFullDiskIsANamedErrorAndThenOver(t *testing.T) {
	s := start(t, t.TempDir())
	s.store.free = func(string) (int64, int64, error) { return 32 << 20, 1 << 30, nil }
	if err := s.put(t, "iris-work", "labels", "x"); err != nil {
		t.Errorf("jobs under way have room, yet: %v", err)
	}
	// When even they have none, they wait for it.
	var looks atomic.Int32
	s.store.free = func(string) (int64, int64, error) {
		if looks.Add(1) <= 3 {
			return 1, 1 << 30, nil
		}
		return 32 << 20, 1 << 30, nil
	}
	if err := s.put(t, "iris-work", "labels", "x"); err != nil || looks.Load() < 4 {
		t.Errorf("a job's object did not wait for room: %v", err)
	}
	err := s.put(t, "iris-uploads", "scan", strings.Repeat("x", 3<<20))
	var named smithy.APIError
	if !errors.As(err, &named) || named.ErrorCode() != "InsufficientStorage" {
		t.Errorf("got %v", err)
	}
	if _, err := s.client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("iris-uploads"), Key: aws.String("scan")}); err == nil {
		t.Error("the refused object is there")
	}
	s.store.free = free
	if err := s.put(t, "iris-uploads", "scan", "x"); err != nil {
		t.Error(err)
	}
	if got := s.bus.about("scan"); len(got) != 1 || got[0].Size != 1 {
		t.Errorf("announced %+v", got)
	}
}

func TestAttributesBesideTheFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "attributes"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	if err := s.put(t, "iris-uploads", "a[1]*/scan", "x"); err != nil {
		t.Fatal(err)
	}
	head, err := s.client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("iris-uploads"), Key: aws.String("a[1]*/scan")})
	if err != nil || head.Metadata["iris-task"] != "auto" {
		t.Errorf("%+v, %v", head, err)
	}
	if n := s.reconcile(t); n != 0 {
		t.Errorf("%d objects were not announced", n)
	}
}

func TestSequencerFollowsFromTimeAndETag(t *testing.T) {
	at := time.Unix(1_700_000_000, 123)
	seq := func(at time.Time, etag string) string {
		return newCreated("b", "k", 1, etag, at, "PutObject").Sequencer
	}
	if a, b := seq(at, `"abc"`), seq(at, "abc"); a != b || len(a) != 24 {
		t.Errorf("%s, %s", a, b)
	}
	if seq(at, "abc") == seq(at, "abd") || seq(at, "zzz") >= seq(at.Add(1), "aaa") {
		t.Error("sequencers do not order")
	}
}

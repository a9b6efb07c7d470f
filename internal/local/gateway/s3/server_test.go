package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/iris-oculus/iris/internal/local/gateway/s3"
	"github.com/iris-oculus/iris/internal/local/gateway/s3/s3test"
	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

const bucket = "iris-uploads"

var key = sigv4.Key{ID: "AKIAIRIS", Secret: "a-secret-of-forty-characters-0123456789a"}

// bus records announcements. before and after are called once around the next
// one, if set; an error of before refuses it.
type bus struct {
	mu      sync.Mutex
	before  func() error
	after   func()
	got     map[string][]string // sequencers by key
	repeats int                 // announcements of what was known
}

func (b *bus) created(_ context.Context, c s3.Created) error {
	b.mu.Lock()
	before, after := b.before, b.after
	b.before, b.after = nil, nil
	b.mu.Unlock()
	if before != nil {
		if err := before(); err != nil {
			return err
		}
	}
	b.take(c)
	if after != nil {
		after()
	}
	return nil
}

// take records an announcement, unless it is known, as the bus of the stack does.
func (b *bus) take(c s3.Created) (first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.Contains(b.got[c.Key], c.Sequencer) {
		b.repeats++
		return false
	}
	b.got[c.Key] = append(b.got[c.Key], c.Sequencer)
	return true
}

func (b *bus) reconcile(_ context.Context, objects []s3.Created) (announced int, err error) {
	b.mu.Lock()
	before := b.before
	b.before = nil
	b.mu.Unlock()
	if before != nil {
		if err := before(); err != nil {
			return 0, err
		}
	}
	for _, c := range objects {
		if b.take(c) {
			announced++
		}
	}
	return announced, nil
}

// refuse makes the next announcement fail.
func (b *bus) refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.before = func() error { return err }
}

func (b *bus) about(key string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got[key]
}

type running struct {
	*s3.Server
	*awss3.Client
	config s3.Config
}

func start(t *testing.T, dir string, b *bus, change ...func(*s3.Config)) running {
	t.Helper()
	if b.got == nil {
		b.got = map[string][]string{}
	}
	cfg := s3.Config{
		Program: s3test.Program(t), Dir: dir, Socket: filepath.Join(t.TempDir(), "s3.sock"), Key: key, Region: "us-east-1",
		Buckets:       []s3.Bucket{{Name: bucket, Announce: true}},
		ObjectCreated: b.created, Reconcile: b.reconcile, Logger: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := s3.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() { web.Close(); _ = s.Close() })
	return running{s, awss3.New(awss3.Options{
		Region: "us-east-1", BaseEndpoint: &web.URL, UsePathStyle: true, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(key.ID, key.Secret, ""),
	}), cfg}
}

func (r running) put(ctx context.Context, key string, body io.ReadSeeker, options ...func(*awss3.Options)) error {
	_, err := r.PutObject(ctx, &awss3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: body}, options...)
	return err
}

// there says whether an object exists. It is answered only once everything that a
// killed child left behind is announced.
func (r running) there(t *testing.T, key string) bool {
	t.Helper()
	_, err := r.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String(bucket), Key: &key})
	var api smithy.APIError
	if err != nil && (!errors.As(err, &api) || api.ErrorCode() != "NotFound") {
		t.Fatalf("a request while S3 comes back: %v", err)
	}
	return err == nil
}

// pid is the process that serves this folder, by its one argument.
func (r running) pid(t *testing.T) int {
	t.Helper()
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(commands) == 0 {
		t.Skip("SKIPPED: no /proc here to find the child in")
	}
	settings := strings.TrimSuffix(r.config.Socket, ".sock") + ".json"
	for _, path := range commands {
		text, _ := os.ReadFile(path)
		if strings.Contains(string(text), settings) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	return 0
}

func (r running) kill(t *testing.T) {
	t.Helper()
	if pid := r.pid(t); pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// halfway calls a function when half of a request's body was sent. The body as the SDK
// is given it would not do: the SDK reads it before, for its checksum.
type halfway struct {
	next awss3.HTTPClient
	half func()
}

func (h halfway) Do(r *http.Request) (*http.Response, error) {
	if r.ContentLength > 0 {
		r.Body = &sent{r.Body, r.ContentLength / 2, h.half}
	}
	return h.next.Do(r)
}

type sent struct {
	io.ReadCloser
	left int64
	half func()
}

func (s *sent) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p[:min(len(p), 4096)])
	if s.left -= int64(n); s.left <= 0 && s.half != nil {
		s.half()
		s.half = nil
	}
	return n, err
}

// At whatever moment the child is killed: what is stored is announced, under one
// sequencer, and what comes meanwhile waits.
func TestKilledAtEachMoment(t *testing.T) {
	for _, c := range []struct {
		name    string
		stored  bool
		repeats int // announcements of what was announced, at least
		arrange func(b *bus, o *awss3.Options, kill func()) io.ReadSeeker
	}{
		{"while the bytes come", false, 0, func(_ *bus, o *awss3.Options, kill func()) io.ReadSeeker {
			o.HTTPClient = halfway{o.HTTPClient, kill}
			return bytes.NewReader(make([]byte, 4<<20))
		}},
		{"before the announcement is taken", true, 0, func(b *bus, _ *awss3.Options, kill func()) io.ReadSeeker {
			b.before = func() error { kill(); return errors.New("too late") }
			return strings.NewReader("scan")
		}},
		{"after the announcement is taken", true, 1, func(b *bus, _ *awss3.Options, kill func()) io.ReadSeeker {
			b.after = kill
			return strings.NewReader("scan")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bus{}
			r := start(t, t.TempDir(), b)
			options := r.Options()
			content := c.arrange(b, &options, func() { r.kill(t) })
			if err := r.put(t.Context(), "scan.nii", content, func(o *awss3.Options) { *o = options }); err == nil {
				t.Error("an upload was acknowledged by a process that was killed before")
			}
			if got := r.there(t, "scan.nii"); got != c.stored {
				t.Errorf("stored: %v, want %v", got, c.stored)
			}
			got := b.about("scan.nii")
			if len(got) > 1 || (len(got) == 1) != c.stored || b.repeats < c.repeats {
				t.Errorf("announced under the sequencers %v and %d times again", got, b.repeats)
			}
			if err := r.put(t.Context(), "next.nii", strings.NewReader("scan")); err != nil || len(b.about("next.nii")) != 1 {
				t.Errorf("the next upload: %v, announced %v", err, b.about("next.nii"))
			}
		})
	}
}

// Whatever is acknowledged while the child is killed again and again is announced.
func TestKilledAgainAndAgain(t *testing.T) {
	b := &bus{}
	r := start(t, t.TempDir(), b)
	const kills, writers, between = 6, 4, 15
	var mu sync.Mutex
	var acknowledged []string
	enough := make(chan struct{}, 1)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				key := fmt.Sprintf("%d/%d", w, n)
				if r.put(ctx, key, strings.NewReader(key)) != nil {
					continue
				}
				mu.Lock()
				acknowledged = append(acknowledged, key)
				if len(acknowledged)%between == 0 {
					select {
					case enough <- struct{}{}:
					default:
					}
				}
				mu.Unlock()
			}
		})
	}
	for range kills {
		<-enough
		r.kill(t)
	}
	stop()
	all.Wait()
	for _, key := range acknowledged {
		if !r.there(t, key) || len(b.about(key)) == 0 {
			t.Errorf("%s was acknowledged: stored %v, announced %v", key, r.there(t, key), b.about(key))
		}
	}
	// Nothing is left for the next start, neither of what was not acknowledged.
	if n, err := r.Announce(t.Context()); n != 0 || err != nil {
		t.Errorf("%d objects were not announced, %v", n, err)
	}
}

// An upload whose announcement is not taken is refused with an error that SDKs
// send again.
func TestRefusedUntilTheParentTakesIt(t *testing.T) {
	b := &bus{}
	r := start(t, t.TempDir(), b)
	b.refuse(errors.New("the disk is full"))
	err := r.put(t.Context(), "scan.nii", strings.NewReader("scan"))
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "SlowDown" {
		t.Errorf("got %v", err)
	}
	b.refuse(errors.New("the disk is full"))
	if _, err := r.Announce(t.Context()); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("got %v", err)
	}
	if n, err := r.Announce(t.Context()); n != 1 || err != nil || len(b.about("scan.nii")) != 1 {
		t.Errorf("%d, %v, announced %v", n, err, b.about("scan.nii"))
	}
}

// Several run in one process, which stays in its working directory; nobody on the
// machine reads the secret.
func TestTwoInOneProcess(t *testing.T) {
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	buses := [2]bus{}
	for i := range buses {
		r := start(t, t.TempDir(), &buses[i])
		if err := r.put(t.Context(), fmt.Sprint(i), strings.NewReader("scan")); err != nil {
			t.Error(err)
		}
		for _, file := range []string{"cmdline", "environ"} {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", r.pid(t), file))
			if err != nil || strings.Contains(string(text), key.Secret) {
				t.Errorf("%s: %q, %v", file, text, err)
			}
		}
		settings, err := os.Stat(strings.TrimSuffix(r.config.Socket, ".sock") + ".json")
		if err != nil || settings.Mode().Perm() != 0o600 {
			t.Errorf("settings: %v, %v", settings, err)
		}
	}
	for i := range buses {
		if len(buses[i].about(fmt.Sprint(i))) != 1 || len(buses[i].got) != 1 {
			t.Errorf("server %d announced %v", i, buses[i].got)
		}
	}
	if after, err := os.Getwd(); err != nil || after != before {
		t.Errorf("the working directory is %s, was %s", after, before)
	}
}

func TestAStartThatFailsSaysWhy(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s3.New(t.Context(), s3.Config{
		Program: s3test.Program(t), Dir: dir, Socket: filepath.Join(t.TempDir(), "s3.sock"), Key: key, Region: "us-east-1", Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("got %v", err)
	}
}

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
)

// job is what the tests read of GET /v1/jobs.
type job struct {
	ID        string
	Status    string
	Attempt   int
	Artifacts map[string]struct{ SHA256 string }
	Error     *struct{ Code, Message string }
}

func (j job) ended() bool {
	return j.Status == "ready" || j.Status == "rejected" || j.Status == "failed" || j.Status == "cancelled" || j.Status == "expired"
}

// jobs are those of an upload key, newest first; an error while the API is away.
func (s *stack) jobs(key string) ([]job, error) {
	resp, err := http.Get(s.HTTP + "/v1/jobs?key=" + url.QueryEscape(key))
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET /v1/jobs: %s", resp.Status)
	}
	var list struct{ Jobs []job }
	return list.Jobs, json.NewDecoder(resp.Body).Decode(&list)
}

// finish waits until a key has a job and that job has ended.
func (s *stack) finish(t *testing.T, key string, within time.Duration) job {
	t.Helper()
	within = max(within, patience)
	deadline := time.Now().Add(within)
	for {
		jobs, err := s.jobs(key)
		if err == nil && len(jobs) > 0 && jobs[0].ended() {
			if len(jobs) != 1 {
				t.Errorf("%s has %d jobs", key, len(jobs))
			}
			return jobs[0]
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has not ended within %v: %+v, %v", key, within, jobs, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// sdk reaches the stack as a program does, but never tries twice: a refusal is seen.
func (s *stack) sdk(t *testing.T) aws.Config {
	t.Helper()
	cfg, err := awsconfig.Load(t.Context(), config.WithBaseEndpoint(s.AWS), config.WithRegion("us-east-1"),
		config.WithSharedCredentialsFiles([]string{s.Credentials}), config.WithSharedConfigFiles(nil),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// drop uploads a file with a plain S3 client.
func drop(ctx context.Context, cfg aws.Config, file, key string) error {
	body, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	_, err = s3.NewFromConfig(cfg).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("iris-uploads"), Key: &key, Body: body})
	return err
}

// stored says whether an upload is there.
func stored(ctx context.Context, cfg aws.Config, key string) bool {
	_, err := s3.NewFromConfig(cfg).HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("iris-uploads"), Key: &key})
	return err == nil
}

// sample is a small synthetic CT.
func sample(t *testing.T, size int) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sample.nii.gz")
	out, err := exec.Command(filepath.Join(root(t), "bin", "iris"), "sample", file, "--size", fmt.Sprint(size)).CombinedOutput()
	if err != nil {
		t.Fatalf("iris sample: %v: %s", err, out)
	}
	return file
}

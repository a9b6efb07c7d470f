package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A cohort reads scans from an S3 that checks its signatures, under names of all kinds.
func TestACohortReadsFromS3(t *testing.T) {
	work := t.TempDir()
	s := up(t, filepath.Join(work, ".iris"))
	iris := func(args ...string) (string, error) {
		c := exec.Command(filepath.Join(s.root, "bin", "iris"), args...)
		c.Dir = work
		c.Env = []string{"HOME=" + work, "XDG_CACHE_HOME=" + work, "XDG_CONFIG_HOME=" + work, "AWS_ENDPOINT_URL=" + s.AWS,
			"AWS_SHARED_CREDENTIALS_FILE=" + s.Credentials, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true"}
		out, err := c.CombinedOutput()
		return string(out), err
	}
	if out, err := iris("sample", "scan.nii.gz", "--size", "32"); err != nil {
		t.Fatal(out, err)
	}
	scan, err := os.ReadFile(filepath.Join(work, "scan.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(s.sdk(t), func(o *s3.Options) { o.UsePathStyle = true })
	for _, key := range []string{"study/a b+c%2B=&ü.nii.gz", "study/sub/x.nii.gz", "study2/y.nii.gz"} {
		// A bucket from which no drop becomes a job by itself.
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("iris-results"), Key: &key, Body: bytes.NewReader(scan)}); err != nil {
			t.Fatal(err)
		}
	}
	out, err := iris("cohort", "s3://iris-results/study", "-o", "out.csv")
	if err != nil || !strings.Contains(out, "2 scans: 2 ready. ") {
		t.Fatal(out, err)
	}
	table, err := os.ReadFile(filepath.Join(work, "out.csv"))
	if err != nil || !strings.Contains(string(table), "\n,s3://iris-results/study/a b+c%2B=&ü.nii.gz,") || !strings.Contains(string(table), "\n,s3://iris-results/study/sub/x.nii.gz,") {
		t.Errorf("%s, %v", table, err)
	}
	// Both are the same bytes, with the same ETag: one job.
	if listed, err := iris("list"); err != nil || strings.Count(listed, "\n") != 1 {
		t.Errorf("%s, %v", listed, err)
	}
}

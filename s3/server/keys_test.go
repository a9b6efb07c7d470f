package server

import (
	"errors"
	"strings"
	"testing"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// S3 takes names that no file system keeps: they are refused with the reason,
// before anything is sent.
func TestNamesThatNoFileSystemKeeps(t *testing.T) {
	s := start(t, t.TempDir())
	bucket, long := "iris-uploads", "study/"+strings.Repeat("n", 256)
	_, multipart := s.client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: &bucket, Key: &long})
	for name, err := range map[string]error{"put": s.put(t, bucket, long, "x"), "multipart": multipart} {
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "KeyTooLongError" || !strings.Contains(api.ErrorMessage(), "255 bytes") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.put(t, bucket, "study/"+strings.Repeat("n", 255), "x"); err != nil {
		t.Errorf("255 bytes: %v", err)
	}
}

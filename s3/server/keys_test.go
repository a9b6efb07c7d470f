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

// Keys that would be the file of another key, or lie where nothing is listed, are refused,
// however they come: an erasure of one would take the other's object, or miss its own.
func TestKeysThatAreAnothersFile(t *testing.T) {
	s := start(t, t.TempDir())
	bucket := "iris-uploads"
	if err := s.put(t, bucket, "x.nii", "mine"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"./x.nii", "/x.nii", "a//x.nii", "jobs/./x.nii", "x.nii//", ".sgwtmp/x.nii", ".sgwtmp/multipart/x.nii", "nul\x00.nii"} {
		_, multipart := s.client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
		source := bucket + "/x.nii"
		_, copied := s.client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: &bucket, Key: &key, CopySource: &source})
		for name, err := range map[string]error{"put": s.put(t, bucket, key, "another's"), "multipart": multipart, "copy": copied} {
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorCode() != "InvalidArgument" {
				t.Errorf("%s %q: %v", name, key, err)
			}
		}
	}
	for _, key := range []string{"a/.sgwtmp/x.nii", "..nii", "a/...", "\u2026/x.nii", "a\\..\\x.nii", "folder/"} {
		body := "x"
		if strings.HasSuffix(key, "/") {
			body = ""
		}
		if err := s.put(t, bucket, key, body); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
}

package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// maxSiblings bounds how many objects of a folder are looked at in order to find out
// whether an object that is no slice lies among slices.
const maxSiblings = 64

// sliceOf says whether an object is a DICOM slice of a folder, and gives the folder's
// prefix. A slice has a prefix, and DICM at offset 128 or a name that ends in .dcm. For
// another object among slices it gives the prefix and false.
func (s Stage) sliceOf(ctx context.Context, e Created) (prefix string, slice bool, err error) {
	lower := strings.ToLower(e.Key)
	prefix = folderOf(e.Key)
	if prefix == "" || prefix == "/" || job.IsSingle(e.Key) {
		return "", false, nil
	}
	if id, _, ok := job.ParseUploadKey(e.Key); ok && prefix == job.UploadKey(id, "") {
		return "", false, nil // one file of the API's, whose job is gone
	}
	if strings.HasSuffix(lower, ".dcm") {
		return prefix, true, nil
	}
	if slice, err = s.hasPreamble(ctx, e.Key); slice || err != nil {
		return prefix, slice, err
	}
	seen := 0
	for object, err := range s.Uploads.List(ctx, prefix) {
		if err != nil {
			return "", false, fmt.Errorf("list folder: %w", err)
		}
		if strings.HasSuffix(strings.ToLower(object.Key), ".dcm") {
			return prefix, false, nil
		}
		if seen++; seen == maxSiblings {
			break
		}
	}
	f, err := s.Folders.Folder(ctx, e.Bucket, prefix)
	if err != nil {
		return "", false, fmt.Errorf("read folder: %w", err)
	}
	if f.Generation > 0 {
		return prefix, false, nil
	}
	return "", false, nil
}

// folderOf is what stands before the last name of a key, with its slash; empty for a key
// without one. To S3, and to a policy that lets somebody write below his own name, ".." is
// a name like any other: alice/../bob/1.dcm is no slice of bob's.
func folderOf(key string) string { return key[:strings.LastIndexByte(key, '/')+1] }

// hasPreamble looks for DICM at offset 128 (DICOM PS3.10 §7.1).
func (s Stage) hasPreamble(ctx context.Context, key string) (bool, error) {
	r, _, err := s.Uploads.ReaderAt(ctx, key)
	if err != nil {
		if errors.Is(err, job.ErrNotFound) {
			return false, nil
		}
		return false, fmt.Errorf("look at upload: %w", err)
	}
	var magic [4]byte
	if _, err := r.ReadAt(magic[:], 128); err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("look at upload: %w", err)
	}
	return string(magic[:]) == "DICM", nil
}

// optionsOf picks the options out of an object's user metadata.
func optionsOf(metadata map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range metadata {
		if option, ok := strings.CutPrefix(name, job.MetadataPrefix); ok {
			out[option] = value
		}
	}
	return out
}

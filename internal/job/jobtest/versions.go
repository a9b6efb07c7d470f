package jobtest

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// Versions yields the objects below a prefix, each of which has the one version "null".
func (b *Bucket) Versions(ctx context.Context, prefix string) iter.Seq2[job.Version, error] {
	return func(yield func(job.Version, error) bool) {
		for o, err := range b.List(ctx, prefix) {
			if !yield(job.Version{Object: o, ID: job.NullVersion, Latest: true}, err) {
				return
			}
		}
	}
}

// DeleteVersion removes an object that still has this ETag; another stays: job.ErrReplaced.
func (b *Bucket) DeleteVersion(ctx context.Context, v job.Version) error {
	return b.DeleteIf(ctx, v.Key, v.ETag)
}

// Tally counts what lies below a prefix.
func (b *Bucket) Tally(_ context.Context, prefix string) (t job.Tally, err error) {
	if err := b.before("Tally", prefix); err != nil {
		return t, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tally(prefix), nil
}

func (b *Bucket) tally(prefix string) (t job.Tally) {
	for key, text := range b.objects {
		if strings.HasPrefix(key, prefix) {
			t.Count(job.Version{Object: job.Object{Size: int64(len(text))}, Latest: true})
		}
	}
	for _, key := range b.Begun {
		if strings.HasPrefix(key, prefix) {
			t.Uploads++
		}
	}
	return t
}

// DeletePrefix removes every object and upload below a prefix, which must not be empty,
// and counts them.
func (b *Bucket) DeletePrefix(_ context.Context, prefix string) (t job.Tally, err error) {
	if err := b.before("DeletePrefix", prefix); err != nil {
		return t, err
	}
	if prefix == "" {
		return t, errors.New("delete objects: empty prefix would empty the bucket")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t = b.tally(prefix)
	maps.DeleteFunc(b.objects, func(key string, _ []byte) bool { return strings.HasPrefix(key, prefix) })
	b.Begun = slices.DeleteFunc(b.Begun, func(key string) bool { return strings.HasPrefix(key, prefix) })
	return t, nil
}

// AbortBelow ends the uploads below a prefix.
func (b *Bucket) AbortBelow(_ context.Context, prefix string) (n int, err error) {
	if err := b.before("AbortBelow", prefix); err != nil {
		return 0, err
	}
	if prefix == "" {
		return 0, errors.New("abort uploads: empty prefix would end all of the bucket")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.Begun)
	b.Begun = slices.DeleteFunc(b.Begun, func(key string) bool { return strings.HasPrefix(key, prefix) })
	return before - len(b.Begun), nil
}

package jobs

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

func usualKey(c job.Class) item { return item{"pk": str("USUAL"), "sk": str(string(c))} }

// timing is what the item of a class holds, under a kilobyte.
type timing struct {
	Took job.Samples `json:"took"`
	// By has a random word for each sample, by which its writer knows it again. It has
	// nothing to do with the job that was measured.
	By []string `json:"by"`
}

func timingOf(it item) (t timing, err error) {
	if err := json.Unmarshal([]byte(text(it, "doc")), &t); err != nil {
		return t, fmt.Errorf("decode how long stages took: %w", err)
	}
	return t, nil
}

// Measure adds a sample to its class, once: the write has the condition that nobody wrote
// meanwhile, and a write whose answer was lost is found again by its word.
func (s *Store) Measure(ctx context.Context, sample job.Sample) error {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails since Go 1.24
	mine := base64.RawURLEncoding.EncodeToString(random[:])
	for range amendTries {
		it, err := s.get(ctx, usualKey(sample.Class))
		if err != nil && !errors.Is(err, job.ErrNotFound) {
			return err
		}
		var t timing
		if err == nil {
			if t, err = timingOf(it); err != nil {
				return err
			}
		}
		if slices.Contains(t.By, mine) {
			return nil
		}
		t.Took = t.Took.With(sample.Took)
		t.By = append(t.By, mine)
		t.By = t.By[len(t.By)-len(t.Took):]
		err = s.putTiming(ctx, sample.Class, t, it)
		if !isConditionFailed(err) {
			return err
		}
	}
	return &job.BusyError{Message: "how long stages took is being written by too many at once"}
}

// putTiming writes a class over the item that was read, nil for none.
func (s *Store) putTiming(ctx context.Context, c job.Class, t timing, read item) error {
	doc, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("encode how long stages took: %w", err)
	}
	now := time.Now()
	it := usualKey(c)
	it["doc"], it["rev"], it["ttl"] = str(string(doc)), num(integer(read, "rev")+1), num(now.Add(job.Lifetime).Unix())
	if read == nil {
		return s.putFree(ctx, it, now)
	}
	return s.put(ctx, it, "rev = :rev", item{":rev": num(integer(read, "rev"))})
}

// Took gives the samples of classes, maxBatch at most, without those of which there are
// none. A read that comes just after a write may not have it yet, which costs half.
func (s *Store) Took(ctx context.Context, classes []job.Class) (map[job.Class]job.Samples, error) {
	took := map[job.Class]job.Samples{}
	var keys []item
	for _, c := range slices.Compact(slices.Sorted(slices.Values(classes))) {
		keys = append(keys, usualKey(c))
	}
	if len(keys) == 0 {
		return took, nil
	}
	out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
		RequestItems: map[string]types.KeysAndAttributes{s.table: {Keys: keys, ConsistentRead: aws.Bool(false)}},
	})
	if err != nil {
		return nil, fault.Name("read how long stages took", err)
	}
	for _, it := range out.Responses[s.table] { // what the table leaves unread is not told this time
		if expired(it) {
			continue
		}
		t, err := timingOf(it)
		if err != nil {
			return nil, err
		}
		took[job.Class(text(it, "sk"))] = t.Took
	}
	return took, nil
}

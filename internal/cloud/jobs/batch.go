package jobs

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

const (
	// maxBatch is how many items BatchGetItem takes.
	maxBatch = 100
	// batchTries bounds the calls in a row that bring no item: with the waits between
	// them they last 3 s, a tenth of the time that the API has for a request.
	batchTries = 6
	// batchWait is the first wait after such a call; each further one is twice as long.
	batchWait = 100 * time.Millisecond
)

// records reads the records of ids, in their order. One that is not there, erased
// since the id was read or expired, is left out.
func (s *Store) records(ctx context.Context, ids []string) ([]job.Record, error) {
	found := make(map[string]job.Record, len(ids))
	unique := slices.Compact(slices.Sorted(slices.Values(ids))) // a batch may name an item once only
	for batch := range slices.Chunk(unique, maxBatch) {
		if err := s.readBatch(ctx, batch, found); err != nil {
			return nil, err
		}
	}
	records := make([]job.Record, 0, len(ids))
	for _, id := range ids {
		if r, ok := found[id]; ok {
			records = append(records, r)
		}
	}
	return records, nil
}

// readBatch reads up to maxBatch records. DynamoDB leaves keys unprocessed when an
// answer would be longer than 16 MB or the table is throttled; these are asked for
// again, with a wait when a call brought nothing.
func (s *Store) readBatch(ctx context.Context, ids []string, found map[string]job.Record) error {
	keys := make([]item, len(ids))
	for n, id := range ids {
		keys[n] = jobKey(id)
	}
	wait := batchWait
	for tries := 0; len(keys) > 0; tries++ {
		if tries == batchTries {
			return &job.BusyError{Message: "read job records: the table leaves keys unread"}
		}
		if tries > 0 {
			if err := pause(ctx, wait); err != nil {
				return err
			}
			wait *= 2
		}
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{s.table: {Keys: keys, ConsistentRead: aws.Bool(true)}},
		})
		if err != nil {
			return fault.Name("read job records", err)
		}
		for _, it := range out.Responses[s.table] {
			r, _, err := record(it)
			if err != nil {
				return err
			}
			if !expired(it) && !lapsed(r) {
				found[r.ID] = r
			}
		}
		if len(out.Responses[s.table]) > 0 {
			tries, wait = -1, batchWait // it goes on
		}
		keys = out.UnprocessedKeys[s.table].Keys
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

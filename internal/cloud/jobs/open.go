package jobs

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// open marks a job as not ended. It is written before the record, so that a
// crash leaves a mark too many and never one too few.
func (s *Store) open(ctx context.Context, r job.Record) error {
	return s.put(ctx, item{
		"pk": str(openPK), "sk": str(r.ID), "ttl": num(ttlOf(r).Add(24 * time.Hour).Unix()),
		"number": num(int64(r.MarkNumber())), "marked": num(time.Now().Unix()),
	}, "", nil)
}

// Close removes the mark of a job that has ended, of an erasure that is complete, or
// of a job without a record. It leaves a mark of a later attempt, and one of an
// erasure that began since the record was read: those go on. A later mark that is
// older than job.MarkAbandoned is removed all the same, because the write that it was
// made for has never come.
func (s *Store) Close(ctx context.Context, r job.Record) error {
	_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.table, Key: item{"pk": str(openPK), "sk": str(r.ID)},
		ConditionExpression:      aws.String("attribute_not_exists(#number) OR #number <= :number OR #marked < :abandoned"),
		ExpressionAttributeNames: map[string]string{"#number": "number", "#marked": "marked"},
		ExpressionAttributeValues: item{
			":number": num(int64(r.MarkNumber())), ":abandoned": num(time.Now().Add(-job.MarkAbandoned).Unix()),
		},
	})
	if isConditionFailed(err) {
		return nil
	}
	if err != nil {
		return fault.Name("delete item", err)
	}
	return nil
}

// Open yields the ids of jobs that have not ended, in order, from the first one that
// is greater than after. A job that has just ended may still be among them, and an id
// may have no record.
func (s *Store) Open(ctx context.Context, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		in := &dynamodb.QueryInput{
			TableName: &s.table, ConsistentRead: aws.Bool(true),
			KeyConditionExpression:    aws.String("pk = :pk"),
			ExpressionAttributeValues: item{":pk": str(openPK)},
		}
		if after != "" {
			in.KeyConditionExpression = aws.String("pk = :pk AND sk > :after")
			in.ExpressionAttributeValues[":after"] = str(after)
		}
		pages := dynamodb.NewQueryPaginator(s.client, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield("", fault.Name("query open jobs", err))
				return
			}
			for _, it := range page.Items {
				if !yield(text(it, "sk"), nil) {
					return
				}
			}
		}
	}
}

// sweepKey is the item that holds how far the janitor's last sweep came.
func sweepKey() item { return item{"pk": str("SWEEP"), "sk": str("SWEEP")} }

// SweptTo is the open job that the last sweep came to, empty before the first sweep.
func (s *Store) SweptTo(ctx context.Context) (string, error) {
	it, err := s.get(ctx, sweepKey())
	if errors.Is(err, job.ErrNotFound) {
		return "", nil
	}
	return text(it, "job"), err
}

// SetSweptTo notes how far a sweep came. Of two sweeps at a time the later write
// counts: the place only says where to begin.
func (s *Store) SetSweptTo(ctx context.Context, id string) error {
	it := sweepKey()
	it["job"] = str(id)
	return s.put(ctx, it, "", nil)
}

package jobs

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// duePK is the key of the marks that say when the time of each job is over, in the order
// of these times. A mark is written before its record, as open does, and is deleted when
// the job is erased; it holds the job's id and nothing else.
const duePK = "DUE"

func dueKey(d job.Due) item {
	return item{"pk": str(duePK), "sk": str(d.At.UTC().Format(createdLayout) + "#" + d.ID)}
}

func (s *Store) markDue(ctx context.Context, r job.Record) error {
	if r.ExpiresAt.IsZero() {
		return nil
	}
	mark := dueKey(job.Due{ID: r.ID, At: r.ExpiresAt})
	mark["ttl"] = num(r.ExpiresAt.Add(job.LapsedLife).Unix())
	return s.put(ctx, mark, "", nil)
}

// Due yields the jobs whose time was over before now, the one that waits longest first.
func (s *Store) Due(ctx context.Context, now time.Time) iter.Seq2[job.Due, error] {
	return func(yield func(job.Due, error) bool) {
		pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
			TableName: &s.table, ConsistentRead: aws.Bool(true),
			KeyConditionExpression:    aws.String("pk = :pk AND sk < :now"),
			ExpressionAttributeValues: item{":pk": str(duePK), ":now": str(now.UTC().Format(createdLayout))},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(job.Due{}, fault.Name("query jobs whose time is over", err))
				return
			}
			for _, it := range page.Items {
				at, id, _ := strings.Cut(text(it, "sk"), "#")
				when, err := time.Parse(createdLayout, at)
				if err != nil {
					err = fmt.Errorf("read when a job's time is over: %w", err)
				}
				if !yield(job.Due{ID: id, At: when}, err) {
					return
				}
			}
		}
	}
}

// Settled removes the mark of a job that is erased, or has no record.
func (s *Store) Settled(ctx context.Context, d job.Due) error { return s.delete(ctx, dueKey(d)) }

// Lapsed reads a record even if its time is over.
func (s *Store) Lapsed(ctx context.Context, id string) (job.Record, error) {
	r, _, err := s.read(ctx, id)
	return r, err
}

// lapsed says whether a record's time is over. DynamoDB deletes it job.LapsedLife later.
func lapsed(r job.Record) bool { return !r.ExpiresAt.IsZero() && time.Now().After(r.ExpiresAt) }

package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

func folderKey(bucket, prefix string) item {
	return item{"pk": str("FOLDER#" + digest(bucket, prefix)), "sk": str("FOLDER")}
}

// Folder reads what is known of a prefix; one never seen has generation 0.
func (s *Store) Folder(ctx context.Context, bucket, prefix string) (job.Folder, error) {
	f := job.Folder{Bucket: bucket, Prefix: prefix}
	it, err := s.get(ctx, folderKey(bucket, prefix))
	if errors.Is(err, job.ErrNotFound) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	f.Generation, f.Job = int(integer(it, "generation")), text(it, "job")
	f.LastArrival = time.UnixMilli(integer(it, "last")).UTC()
	_, f.Sealed = it["sealed"].(*types.AttributeValueMemberBOOL)
	return f, nil
}

// OpenFolder writes a new generation of a folder; job.ErrStale when another
// slice did so first.
func (s *Store) OpenFolder(ctx context.Context, f job.Folder) error {
	it := folderKey(f.Bucket, f.Prefix)
	it["generation"], it["job"] = num(int64(f.Generation)), str(f.Job)
	it["last"] = num(f.LastArrival.UnixMilli())
	it["ttl"] = num(f.LastArrival.Add(job.Lifetime).Unix())
	if f.Generation > 1 {
		return stale(s.put(ctx, it, "generation = :g", item{":g": num(int64(f.Generation - 1))}))
	}
	return stale(s.putFree(ctx, it, f.LastArrival))
}

// TouchFolder notes that a slice arrived; job.ErrStale when the folder was
// sealed or has a new generation meanwhile.
func (s *Store) TouchFolder(ctx context.Context, f job.Folder, now time.Time) error {
	return s.updateFolder(ctx, f, "SET #l = :now", "generation = :g AND attribute_not_exists(sealed)",
		item{":now": num(now.UnixMilli())})
}

// SealFolder ends a folder's quiet time; job.ErrStale when a slice arrived since f was read.
func (s *Store) SealFolder(ctx context.Context, f job.Folder) error {
	return s.updateFolder(ctx, f, "SET sealed = :yes", "generation = :g AND #l = :l",
		item{":yes": &types.AttributeValueMemberBOOL{Value: true}, ":l": num(f.LastArrival.UnixMilli())})
}

func (s *Store) updateFolder(ctx context.Context, f job.Folder, update, condition string, values item) error {
	values[":g"] = num(int64(f.Generation))
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: folderKey(f.Bucket, f.Prefix),
		UpdateExpression: &update, ConditionExpression: &condition,
		ExpressionAttributeNames: map[string]string{"#l": "last"}, ExpressionAttributeValues: values,
	})
	return stale(fault.Name("update folder", err))
}

func stale(err error) error {
	if isConditionFailed(err) {
		return fmt.Errorf("folder: %w", job.ErrStale)
	}
	return err
}

// folderAfterErasure is how long a folder is known after its job was erased. EventBridge
// delivers events of its slices for a day.
const folderAfterErasure = 25 * time.Hour

// forgetFolder lets what is known of an erased job's folder end at a time, unless the
// folder has another job by now.
func (s *Store) forgetFolder(ctx context.Context, r job.Record, until time.Time) error {
	if r.Upload.Prefix == "" {
		return nil
	}
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: folderKey(r.Upload.Bucket, r.Upload.Prefix),
		UpdateExpression: aws.String("SET #ttl = :until"), ConditionExpression: aws.String("#job = :job"),
		ExpressionAttributeNames:  map[string]string{"#ttl": "ttl", "#job": "job"},
		ExpressionAttributeValues: item{":until": num(until.Unix()), ":job": str(r.ID)},
	})
	if isConditionFailed(err) {
		return nil
	}
	return fault.Name("update folder", err)
}

// Package jobs keeps job records in one table of DynamoDB, with conditional writes of
// single items. In: records and changes. Out: records. Errors: job.ErrNotFound for a job
// that does not exist, *job.BusyError for a throttled table, else as cloud/fault names
// them.
//
// The items, by pk and sk:
//
//	JOB#<id>/JOB                    a record
//	KEY#<hash>/<created>#<id>       a job, found by the SHA-256 of its upload's key or prefix
//	LINKS#<id>/KEY#…                each such item of a job, for its erasure
//	IDEM#<hash>/IDEM                an idempotency key
//	FOLDER#<hash>/FOLDER            a folder of slices
//	OPEN/<id>                       a job that has not ended, for the janitor
//	DUE/<expires>#<id>              when a job's time is over, for the janitor
//	SWEEP/SWEEP                     how far the janitor's last sweep came
//	USUAL/<class>                   how long a stage took in the last jobs of a class
//	GPU#…                           an item of cloud/leases
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

const (
	ownerIndex = "owner-created"
	openPK     = "OPEN"

	// amendTries bounds how often Amend begins again. A record has few writers.
	amendTries = 20

	// maxDoc bounds a record's JSON. An item of DynamoDB may have 400 KB, with attribute
	// names and the copy in the index. Long tables lie in an object (job.Table), so that
	// no record of a real job comes near this.
	maxDoc = 256 << 10
)

// Store is the table of jobs. Make one with New.
type Store struct {
	table  string
	client *dynamodb.Client
}

// New binds a table by name.
func New(cfg aws.Config, table string) *Store {
	return &Store{table: table, client: dynamodb.NewFromConfig(cfg)}
}

type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func text(it item, name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

func integer(it item, name string) int64 {
	if v, ok := it[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(v.Value, 10, 64)
		return n
	}
	return 0
}

func jobKey(id string) item { return item{"pk": str("JOB#" + id), "sk": str("JOB")} }

// createdLayout is a layout in which the order of texts is the order of times.
const createdLayout = "2006-01-02T15:04:05.000Z"

// row is the record as an item. It holds the record's JSON, and beside it the
// attributes for conditions and for the index.
func row(r job.Record, rev int64) (item, error) {
	doc, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode job record: %w", err)
	}
	if len(doc) > maxDoc {
		return nil, fmt.Errorf("encode job record: it has %d bytes: want at most %d", len(doc), maxDoc)
	}
	it := jobKey(r.ID)
	it["rev"] = num(rev)
	it["attempt"] = num(int64(r.Attempt))
	it["status"] = str(string(r.Status))
	it["owner"] = str(r.Owner)
	it["created"] = str(r.CreatedAt.UTC().Format(createdLayout) + "#" + r.ID)
	it["doc"] = str(string(doc))
	if !r.ExpiresAt.IsZero() {
		it["ttl"] = num(ttlOf(r).Unix())
	}
	return it, nil
}

// ttlOf is when what the table holds of a job is deleted if the janitor has not done so.
func ttlOf(r job.Record) time.Time {
	if r.Erased {
		return r.ExpiresAt
	}
	return r.ExpiresAt.Add(job.LapsedLife)
}

func record(it item) (job.Record, int64, error) {
	var r job.Record
	if err := json.Unmarshal([]byte(text(it, "doc")), &r); err != nil {
		return r, 0, fmt.Errorf("decode job record: %w", err)
	}
	return r, integer(it, "rev"), nil
}

// Create writes a new record. If one with its id exists it returns that one, and created
// is false.
func (s *Store) Create(ctx context.Context, r job.Record) (stored job.Record, created bool, err error) {
	if err := s.open(ctx, r); err != nil {
		return r, false, err
	}
	if err := s.markDue(ctx, r); err != nil {
		return r, false, err
	}
	it, err := row(r, 1)
	if err != nil {
		return r, false, err
	}
	err = s.put(ctx, it, "attribute_not_exists(pk)", nil)
	if isConditionFailed(err) {
		stored, err = s.Get(ctx, r.ID)
		return stored, false, err
	}
	return r, err == nil, err
}

// Get reads a record. One whose time is over is not there (job.ErrNotFound).
func (s *Store) Get(ctx context.Context, id string) (job.Record, error) {
	r, _, err := s.read(ctx, id)
	if err == nil && lapsed(r) {
		return job.Record{}, fmt.Errorf("get item: its time is over: %w", job.ErrNotFound)
	}
	return r, err
}

func (s *Store) read(ctx context.Context, id string) (job.Record, int64, error) {
	it, err := s.get(ctx, jobKey(id))
	if err != nil {
		return job.Record{}, 0, err
	}
	return record(it)
}

// Amend reads a record, lets change alter it and writes it back on the
// condition that nobody wrote meanwhile; else it begins again, so change may
// run more than once. An error from change is returned as it is, and nothing is written.
func (s *Store) Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error) {
	for range amendTries {
		r, rev, err := s.read(ctx, id)
		if err != nil {
			return r, err
		}
		if r.Erased {
			return r, fmt.Errorf("the job was erased: %w", job.ErrStale)
		}
		before := r.Status
		if err := change(&r); err != nil {
			return r, err
		}
		if before.Ended() && !r.Status.Ended() || r.Erased {
			if err := s.open(ctx, r); err != nil {
				return r, err
			}
		}
		it, err := row(r, rev+1)
		if err != nil {
			return r, err
		}
		err = s.put(ctx, it, "rev = :rev", item{":rev": num(rev)})
		if isConditionFailed(err) {
			continue
		}
		return r, err
	}
	return job.Record{}, &job.BusyError{Message: "the job's record is being written by too many at once"}
}

func (s *Store) get(ctx context.Context, key item) (item, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fault.Name("get item", err)
	}
	if len(out.Item) == 0 || expired(out.Item) {
		return nil, fmt.Errorf("get item: %w", job.ErrNotFound)
	}
	return out.Item, nil
}

// expired says whether an item has outlived its ttl. DynamoDB deletes such items only
// days later, so every reader has to look.
func expired(it item) bool {
	ttl := integer(it, "ttl")
	return ttl > 0 && time.Now().Unix() > ttl
}

func (s *Store) put(ctx context.Context, it item, condition string, values item) error {
	in := &dynamodb.PutItemInput{TableName: &s.table, Item: it}
	if condition != "" {
		in.ConditionExpression, in.ExpressionAttributeValues = &condition, values
	}
	if _, err := s.client.PutItem(ctx, in); err != nil {
		return fault.Name("put item", err)
	}
	return nil
}

// putFree writes an item unless one is there that has not outlived its ttl.
func (s *Store) putFree(ctx context.Context, it item, now time.Time) error {
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: it,
		ConditionExpression:       aws.String("attribute_not_exists(pk) OR #ttl < :now"),
		ExpressionAttributeNames:  map[string]string{"#ttl": "ttl"},
		ExpressionAttributeValues: item{":now": num(now.Unix())},
	})
	if err != nil {
		return fault.Name("put item", err)
	}
	return nil
}

func (s *Store) delete(ctx context.Context, key item) error {
	if _, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.table, Key: key}); err != nil {
		return fault.Name("delete item", err)
	}
	return nil
}

func isConditionFailed(err error) bool {
	var failed *types.ConditionalCheckFailedException
	return errors.As(err, &failed)
}

// Ping says whether the table answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.get(ctx, item{"pk": str("PING"), "sk": str("PING")})
	if errors.Is(err, job.ErrNotFound) {
		return nil
	}
	return err
}

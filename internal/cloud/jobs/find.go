package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// LinkKey makes the job findable by the key or prefix of its upload, of which only a
// digest is stored. It first notes what an erasure has to undo.
func (s *Store) LinkKey(ctx context.Context, r job.Record) error {
	link := linkOf(r)
	upload, err := json.Marshal(job.Upload{Key: r.Upload.Key, Prefix: r.Upload.Prefix, ETag: r.Upload.ETag, Modified: r.Upload.Modified})
	if err != nil {
		return fmt.Errorf("encode link: %w", err)
	}
	note := item{
		"pk": str(linksPK + r.ID), "sk": link["pk"], "created": link["sk"], "upload": str(string(upload)), "ttl": num(ttlOf(r).Unix()),
	}
	if err := s.put(ctx, note, "", nil); err != nil {
		return err
	}
	link["job"], link["ttl"] = str(r.ID), num(ttlOf(r).Unix())
	return s.put(ctx, link, "", nil)
}

// linkOf is the key of the item by which a job is found.
func linkOf(r job.Record) item {
	return item{
		"pk": str("KEY#" + digest(r.Upload.FoundBy())),
		"sk": str(r.CreatedAt.UTC().Format(createdLayout) + "#" + r.ID),
	}
}

// linksPK begins the key of what LinkKey notes.
const linksPK = "LINKS#"

// unlink undoes every LinkKey of a job.
func (s *Store) unlink(ctx context.Context, r job.Record) error {
	if err := s.delete(ctx, linkOf(r)); err != nil { // of a job that an earlier version linked without a note
		return err
	}
	for note, err := range s.notes(ctx, r.ID) {
		if err != nil {
			return err
		}
		if err := s.delete(ctx, item{"pk": note["sk"], "sk": note["created"]}); err != nil {
			return err
		}
		if err := s.delete(ctx, item{"pk": note["pk"], "sk": note["sk"]}); err != nil {
			return err
		}
	}
	return nil
}

// Linked yields the uploads by which a job can be found.
func (s *Store) Linked(ctx context.Context, id string) iter.Seq2[job.Upload, error] {
	return func(yield func(job.Upload, error) bool) {
		for note, err := range s.notes(ctx, id) {
			var u job.Upload
			if text := text(note, "upload"); err == nil && text != "" {
				err = json.Unmarshal([]byte(text), &u)
			}
			if !yield(u, err) || err != nil {
				return
			}
		}
	}
}

// notes yields what LinkKey noted of a job.
func (s *Store) notes(ctx context.Context, id string) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
			TableName: &s.table, ConsistentRead: aws.Bool(true),
			KeyConditionExpression:    aws.String("pk = :pk"),
			ExpressionAttributeValues: item{":pk": str(linksPK + id)},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, fault.Name("query links", err))
				return
			}
			for _, note := range page.Items {
				if !yield(note, nil) {
					return
				}
			}
		}
	}
}

// ByKey lists the jobs of an upload key, newest first.
func (s *Store) ByKey(ctx context.Context, key string, limit int32, cursor string) (job.Page, error) {
	pk := "KEY#" + digest(key)
	items, next, err := s.query(ctx, &dynamodb.QueryInput{
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": str(pk)},
	}, limit, cursor, func(sk string) item { return item{"pk": str(pk), "sk": str(sk)} }, "sk")
	if err != nil {
		return job.Page{}, err
	}
	ids := make([]string, len(items))
	for n, it := range items {
		ids[n] = text(it, "job")
	}
	records, err := s.records(ctx, ids)
	return job.Page{Jobs: records, Next: next}, err
}

// ByOwner lists an owner's jobs, newest first.
func (s *Store) ByOwner(ctx context.Context, owner string, limit int32, cursor string) (job.Page, error) {
	items, next, err := s.query(ctx, &dynamodb.QueryInput{
		IndexName:                 aws.String(ownerIndex),
		KeyConditionExpression:    aws.String("#o = :o"),
		ExpressionAttributeNames:  map[string]string{"#o": "owner"},
		ExpressionAttributeValues: item{":o": str(owner)},
	}, limit, cursor, func(created string) item {
		_, id, _ := strings.Cut(created, "#")
		start := jobKey(id)
		start["owner"], start["created"] = str(owner), str(created)
		return start
	}, "created")
	if err != nil {
		return job.Page{}, err
	}
	page := job.Page{Next: next}
	for _, it := range items {
		r, _, err := record(it)
		if err != nil {
			return job.Page{}, err
		}
		if !expired(it) && !lapsed(r) {
			page.Jobs = append(page.Jobs, r)
		}
	}
	return page, nil
}

// query reads one page backwards. The cursor is the last sort key, opaque to callers.
func (s *Store) query(ctx context.Context, in *dynamodb.QueryInput, limit int32, cursor string, start func(string) item, sortKey string) ([]item, string, error) {
	in.TableName, in.Limit, in.ScanIndexForward = &s.table, &limit, aws.Bool(false)
	if cursor != "" {
		sk, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil || !isCreated(string(sk)) {
			return nil, "", job.Reject("bad_cursor", "the cursor is not one that this service gave")
		}
		in.ExclusiveStartKey = start(string(sk))
	}
	out, err := s.client.Query(ctx, in)
	if err != nil {
		return nil, "", fault.Name("query", err)
	}
	next := ""
	if len(out.LastEvaluatedKey) > 0 {
		next = base64.RawURLEncoding.EncodeToString([]byte(text(out.LastEvaluatedKey, sortKey)))
	}
	return out.Items, next, nil
}

// Behind is the cursor of what follows a job in either listing.
func (*Store) Behind(r job.Record) string {
	return base64.RawURLEncoding.EncodeToString([]byte(text(linkOf(r), "sk")))
}

// isCreated says whether a sort key has the form that listings have: when the job
// was made, and its id. DynamoDB would take any other text and begin anywhere.
func isCreated(sortKey string) bool {
	created, id, ok := strings.Cut(sortKey, "#")
	_, err := time.Parse(createdLayout, created)
	return ok && err == nil && job.ValidID(id)
}

// Erase leaves nothing of an erased record but a tombstone: its id, until the
// time given. Its mark stays, for the janitor. Its objects must be gone before.
// A record that is not erased stays as it is: job.ErrStale.
func (s *Store) Erase(ctx context.Context, r job.Record, until time.Time) error {
	now, rev, err := s.read(ctx, r.ID)
	if errors.Is(err, job.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !now.Erased {
		return fmt.Errorf("erase a record that has no tombstone: %w", job.ErrStale)
	}
	if err := s.unlink(ctx, r); err != nil {
		return err
	}
	if err := s.forgetFolder(ctx, r, time.Now().Add(folderAfterErasure)); err != nil {
		return err
	}
	it, err := row(r.Bare(until), rev+1)
	if err != nil {
		return err
	}
	delete(it, "owner") // out of the index
	err = s.put(ctx, it, "rev = :rev", item{":rev": num(rev)})
	if isConditionFailed(err) {
		return &job.BusyError{Message: "the job's record is being written by another"}
	}
	return err
}

// Claim keeps value under an idempotency key for a day: it returns the value
// that was claimed first, and whether that was this one.
func (s *Store) Claim(ctx context.Context, owner, key, value string, now time.Time) (string, bool, error) {
	id := item{"pk": str("IDEM#" + digest(owner, key)), "sk": str("IDEM")}
	claim := item{"pk": id["pk"], "sk": id["sk"], "value": str(value), "ttl": num(now.Add(24 * time.Hour).Unix())}
	err := s.putFree(ctx, claim, now)
	if !isConditionFailed(err) {
		return value, err == nil, err
	}
	held, err := s.get(ctx, id)
	if errors.Is(err, job.ErrNotFound) { // outlived its day since the put
		err = &job.BusyError{Message: "an idempotency key has just expired"}
	}
	return text(held, "value"), false, err
}

// Claimed is the value that is claimed under an idempotency key, empty for none.
func (s *Store) Claimed(ctx context.Context, owner, key string) (string, error) {
	held, err := s.get(ctx, item{"pk": str("IDEM#" + digest(owner, key)), "sk": str("IDEM")})
	if errors.Is(err, job.ErrNotFound) {
		return "", nil
	}
	return text(held, "value"), err
}

// Unclaim undoes a Claim, for a caller that could not make what it had claimed.
func (s *Store) Unclaim(ctx context.Context, owner, key string) error {
	return s.delete(ctx, item{"pk": str("IDEM#" + digest(owner, key)), "sk": str("IDEM")})
}

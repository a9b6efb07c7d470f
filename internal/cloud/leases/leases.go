// Package leases keeps the GPU's lease: one item, GPU#<endpoint>/LEASE, of the
// jobs' table, written on condition of its generation. Reads are consistent. Beside it
// lies GPU#<endpoint>/STATE, which says to people how the GPU is.
// Errors: job.ErrLeaseConflict for a write that came too late; else as cloud/fault names them.
package leases

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// Store is the lease of one endpoint. Make one with New.
type Store struct {
	table    string
	endpoint string
	client   *dynamodb.Client
}

// New binds the lease of an endpoint in a table.
func New(cfg aws.Config, table, endpoint string) *Store {
	return &Store{table: table, endpoint: endpoint, client: dynamodb.NewFromConfig(cfg)}
}

// Attributes of the item.
const (
	attrHolders    = "holders" // a string set, absent when empty
	attrGeneration = "generation"
	attrParkAt     = "park_at" // Unix seconds, absent when never armed
	attrBlocked    = "blocked"
	attrIntents    = "intents" // a map of jobs to Unix seconds, absent when empty
	attrOrder      = "order"   // a list of holders, absent when empty
)

type item = map[string]types.AttributeValue

func (s *Store) key() item { return s.keyOf("LEASE") }

func (s *Store) keyOf(sk string) item {
	return item{
		"pk": &types.AttributeValueMemberS{Value: "GPU#" + s.endpoint},
		"sk": &types.AttributeValueMemberS{Value: sk},
	}
}

// Get reads the lease; an absent item is the zero lease.
func (s *Store) Get(ctx context.Context) (job.Lease, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: s.key(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return job.Lease{}, fault.Name("read the lease", err)
	}
	l, err := decode(out.Item)
	if err != nil {
		return job.Lease{}, fmt.Errorf("read the lease: %w", err)
	}
	return l, nil
}

// Put writes the lease if the stored generation is one less (absent: 0).
func (s *Store) Put(ctx context.Context, l job.Lease) error {
	in := &dynamodb.PutItemInput{TableName: &s.table, Item: s.key()}
	for name, value := range encode(l) {
		in.Item[name] = value
	}
	if l.Generation == 1 {
		in.ConditionExpression = aws.String("attribute_not_exists(pk)")
	} else {
		in.ConditionExpression = aws.String("generation = :read")
		in.ExpressionAttributeValues = item{":read": number(l.Generation - 1)}
	}
	_, err := s.client.PutItem(ctx, in)
	var refused *types.ConditionalCheckFailedException
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("write the lease at generation %d: %w", l.Generation, job.ErrLeaseConflict)
	}
	return fault.Name("write the lease", err)
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func encode(l job.Lease) item {
	it := item{
		attrGeneration: number(l.Generation),
		attrBlocked:    &types.AttributeValueMemberBOOL{Value: l.Blocked},
	}
	if !l.Empty() {
		it[attrHolders] = &types.AttributeValueMemberSS{Value: slices.Clone(l.Holders)}
	}
	if len(l.Order) > 0 {
		order := make([]types.AttributeValue, len(l.Order))
		for i, name := range l.Order {
			order[i] = &types.AttributeValueMemberS{Value: name}
		}
		it[attrOrder] = &types.AttributeValueMemberL{Value: order}
	}
	if !l.ParkAt.IsZero() {
		it[attrParkAt] = number(l.ParkAt.Unix())
	}
	if len(l.Intents) > 0 {
		until := make(item, len(l.Intents))
		for _, i := range l.Intents {
			until[i.Job] = number(i.Until.Unix())
		}
		it[attrIntents] = &types.AttributeValueMemberM{Value: until}
	}
	return it
}

// decode refuses an item that this package cannot have written: a lease that is
// guessed at could keep a GPU up for ever.
func decode(it item) (job.Lease, error) {
	var l job.Lease
	if len(it) == 0 {
		return l, nil
	}
	var err error
	if l.Generation, err = integer(it, attrGeneration); err != nil {
		return l, err
	}
	if _, armed := it[attrParkAt]; armed {
		at, err := integer(it, attrParkAt)
		if err != nil {
			return l, err
		}
		l.ParkAt = time.Unix(at, 0).UTC()
	}
	if v, found := it[attrBlocked]; found {
		b, ok := v.(*types.AttributeValueMemberBOOL)
		if !ok {
			return l, fmt.Errorf("attribute %s: want a boolean", attrBlocked)
		}
		l.Blocked = b.Value
	}
	if v, found := it[attrHolders]; found {
		set, ok := v.(*types.AttributeValueMemberSS)
		if !ok {
			return l, fmt.Errorf("attribute %s: want a set of strings", attrHolders)
		}
		l.Holders = slices.Sorted(slices.Values(set.Value))
	}
	if v, found := it[attrOrder]; found {
		order, ok := v.(*types.AttributeValueMemberL)
		if !ok {
			return l, fmt.Errorf("attribute %s: want a list", attrOrder)
		}
		for _, v := range order.Value {
			name, ok := v.(*types.AttributeValueMemberS)
			if !ok {
				return l, fmt.Errorf("attribute %s: want a list of strings", attrOrder)
			}
			l.Order = append(l.Order, name.Value)
		}
	}
	if v, found := it[attrIntents]; found {
		until, ok := v.(*types.AttributeValueMemberM)
		if !ok {
			return l, fmt.Errorf("attribute %s: want a map", attrIntents)
		}
		for _, id := range slices.Sorted(maps.Keys(until.Value)) {
			at, err := integer(until.Value, id)
			if err != nil {
				return l, fmt.Errorf("attribute %s: %w", attrIntents, err)
			}
			l.Intents = append(l.Intents, job.Intent{Job: id, Until: time.Unix(at, 0).UTC()})
		}
	}
	return l, nil
}

func integer(it item, name string) (int64, error) {
	n, ok := it[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("attribute %s: want a number", name)
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("attribute %s: want a whole number from 0", name)
	}
	return v, nil
}

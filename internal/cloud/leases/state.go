package leases

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// Attributes of the state's item.
const (
	attrState = "state"
	attrSince = "since" // Unix seconds
)

// State reads how the GPU is; an absent item is the zero state.
func (s *Store) State(ctx context.Context) (job.GPUState, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: s.keyOf("STATE"), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return job.GPUState{}, fault.Name("read the GPU's state", err)
	}
	return stateOf(out.Item)
}

// SetState writes how the GPU is. Of two writers the later one counts: the janitor's next
// look puts it right.
func (s *Store) SetState(ctx context.Context, state job.GPUState) error {
	it := s.keyOf("STATE")
	it[attrState] = &types.AttributeValueMemberS{Value: string(state.State)}
	it[attrSince] = number(state.Since.Unix())
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: it})
	return fault.Name("write the GPU's state", err)
}

// Look reads the lease and the state in one call, for people: it may be behind the last
// write, which costs half.
func (s *Store) Look(ctx context.Context) (job.Lease, job.GPUState, error) {
	out, err := s.client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table, KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: item{":pk": s.key()["pk"]},
	})
	if err != nil {
		return job.Lease{}, job.GPUState{}, fault.Name("look at the GPU", err)
	}
	var lease, state item
	for _, it := range out.Items {
		switch sk, _ := it["sk"].(*types.AttributeValueMemberS); {
		case sk == nil:
		case sk.Value == "LEASE":
			lease = it
		case sk.Value == "STATE":
			state = it
		}
	}
	l, err := decode(lease)
	if err != nil {
		return l, job.GPUState{}, fmt.Errorf("look at the GPU: %w", err)
	}
	st, err := stateOf(state)
	return l, st, err
}

func stateOf(it item) (job.GPUState, error) {
	if len(it) == 0 {
		return job.GPUState{}, nil
	}
	since, err := integer(it, attrSince)
	if err != nil {
		return job.GPUState{}, fmt.Errorf("read the GPU's state: %w", err)
	}
	word, _ := it[attrState].(*types.AttributeValueMemberS)
	if word == nil {
		return job.GPUState{}, fmt.Errorf("read the GPU's state: attribute %s: want a string", attrState)
	}
	state := job.GPUState{State: job.GPUWord(word.Value), Since: time.Unix(since, 0).UTC()}
	switch state.State {
	case job.GPUAsleep, job.GPUWaking, job.GPUWarm:
		return state, nil
	}
	return job.GPUState{}, fmt.Errorf("read the GPU's state: %.20q: want asleep, waking or warm", word.Value)
}

package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/iris-oculus/iris/internal/local/template"
)

// ensure makes a table, or checks that the one on disk is the template's.
func (s *Server) ensure(ctx context.Context, t template.Table) error {
	in := createInput(t)
	var exists *types.ResourceInUseException
	if _, err := s.client.CreateTable(ctx, in); err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("make table %s: %w", t.Name, err)
	}
	found, err := s.active(ctx, t.Name)
	if err != nil {
		return fmt.Errorf("make table %s: %w", t.Name, err)
	}
	if got, want := shape(found.KeySchema, indexes(found.GlobalSecondaryIndexes)), shape(in.KeySchema, inputIndexes(in.GlobalSecondaryIndexes)); !slices.Equal(got, want) {
		return fmt.Errorf("table %s: on disk it has the keys %v, in the template %v: remove the state folder, or keep the template", t.Name, got, want)
	}
	return nil
}

// active waits until a table can be used.
func (s *Server) active(ctx context.Context, name string) (*types.TableDescription, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	for {
		out, err := s.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			return nil, err
		}
		if out.Table.TableStatus == types.TableStatusActive {
			return out.Table, nil
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func createInput(t template.Table) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{TableName: &t.Name, BillingMode: types.BillingModePayPerRequest, KeySchema: keys(t.Keys)}
	for _, a := range t.Attributes {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: &a.AttributeName, AttributeType: types.ScalarAttributeType(a.AttributeType),
		})
	}
	for _, i := range t.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: &i.IndexName, KeySchema: keys(i.KeySchema),
			Projection: &types.Projection{ProjectionType: types.ProjectionType(i.Projection.ProjectionType), NonKeyAttributes: i.Projection.NonKeyAttributes},
		})
	}
	return in
}

func keys(schema []template.Key) (out []types.KeySchemaElement) {
	for _, k := range schema {
		out = append(out, types.KeySchemaElement{AttributeName: &k.AttributeName, KeyType: types.KeyType(k.KeyType)})
	}
	return out
}

// index is what two descriptions of an index have in common.
type index struct {
	name string
	keys []types.KeySchemaElement
}

func indexes(described []types.GlobalSecondaryIndexDescription) (out []index) {
	for _, i := range described {
		out = append(out, index{*i.IndexName, i.KeySchema})
	}
	return out
}

func inputIndexes(wanted []types.GlobalSecondaryIndex) (out []index) {
	for _, i := range wanted {
		out = append(out, index{*i.IndexName, i.KeySchema})
	}
	return out
}

// shape lists the keys of a table and of its indexes, in one order.
func shape(table []types.KeySchemaElement, others []index) []string {
	var out []string
	for _, k := range table {
		out = append(out, fmt.Sprintf("%s %s", *k.AttributeName, k.KeyType))
	}
	for _, i := range others {
		for _, k := range i.keys {
			out = append(out, fmt.Sprintf("%s: %s %s", i.name, *k.AttributeName, k.KeyType))
		}
	}
	slices.Sort(out)
	return out
}

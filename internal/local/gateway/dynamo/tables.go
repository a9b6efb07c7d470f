package dynamo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/local/template"
)

// table is what CreateTable takes and DescribeTable answers, as far as the
// template says it: its types have the names of DynamoDB's JSON.
type table struct {
	TableName              string
	TableStatus            string               `json:",omitempty"` // in answers
	BillingMode            string               `json:",omitempty"` // in requests
	AttributeDefinitions   []template.Attribute `json:",omitempty"`
	KeySchema              []template.Key
	GlobalSecondaryIndexes []template.Index `json:",omitempty"`
}

// ensure makes a table, or checks that the one on disk is the template's.
func (s *Server) ensure(ctx context.Context, t template.Table) error {
	in := table{
		TableName: t.Name, BillingMode: "PAY_PER_REQUEST",
		AttributeDefinitions: t.Attributes, KeySchema: t.Keys, GlobalSecondaryIndexes: t.Indexes,
	}
	if err := s.call(ctx, "CreateTable", in, &struct{}{}); err != nil && !refusedAs(err, "ResourceInUseException") {
		return fmt.Errorf("make table %s: %w", t.Name, err)
	}
	found, err := s.active(ctx, t.Name)
	if err != nil {
		return fmt.Errorf("make table %s: %w", t.Name, err)
	}
	if got, want := found.shape(), in.shape(); !slices.Equal(got, want) {
		return fmt.Errorf("table %s: on disk it has the keys %v, in the template %v: remove the state folder, or keep the template", t.Name, got, want)
	}
	return nil
}

// active waits until a table can be used.
func (s *Server) active(ctx context.Context, name string) (table, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	for {
		var out struct{ Table table }
		if err := s.call(ctx, "DescribeTable", table{TableName: name}, &out); err != nil {
			return table{}, err
		}
		if out.Table.TableStatus == "ACTIVE" {
			return out.Table, nil
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// shape lists the keys of a table and of its indexes, in one order.
func (t table) shape() []string {
	var out []string
	for _, k := range t.KeySchema {
		out = append(out, fmt.Sprintf("%s %s", k.AttributeName, k.KeyType))
	}
	for _, i := range t.GlobalSecondaryIndexes {
		for _, k := range i.KeySchema {
			out = append(out, fmt.Sprintf("%s: %s %s", i.IndexName, k.AttributeName, k.KeyType))
		}
	}
	slices.Sort(out)
	return out
}

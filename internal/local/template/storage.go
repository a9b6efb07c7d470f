package template

import (
	"fmt"
	"slices"
)

// Bucket is an S3 bucket.
type Bucket struct {
	ID, Name string
	Announce bool // EventBridge is on
	Versions bool // what is overwritten or deleted is kept as an earlier version
	CORS     []CORSRule
}

// CORSRule is one rule of a bucket.
type CORSRule struct {
	AllowedOrigins, AllowedMethods, AllowedHeaders, ExposedHeaders []string
	MaxAge                                                         int // seconds
}

func (t *Template) addBucket(e *evaluator, r resource) error {
	var p struct {
		NotificationConfiguration struct {
			EventBridgeConfiguration struct{ EventBridgeEnabled flag }
		}
		VersioningConfiguration struct{ Status string }
		CorsConfiguration       struct {
			CorsRules []struct {
				CORSRule
				MaxAge number
			}
		}
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	_, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	b := Bucket{
		ID: r.id, Name: name, Announce: bool(p.NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled),
		Versions: p.VersioningConfiguration.Status == "Enabled",
	}
	for _, rule := range p.CorsConfiguration.CorsRules {
		rule.CORSRule.MaxAge = int(rule.MaxAge)
		b.CORS = append(b.CORS, rule.CORSRule)
	}
	t.Buckets = append(t.Buckets, b)
	return nil
}

// Table is a DynamoDB table.
type Table struct {
	ID, Name   string
	Attributes []Attribute
	Keys       []Key
	Indexes    []Index
	TTL        string // attribute with the time of expiry in epoch seconds; empty: none
}

// Attribute is a key attribute with its type: S, N or B.
type Attribute struct{ AttributeName, AttributeType string }

// Key is a part of a key: HASH or RANGE.
type Key struct{ AttributeName, KeyType string }

// Index is a global secondary index.
type Index struct {
	IndexName  string
	KeySchema  []Key
	Projection struct {
		ProjectionType   string
		NonKeyAttributes []string `json:",omitempty"` // as DynamoDB wants it
	}
}

func (t *Template) addTable(e *evaluator, r resource) error {
	var p struct {
		AttributeDefinitions    []Attribute
		KeySchema               []Key
		GlobalSecondaryIndexes  []Index
		TimeToLiveSpecification struct {
			AttributeName string
			Enabled       flag
		}
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	_, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	table := Table{ID: r.id, Name: name, Attributes: p.AttributeDefinitions, Keys: p.KeySchema, Indexes: p.GlobalSecondaryIndexes}
	if p.TimeToLiveSpecification.Enabled {
		table.TTL = p.TimeToLiveSpecification.AttributeName
	}
	for _, k := range slices.Concat(append([][]Key{p.KeySchema}, schemas(p.GlobalSecondaryIndexes)...)...) {
		if !slices.ContainsFunc(p.AttributeDefinitions, func(a Attribute) bool { return a.AttributeName == k.AttributeName }) {
			return fmt.Errorf("KeySchema: attribute %s is not in AttributeDefinitions", k.AttributeName)
		}
	}
	t.Tables = append(t.Tables, table)
	return nil
}

func schemas(indexes []Index) (all [][]Key) {
	for _, i := range indexes {
		all = append(all, i.KeySchema)
	}
	return all
}

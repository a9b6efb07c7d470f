package dynamo

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/iris-oculus/iris/internal/local/template"
)

// sweepEvery is how long an expired item may stay; AWS promises a few days.
const sweepEvery = 5 * time.Minute

// sweep deletes expired items until ctx ends.
func (s *Server) sweep(ctx context.Context) {
	for {
		fire, stop := s.cfg.Clock.After(sweepEvery)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-fire:
		}
		for _, t := range s.cfg.Tables {
			if err := s.expire(ctx, t); err != nil && ctx.Err() == nil {
				s.cfg.Logger.Warn("expired items stay for now", "table", t.Name, "error", err)
			}
		}
	}
}

// expire deletes the items of a table whose time has passed. An item that was
// given more time since it was read stays.
func (s *Server) expire(ctx context.Context, t template.Table) error {
	if t.TTL == "" {
		return nil
	}
	type values map[string]map[string]string // attributes in DynamoDB's JSON
	now := values{":now": {"N": strconv.FormatInt(s.cfg.Clock.Now().Unix(), 10)}}
	expired, names := "#ttl < :now", map[string]string{"#ttl": t.TTL}
	page := struct {
		Items            []map[string]json.RawMessage
		LastEvaluatedKey map[string]json.RawMessage
	}{}
	for {
		scan := map[string]any{"TableName": t.Name, "FilterExpression": expired, "ExpressionAttributeNames": names, "ExpressionAttributeValues": now}
		if page.LastEvaluatedKey != nil {
			scan["ExclusiveStartKey"] = page.LastEvaluatedKey
		}
		page.Items, page.LastEvaluatedKey = nil, nil
		if err := s.call(ctx, "Scan", scan, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			key := map[string]json.RawMessage{}
			for _, k := range t.Keys {
				key[k.AttributeName] = item[k.AttributeName]
			}
			err := s.call(ctx, "DeleteItem", map[string]any{
				"TableName": t.Name, "Key": key, "ConditionExpression": expired, "ExpressionAttributeNames": names, "ExpressionAttributeValues": now,
			}, &struct{}{})
			if err != nil && !refusedAs(err, "ConditionalCheckFailedException") {
				return err
			}
		}
		if page.LastEvaluatedKey == nil {
			return nil
		}
	}
}

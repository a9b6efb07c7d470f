package dynamo

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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
	now := &types.AttributeValueMemberN{Value: strconv.FormatInt(s.cfg.Clock.Now().Unix(), 10)}
	names, values := map[string]string{"#ttl": t.TTL}, map[string]types.AttributeValue{":now": now}
	pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{
		TableName: &t.Name, FilterExpression: aws.String("#ttl < :now"), ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			key := map[string]types.AttributeValue{}
			for _, k := range t.Keys {
				key[k.AttributeName] = item[k.AttributeName]
			}
			_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
				TableName: &t.Name, Key: key, ConditionExpression: aws.String("#ttl < :now"),
				ExpressionAttributeNames: names, ExpressionAttributeValues: values,
			})
			var changed *types.ConditionalCheckFailedException
			if err != nil && !errors.As(err, &changed) {
				return err
			}
		}
	}
	return nil
}

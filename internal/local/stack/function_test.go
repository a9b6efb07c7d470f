package stack

import (
	"context"
	"encoding/json"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
)

// function is the Lambda of testdata/template.yaml: this test binary again. An
// object's event becomes an item under its key, anything else is answered with
// the greeting.
func function() {
	cfg, err := awsconfig.Load(context.Background())
	if err != nil {
		panic(err)
	}
	db, table := dynamodb.NewFromConfig(cfg), os.Getenv("TABLE")
	lambda.Start(func(ctx context.Context, body json.RawMessage) (map[string]any, error) {
		var event struct {
			Detail struct {
				Object struct{ Key, Sequencer string }
				Reason string
			}
		}
		if err := json.Unmarshal(body, &event); err != nil {
			return nil, err
		}
		if event.Detail.Object.Key == "" {
			return map[string]any{"statusCode": 200, "body": os.Getenv("GREETING")}, nil
		}
		o := event.Detail.Object
		update := "ADD seen :one, sequencers :s SET reason = :r"
		_, err := db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &table, Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: o.Key}},
			UpdateExpression: &update, ExpressionAttributeValues: map[string]types.AttributeValue{
				":one": &types.AttributeValueMemberN{Value: "1"}, ":s": &types.AttributeValueMemberSS{Value: []string{o.Sequencer}},
				":r": &types.AttributeValueMemberS{Value: event.Detail.Reason},
			},
		})
		return nil, err
	})
}

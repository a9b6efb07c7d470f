package dynamo

import (
	_ "embed"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/iris-oculus/iris/internal/local/clock"
)

//go:embed testdata/iterators.js
var iteratorCounter string

// Every Query and Scan has to close its LevelDB iterator: each one left open
// keeps about 14 KB, and a page that polls makes one every two seconds.
func TestReadsLeaveNoIteratorOpen(t *testing.T) {
	own := program
	program = iteratorCounter + own
	t.Cleanup(func() { program = own })
	dir := t.TempDir()
	s, err := start(t, dir, clock.Real{}, jobs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		s.put(t, strconv.Itoa(i), 1)
	}
	const reads = 50
	for range reads {
		for _, limit := range []*int32{nil, aws.Int32(1)} {
			_, err := s.sdk().Query(t.Context(), &dynamodb.QueryInput{
				TableName: &jobs.Name, Limit: limit, KeyConditionExpression: aws.String("pk = :pk"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: "1"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.sdk().Scan(t.Context(), &dynamodb.ScanInput{TableName: &jobs.Name, Limit: limit}); err != nil {
				t.Fatal(err)
			}
		}
	}
	file := filepath.Join(dir, "data.iterators")
	signalChild(t, s, syscall.SIGUSR2)
	for !exists(file) {
		if t.Context().Err() != nil {
			t.Fatal("the child did not count its iterators")
		}
		time.Sleep(10 * time.Millisecond)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	open, err := strconv.Atoi(string(text))
	if err != nil || open >= reads {
		t.Errorf("%s iterators are open after %d reads (%v)", text, 4*reads, err)
	}
}

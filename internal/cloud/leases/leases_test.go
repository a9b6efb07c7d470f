package leases

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/gateway/dynamo"
	"github.com/iris-oculus/iris/internal/local/template"
)

// modules is where the Makefile installs npm's packages.
func modules(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "..", "build", "node", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "dynalite")); err != nil {
		t.Skip("SKIPPED: no build/node/node_modules/dynalite: run `make build` first")
	}
	return dir
}

func open(t *testing.T) *Store {
	t.Helper()
	table := template.Table{
		Name:       "iris-jobs",
		Attributes: []template.Attribute{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}},
		Keys:       []template.Key{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
	}
	s, err := dynamo.New(t.Context(), dynamo.Config{
		Dir: t.TempDir(), Socket: filepath.Join(t.TempDir(), "d.sock"), Modules: modules(t), Region: "us-east-1",
		Tables: []template.Table{table}, Clock: clock.Real{}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() { server.Close(); _ = s.Close() })
	return New(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	}, table.Name, "gpu")
}

func TestOneWriterWinsEachGeneration(t *testing.T) {
	s := open(t)
	got, err := s.Get(t.Context())
	if diff := cmp.Diff(job.Lease{}, got); err != nil || diff != "" {
		t.Fatalf("an absent lease (-want +got): %v\n%s", err, diff)
	}
	steps := []job.Lease{
		{Generation: 1, Holders: []string{"a", "b"}},
		{Generation: 2, Holders: []string{"b"}, Blocked: true},
		{Generation: 3, ParkAt: time.Unix(1_000_000, 0).UTC()},
	}
	for _, want := range steps {
		const writers = 8
		errs := make([]error, writers)
		var all sync.WaitGroup
		for n := range writers {
			all.Go(func() { errs[n] = s.Put(t.Context(), want) })
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, job.ErrLeaseConflict):
				t.Errorf("generation %d: %v, want ErrLeaseConflict", want.Generation, err)
			}
		}
		if won != 1 {
			t.Errorf("generation %d: %d of %d writers won", want.Generation, won, writers)
		}
		got, err := s.Get(t.Context())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("read back (-want +got): %v\n%s", err, diff)
		}
	}
}

func TestWhatNobodyHereWroteIsRefused(t *testing.T) {
	n := func(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }
	s := &types.AttributeValueMemberS{Value: "1"}
	for name, it := range map[string]item{
		"no generation":       {attrBlocked: &types.AttributeValueMemberBOOL{}},
		"generation of text":  {attrGeneration: s},
		"negative generation": {attrGeneration: n("-1")},
		"fraction":            {attrGeneration: n("1.5")},
		"holders of text":     {attrGeneration: n("1"), attrHolders: s},
		"park_at of text":     {attrGeneration: n("1"), attrParkAt: s},
		"blocked of text":     {attrGeneration: n("1"), attrBlocked: s},
		"order of text":       {attrGeneration: n("1"), attrOrder: s},
		"order of numbers":    {attrGeneration: n("1"), attrOrder: &types.AttributeValueMemberL{Value: []types.AttributeValue{n("1")}}},
	} {
		if l, err := decode(it); err == nil {
			t.Errorf("%s: read as %+v", name, l)
		}
	}
}

func TestHoldersComeBackSorted(t *testing.T) {
	it := encode(job.Lease{Generation: 7})
	it[attrHolders] = &types.AttributeValueMemberSS{Value: []string{"c", "a", "b"}}
	l, err := decode(it)
	if diff := cmp.Diff([]string{"a", "b", "c"}, l.Holders); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

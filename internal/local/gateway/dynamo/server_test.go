package dynamo

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/clock/clocktest"
	"github.com/iris-oculus/iris/internal/local/template"
)

var jobs = template.Table{
	Name:       "iris-jobs",
	Attributes: []template.Attribute{{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "S"}, {AttributeName: "owner", AttributeType: "S"}},
	Keys:       []template.Key{{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}},
	Indexes:    []template.Index{index1()},
	TTL:        "ttl",
}

func index1() (i template.Index) {
	i.IndexName = "owner"
	i.KeySchema = []template.Key{{AttributeName: "owner", KeyType: "HASH"}}
	i.Projection.ProjectionType = "ALL"
	return i
}

// modules is where the Makefile installs npm's packages.
func modules(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if found := filepath.Join(dir, "build", "node", "node_modules"); exists(filepath.Join(found, "dynalite")) {
			return found
		}
	}
	t.Skip("SKIPPED: no build/node/node_modules/dynalite: run `make build` first")
	return ""
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func start(t *testing.T, dir string, c clock.Clock, tables ...template.Table) (*Server, error) {
	t.Helper()
	s, err := New(t.Context(), Config{
		Dir: dir, Socket: filepath.Join(t.TempDir(), "d.sock"), Modules: modules(t), Region: "us-east-1",
		Tables: tables, Clock: c, Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func (s *Server) put(t *testing.T, pk string, ttl int64) {
	t.Helper()
	_, err := s.sdk().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &jobs.Name, Item: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: "-"},
		"ttl": &types.AttributeValueMemberN{Value: strconv.FormatInt(ttl, 10)},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *Server) has(t *testing.T, pk string) bool {
	t.Helper()
	out, err := s.sdk().GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &jobs.Name, Key: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: "-"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Item != nil
}

func TestItemsSurviveARestartAndAKill(t *testing.T) {
	dir := t.TempDir()
	s, err := start(t, dir, clock.Real{}, jobs)
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "a", 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = start(t, dir, clock.Real{}, jobs)
	if err != nil || !s.has(t, "a") {
		t.Fatalf("after a restart: %v", err)
	}

	// The child dies under us: it comes back with everything that it said.
	s.put(t, "b", 1)
	crash(t, s)
	web := httptest.NewServer(s)
	defer web.Close()
	_, err = newClient(http.DefaultTransport, "us-east-1").ListTables(t.Context(), &dynamodb.ListTablesInput{}, func(o *dynamodb.Options) { o.BaseEndpoint = &web.URL })
	if err != nil {
		t.Errorf("a request that came while the child was away: %v", err)
	}
	if !s.has(t, "a") || !s.has(t, "b") {
		t.Error("an item is lost")
	}

	changed := jobs
	changed.Keys = jobs.Keys[:1]
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, dir, clock.Real{}, changed); err == nil || !strings.Contains(err.Error(), "iris-jobs") {
		t.Errorf("another key schema: %v", err)
	}
}

// crash ends the child as if it had died by itself.
func crash(t *testing.T, s *Server) {
	t.Helper()
	signalChild(t, s, os.Kill)
}

// signalChild sends the child a signal. Its pid is looked up among all processes
// by the socket in its command line.
func signalChild(t *testing.T, s *Server, signal os.Signal) {
	t.Helper()
	entries, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(entries) == 0 {
		t.Skip("SKIPPED: no /proc to find the child in")
	}
	for _, e := range entries {
		line, err := os.ReadFile(e)
		if err != nil || !strings.Contains(string(line), s.cfg.Socket) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(e)))
		if err != nil {
			t.Fatal(err)
		}
		p, err := os.FindProcess(pid)
		if err == nil {
			err = p.Signal(signal)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("the child is not there")
}

func TestExpiredItemsGo(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := clocktest.New(now)
	s, err := start(t, t.TempDir(), c, jobs)
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "past", now.Unix()+10)
	s.put(t, "future", now.Add(time.Hour).Unix())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for { // until the sweep waits on the clock
		if _, waits := c.Next(); waits {
			break
		}
		time.Sleep(time.Millisecond)
	}
	c.Advance(sweepEvery)
	for s.has(t, "past") {
		if ctx.Err() != nil {
			t.Fatal("the expired item stays")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if !s.has(t, "future") {
		t.Error("an item went before its time")
	}
}

func TestServesSDKs(t *testing.T) {
	s, err := start(t, t.TempDir(), clock.Real{}, jobs)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	defer web.Close()
	client := newClient(http.DefaultTransport, "us-east-1")
	at := func(o *dynamodb.Options) { o.BaseEndpoint = aws.String(web.URL) }
	out, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &jobs.Name}, at)
	if err != nil || out.Table.TableStatus != types.TableStatusActive || len(out.Table.GlobalSecondaryIndexes) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	// A client that has left does not break its request off.
	gone, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(gone, "POST", "/", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/20261124/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	r.Header.Set("X-Amz-Date", "20261124T000000Z")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "iris-jobs") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestTimeToLiveIsTheTemplates(t *testing.T) {
	s, err := start(t, t.TempDir(), clock.Real{}, jobs)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	defer web.Close()
	at := func(o *dynamodb.Options) { o.BaseEndpoint = &web.URL }
	out, err := newClient(http.DefaultTransport, "us-east-1").DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: &jobs.Name}, at)
	if err != nil || out.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusEnabled || *out.TimeToLiveDescription.AttributeName != "ttl" {
		t.Errorf("%+v, %v", out, err)
	}
}

package upgrade_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/bus/topics"
	"github.com/iris-oculus/iris/internal/local/lambdas"
	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/sagemaker"
	"github.com/iris-oculus/iris/internal/local/states"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
	"github.com/iris-oculus/iris/internal/local/upgrade"
)

var at = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// write makes a file below dir.
func write(t *testing.T, dir, path, text string) {
	t.Helper()
	path = filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// journal is an execution's file: each line with its checksum, and a torn end.
func journal(lines ...string) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%08x %s\n", crc32.ChecksumIEEE([]byte(l)), l)
	}
	return b.String() + "1234abcd {\"record\":{\"ev"
}

// oldFolder is a state folder as the versions before the store left it after
// kill -9, with something in each of its folders.
func oldFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	letter := `{"id":"%s","body":{"for":"%s"},"accepted":"2026-11-30T12:00:00Z","due":"2026-11-30T12:01:00Z","attempts":2,"failure":"busy"}`
	for folder, id := range map[string]string{
		"events/queue": "a", "events/dead": "b", "topics/queue": "c", "topics/dead": "d", "lambda/async/iris-intake": "e", "lambda/dead": "f",
	} {
		write(t, dir, folder+"/00000000000000000041.json", fmt.Sprintf(letter, id, id))
		write(t, dir, folder+"/.tmp-123", `{"id"`)
	}
	write(t, dir, "events/rules.json", `[{"Name":"mine","EventPattern":"{\"source\":[\"a\"]}","State":"ENABLED"},{"Name":"hourly","ScheduleExpression":"cron(0 * * * ? *)"}]`)
	write(t, dir, "events/schedules.json", `{"janitor":{"expression":"rate(5 minutes)","due":"2026-11-30T12:05:00Z"}}`)
	write(t, dir, "states/machines/iris-scan.json", `{"name":"iris-scan","arn":"arn:m","definition":"{}","role_arn":"r","created":"2026-11-30T12:00:00Z","updated":"2026-11-30T12:00:00Z","revision":"1"}`)
	header := `{"header":{"name":"%s","machine":"iris-scan","role_arn":"r","definition":"{}","revision":"1","input":{"job":1},"start":"2026-11-30T12:00:00Z"}}`
	record, end := `{"record":{"events":[{"id":1,"type":"ExecutionStarted"}],"dropped":[3]}}`, `{"record":{"end":{"status":"FAILED","error":"E","time":"2026-11-30T12:03:00Z"}}}`
	for name, lines := range map[string][]string{
		"begun": nil, "running": {record}, "ended": {record, end, `{"announced":true}`}, "untold": {record, end},
	} {
		lines = append([]string{fmt.Sprintf(header, name)}, lines...)
		write(t, dir, "states/executions/iris-scan:"+name+".journal", journal(lines...))
	}
	write(t, dir, "sagemaker/gpu/endpoint.json", `{"desired":1,"created":"2026-11-30T12:00:00Z","modified":"2026-11-30T12:00:00Z","target":{"min":0,"max":4,"created":"2026-11-30T12:00:00Z"},"sequence":2}`)
	write(t, dir, "sagemaker/gpu/queue/000000000007.json", `{"sequence":7,"inference_id":"job","input":"s3://w/in","output":"s3://w/out","failure":"","received":"2026-11-30T12:00:00Z","expires":"2026-11-30T13:00:00Z","timeout":60000000000}`)
	write(t, dir, "s3/announced.log", `{"bucket":"up","key":"a/ü","sequencer":"01"}
{"bucket":"up","key":"a/ü","sequencer":"03"}
{"bucket":"up","key":"b","sequencer":"02"}
{"bucket":"up","ke`)
	write(t, dir, "s3/data/up/b", "scan")
	write(t, dir, "credentials", "[default]\n")
	return dir
}

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := upgrade.Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func get[T any](t *testing.T, s *store.Store, bucket, key string) T {
	t.Helper()
	v, found, err := store.Get[T](s, bucket, key)
	if !found || err != nil {
		t.Errorf("%s %s: found %v, %v", bucket, key, found, err)
	}
	return v
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestEverythingIsBroughtIn(t *testing.T) {
	dir := oldFolder(t)
	var log bytes.Buffer
	s, err := upgrade.Open(dir, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for bucket, id := range map[string]string{
		bus.QueueBucket: "a", bus.DeadBucket: "b", topics.QueueBucket: "c", topics.DeadBucket: "d", lambdas.QueueBucket("iris-intake"): "e", lambdas.DeadBucket: "f",
	} {
		l := get[outbox.Letter](t, s, bucket, outbox.Key(41))
		if l.ID != id || string(l.Body) != `{"for":"`+id+`"}` || l.Attempts != 2 || l.Failure != "busy" || !l.Accepted.Equal(at) || !l.Due.Equal(at.Add(time.Minute)) {
			t.Errorf("%s: %+v", bucket, l)
		}
		if n := storetest.Count(t, s, bucket); n != 1 {
			t.Errorf("%s: %d letters", bucket, n)
		}
	}
	if d := get[bus.Due](t, s, bus.DueBucket, "janitor"); d.Expression != "rate(5 minutes)" || !d.Due.Equal(at.Add(5*time.Minute)) {
		t.Errorf("due %+v", d)
	}
	if r := get[bus.Rule](t, s, bus.RulesBucket, "mine"); r.Pattern != `{"source":["a"]}` || r.State != bus.Enabled || storetest.Count(t, s, bus.RulesBucket) != 1 {
		t.Errorf("rule %+v", r)
	}
	if !strings.Contains(log.String(), "rule=hourly") {
		t.Errorf("nobody was told of the rule that is lost: %s", &log)
	}
	if m := get[states.Machine](t, s, states.MachineBucket, "iris-scan"); m.ARN != "arn:m" {
		t.Errorf("machine %+v", m)
	}
	for name, want := range map[string]struct {
		status      string
		unannounced bool
		lines       int
	}{"begun": {states.Running, true, 1}, "running": {states.Running, false, 2}, "ended": {asl.Failed, false, 3}, "untold": {asl.Failed, true, 3}} {
		key := states.ExecutionKey("iris-scan", name)
		sum := get[states.Summary](t, s, states.ExecutionBucket, key)
		if sum.Name != name || sum.Machine != "iris-scan" || sum.Status != want.status || sum.Unannounced != want.unannounced || !sum.Start.Equal(at) || sum.Stop.IsZero() != (want.status == states.Running) {
			t.Errorf("%s: %+v", name, sum)
		}
		if h := get[states.Line](t, s, states.HistoryBucket, states.LineKey(key, 0)); h.Header == nil || h.Header.Name != name || string(h.Header.Input) != `{"job":1}` {
			t.Errorf("%s: header %+v", name, h.Header)
		}
		if last := get[states.Line](t, s, states.HistoryBucket, states.LineKey(key, want.lines-1)); want.lines == 3 && last.Record.End.Error != "E" {
			t.Errorf("%s: last record %+v", name, last.Record)
		}
		if _, more, _ := store.Get[states.Line](s, states.HistoryBucket, states.LineKey(key, want.lines)); more {
			t.Errorf("%s: more than %d lines", name, want.lines)
		}
	}
	if r := get[sagemaker.Record](t, s, sagemaker.EndpointBucket, "gpu"); r.Desired != 1 || r.Target.Max != 4 || r.Sequence != 7 {
		t.Errorf("endpoint %+v", r)
	}
	if q := get[sagemaker.Request](t, s, sagemaker.RequestBucket, sagemaker.RequestKey("gpu", 7)); q.InferenceID != "job" || q.Timeout != time.Minute {
		t.Errorf("request %+v", q)
	}
	for key, want := range map[string]string{"a/ü": "03", "b": "02"} {
		if got := get[string](t, s, bus.ObjectsBucket, bus.ObjectName("up", key)); got != want {
			t.Errorf("%s was announced as %s, want %s", key, got, want)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"credentials", "s3", upgrade.File}) {
		t.Errorf("left: %v", got)
	}
	if got := names(t, filepath.Join(dir, "s3")); !slices.Equal(got, []string{"data"}) {
		t.Errorf("left of s3: %v", got)
	}
}

// A crash at any moment of the way up loses nothing: before the store is whole the
// folders are there, after that the store is.
func TestACrashOnTheWayUp(t *testing.T) {
	for name, crash := range map[string]func(t *testing.T, dir string){
		"before the store is whole": func(t *testing.T, dir string) {
			write(t, dir, upgrade.File+".unfinished", "half")
		},
		"before the folders are removed": func(t *testing.T, dir string) {
			kept := t.TempDir()
			if err := os.CopyFS(kept, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			imported(t, dir)
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(kept))); err != nil && !errors.Is(err, os.ErrExist) {
				t.Fatal(err)
			}
		},
		"while the folders are removed": func(t *testing.T, dir string) {
			imported(t, dir)
			write(t, dir, "states/executions/half.journal", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := oldFolder(t)
			crash(t, dir)
			for range 2 {
				s := open(t, dir)
				if n, l := storetest.Count(t, s, states.ExecutionBucket), storetest.Count(t, s, bus.QueueBucket); n != 4 || l != 1 {
					t.Errorf("%d executions, %d letters: want 4 and 1", n, l)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if got := names(t, dir); slices.Contains(got, "states") {
				t.Errorf("left: %v", got)
			}
		})
	}
}

// imported leaves a store that was filled from the folders just now.
func imported(t *testing.T, dir string) {
	t.Helper()
	s := open(t, dir)
	b := &store.Batch{}
	b.Put("meta", "imported", true)
	if err := errors.Join(s.Write(b), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// An earlier version that runs on a folder which is up already makes folders of its
// own: both are kept, and its owner is asked.
func TestMixedFoldersAreRefusedByName(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "states/executions/iris-scan:x.journal", "")
	_, err := upgrade.Open(dir, slog.New(slog.DiscardHandler))
	var mixed *upgrade.MixedError
	if !errors.As(err, &mixed) || !strings.Contains(err.Error(), "state_mixed: beside store.db, the state folder holds states") {
		t.Errorf("opened: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "states", "executions", "iris-scan:x.journal")); err != nil {
		t.Errorf("it is gone: %v", err)
	}
}

// What cannot be read is named, and nothing is removed or half brought in.
func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	for path, text := range map[string]string{
		"events/queue/00000000000000000041.json":    "{",
		"events/rules.json":                         "{",
		"events/schedules.json":                     "[]",
		"states/machines/iris-scan.json":            "",
		"states/executions/iris-scan:ended.journal": "",
		"sagemaker/gpu/endpoint.json":               "7",
		"sagemaker/gpu/queue/000000000007.json":     `{"sequence":"x"}`,
	} {
		dir := oldFolder(t)
		write(t, dir, path, text)
		_, err := upgrade.Open(dir, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%s: %v", path, err)
		}
		if got := names(t, dir); !slices.Contains(got, "states") || slices.Contains(got, upgrade.File) {
			t.Errorf("%s: left %v", path, got)
		}
	}
}

// An empty folder gets a store, and records of it are JSON as everywhere.
func TestANewFolder(t *testing.T) {
	s := open(t, t.TempDir())
	if got := get[json.RawMessage](t, s, "meta", "version"); string(got) != fmt.Sprint(store.Version) {
		t.Errorf("version %s", got)
	}
}

package cloud_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/job"
)

// sparing is DynamoDB behind a front that reads at most so many keys of a batch and
// leaves the others unprocessed, as DynamoDB does when it is throttled. It answers only
// every second batch when moody, and none when most is 0.
type sparing struct {
	http.Handler
	most    int
	moody   bool
	batches atomic.Int32
}

func (f *sparing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchGetItem") {
		f.Handler.ServeHTTP(w, r)
		return
	}
	var asked struct {
		RequestItems map[string]struct {
			Keys           []json.RawMessage
			ConsistentRead bool
		}
	}
	body, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(body, &asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	table := asked.RequestItems["iris-jobs"]
	take := min(f.most, len(table.Keys))
	if n := f.batches.Add(1); f.moody && n%2 == 0 {
		take = 0
	}
	left := slices.Clone(table.Keys[take:])
	answer := map[string]any{"Responses": map[string]any{"iris-jobs": []any{}}}
	if take > 0 {
		table.Keys = table.Keys[:take]
		asked.RequestItems["iris-jobs"] = table
		body, _ = json.Marshal(asked)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		part := httptest.NewRecorder()
		f.Handler.ServeHTTP(part, r)
		if part.Code != http.StatusOK {
			http.Error(w, part.Body.String(), part.Code)
			return
		}
		_ = json.Unmarshal(part.Body.Bytes(), &answer)
	}
	answer["UnprocessedKeys"] = map[string]any{}
	if len(left) > 0 {
		answer["UnprocessedKeys"] = map[string]any{"iris-jobs": map[string]any{"Keys": left, "ConsistentRead": true}}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(answer)
}

func sparingTable(t *testing.T, f *sparing) *jobs.Store {
	t.Helper()
	f.Handler = dynamoDouble(t)
	web := httptest.NewServer(f)
	t.Cleanup(web.Close)
	return jobs.New(config(web.URL), "iris-jobs")
}

// The jobs of a key are read in batches; keys that the table leaves unread are asked
// for again until each job is there, in order, and a table that reads none is busy.
func TestByKeyReadsInBatches(t *testing.T) {
	f := &sparing{most: 100}
	s, ctx := sparingTable(t, f), t.Context()
	var want []string
	for n := range 130 {
		r := record(n, "a", "k")
		if n == 77 {
			r.ExpiresAt = r.CreatedAt.Add(-time.Hour)
		} else {
			want = append(want, r.ID)
		}
		if _, _, err := s.Create(ctx, r); err != nil {
			t.Fatal(err)
		}
		if err := s.LinkKey(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	slices.Reverse(want)
	for _, test := range []struct {
		most    int
		moody   bool
		batches int32
	}{{100, false, 2}, {30, false, 5}, {30, true, 9}} {
		f.most, f.moody = test.most, test.moody
		f.batches.Store(0)
		page, err := s.ByKey(ctx, "k", 200, "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range page.Jobs {
			got = append(got, r.ID)
		}
		if !slices.Equal(got, want) || page.Next != "" || f.batches.Load() != test.batches {
			t.Errorf("%d at a time: %d jobs in %d batches, want %d in %d", test.most, len(got), f.batches.Load(), len(want), test.batches)
		}
	}
	f.most = 0
	var busy *job.BusyError
	if _, err := s.ByKey(ctx, "k", 200, ""); !errors.As(err, &busy) {
		t.Errorf("a table that reads nothing: %v", err)
	}
}

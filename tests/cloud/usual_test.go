package cloud_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/job"
)

// A write whose answer is lost is made again by the SDK, whose condition then fails. The
// sample counts once all the same, also when another writer came in between.
func TestASampleWhoseAnswerWasLost(t *testing.T) {
	for _, between := range []bool{false, true} {
		double := dynamoDouble(t)
		direct := httptest.NewServer(double)
		t.Cleanup(direct.Close)
		other := jobs.New(config(direct.URL), "iris-jobs")
		lost, largest := 0, 0
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem") {
				double.ServeHTTP(w, r)
				return
			}
			var put struct {
				Item map[string]map[string]string
			}
			if err := json.Unmarshal(body, &put); err != nil {
				t.Error(err)
			}
			bytes := 0 // as DynamoDB counts an item: names and values
			for name, value := range put.Item {
				bytes += len(name) + len(value["S"]) + len(value["N"])
			}
			largest = max(largest, bytes)
			if lost++; lost > 1 {
				double.ServeHTTP(w, r)
				return
			}
			double.ServeHTTP(httptest.NewRecorder(), r) // written, and nobody hears of it
			if between {
				if err := other.Measure(t.Context(), job.Sample{Class: "warming", Took: 7 * time.Second}); err != nil {
					t.Error(err)
				}
			}
			w.WriteHeader(http.StatusInternalServerError)
		}))
		t.Cleanup(web.Close)
		s := jobs.New(config(web.URL), "iris-jobs")
		if err := s.Measure(t.Context(), job.Sample{Class: "warming", Took: 3 * time.Second}); err != nil {
			t.Fatal(err)
		}
		want := map[job.Class]job.Samples{"warming": {3000}}
		if between {
			want["warming"] = job.Samples{3000, 7000}
		}
		got, err := s.Took(t.Context(), []job.Class{"warming"})
		if diff := cmp.Diff(want, got); err != nil || diff != "" || lost < 2 {
			t.Errorf("another in between: %v: %v, written %d times (-want +got): %s", between, err, lost, diff)
		}
		for range job.MaxSamples {
			if err := s.Measure(t.Context(), job.Sample{Class: "warming", Took: 5 * time.Hour}); err != nil {
				t.Fatal(err)
			}
		}
		if largest > 1024 {
			t.Errorf("an item of %d bytes: want one unit of writing, 1,024", largest)
		}
	}
}

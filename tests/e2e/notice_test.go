package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/stage/notify"
)

// A job that ends is told to the operator's web server, through the same event and the
// same function as on AWS; a server that is away is asked again.
func TestAWebhookIsToldOfAnEnding(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	keys, err := notify.ParseKeys(secret)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var taken []string
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if requests++; requests == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		h := r.Header
		if want := notify.Sign(keys[0], h.Get("webhook-id"), h.Get("webhook-timestamp"), body); err != nil || h.Get("webhook-signature") != want {
			t.Errorf("signature %q, want %q, %v", h.Get("webhook-signature"), want, err)
		}
		taken = append(taken, string(body))
	}))
	t.Cleanup(server.Close)
	s := up(t, t.TempDir(), "--parameter", "WebhookUrl="+server.URL+"/hook", "--parameter", "WebhookAllow=127.0.0.1", "--parameter", "WebhookSecrets="+secret)
	id := s.send(t, sample(t, 32), "Doe^Jane/ct.nii.gz")
	s.ends(t, id, "ready", "")
	until(t, "the notice has come", time.Minute, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(taken) > 0
	})
	mu.Lock()
	defer mu.Unlock()
	if len(taken) != 1 || !strings.Contains(taken[0], `"job":"`+id+`"`) || !strings.Contains(taken[0], s.HTTP+"/v1/jobs/"+id) || strings.Contains(taken[0], "Doe") {
		t.Errorf("%v", taken)
	}
	var receipt struct {
		Left []struct{ To string } `json:"left_storage"`
	}
	until(t, "the receipt tells of the notice", time.Minute, func() bool {
		s.call(t, http.MethodGet, "/v1/jobs/"+id+"/receipt", "", &receipt)
		return len(receipt.Left) == 2 && receipt.Left[0].To == "model" && receipt.Left[1].To == "webhook"
	})
}

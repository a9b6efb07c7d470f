// Package notify tells a web server of the operator's that a job has ended. In: the event
// that settle announces. Out: one signed request, and on the record that it was taken.
// The request has the form of Standard Webhooks (standardwebhooks.com, version 1.0): the
// headers webhook-id, webhook-timestamp and webhook-signature, which signs
// "id.timestamp.body" by HMAC-SHA256. An event that comes twice has the same id, and so
// has its repeat. The body holds the job's id, status, code and links to the API; no name
// and no key.
//
// Errors: any error means that the server has not taken the notice; the event is then
// delivered again, and given up in the end (the dead letters). A server that answers 410
// wants no notice of this kind, and an event of an erased job is dropped: no errors.
package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Server takes notices.
type Server interface {
	Post(ctx context.Context, header http.Header, body []byte) (status int, err error)
}

// Jobs keeps job records.
type Jobs interface {
	Get(ctx context.Context, id string) (job.Record, error)
	Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error)
}

// Stage is the notify stage. All fields are needed.
type Stage struct {
	Jobs   Jobs
	Server Server
	Keys   []Key  // the first is the one in use; each signs
	API    string // URL of the API, for links
	Now    func() time.Time
	Pause  func(context.Context, time.Duration) error
}

// Key signs notices.
type Key []byte

// Bounds of a key in bytes, as Standard Webhooks has them.
const (
	minKey = 24
	maxKey = 64
)

// ParseKeys reads secrets of the form whsec_<base64>, separated by commas. While a key is
// exchanged there are two, so that a receiver with the old and one with the new one both
// find a signature that is theirs.
func ParseKeys(text string) ([]Key, error) {
	var keys []Key
	for n, secret := range strings.Split(text, ",") {
		encoded, ok := strings.CutPrefix(strings.TrimSpace(secret), "whsec_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(key) < minKey || len(key) > maxKey {
			return nil, fmt.Errorf("secret %d: want whsec_ and the base64 of %d to %d bytes", n+1, minKey, maxKey)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// notice is the body of the request.
type notice struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      data   `json:"data"`
}

type data struct {
	Job     string            `json:"job"`
	Attempt int               `json:"attempt"`
	Status  job.Status        `json:"status"`
	Code    *string           `json:"code"`
	Links   map[string]string `json:"links"`
}

// tries is how often one invocation asks the server, with a wait of firstWait, and four
// times that, between. The function's own repeats come on top.
const (
	tries     = 3
	firstWait = 2 * time.Second
)

// maxTold bounds the notices that a record remembers.
const maxTold = 50

// Handle takes one event.
func (s Stage) Handle(ctx context.Context, e job.EventDetail) error {
	if !job.ValidID(e.Job) || !e.Status.Ended() {
		return fmt.Errorf("notify: an event of status %.20q has no notice", string(e.Status))
	}
	r, err := s.Jobs.Get(ctx, e.Job)
	if errors.Is(err, job.ErrNotFound) || err == nil && r.Erased {
		return nil // whoever erased it does not want it told
	}
	if err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	id := fmt.Sprintf("msg_%s_%d_%s", e.Job, e.Attempt, e.Status)
	if told(r, id) {
		return nil // the event came twice
	}
	body, err := json.Marshal(s.notice(e, r.UpdatedAt))
	if err != nil {
		return fmt.Errorf("encode notice: %w", err)
	}
	if err := s.send(ctx, id, body); err != nil {
		return err
	}
	_, err = s.Jobs.Amend(ctx, e.Job, func(r *job.Record) error {
		if told(*r, id) {
			return job.ErrStale
		}
		r.Told = append(r.Told[max(0, len(r.Told)-maxTold+1):], job.Told{ID: id, To: job.ToldWebhook, At: s.Now()})
		return nil
	})
	if err != nil && !errors.Is(err, job.ErrStale) && !errors.Is(err, job.ErrNotFound) {
		return fmt.Errorf("record that the notice was taken: %w", err)
	}
	return nil
}

func told(r job.Record, id string) bool {
	for _, t := range r.Told {
		if t.ID == id {
			return true
		}
	}
	return false
}

func (s Stage) notice(e job.EventDetail, at time.Time) notice {
	n := notice{Type: "job." + string(e.Status), Timestamp: at.UTC().Format("2006-01-02T15:04:05.000Z"), Data: data{
		Job: e.Job, Attempt: e.Attempt, Status: e.Status,
		Links: map[string]string{"job": s.API + "/v1/jobs/" + e.Job, "receipt": s.API + "/v1/jobs/" + e.Job + "/receipt"},
	}}
	if e.Code != "" {
		n.Data.Code = &e.Code
	}
	if e.Status == job.Ready {
		n.Data.Links["model"] = s.API + "/v1/jobs/" + e.Job + "/artifacts/" + job.ModelGLB
	}
	return n
}

// send asks the server until it takes the notice. Anything but 2xx and 410 is a refusal,
// a redirect too: it is not followed.
func (s Stage) send(ctx context.Context, id string, body []byte) error {
	wait := firstWait
	for try := 1; ; try++ {
		status, err := s.Server.Post(ctx, s.header(id, body), body)
		switch {
		case err == nil && status/100 == 2:
			return nil
		case err == nil && status == http.StatusGone:
			slog.Warn("the webhook's server answers 410: it wants no such notice")
			return nil
		case err == nil:
			err = fmt.Errorf("notify: the webhook's server answers %d", status)
		}
		if try == tries {
			return err
		}
		if pause := s.Pause(ctx, wait); pause != nil {
			return errors.Join(err, pause)
		}
		wait *= 4
	}
}

// header signs a body anew for each try, since receivers refuse an old timestamp.
func (s Stage) header(id string, body []byte) http.Header {
	at := strconv.FormatInt(s.Now().Unix(), 10)
	var signatures []string
	for _, key := range s.Keys {
		signatures = append(signatures, Sign(key, id, at, body))
	}
	return http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"iris-oculus"},
		"Webhook-Id": {id}, "Webhook-Timestamp": {at}, "Webhook-Signature": {strings.Join(signatures, " ")},
	}
}

// Sign is a signature as it stands in webhook-signature.
func Sign(key Key, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Wait is a Pause by the clock.
func Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

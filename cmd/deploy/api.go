package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
)

// api asks a deployment's HTTP API: with a token, else signed with the AWS login, else, on
// this machine, as anybody.
type api struct {
	c     *command
	base  string
	token string
}

const (
	maxAnswer = 16 << 20 // of JSON
	maxModel  = 1 << 30
)

// answer is a reply without its body, which is read by then.
type answer struct {
	Status     string
	StatusCode int
	Header     http.Header
}

// get asks an address below the API's.
func (a *api) get(path string) (answer, []byte, error) {
	return a.ask(http.MethodGet, a.base+path, true, maxAnswer)
}

func (a *api) ask(method, address string, ours bool, limit int64) (answer, []byte, error) {
	req, err := http.NewRequestWithContext(a.c.ctx, method, address, nil)
	if err != nil {
		return answer{}, nil, &fault{text: fmt.Sprintf("%q is no address", a.base), hint: "URL=https://…, the stack's output ApiUrl"}
	}
	req.Header.Set("Accept", "application/json")
	if ours {
		if err := a.authorize(req); err != nil {
			return answer{}, nil, err
		}
	}
	client := &http.Client{Timeout: 10 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, nil, &fault{text: fmt.Sprintf("%s cannot be reached: %v", a.base, err), hint: "is the address right (`make deploy` prints ApiUrl), does its name resolve, is the certificate issued?"}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = fmt.Errorf("the answer has more than %d bytes", limit)
	}
	return answer{resp.Status, resp.StatusCode, resp.Header}, body, err
}

func (a *api) authorize(req *http.Request) error {
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
		return nil
	}
	if ip := net.ParseIP(req.URL.Hostname()); req.URL.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	cfg, err := awsconfig.Load(a.c.ctx)
	if err != nil {
		return err
	}
	who, err := cfg.Credentials.Retrieve(a.c.ctx)
	if err != nil {
		return &fault{text: "there is no AWS login to sign the request with", hint: "`aws sso login`, or IRIS_TOKEN for an API that takes tokens"}
	}
	empty := sha256.Sum256(nil)
	return v4.NewSigner().SignHTTP(a.c.ctx, who, req, hex.EncodeToString(empty[:]), "execute-api", or(a.c.region, cfg.Region), time.Now())
}

// refusal is an answer that is not the one that was hoped for.
func refusal(step string, resp answer, body []byte) error {
	f := &fault{text: fmt.Sprintf("%s: the API answers %s: %s", step, resp.Status, lastWords(string(body)))}
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		f.hint = "IRIS_TOKEN must hold a token that may see what is dropped into the bucket (scope iris/operator or iris/drop); without JWT issuer the AWS login needs execute-api:Invoke"
	case http.StatusTooManyRequests:
		f.hint = "the API's throttle (ApiRateLimit) is reached: try again in a minute"
	case http.StatusNotFound:
		f.hint = "is URL the address of the API, and not of the page?"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusInternalServerError:
		f.hint = "`aws logs tail /aws/lambda/<stack>-api --since 10m` shows what the function says"
	}
	return f
}

func (a *api) health() error {
	resp, body, err := a.ask(http.MethodGet, a.base+"/healthz", false, maxAnswer)
	if err != nil {
		return err
	}
	var h struct {
		OK      bool
		Service string
	}
	if resp.StatusCode != http.StatusOK {
		return refusal("healthz", resp, body)
	}
	if err := json.Unmarshal(body, &h); err != nil || !h.OK || h.Service != "iris-oculus-api" {
		return &fault{text: fmt.Sprintf("healthz: %s answers, and is no IRIS Oculus: %s", a.base, lastWords(string(body))), hint: "is URL the address of the API, and not of the page?"}
	}
	return nil
}

type apiJob struct {
	ID, Status string
	Error      *struct{ Code, Message string }
	CostUSD    float64 `json:"cost_usd"`
	Structures []json.RawMessage
	Stages     []struct {
		Name      string
		StartedAt time.Time `json:"started_at"`
		EndedAt   time.Time `json:"ended_at"`
	}
	Artifacts map[string]struct {
		Bytes  int64
		SHA256 string
	}
}

// follow waits for the job of an upload to end.
func (a *api) follow(key string, within, pause time.Duration) (j apiJob, err error) {
	deadline := time.Now().Add(within)
	last := ""
	for {
		resp, body, err := a.get("/v1/jobs?key=" + url.QueryEscape(key))
		if err != nil {
			return j, err
		}
		wait := pause
		switch {
		case resp.StatusCode == http.StatusOK:
			var list struct{ Jobs []apiJob }
			if err := json.Unmarshal(body, &list); err != nil {
				return j, &fault{text: fmt.Sprintf("poll: the list of jobs is no JSON: %v", err)}
			}
			if len(list.Jobs) > 0 {
				j = list.Jobs[0]
			}
		case resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500:
			return j, refusal("poll", resp, body)
		}
		if after, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && after > 0 && after < 120 {
			wait = max(wait, time.Duration(after)*time.Second)
		}
		if j.Status != last {
			a.c.say("         job %s: %s", j.ID, j.Status)
			last = j.Status
		}
		switch {
		case j.Status == "ready":
			return j, nil
		case slices.Contains([]string{"rejected", "failed", "cancelled", "expired"}, j.Status):
			f := &fault{text: fmt.Sprintf("poll: the job %s ended %s", j.ID, j.Status), hint: "`bin/iris get " + j.ID + "`, and the functions' logs by the job's id"}
			if j.Error != nil {
				f.text += fmt.Sprintf(": %s: %s", j.Error.Code, j.Error.Message)
			}
			return j, f
		case time.Now().After(deadline) && j.ID == "":
			return j, &fault{text: fmt.Sprintf("poll: no job came of the upload within %v", within), hint: "does the bucket send its events to EventBridge, and to which stack? `aws logs tail /aws/lambda/<stack>-intake --since 30m`"}
		case time.Now().After(deadline):
			return j, &fault{text: fmt.Sprintf("poll: the job %s is still %s after %v", j.ID, j.Status, within), hint: "docs/operate.md: \"The GPU never wakes\""}
		}
		select {
		case <-a.c.ctx.Done():
			return j, a.c.ctx.Err()
		case <-time.After(wait):
		}
	}
}

// stages says how long each took: what `iris cost` asks for as --warm-up and --segment.
func (j apiJob) stages() string {
	var all []string
	for _, s := range j.Stages {
		if !s.EndedAt.IsZero() {
			all = append(all, fmt.Sprintf("%s %.1f s", s.Name, s.EndedAt.Sub(s.StartedAt).Seconds()))
		}
	}
	return strings.Join(all, ", ")
}

// download fetches an artifact and checks it against the job and the format.
func (a *api) download(j apiJob, name string) (int, error) {
	want, ok := j.Artifacts[name]
	if !ok {
		return 0, &fault{text: fmt.Sprintf("download: the job has no %s", name)}
	}
	resp, body, err := a.get("/v1/jobs/" + url.PathEscape(j.ID) + "/artifacts/" + name)
	if err != nil {
		return 0, err
	}
	var link struct{ URL string }
	if resp.StatusCode != http.StatusOK || json.Unmarshal(body, &link) != nil || link.URL == "" {
		return 0, refusal("download", resp, body)
	}
	resp, body, err = a.ask(http.MethodGet, link.URL, false, maxModel)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, &fault{text: fmt.Sprintf("download: S3 answers %s: %s", resp.Status, lastWords(string(body))), hint: "a signed address dies with the function's credentials; the clock of this machine may be wrong"}
	}
	sum := sha256.Sum256(body)
	switch {
	case int64(len(body)) != want.Bytes || hex.EncodeToString(sum[:]) != want.SHA256:
		return 0, &fault{text: fmt.Sprintf("download: %s has %d bytes and another SHA-256 than the job says (%d bytes)", name, len(body), want.Bytes)}
	case len(body) < 12 || !bytes.HasPrefix(body, []byte("glTF")) || binary.LittleEndian.Uint32(body[8:]) != uint32(len(body)):
		return 0, &fault{text: fmt.Sprintf("download: %s is no GLB", name)}
	}
	return len(body), nil
}

// erase takes the trial's job away. That it cannot is told, and is no failure of the trial.
func (a *api) erase(id string) {
	resp, body, err := a.ask(http.MethodDelete, a.base+"/v1/jobs/"+url.PathEscape(id), true, maxAnswer)
	switch {
	case err != nil:
		a.c.say("  note   the job %s was not erased: %v", id, err)
	case resp.StatusCode != http.StatusNoContent:
		a.c.say("  note   the job %s was not erased: %s: %s", id, resp.Status, lastWords(string(body)))
	default:
		a.c.say("  ok     the job %s is erased", id)
	}
}

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
)

// client talks to the HTTP API.
type client struct {
	base  string // no slash at its end
	token string
	http  *http.Client

	login   *login // gives the token of a profile when not nil
	uploads string // where unfinished uploads are kept; empty: they are not
	table   string // goes with the label map that is uploaded; empty: none

	reached atomic.Bool                                // the service has answered before
	pause   func(context.Context, time.Duration) error // replaces the timer when not nil
	random  func(most time.Duration) time.Duration     // replaces the random part of waits when not nil
	stall   time.Duration                              // maxStall when 0
}

// newClient finds the API. It is the stack on the state folder that --state names, else
// the one that IRIS_API and IRIS_TOKEN name, else the stack on the default state
// folder. The token of a stack on this machine is read from its state folder.
func newClient(cmd *cobra.Command) (*client, error) {
	state, err := cmd.Flags().GetString("state")
	if err != nil {
		return nil, err
	}
	c := &client{base: os.Getenv("IRIS_API"), token: os.Getenv("IRIS_TOKEN"), http: &http.Client{Timeout: time.Minute}, uploads: uploadsFolder()}
	if !cmd.Flags().Changed("state") {
		if found, err := elsewhereOf(cmd, c); found || err != nil {
			return c, err
		}
	} else if flagText(cmd, "api") != "" || flagText(cmd, "profile") != "" {
		return nil, usage("bad_option: --state names a stack on this machine, and --api or --profile a service elsewhere: give one of them")
	}
	here, err := readReady(state)
	switch {
	case cmd.Flags().Changed("state") || c.base == "":
		if err != nil {
			return nil, &exitError{exitUnreachable, errors.New("unreachable: no stack runs on this state folder: start one with `iris up`, or set IRIS_API")}
		}
		c.base = here.HTTP
		if here.Issuer == "" { // else IRIS_TOKEN holds a token of the issuer's
			c.token = here.Token
		}
	case err == nil && c.token == "" && strings.TrimSuffix(c.base, "/") == here.HTTP:
		c.token = here.Token
	}
	c.base = strings.TrimSuffix(c.base, "/")
	if name := profileOf(c.base); c.token == "" && name != "" {
		p, err := readProfile(name)
		if err != nil {
			return nil, err
		}
		c.login = &login{name: name, profile: p}
	}
	return c, nil
}

// jobView is what the CLI reads of a job.
type jobView struct {
	ID        string       `json:"id"`
	Status    job.Status   `json:"status"`
	Attempt   int          `json:"attempt"`
	CreatedAt time.Time    `json:"created_at"`
	UpdatedAt time.Time    `json:"updated_at"`
	Stages    []stageView  `json:"stages"`
	Artifacts artifactMap  `json:"artifacts"`
	Warnings  []job.Notice `json:"warnings"`
	Error     *job.Notice  `json:"error"`
	NoGlimpse *job.Notice  `json:"no_glimpse"`
	CostUSD   float64      `json:"cost_usd"`

	Structures []job.Structure `json:"structures"`

	GPU *struct {
		State job.GPUWord `json:"state"`
		Since time.Time   `json:"since"`
	} `json:"gpu"`
	Queue *struct {
		Ahead int `json:"ahead"`
	} `json:"queue"`
	Progress *job.Progress `json:"progress"`
}

type artifactMap map[string]struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`

	Provisional bool `json:"provisional"`
}

type stageView struct {
	Name      job.Status `json:"name"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
	Usual     *job.Usual `json:"usual"`
}

// maxReply bounds what is read of an answer.
const maxReply = 32 << 20

// do sends a request and decodes its answer. A problem becomes an error with its code.
// raw is the answer's text, for --json. After a failure that may pass it tries again
// (retry.go), if the request may be made twice.
func (c *client) do(ctx context.Context, method, path string, body, into any) (raw []byte, err error) {
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
	}
	return c.send(ctx, method, path, rand.Text(), text, into)
}

// send is do with an Idempotency-Key and a body that is encoded.
func (c *client) send(ctx context.Context, method, path, key string, text []byte, into any) (raw []byte, err error) {
	tries, refused := 0, ""
	err = c.again(ctx, func() (err error) {
		var status int
		var token string
		raw, status, token, err = c.attempt(ctx, method, path, key, text, refused)
		if status == http.StatusUnauthorized && c.login != nil && refused == "" {
			refused = token // the request was not taken, so that it may be made again
			return &transient{error: err}
		}
		if tries++; tries > 1 && method == http.MethodDelete && status == http.StatusNotFound {
			return nil // erased by the try before, whose answer was lost
		}
		var passing *transient
		if errors.As(err, &passing) && !repeatable(method, path) {
			return passing.error
		}
		return err
	})
	if err != nil {
		return raw, err
	}
	if into == nil || len(raw) == 0 {
		return raw, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return raw, fmt.Errorf("read answer: %w", err)
	}
	return raw, nil
}

// once sends a request once; status is 0 without an answer. A failure that may pass is a *transient.
func (c *client) once(ctx context.Context, method, path, key string, body []byte) (raw []byte, status int, err error) {
	raw, status, _, err = c.attempt(ctx, method, path, key, body, "")
	return raw, status, err
}

// attempt is once with the token that was sent. Refused is one that was not taken before.
func (c *client) attempt(ctx context.Context, method, path, key string, body []byte, refused string) (_ []byte, status int, token string, err error) {
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+pathFor(c.token, path), in)
	if err != nil {
		return nil, 0, "", fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPost && path == "/v1/jobs" {
		req.Header.Set("Idempotency-Key", key)
	}
	if err := c.authorize(ctx, req, body, refused); err != nil {
		return nil, 0, "", err
	}
	token, _ = strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, 0, "", c.lost(ctx, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return nil, 0, "", c.lost(ctx, err)
	}
	c.reached.Store(true)
	if res.StatusCode < http.StatusBadRequest {
		return raw, res.StatusCode, token, nil
	}
	err = refusal(res.StatusCode, raw)
	if mayPass(res.StatusCode) {
		err = &transient{err, retryAfter(res.Header, time.Now())}
	}
	return raw, res.StatusCode, token, err
}

// lost is the error of a request without an answer. It may pass when there was one before,
// or a connection that was cut: a service that was never reached is not there.
func (c *client) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.reached.Load() || cut(err) {
		return &transient{error: unreachable(err)}
	}
	return unreachable(err)
}

// cut says whether a connection was there and ended before its answer.
func cut(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

func unreachable(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // its text repeats the address, which may hold a signature
	}
	return &exitError{exitUnreachable, fmt.Errorf("unreachable: the service does not answer: %w", err)}
}

// refusedError is a problem that the service answered with.
type refusedError struct {
	status       int
	code, detail string
}

func (e *refusedError) Error() string { return e.code + ": " + e.detail }

func refusal(status int, raw []byte) error {
	var p struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	if json.Unmarshal(raw, &p) != nil || p.Code == "" {
		if status == http.StatusUnauthorized {
			return &exitError{1, errors.New("http_401: this stack asks for a token that holds: set IRIS_TOKEN to it (of iris up, it lies in the file `token` of the state folder, or name that folder with --state; with iris up --auth jwt, it is one of the issuer)")}
		}
		return &exitError{1, &refusedError{status, fmt.Sprintf("http_%d", status), "the service refused"}}
	}
	err := &refusedError{status, p.Code, p.Detail}
	if status == http.StatusBadRequest {
		return &exitError{exitUsage, err}
	}
	return &exitError{1, err}
}

func (c *client) job(ctx context.Context, id string) (jobView, []byte, error) {
	var v jobView
	raw, err := c.do(ctx, http.MethodGet, "/v1/jobs/"+url.PathEscape(id), nil, &v)
	return v, raw, err
}

// badEnding is the error of a job that ended badly.
func badEnding(v jobView) error {
	notice := job.Notice{Code: string(v.Status), Message: "the job is " + string(v.Status)}
	if v.Error != nil {
		notice = *v.Error
	}
	err := fmt.Errorf("%s: %s", notice.Code, notice.Message)
	switch v.Status {
	case job.Ready:
		return nil
	case job.Rejected:
		return &exitError{exitRejected, err}
	}
	return &exitError{exitFailed, err}
}

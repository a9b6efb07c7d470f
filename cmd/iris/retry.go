package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A service that is throttled, restarted or deployed anew answers 429 or 5xx for a
// while, or not at all. These bounds hold for repeating a request: each wait is twice
// as long as the one before, unless the service sets it by Retry-After, and a part of each
// is random, so that many clients of one service do not come back at the same moment.
const (
	maxTries   = 10
	firstWait  = 500 * time.Millisecond
	longWait   = 15 * time.Second // so that ten tries take about two minutes
	longestAsk = time.Minute      // of what a service asks for by Retry-After
)

// transient is a failure after which the same request may be made again.
type transient struct {
	error
	after time.Duration // what the service asked for; 0: nothing
}

func (t *transient) Unwrap() error { return t.error }

// mayPass says whether a status is one that passes.
func mayPass(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// retryAfter reads a reply's Retry-After, seconds or a date (RFC 9110 §10.2.3).
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(text); errors.Is(err, strconv.ErrRange) && text[0] != '-' {
		wait = longestAsk
	} else if err == nil {
		wait = time.Duration(min(seconds, int(longestAsk/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, longestAsk))
}

// again calls try until it succeeds, fails for good, or has failed maxTries times.
func (c *client) again(ctx context.Context, try func() error) error {
	wait := firstWait
	for n := 1; ; n++ {
		err := try()
		var passing *transient
		if !errors.As(err, &passing) {
			return err
		}
		if n == maxTries || ctx.Err() != nil {
			return passing.error
		}
		pause := c.jittered(wait)
		if passing.after > 0 { // the least that the service asks for
			pause = max(pause, passing.after+c.jitter(passing.after/8))
		}
		wait = min(2*wait, longWait)
		if err := c.sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// jittered is a wait of which the second half is random.
func (c *client) jittered(wait time.Duration) time.Duration {
	return wait - wait/2 + c.jitter(wait/2)
}

// jitter is a random time of at most most.
func (c *client) jitter(most time.Duration) time.Duration {
	if c.random != nil {
		return c.random(most)
	}
	return rand.N(most + 1)
}

// sleep waits, or ends with the context. Tests replace it by c.pause.
func (c *client) sleep(ctx context.Context, d time.Duration) error {
	if c.pause != nil {
		return c.pause(ctx, d)
	}
	timer, stop := context.WithTimeout(ctx, d)
	defer stop()
	<-timer.Done()
	return ctx.Err()
}

// repeatable says whether a request may be made twice: it changes nothing, or its
// repeat finds what the first made. POST /v1/jobs carries an Idempotency-Key.
func repeatable(method, path string) bool {
	if method == http.MethodGet || method == http.MethodDelete {
		return true
	}
	if path == "/v1/jobs" {
		return true
	}
	for _, action := range []string{"/parts", "/complete", "/cancel"} {
		if strings.HasSuffix(path, action) {
			return true
		}
	}
	return false
}

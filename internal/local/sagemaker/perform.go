package sagemaker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// outcome is how a request ended. reason is empty for a success.
type outcome struct {
	contentType string
	reason      string
	body        []byte // what the model server said of its failure
}

// Reasons that SNS messages give for a failure, in AWS's words where known.
const (
	reasonTimeout = "ModelError: the model did not answer within InvocationTimeoutSeconds"
	reasonExpired = "ClientError: the request waited longer than RequestTTLSeconds"
	reasonEnded   = "ModelError: the model container ended before it answered"
	reasonInput   = "ClientError: unable to download the input from S3"
)

const (
	maxResponseHeaders = 4096    // bytes; SageMaker refuses more
	maxFailureBody     = 1 << 20 // bytes kept of an error reply
	maxQuoted          = 1024    // characters of it in failureReason
	publishTries       = 5
)

// errInterrupted says that the service is closing, or that S3 or the store does not
// take the result. The request stays in the queue.
var errInterrupted = errors.New("interrupted")

// perform sends a request's input through the container behind transport and
// stores the answer. It fails only with errInterrupted: whatever is wrong with
// input, container or answer is an outcome.
func (s *Service) perform(ctx context.Context, transport http.RoundTripper, r Request) (outcome, error) {
	bucket, key, err := parseS3(r.Input)
	if err != nil {
		return outcome{reason: reasonInput}, nil
	}
	input := s.cfg.Bucket(bucket)
	object, err := input.Head(ctx, key)
	if err != nil {
		return s.unreadable(ctx, err)
	}
	body, err := input.Get(ctx, key)
	if err != nil {
		return s.unreadable(ctx, err)
	}
	defer func() { _ = body.Close() }()

	read := &watched{r: body}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://model/invocations", read)
	if err != nil {
		return outcome{}, fmt.Errorf("%w: %w", errInterrupted, err)
	}
	req.ContentLength = object.Size
	if object.Size == 0 {
		req.Body = http.NoBody
	}
	setHeader(req, "Content-Type", r.ContentType)
	setHeader(req, "Accept", r.Accept)
	setHeader(req, "X-Amzn-SageMaker-Custom-Attributes", r.Attributes)
	setHeader(req, "X-Amzn-SageMaker-Inference-Id", r.InferenceID)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		if ctx.Err() != nil || read.failed() {
			return outcome{}, errInterrupted
		}
		return outcome{reason: reasonEnded}, nil
	}
	defer func() { _ = resp.Body.Close() }()
	return s.receive(ctx, resp, r)
}

func setHeader(req *http.Request, name, value string) {
	if value != "" {
		req.Header.Set(name, value)
	}
}

// unreadable tells an input that is gone (a cancelled job's) from a store that
// does not answer just now.
func (s *Service) unreadable(ctx context.Context, err error) (outcome, error) {
	if ctx.Err() == nil && errors.Is(err, job.ErrNotFound) {
		return outcome{reason: reasonInput}, nil
	}
	return outcome{}, fmt.Errorf("%w: read the input: %w", errInterrupted, err)
}

// receive checks an answer as SageMaker does and stores it.
func (s *Service) receive(ctx context.Context, resp *http.Response, r Request) (outcome, error) {
	if resp.StatusCode >= 300 {
		kind := "server"
		if resp.StatusCode < 500 {
			kind = "client"
		}
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxFailureBody))
		return outcome{
			contentType: resp.Header.Get("Content-Type"),
			reason:      fmt.Sprintf("ClientError: Received %s error (%d) from model with message %q", kind, resp.StatusCode, cut(body, maxQuoted)),
			body:        body,
		}, nil
	}
	if n := headerBytes(resp.Header); n > maxResponseHeaders {
		return outcome{reason: fmt.Sprintf("ModelError: %d bytes of response headers: want at most %d", n, maxResponseHeaders)}, nil
	}
	if resp.ContentLength < 0 {
		return outcome{reason: "ModelError: the response has no Content-Length"}, nil
	}
	bucket, key, err := parseS3(r.Output)
	if err != nil {
		return outcome{}, fmt.Errorf("%w: output: %w", errInterrupted, err)
	}
	answer := &watched{r: resp.Body}
	contentType := resp.Header.Get("Content-Type")
	if err := s.cfg.Bucket(bucket).Put(ctx, key, contentType, answer, resp.ContentLength); err != nil {
		if ctx.Err() == nil && answer.failed() {
			return outcome{reason: reasonEnded}, nil // cut off in the middle
		}
		return outcome{}, fmt.Errorf("%w: store the answer: %w", errInterrupted, err)
	}
	return outcome{contentType: contentType}, nil
}

// conclude ends a request: it leaves a failure's object at its place, then tells
// the topic and removes the request in one transaction.
func (s *Service) conclude(ctx context.Context, e *endpoint, r Request, o outcome) error {
	if o.reason != "" && r.Failure != "" {
		bucket, key, err := parseS3(r.Failure)
		if err != nil {
			return fmt.Errorf("%w: failure: %w", errInterrupted, err)
		}
		body, contentType := o.body, o.contentType
		if len(body) == 0 {
			body, contentType = []byte(o.reason), "text/plain"
		}
		if err := s.cfg.Bucket(bucket).Put(ctx, key, contentType, bytes.NewReader(body), int64(len(body))); err != nil {
			return fmt.Errorf("%w: store the failure: %w", errInterrupted, err)
		}
	}
	b := e.removal(r.Sequence)
	b.Trace = r.Trace
	if err := s.tell(ctx, b, e, r, o); err != nil {
		return err
	}
	if err := e.store.Write(b); err != nil {
		return fmt.Errorf("%w: %w", errInterrupted, err)
	}
	s.served(e, r.Sequence)
	if s.cfg.Watch != nil {
		name, _, _ := strings.Cut(o.reason, ":")
		s.cfg.Watch(Done{Endpoint: e.Name, Trace: trace.Parse(r.Trace), Received: r.Received, Begun: r.begun, Ended: s.cfg.Clock.Now(), Error: name})
	}
	return nil
}

// tell adds the message about a request's end to a batch. A topic that does not
// take it must not hold the instance: as on AWS the message is then lost, and the
// janitor finds the object.
func (s *Service) tell(ctx context.Context, b *store.Batch, e *endpoint, r Request, o outcome) error {
	topic := e.SuccessTopic
	if o.reason != "" {
		topic = e.ErrorTopic
	}
	if topic == "" || s.cfg.Publish == nil {
		return nil
	}
	for range publishTries {
		if s.cfg.Publish(b, topic, "", notify(e.Name, r, o, s.cfg.Clock.Now())) == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errInterrupted
		case <-time.After(retryStore):
		}
	}
	return nil
}

func headerBytes(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, v := range values {
			n += len(name) + len(": ") + len(v) + len("\r\n")
		}
	}
	return n
}

// cut is the beginning of a text, printable.
func cut(b []byte, n int) string {
	if len(b) > n {
		b = b[:n]
	}
	return strings.ToValidUTF8(string(b), "")
}

// watched remembers whether reading failed, to tell a broken source from a broken
// sink. One goroutine may read while another asks.
type watched struct {
	r   io.Reader
	err atomic.Bool
}

func (c *watched) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && err != io.EOF {
		c.err.Store(true)
	}
	return n, err
}

func (c *watched) failed() bool { return c.err.Load() }

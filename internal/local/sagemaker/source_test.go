package sagemaker

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// broken is a bucket whose bodies end too early: its server was killed.
type broken struct{ Objects }

func (b broken) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	body, err := b.Objects.Get(ctx, key)
	return io.NopCloser(io.MultiReader(io.LimitReader(body, 2), cutOff{})), err
}

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// reads sends a request's body to nowhere, as a transport does.
type reads struct{}

func (reads) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: 200, ContentLength: 2, Body: io.NopCloser(strings.NewReader("ok"))}, nil
}

// A store that breaks off while an input is read is not the model's fault: the
// request stays in the queue.
func TestAStoreThatBreaksOffInterrupts(t *testing.T) {
	m := &memory{objects: map[string][]byte{"in/scan": []byte("volume")}}
	for name, c := range map[string]struct {
		bucket Objects
		want   error
	}{"whole": {m.bucket("in"), nil}, "broken": {broken{m.bucket("in")}, errInterrupted}} {
		s := &Service{cfg: Config{Bucket: func(string) Objects { return c.bucket }}}
		o, err := s.perform(t.Context(), reads{}, Request{Input: "s3://in/scan", Output: "s3://in/labels"})
		if !errors.Is(err, c.want) || o.reason != "" {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}

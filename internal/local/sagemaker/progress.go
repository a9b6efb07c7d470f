package sagemaker

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// A model server says in its log what it has counted of a request. On AWS that is all it
// can do: with EnableNetworkIsolation it reaches nothing, and its log goes to CloudWatch.
// Here the same lines become a small object beside the request's output, which the API
// shows. Nothing waits for it, and nothing depends on it.
const (
	maxLine       = 4 << 10     // bytes of a line in which a count is looked for
	progressEvery = time.Second // between two objects of one request
	forgetWithin  = 2 * time.Second
)

// counts passes on what a model server prints, and tells what it has counted.
type counts struct {
	log  io.Writer // nil: nowhere
	tell func(inference string, p job.Progress)

	mu   sync.Mutex
	line []byte
	long bool // the line is too long to be a count
}

// Write implements io.Writer.
func (c *counts) Write(p []byte) (int, error) {
	c.read(p)
	if c.log == nil {
		return len(p), nil
	}
	return c.log.Write(p)
}

func (c *counts) read(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(p) > 0 {
		piece, rest, ended := bytes.Cut(p, []byte("\n"))
		if c.long = c.long || len(c.line)+len(piece) > maxLine; !c.long {
			c.line = append(c.line, piece...)
		}
		p = rest
		if !ended {
			return
		}
		if inference, count, ok := counted(c.line); ok && !c.long {
			c.tell(inference, count)
		}
		c.line, c.long = c.line[:0], false
	}
}

// counted reads one line of a model server's log; false for any that is no count.
func counted(line []byte) (inference string, p job.Progress, ok bool) {
	if !bytes.Contains(line, []byte(`"progress"`)) {
		return "", p, false
	}
	var said struct {
		Msg       string `json:"msg"`
		Done      int    `json:"done"`
		Total     int    `json:"total"`
		Unit      string `json:"unit"`
		Inference string `json:"inference"`
	}
	if json.Unmarshal(line, &said) != nil || said.Msg != "progress" || said.Inference == "" || len(said.Inference) > maxInferenceID {
		return "", p, false
	}
	p = job.Progress{Done: said.Done, Total: said.Total, Unit: said.Unit}
	return said.Inference, p, p.Sound()
}

// storing starts what stores the counts of a request, the latest where several came since
// the last object, until ctx ends. It returns how a count is handed in.
func (m *machine) storing(ctx context.Context, r Request) (offer func(job.Progress)) {
	latest := make(chan job.Progress, 1)
	m.spawn(func(context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case p := <-latest:
				m.s.storeProgress(ctx, r, p)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(progressEvery):
			}
		}
	})
	return func(p job.Progress) {
		p.At = m.s.cfg.Clock.Now().UTC()
		for {
			select {
			case latest <- p:
				return
			default:
			}
			select { // it takes the place of one that nobody has seen
			case <-latest:
			default:
			}
		}
	}
}

// forgetProgress takes back what was counted of a request that begins anew, because the
// process that served it ended: none of its work is left.
func (s *Service) forgetProgress(ctx context.Context, r Request) {
	ctx, done := context.WithTimeout(ctx, forgetWithin)
	defer done()
	if bucket, key, ok := progressPlace(r); ok {
		if _, err := s.cfg.Bucket(bucket).Head(ctx, key); err == nil {
			s.putProgress(ctx, bucket, key, []byte("{}"))
		}
	}
}

// storeProgress puts a count beside the place of the request's output. One that cannot be
// stored is followed by another.
func (s *Service) storeProgress(ctx context.Context, r Request, p job.Progress) {
	bucket, key, ok := progressPlace(r)
	text, err := json.Marshal(p)
	if ok && err == nil {
		s.putProgress(ctx, bucket, key, text)
	}
}

// progressPlace is where a request's counts lie; false where its output has no folder of its
// own.
func progressPlace(r Request) (bucket, key string, ok bool) {
	bucket, key, err := parseS3(r.Output)
	slash := strings.LastIndexByte(key, '/')
	return bucket, key[:slash+1] + job.ProgressObject, err == nil && slash >= 0
}

func (s *Service) putProgress(ctx context.Context, bucket, key string, text []byte) {
	_ = s.cfg.Bucket(bucket).Put(ctx, key, job.MediaType(job.ProgressObject), bytes.NewReader(text), int64(len(text)))
}

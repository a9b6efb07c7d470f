package prepare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// slow is a bucket whose answers take a while; it counts open bodies.
type slow struct {
	open, most atomic.Int32
	fail       string
}

var errBucket = errors.New("bucket on fire")

func (s *slow) GetIf(ctx context.Context, key, _ string) (io.ReadCloser, error) {
	s.most.Store(max(s.most.Load(), s.open.Add(1)))
	select {
	case <-time.After(time.Millisecond):
	case <-ctx.Done():
		s.open.Add(-1)
		return nil, ctx.Err()
	}
	if key == s.fail {
		s.open.Add(-1)
		return nil, errBucket
	}
	return &body{bytes.NewReader([]byte(key)), s}, nil
}

func (*slow) ReaderAt(context.Context, string) (io.ReaderAt, job.Object, error) {
	panic("a folder is read by streams")
}
func (*slow) List(context.Context, string) iter.Seq2[job.Object, error] {
	panic("it is listed already")
}

type body struct {
	io.Reader
	s *slow
}

func (b *body) Close() error { b.s.open.Add(-1); return nil }

func folderOf(s *slow, n int) *objects {
	o := &objects{uploads: s}
	for i := range n {
		o.list = append(o.list, job.Object{Key: fmt.Sprint(i)})
	}
	return o
}

// Objects come in the order asked for, fetched ahead of it, and all are closed,
// however the walk ends.
func TestObjectsEach(t *testing.T) {
	stop := errors.New("seen enough")
	cancelled, cancel := context.WithCancel(t.Context())
	cases := []struct {
		name string
		ctx  context.Context
		fail string
		at   func(n int) error
		want error
	}{
		{"whole", t.Context(), "", func(int) error { return nil }, nil},
		{"visit fails", t.Context(), "", func(n int) error {
			if n == 30 {
				return stop
			}
			return nil
		}, stop},
		{"fetch fails", t.Context(), "40", func(int) error { return nil }, errBucket},
		{"cancelled", cancelled, "", func(n int) error {
			if n == 20 {
				cancel()
			}
			return nil
		}, context.Canceled},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := &slow{fail: c.fail}
			var want []int
			for n := range 100 {
				want = append(want, 99-n)
			}
			next := 99
			err := folderOf(s, 100).Each(c.ctx, want, func(f drop.File) error {
				text, err := io.ReadAll(f.Body)
				if err != nil || f.Index != next || string(text) != fmt.Sprint(next) {
					t.Fatalf("file %d is %q, want %d: %v", f.Index, text, next, err)
				}
				next--
				return c.at(f.Index)
			})
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if open := s.open.Load(); open != 0 {
				t.Errorf("%d bodies are open", open)
			}
			if most := s.most.Load(); most < 2 || most > ahead {
				t.Errorf("%d at once", most)
			}
		})
	}
}

package dicom

import (
	"context"
	"errors"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/pixel"
)

// Frames that wait for a worker when the work is given up are not decoded.
func TestWorkEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &pass{jobs: make(chan *frame, 2)}
	frames := [2]*frame{}
	for i := range frames {
		frames[i] = &frame{layout: pixel.Layout{Rows: 1, Columns: 1, Bits: 8, Encapsulated: true}, done: make(chan error, 1)}
		p.jobs <- frames[i]
	}
	close(p.jobs)
	p.work(ctx)
	for _, f := range frames {
		if err := <-f.done; !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want the context's end", err)
		}
	}
}

package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume/labeltable"
)

// A table waits so long for the label map that it belongs to, looking every second: the
// two are dropped together, and either may come first.
const (
	mapWithin = 10 * time.Second
	lookEvery = time.Second
)

// tableOf says whether an object is the table of names of a label map that lies beside
// it. That one's job reads it, or warns that it did not; the table has no job of its own.
// A table whose map does not come is refused by name.
func (s Stage) tableOf(ctx context.Context, e Created, size int64) (belongs bool, refused, err error) {
	maps := job.LabelMapsOf(e.Key)
	if len(maps) == 0 {
		return false, nil, nil
	}
	if belongs, err = s.anyLabels(ctx, maps); belongs || err != nil {
		return belongs, nil, err
	}
	if table, err := s.isTable(ctx, e.Key, size); !table || err != nil {
		return false, nil, err // Prepare says what it is
	}
	for waited := time.Duration(0); waited < mapWithin; waited += lookEvery {
		if err := s.wait(ctx, lookEvery); err != nil {
			return false, nil, err
		}
		if belongs, err = s.anyLabels(ctx, maps); belongs || err != nil {
			return belongs, nil, err
		}
	}
	return false, job.Reject("lone_labels_table", "the file is a table of label names, and no label map of its name, sent with task=labels, came beside it: upload the label map now, which finds the table, or send both in one .zip"), nil
}

// anyLabels says whether one of the keys holds an object that was sent as a label map.
func (s Stage) anyLabels(ctx context.Context, keys []string) (bool, error) {
	for _, key := range keys {
		object, err := s.Uploads.Head(ctx, key)
		if errors.Is(err, job.ErrNotFound) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("look for the table's label map: %w", err)
		}
		if optionsOf(object.Metadata)["task"] == job.TaskLabels {
			return true, nil
		}
	}
	return false, nil
}

// isTable says whether an upload can be read as a table of names.
func (s Stage) isTable(ctx context.Context, key string, size int64) (bool, error) {
	if size > labeltable.MaxBytes {
		return false, nil
	}
	r, object, err := s.Uploads.ReaderAt(ctx, key)
	if errors.Is(err, job.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at upload: %w", err)
	}
	fetched := &fetchError{r: r}
	text, err := io.ReadAll(io.NewSectionReader(fetched, 0, min(object.Size, labeltable.MaxBytes+1)))
	if fetched.err != nil {
		return false, fmt.Errorf("look at upload: %w", fetched.err)
	}
	if err != nil {
		return false, nil
	}
	_, err = labeltable.Parse(text)
	return err == nil, nil
}

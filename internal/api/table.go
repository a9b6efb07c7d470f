package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/iris-oculus/iris/internal/job"
)

// maxTable bounds a table that lies in an object: 1,500 structures of a kilobyte
// and some thousand names of 800 bytes.
const maxTable = 16 << 20

// withTable is a job with its table, which lies in an object when it is long. A
// listing does not show such tables: each would be a read of its own.
func (a *API) withTable(ctx context.Context, rec job.Record) (job.Record, error) {
	if !rec.Long {
		return rec, nil
	}
	body, err := a.Results.Get(ctx, job.Key(rec.ID, rec.Shown, job.TableObject))
	if errors.Is(err, job.ErrNotFound) {
		return rec, nil // its results have expired, as its artifacts have
	}
	if err != nil {
		return rec, fmt.Errorf("read the job's table: %w", err)
	}
	defer body.Close()
	if err := json.NewDecoder(io.LimitReader(body, maxTable)).Decode(&rec.Table); err != nil {
		return rec, fmt.Errorf("read the job's table: %w", err)
	}
	return rec, nil
}

const subsetOnly = "subset_only"

// subset is the warning for a request of all structures when the label map was made for
// some only. The model knows more of them than the label map holds.
func subset(names, asked []string, after job.Options) []job.Notice {
	if len(names) == 0 || len(asked) == 0 || len(after.Structures) > 0 {
		return nil
	}
	for _, name := range names {
		if !slices.Contains(asked, name) {
			return nil // the model gave more than it was asked for
		}
	}
	return []job.Notice{{Code: subsetOnly, Message: "the label map holds only " + job.Listed(names) + ", which were asked for when the scan was segmented: send the scan again for all structures"}}
}

package settle

import (
	"context"
	"fmt"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// Holdings is what is stored of a job that is not erased: what an erasure would delete.
func (s Stage) Holdings(ctx context.Context, r job.Record) (job.Holdings, error) {
	var h job.Holdings
	add := func(role, name string, v job.Version) {
		h.Total.Count(v)
		if !v.Marker && len(h.Objects) < job.MostHoldings {
			h.Objects = append(h.Objects, job.Holding{Bucket: role, Name: name, Bytes: v.Size, Since: v.Modified, Old: !v.Latest})
		}
	}
	r.UpdatedAt = s.Now() // an erasure would take what has come up to now
	uploaded, kept, err := s.taken(ctx, r)
	if err != nil {
		return h, fmt.Errorf("list uploads: %w", err)
	}
	h.Kept = kept
	for n, v := range uploaded {
		suffix, _ := job.ScanSuffix(v.Key)
		add("uploads", fmt.Sprintf("upload-%d%s", n+1, suffix), v)
	}
	for _, below := range s.below(r) {
		for v, err := range below.bucket.Versions(ctx, below.prefix) {
			if err != nil {
				return h, fmt.Errorf("list objects: %w", err)
			}
			add(below.role, strings.TrimPrefix(v.Key, r.ID+"/"), v)
		}
	}
	return h, nil
}

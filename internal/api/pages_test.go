package api

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// TestPages: `next` leads through all jobs, newest first, each once, whatever the
// page's size; the last page has none. So do the pages of one upload key.
func TestPages(t *testing.T) {
	w := newWorld()
	var mine []string
	for range 7 {
		mine = append(mine, w.job(t, "alice", job.Ready, func(r *job.Record) { r.Upload.Key = "same key.nii.gz" }))
		w.job(t, "bob", job.Ready)
	}
	slices.Sort(mine)
	slices.Reverse(mine)
	for _, query := range []string{"", "key=" + url.QueryEscape("same key.nii.gz") + "&"} {
		for limit := 1; limit <= 8; limit++ {
			var got []string
			cursor, pages := "", 0
			for {
				page := answer[struct {
					Jobs []struct{ ID string }
					Next *string
				}](t, w.ask(t, alice, "GET", fmt.Sprintf("/v1/jobs?%slimit=%d%s", query, limit, cursor), ""))
				if len(page.Jobs) > limit {
					t.Errorf("%d jobs on a page of %d", len(page.Jobs), limit)
				}
				for _, j := range page.Jobs {
					got = append(got, j.ID)
				}
				if page.Next == nil {
					break
				}
				if pages++; pages > 20 {
					t.Fatalf("?%slimit=%d: the pages never end", query, limit)
				}
				cursor = "&cursor=" + url.QueryEscape(*page.Next)
			}
			if !slices.Equal(got, mine) {
				t.Errorf("?%slimit=%d: %v, want %v", query, limit, got, mine)
			}
		}
	}
}

package storetest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

var listChecks = []check{
	{"a listing has every job once, newest first", hasJobs, pages},
	{"a page has its limit", hasJobs, limits},
	{"the cursor behind a job is that of the page that it ends", hasJobs, behind},
	{"a cursor outlives its job", hasJobs, cursorOfErased},
	{"a foreign cursor is refused", hasJobs, foreignCursors},
	{"the open jobs", hasJobs, openJobs},
	{"the open jobs behind a place", hasJobs, openBehind},
	{"an erasure undoes every link", hasJobs, links},
}

const many = 25

func fill(ctx context.Context, name string, w World) error {
	for n := range many {
		r, err := made(ctx, w, name, n)
		if err != nil {
			return err
		}
		if err := w.Jobs.LinkKey(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

type listing func(limit int32, cursor string) (job.Page, error)

func listings(ctx context.Context, name string, w World) map[string]listing {
	r := record(name, 0)
	return map[string]listing{
		"by owner": func(limit int32, cursor string) (job.Page, error) { return w.Jobs.ByOwner(ctx, r.Owner, limit, cursor) },
		"by key": func(limit int32, cursor string) (job.Page, error) {
			return w.Jobs.ByKey(ctx, r.Upload.Key, limit, cursor)
		},
	}
}

func pages(ctx context.Context, name string, w World) error {
	if err := fill(ctx, name, w); err != nil {
		return err
	}
	for how, page := range listings(ctx, name, w) {
		var seen []string
		for cursor, turns := "", 0; ; turns++ {
			p, err := page(7, cursor)
			if err != nil {
				return fmt.Errorf("%s: %w", how, err)
			}
			for _, r := range p.Jobs {
				seen = append(seen, r.ID)
			}
			if cursor = p.Next; cursor == "" {
				break
			}
			if turns > many {
				return wrong(how+": it never ends", len(seen))
			}
		}
		sorted := slices.Clone(seen)
		slices.Sort(sorted)
		slices.Reverse(sorted)
		if len(slices.Compact(sorted)) != many || !slices.Equal(seen, sorted[:many]) {
			return wrong(how, len(seen), seen)
		}
	}
	return nil
}

func limits(ctx context.Context, name string, w World) error {
	if err := fill(ctx, name, w); err != nil {
		return err
	}
	for how, page := range listings(ctx, name, w) {
		for limit, want := range map[int32]int{1: 1, 7: 7, many: many, 100: many} {
			p, err := page(limit, "")
			if err != nil || len(p.Jobs) != want || (int(limit) < many) != (p.Next != "") && limit != many {
				return wrong(how, limit, len(p.Jobs), p.Next, err)
			}
		}
		if p, err := page(0, ""); err == nil {
			return wrong(how+": no limit", len(p.Jobs))
		}
	}
	return nil
}

func behind(ctx context.Context, name string, w World) error {
	if err := fill(ctx, name, w); err != nil {
		return err
	}
	for how, page := range listings(ctx, name, w) {
		p, err := page(7, "")
		if err != nil || len(p.Jobs) != 7 || p.Next == "" || w.Jobs.Behind(p.Jobs[6]) != p.Next {
			return wrong(how, len(p.Jobs), p.Next, err)
		}
	}
	return nil
}

func cursorOfErased(ctx context.Context, name string, w World) error {
	if err := fill(ctx, name, w); err != nil {
		return err
	}
	for how, page := range listings(ctx, name, w) {
		first, err := page(7, "")
		if err != nil {
			return err
		}
		all, err := page(100, "")
		if err != nil {
			return err
		}
		last := first.Jobs[6]
		if _, err := w.Jobs.Amend(ctx, last.ID, func(r *job.Record) error { r.Erased = true; return nil }); err != nil {
			return err
		}
		if err := w.Jobs.Erase(ctx, last, time.Now().Add(time.Hour)); err != nil {
			return err
		}
		next, err := page(1, first.Next)
		if err != nil || len(next.Jobs) != 1 || next.Jobs[0].ID != all.Jobs[7].ID {
			return wrong(how, next.Jobs, err)
		}
	}
	return nil
}

func foreignCursors(ctx context.Context, name string, w World) error {
	if err := fill(ctx, name, w); err != nil {
		return err
	}
	id := record(name, 0).ID
	cursors := []string{"%", strings.Repeat("A", 600)}
	for _, text := range []string{"zz", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z#no id", "2026-13-01T00:00:00.000Z#" + id, "#" + id} {
		cursors = append(cursors, base64.RawURLEncoding.EncodeToString([]byte(text)), hex.EncodeToString([]byte(text)))
	}
	for how, page := range listings(ctx, name, w) {
		for _, cursor := range cursors {
			var refused *job.RejectedError
			if p, err := page(7, cursor); !errors.As(err, &refused) {
				return wrong(how+": cursor "+cursor, len(p.Jobs), err)
			}
		}
	}
	return nil
}

func isOpen(ctx context.Context, w World, id string) (bool, error) {
	found := false
	for open, err := range w.Jobs.Open(ctx, "") {
		if err != nil {
			return false, err
		}
		found = found || open == id
	}
	return found, nil
}

func openJobs(ctx context.Context, name string, w World) error {
	r, err := made(ctx, w, name, 1)
	if err != nil {
		return err
	}
	amend := func(change func(*job.Record)) func() error {
		return func() error {
			_, err := w.Jobs.Amend(ctx, r.ID, func(r *job.Record) error { change(r); return nil })
			return err
		}
	}
	shut := func(mark job.Record) func() error {
		mark.ID = r.ID
		return func() error { return w.Jobs.Close(ctx, mark) }
	}
	for _, step := range []struct {
		name string
		do   func() error
		want bool
	}{
		{"created", func() error { return nil }, true},
		{"ended", amend(func(r *job.Record) { r.Status = job.Ready }), true}, // until the janitor closes it
		{"closed", shut(job.Record{Attempt: 1}), false},
		{"closed twice", shut(job.Record{Attempt: 1}), false},
		{"changed after its end", amend(func(r *job.Record) { r.Token = "t" }), false},
		{"begun again", amend(func(r *job.Record) { r.Attempt, r.Status = 2, job.Received }), true},
		{"closed by who ended the first attempt", shut(job.Record{Attempt: 1}), true},
		{"closed by who found no record", shut(job.Record{}), true},
		{"closed again", shut(job.Record{Attempt: 2}), false},
		{"to be erased", amend(func(r *job.Record) { r.Erased = true }), true},
		{"closed by who ended the second attempt", shut(job.Record{Attempt: 2}), true},
		{"erased", shut(job.Record{Attempt: 2, Erased: true}), false},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if got, err := isOpen(ctx, w, r.ID); err != nil || got != step.want {
			return wrong(step.name, got, err)
		}
	}
	return nil
}

// openBehind checks that open jobs come in order, and that they can be listed from the
// job on to which the last sweep came.
func openBehind(ctx context.Context, name string, w World) error {
	if err := fill(ctx, name, w); err != nil {
		return err
	}
	var mine []string
	for id, err := range w.Jobs.Open(ctx, "") {
		if err != nil {
			return err
		}
		if r, err := w.Jobs.Get(ctx, id); err == nil && r.Owner == record(name, 0).Owner {
			mine = append(mine, id)
		}
	}
	if len(mine) != many || !slices.IsSorted(mine) {
		return wrong("all", len(mine), mine)
	}
	for _, n := range []int{3, many - 1} {
		if err := w.Jobs.SetSweptTo(ctx, mine[n]); err != nil {
			return err
		}
		place, err := w.Jobs.SweptTo(ctx)
		if err != nil || place != mine[n] {
			return wrong("the place", place, mine[n], err)
		}
		var behind []string
		for id, err := range w.Jobs.Open(ctx, place) {
			if err != nil {
				return err
			}
			if slices.Contains(mine, id) {
				behind = append(behind, id)
			}
		}
		if !slices.Equal(behind, mine[n+1:]) {
			return wrong(fmt.Sprintf("behind job %d", n), behind)
		}
	}
	return nil
}

func links(ctx context.Context, name string, w World) error {
	var all []job.Record
	for n, upload := range []job.Upload{{Key: name + "/1"}, {Key: name + "/1"}, {Key: name + "/study/1", Prefix: name + "/study/"}} {
		r := record(name, n)
		r.Upload = upload
		if _, _, err := w.Jobs.Create(ctx, r); err != nil {
			return err
		}
		all = append(all, r)
	}
	erased, other, folder := all[0], all[1], all[2]
	second, slice := erased, folder
	second.Upload.Key, second.Upload.ETag = name+"/2", "an etag"
	slice.Upload.Key = name + "/study/2"
	for _, r := range []job.Record{erased, erased, other, folder, second, slice} {
		if err := w.Jobs.LinkKey(ctx, r); err != nil {
			return err
		}
	}
	count := func(want map[string]int) error {
		for key, n := range want {
			if page, err := w.Jobs.ByKey(ctx, name+key, 10, ""); err != nil || len(page.Jobs) != n {
				return wrong(key, len(page.Jobs), n, err)
			}
		}
		return nil
	}
	if err := count(map[string]int{"/1": 2, "/2": 1, "/study/": 1, "/study/1": 0, "/3": 0}); err != nil {
		return fmt.Errorf("before: %w", err)
	}
	for id, want := range map[string][]string{erased.ID: {"/1 ", "/2 an etag"}, folder.ID: {"/study/2 "}} {
		var got []string
		for u, err := range w.Jobs.Linked(ctx, id) {
			if err != nil {
				return err
			}
			got = append(got, strings.TrimPrefix(u.Key, name)+" "+u.ETag)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			return wrong("linked uploads", got, want)
		}
	}
	for _, r := range []job.Record{erased, folder} {
		if _, err := w.Jobs.Amend(ctx, r.ID, func(r *job.Record) error { r.Erased = true; return nil }); err != nil {
			return err
		}
		if err := w.Jobs.Erase(ctx, r, time.Now().Add(time.Hour)); err != nil {
			return err
		}
		for u, err := range w.Jobs.Linked(ctx, r.ID) {
			return wrong("a link is left", u, err)
		}
	}
	if err := count(map[string]int{"/1": 1, "/2": 0, "/study/": 0}); err != nil {
		return fmt.Errorf("after: %w", err)
	}
	return nil
}

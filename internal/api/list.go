package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// Bounds of a listing.
const (
	defaultPage = 50
	maxPage     = 200
	maxKey      = 1024 // bytes of an S3 key
)

// listQuery holds the parameters of a listing. Find says whether Key was given; Owner is
// empty for the caller's own jobs.
type listQuery struct {
	Key    string
	Find   bool
	Owner  string
	Cursor string
	Limit  int32
}

// parseListQuery refuses unknown parameters. A script that looks for the job of one key
// and misspells the parameter must not get the newest of all jobs.
func parseListQuery(raw string) (listQuery, error) {
	q := listQuery{Limit: defaultPage}
	bad := func(format string, args ...any) (listQuery, error) {
		return q, problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: fmt.Sprintf(format, args...)}
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return bad("the query cannot be read: percent-encode its values (a space is %%20, a semicolon %%3B, a percent sign %%25)")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		given := values[name]
		if len(given) > 1 {
			return bad("%s: given more than once", quoted(name))
		}
		value := given[0]
		switch name {
		case "key":
			if value == "" || len(value) > maxKey {
				return bad("key: want an upload key of 1 to %d bytes", maxKey)
			}
			q.Key, q.Find = value, true
		case "owner":
			if value == "" || len(value) > maxKey {
				return bad("owner: want the subject of a token, or bucket, of 1 to %d bytes", maxKey)
			}
			q.Owner = value
		case "cursor":
			q.Cursor = value
		case "limit":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > maxPage {
				return bad("limit: want 1 to %d", maxPage)
			}
			q.Limit = int32(n)
		default:
			return bad("%s is not known: want key, owner, cursor or limit", quoted(name))
		}
	}
	if q.Find && q.Owner != "" {
		return bad("key and owner: want one of them")
	}
	return q, nil
}

// quoted is a word of a caller's, short enough for an error's text.
func quoted(name string) string {
	const most = 40
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return strconv.Quote(name)
}

// list answers with the caller's jobs, newest first, with those of an owner whose jobs
// the caller sees, or with those of one upload key.
func (a *API) list(w http.ResponseWriter, r *http.Request) error {
	if err := requireSubject(r.Context()); err != nil {
		return err
	}
	q, err := parseListQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	var page job.Page
	owner := cmp.Or(q.Owner, caller(r.Context()).Subject)
	switch {
	case q.Find:
		page, err = a.find(r.Context(), q)
	case caller(r.Context()).mayList(owner): // else the answer is that of an owner without jobs
		page, err = a.Jobs.ByOwner(r.Context(), owner, q.Limit, q.Cursor)
	}
	if err != nil {
		return err
	}
	out := struct {
		Jobs []jobBody `json:"jobs"`
		Next *string   `json:"next"`
	}{Jobs: []jobBody{}}
	if page.Next != "" {
		out.Next = &page.Next
	}
	after := 0 // as soon as the first of them is to be asked for again
	for _, rec := range page.Jobs {
		if !caller(r.Context()).mayRead(rec) {
			continue
		}
		out.Jobs = append(out.Jobs, a.body(rec))
		if n := a.askAgain(rec); n > 0 && (after == 0 || n < after) {
			after = n
		}
	}
	return tagged(w, r, out, after)
}

// find looks for the jobs of an upload key: by the key itself, then by the
// folder that it names or lies in. A cursor begins with the number of the
// look-up that it belongs to.
func (a *API) find(ctx context.Context, q listQuery) (job.Page, error) {
	lookups := job.Lookups(q.Key)
	first, cursor := 0, ""
	if q.Cursor != "" {
		number, rest, ok := strings.Cut(q.Cursor, ".")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n < 0 || n >= len(lookups) || rest == "" {
			return job.Page{}, job.Reject("bad_cursor", "the cursor is not one that this service gave for this key")
		}
		first, cursor, lookups = n, rest, lookups[:n+1]
	}
	for n := first; n < len(lookups); n++ {
		page, err := a.readable(ctx, lookups[n], q.Limit, cursor)
		if err != nil {
			return job.Page{}, err
		}
		if page.Next != "" {
			page.Next = strconv.Itoa(n) + "." + page.Next
		}
		// Another's job under the key itself must not hide the caller's folder.
		if len(page.Jobs) > 0 {
			return page, nil
		}
	}
	return job.Page{}, nil
}

// readable is a page of those jobs of a key that the caller may read. It has a cursor
// when it is full, and the cursor is the place of its last job: one that told how far it
// had looked would tell that there are jobs of others, and the id of one of them.
func (a *API) readable(ctx context.Context, key string, limit int32, cursor string) (page job.Page, err error) {
	for size := limit; ; size = maxPage {
		all, err := a.Jobs.ByKey(ctx, key, size, cursor)
		if err != nil {
			return page, err
		}
		for _, rec := range all.Jobs {
			if !caller(ctx).mayRead(rec) {
				continue
			}
			page.Jobs = append(page.Jobs, rec)
			if len(page.Jobs) == int(limit) {
				page.Next = a.Jobs.Behind(rec)
				return page, nil
			}
		}
		if cursor = all.Next; cursor == "" {
			return page, nil
		}
	}
}

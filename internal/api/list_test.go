package api

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// A script with an unset variable or a badly encoded key must not be given the
// newest job of all.
func TestAListingThatIsAskedForWronglyIsRefused(t *testing.T) {
	w := newWorld()
	w.job(t, "alice", job.Ready)
	for _, query := range []string{
		"key=", "key", "key=a%zz", "key=my;scan", "key=a&key=b", "keys=a", "Key=a", "key=a&x=1", "key=" + strings.Repeat("k", 1025),
		"limit=0", "limit=", "limit=201", "limit=1&limit=2", "key=a&cursor=zzz", "key=a&cursor=9.zzz", "key=a&cursor=0.",
		strings.Repeat("x", 5000) + "=1", "%ff=1",
	} {
		out := w.ask(t, alice, "GET", "/v1/jobs?"+query, "")
		if out.Code != http.StatusBadRequest || strings.Contains(out.Body.String(), `"jobs"`) {
			t.Errorf("?%.40s: %d %s", query, out.Code, out.Body)
		}
	}
}

// A folder's job is found by its prefix, with the slash and without, and by
// every slice in it; a scan beside it only by its own key.
func TestAFolderIsFoundByWhatLiesInIt(t *testing.T) {
	w := newWorld()
	folder := w.job(t, "alice", job.Ready, func(r *job.Record) {
		r.Upload = job.Upload{Key: "study/a b/1.dcm", Prefix: "study/a b/"}
	})
	file := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Upload = job.Upload{Key: "study/a b/scan.nii.gz"} })
	for key, want := range map[string]string{
		"study/a b/": folder, "study/a b": folder, "study/a b/1.dcm": folder, "study/a b/2": folder,
		"study/a b/scan.nii.gz": file, "study/a b/other.nii.gz": "", "study/": "", "study": "", "study/a b/c/1.dcm": "", "1.dcm": "",
	} {
		page := answer[struct{ Jobs []struct{ ID string } }](t, w.ask(t, alice, "GET", "/v1/jobs?key="+url.QueryEscape(key), ""))
		switch {
		case want == "" && len(page.Jobs) > 0:
			t.Errorf("%q finds %v", key, page.Jobs)
		case want != "" && (len(page.Jobs) != 1 || page.Jobs[0].ID != want):
			t.Errorf("%q finds %v, want %s", key, page.Jobs, want)
		}
	}
}

// A job of somebody else's, or one that is being erased, under the key itself does
// not hide the caller's job of the folder that the key lies in.
func TestForeignJobsHideNothing(t *testing.T) {
	w := newWorld()
	w.job(t, "bob", job.Ready, func(r *job.Record) { r.Upload = job.Upload{Key: "study/1"} })
	w.job(t, "alice", job.Ready, func(r *job.Record) { r.Upload, r.Erased = job.Upload{Key: "study/1"}, true })
	mine := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Upload = job.Upload{Key: "study/2", Prefix: "study/"} })
	page := answer[struct{ Jobs []struct{ ID string } }](t, w.ask(t, alice, "GET", "/v1/jobs?key=study/1", ""))
	if len(page.Jobs) != 1 || page.Jobs[0].ID != mine {
		t.Errorf("found %v, want %s", page.Jobs, mine)
	}
}

// Of an upload key under which there are jobs of others only, the answer is that of a key
// that nobody has used, whatever the page's size. The cursor, which anybody can decode,
// names no job but the caller's own, and leads past those of others.
func TestAKeyOfOthersIsLikeNoKey(t *testing.T) {
	w := newWorld()
	place := func(r *job.Record) { r.Upload.Key = "shared/scan.nii.gz" }
	var mine []string
	for n := range 12 {
		w.job(t, "bob", job.Ready, place)
		w.job(t, "alice", job.Ready, place, func(r *job.Record) { r.Erased = true })
		if n%4 == 1 {
			mine = append(mine, w.job(t, "alice", job.Ready, place))
		}
	}
	slices.Reverse(mine)
	mallory := Principal{Subject: "mallory"}
	unused := w.ask(t, mallory, "GET", "/v1/jobs?key=unused.nii.gz&limit=1", "").Body.String()
	for _, limit := range []int{1, 2, 3, 5, 27, 200} {
		query := fmt.Sprintf("/v1/jobs?key=shared/scan.nii.gz&limit=%d", limit)
		if got := w.ask(t, mallory, "GET", query, "").Body.String(); got != unused {
			t.Errorf("limit %d: %s, want what a key that nobody used is answered with: %s", limit, got, unused)
		}
		var got []string
		for cursor := ""; ; {
			page := answer[struct {
				Jobs []struct{ ID string }
				Next *string
			}](t, w.ask(t, alice, "GET", query+cursor, ""))
			for _, j := range page.Jobs {
				got = append(got, j.ID)
			}
			if page.Next == nil {
				break
			}
			if len(page.Jobs) != limit {
				t.Fatalf("limit %d: a page of %d goes on", limit, len(page.Jobs))
			}
			_, place, _ := strings.Cut(*page.Next, ".")
			if text, err := hex.DecodeString(place); err != nil || !strings.HasSuffix(string(text), "#"+page.Jobs[limit-1].ID) {
				t.Errorf("limit %d: the cursor %q is not the place of the page's last job", limit, text)
			}
			// In the hands of another it leads nowhere.
			if stolen := w.ask(t, mallory, "GET", query+"&cursor="+*page.Next, "").Body.String(); stolen != unused {
				t.Errorf("limit %d: with another's cursor: %s", limit, stolen)
			}
			cursor = "&cursor=" + *page.Next
		}
		if !slices.Equal(got, mine) {
			t.Errorf("limit %d: %v, want %v", limit, got, mine)
		}
	}
}

// A page that shows the jobs asks for them again and again, and mostly nothing has changed.
func TestAListIsAnsweredByItsTag(t *testing.T) {
	w := newWorld()
	w.job(t, "alice", job.Ready)
	first := w.ask(t, alice, "GET", "/v1/jobs", "")
	tag := first.Header().Get("ETag")
	if tag == "" || first.Header().Get("Retry-After") != "" {
		t.Fatalf("ETag %q, Retry-After %q of jobs that have ended", tag, first.Header().Get("Retry-After"))
	}
	if same := w.ask(t, alice, "GET", "/v1/jobs", "", "If-None-Match: "+tag); same.Code != http.StatusNotModified || same.Body.Len() > 0 {
		t.Errorf("unchanged: %d", same.Code)
	}
	w.job(t, "alice", job.Segmenting)
	other := w.ask(t, alice, "GET", "/v1/jobs", "", "If-None-Match: "+tag)
	if other.Code != http.StatusOK || other.Header().Get("ETag") == tag {
		t.Errorf("changed: %d", other.Code)
	}
	if after := other.Header().Get("Retry-After"); after == "" {
		t.Error("nobody is told when to ask again for a job that goes on")
	}
}

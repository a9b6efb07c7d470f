package api

import (
	"net/http"
	"net/url"
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

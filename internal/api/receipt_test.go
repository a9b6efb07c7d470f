package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// A receipt says what is stored, where, until when and who may read it, and names nobody.
func TestAReceipt(t *testing.T) {
	w := newWorld()
	w.where = Where{Region: "eu-west-1"}
	id := w.job(t, "alice", job.Ready, func(r *job.Record) {
		r.Upload.Key, r.ExpiresAt = "Doe^Jane/ct.nii", w.now.Add(job.Lifetime)
		r.Request = job.Request{Sent: 1, At: w.now}
		r.Shares = []job.Share{
			{ID: "s1", Hash: "h", Artifacts: []string{"model.glb"}, ExpiresAt: w.now.Add(time.Hour)},
			{ID: "s0", Hash: "h", Artifacts: []string{"model.glb"}, ExpiresAt: w.now.Add(-time.Hour)},
		}
	})
	out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/receipt", "")
	if out.Code != http.StatusOK || strings.Contains(out.Body.String(), "Doe") || strings.Contains(out.Body.String(), "alice") {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	r := answer[receiptBody](t, out)
	if r.Where != (whereBody{Place: "aws", Region: "eu-west-1"}) || *r.ExpiresAt != stamp(w.now.Add(job.Lifetime)) || r.Record.BackupsDays != 35 {
		t.Errorf("%+v", r)
	}
	if len(r.Objects) != 2 || r.Objects[0].Until != *r.ExpiresAt || !r.Objects[1].Old || r.Total.Bytes != 8 || r.Kept != 1 || r.Erasure != nil {
		t.Errorf("objects: %+v", r)
	}
	if len(r.Readers) != 3 || r.Readers[0].Who != "owner" || r.Readers[2].Share != "s1" {
		t.Errorf("readers: %+v", r.Readers)
	}
	if len(r.Left) != 1 || r.Left[0].To != "model" {
		t.Errorf("left: %+v", r.Left)
	}
	w.where = Where{Region: "us-east-1", Folder: "/home/x/.iris"}
	if r := answer[receiptBody](t, w.ask(t, operator, "GET", "/v1/jobs/"+id+"/receipt", "")); r.Where != (whereBody{Place: "machine", Folder: "/home/x/.iris"}) || r.Record.BackupsDays != 0 {
		t.Errorf("on one machine: %+v", r)
	}
	dropped := w.job(t, job.BucketOwner, job.Received)
	if r := answer[receiptBody](t, w.ask(t, Local, "GET", "/v1/jobs/"+dropped+"/receipt", "")); r.Readers[0].Who != "drops" || len(r.Left) != 0 {
		t.Errorf("dropped: %+v", r)
	}
}

// The proof of an erasure is for whoever could read the job, and for nobody else, though
// the tombstone does not hold its owner.
func TestTheProofOfAnErasure(t *testing.T) {
	drops := Principal{Subject: "client", Drops: true}
	for _, bare := range []bool{false, true} {
		w := newWorld()
		ids := map[string]string{"alice": w.job(t, "alice", job.Ready), job.BucketOwner: w.job(t, job.BucketOwner, job.Ready)}
		for owner, id := range ids {
			who := alice
			if owner == job.BucketOwner {
				who = Local
			}
			if out := w.ask(t, who, "DELETE", "/v1/jobs/"+id, ""); out.Code != http.StatusNoContent {
				t.Fatalf("%d %s", out.Code, out.Body)
			}
			if bare {
				r, err := w.store.Get(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				r.Erasure.Found, r.Erasure.LookedAt = job.Tally{Objects: 2, Bytes: 7}, w.now
				if err := w.store.Erase(t.Context(), r, w.now.Add(job.TombstoneLife)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, c := range []struct {
			who   Principal
			owner string
			want  int
		}{
			{alice, "alice", 200}, {operator, "alice", 200}, {bob, "alice", 404}, {Principal{}, "alice", 404}, {drops, "alice", 404},
			{Local, job.BucketOwner, 200}, {operator, job.BucketOwner, 200}, {drops, job.BucketOwner, 200}, {alice, job.BucketOwner, 404}, {Principal{}, job.BucketOwner, 404},
		} {
			out := w.ask(t, c.who, "GET", "/v1/jobs/"+ids[c.owner]+"/receipt", "")
			if out.Code != c.want {
				t.Errorf("bare %v: %+v asks for %s's: %d, want %d", bare, c.who, c.owner, out.Code, c.want)
			}
			if out.Code != http.StatusOK {
				continue
			}
			r := answer[receiptBody](t, out)
			if r.Erasure == nil || r.Erasure.By != job.ByOwner || r.ExpiresAt != nil || r.Record != nil || len(r.Objects)+len(r.Readers)+len(r.Left) != 0 {
				t.Errorf("%+v", r)
			}
			if (r.Erasure.LookedAt != nil) != bare || bare && r.Erasure.Found.Objects != 2 {
				t.Errorf("bare %v: %+v", bare, r.Erasure)
			}
			if strings.Contains(out.Body.String(), "alice") {
				t.Errorf("it names its owner: %s", out.Body)
			}
		}
		if out := w.ask(t, alice, "GET", "/v1/jobs/"+ids["alice"], ""); out.Code != http.StatusNotFound {
			t.Errorf("the job itself: %d", out.Code)
		}
	}
}

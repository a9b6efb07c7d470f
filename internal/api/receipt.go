package api

import (
	"net/http"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Where says where the deployment keeps objects and records: in a region of AWS, or in a
// folder of this machine.
type Where struct{ Region, Folder string }

// receiptBody says what is stored of a job, where, for how long, and who may read it. It
// names no person, no file and no key that a person chose.
type receiptBody struct {
	Job       string        `json:"job"`
	Status    job.Status    `json:"status"`
	IssuedAt  string        `json:"issued_at"`
	CreatedAt string        `json:"created_at"`
	ExpiresAt *string       `json:"expires_at"` // of an erased job nothing expires but this proof
	Where     whereBody     `json:"where"`
	Objects   []holdingBody `json:"objects"`
	Total     job.Tally     `json:"total"`
	Kept      int           `json:"kept_for_other_jobs"`
	Record    *recordBody   `json:"record"`
	Readers   []readerBody  `json:"readers"`
	Left      []leftBody    `json:"left_storage"`
	Erasure   *erasureBody  `json:"erasure"`
}

type whereBody struct {
	Place  string `json:"place"` // aws or machine
	Region string `json:"region,omitempty"`
	Folder string `json:"folder,omitempty"`
}

type holdingBody struct {
	Bucket string `json:"bucket"`
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	Since  string `json:"since"`
	Until  string `json:"until"` // at the latest
	Old    bool   `json:"earlier_version,omitempty"`
}

// recordBody is the job's record, and the backups of the table that holds it.
type recordBody struct {
	Since       string `json:"since"`
	Until       string `json:"until"`
	BackupsDays int    `json:"backups_days"`
}

type readerBody struct {
	Who       string   `json:"who"` // owner, operators, drops or share
	Share     string   `json:"share,omitempty"`
	Artifacts []string `json:"artifacts,omitempty"`
	Until     string   `json:"until,omitempty"`
}

// leftBody is what went from the storage to another program.
type leftBody struct {
	To   string `json:"to"` // model, webhook or email
	What string `json:"what"`
	At   string `json:"at"`
}

// erasureBody is the proof of an erasure.
type erasureBody struct {
	At         string     `json:"at"`
	By         job.Eraser `json:"by"`
	Found      job.Tally  `json:"found"`
	Late       job.Tally  `json:"late"`
	Remaining  job.Tally  `json:"remaining"`
	LookedAt   *string    `json:"looked_at"`
	Kept       int        `json:"kept_for_other_jobs"`
	Final      bool       `json:"final"`
	ProofUntil string     `json:"proof_until"`
}

// backupsDays is how far back point-in-time recovery of the table goes, at most.
const backupsDays = 35

// receipt answers with what is stored of a job, or, of an erased job, with the proof of
// its erasure as long as its tombstone stays.
func (a *API) receipt(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.provenJob(r)
	if err != nil {
		return err
	}
	body := receiptBody{
		Job: rec.ID, Status: rec.Status, IssuedAt: stamp(a.Now()), CreatedAt: stamp(rec.CreatedAt),
		Where: a.Where.body(), Objects: []holdingBody{}, Readers: []readerBody{}, Left: []leftBody{},
	}
	if rec.Erased {
		body.Erasure = proof(rec)
		return reply(w, http.StatusOK, body)
	}
	until := stamp(rec.ExpiresAt)
	body.ExpiresAt = &until
	body.Record = &recordBody{Since: stamp(rec.CreatedAt), Until: until, BackupsDays: a.Where.backups()}
	held, err := a.Endings.Holdings(r.Context(), rec)
	if err != nil {
		return err
	}
	body.Total, body.Kept = held.Total, held.Kept
	for _, o := range held.Objects {
		body.Objects = append(body.Objects, holdingBody{o.Bucket, o.Name, o.Bytes, stamp(o.Since), until, o.Old})
	}
	body.Readers, body.Left = a.readers(rec), a.left(rec)
	return reply(w, http.StatusOK, body)
}

func (w Where) body() whereBody {
	if w.Folder != "" {
		return whereBody{Place: "machine", Folder: w.Folder}
	}
	return whereBody{Place: "aws", Region: w.Region}
}

func (w Where) backups() int {
	if w.Folder != "" {
		return 0 // nobody but its owner copies the folder
	}
	return backupsDays
}

func (a *API) readers(rec job.Record) []readerBody {
	all := []readerBody{{Who: "owner"}, {Who: "operators"}}
	if rec.Owner == job.BucketOwner {
		all[0].Who = "drops" // whoever drops into the bucket, which owns the job
	}
	for _, s := range a.live(rec) {
		all = append(all, readerBody{Who: "share", Share: s.ID, Artifacts: s.Artifacts, Until: stamp(s.ExpiresAt)})
	}
	return all
}

// left is what went to other programs. The model server has the volume for as long as it
// works on it, and keeps nothing.
func (a *API) left(rec job.Record) []leftBody {
	all := []leftBody{}
	if rec.Request.Sent > 0 {
		all = append(all, leftBody{To: "model", What: "the prepared volume", At: stamp(rec.Request.At)})
	}
	for _, t := range rec.Told {
		all = append(all, leftBody{To: t.To, What: "the job's id, status and code", At: stamp(t.At)})
	}
	if ended := len(rec.Stages) > 0 && (rec.Status == job.Ready || rec.Status == job.Rejected || rec.Status == job.Failed); ended && a.Emails {
		all = append(all, leftBody{To: "email", What: "the job's id, status and code", At: stamp(rec.Stages[len(rec.Stages)-1].EndedAt)})
	}
	return all
}

func proof(rec job.Record) *erasureBody {
	e := rec.Erasure
	if e == nil { // by an earlier version of this program, which counted nothing
		e = &job.Erasure{At: rec.UpdatedAt, By: job.ByOwner}
	}
	out := &erasureBody{
		At: stamp(e.At), By: e.By, Found: e.Found, Late: e.Late, Remaining: e.Left, Kept: e.Kept, Final: e.Final,
		ProofUntil: stamp(rec.ExpiresAt),
	}
	if !e.LookedAt.IsZero() {
		at := stamp(e.LookedAt.Truncate(time.Millisecond))
		out.LookedAt = &at
	}
	return out
}

// mayProve says whether the caller may read a job's receipt: whoever may read the job,
// and of an erased one whoever could.
func (p Principal) mayProve(r job.Record) bool {
	if !r.Erased {
		return p.mayRead(r)
	}
	owner := p.Subject
	if r.OwnerDigest == job.OwnerDigest(r.ID, job.BucketOwner) && p.Drops {
		owner = job.BucketOwner
	}
	if r.Owner == "" && r.OwnerDigest == job.OwnerDigest(r.ID, owner) {
		r.Owner = owner
	}
	r.Erased = false
	return p.mayRead(r)
}

// provenJob is the job of a request's address, or its tombstone, for who may see proof of
// its erasure.
func (a *API) provenJob(r *http.Request) (job.Record, error) {
	id := r.PathValue("id")
	if !job.ValidID(id) {
		return job.Record{}, job.ErrNotFound
	}
	rec, err := a.Jobs.Get(r.Context(), id)
	if err == nil && !caller(r.Context()).mayProve(rec) {
		err = job.ErrNotFound
	}
	return rec, err
}

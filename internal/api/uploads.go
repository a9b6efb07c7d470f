package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
)

const (
	partBytes = 16 << 20 // a part of a browser's upload; 5 GiB are 320 parts
	signAhead = 16       // parts that are signed at once: a signature holds 15 minutes
)

// createBody is what POST /v1/jobs takes. The file's name is read for its
// ending only and kept nowhere.
type createBody struct {
	File    string         `json:"file"`
	Bytes   int64          `json:"bytes"`
	Options map[string]any `json:"options"`
}

type partPlan struct {
	Number int32  `json:"number"`
	URL    string `json:"url"`
}

type uploadPlan struct {
	PartBytes int64      `json:"part_bytes"`
	Parts     int        `json:"parts"`
	Signed    []partPlan `json:"signed"`
}

type createReply struct {
	Job    jobBody    `json:"job"`
	Upload uploadPlan `json:"upload"`
}

// create records a job that awaits its file, and says where the parts go.
func (a *API) create(w http.ResponseWriter, r *http.Request) error {
	var body createBody
	if err := read(w, r, &body); err != nil {
		return err
	}
	suffix, known := job.ScanSuffix(body.File)
	if !known {
		return problem{Status: http.StatusBadRequest, Code: "unrecognized", Detail: "file: want a name that ends in .nii, .nii.gz, .zip, .tar.gz, .dcm or, for a label map, .nrrd"}
	}
	if body.Bytes < 1 {
		return problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: "bytes: want the size of the file, at least 1"}
	}
	if body.Bytes > volume.MaxObjectBytes {
		return problem{Status: http.StatusBadRequest, Code: "too_large", Detail: fmt.Sprintf("bytes: want 1 to %d", int64(volume.MaxObjectBytes))}
	}
	options, err := a.changed(job.DefaultOptions(), body.Options)
	if err != nil {
		return err
	}
	if err := options.CheckNew(a.Tasks); err != nil {
		return err
	}
	rec, err := a.awaiting(r, suffix, body.Bytes, options)
	if err != nil {
		return err
	}
	plan, err := a.plan(r, rec, nil)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/jobs/"+rec.ID)
	return reply(w, http.StatusAccepted, createReply{a.body(rec), plan})
}

// awaiting makes the record, or finds the one that this Idempotency-Key made.
func (a *API) awaiting(r *http.Request, suffix string, size int64, options job.Options) (job.Record, error) {
	ctx := r.Context()
	if err := requireSubject(ctx); err != nil {
		return job.Record{}, err
	}
	owner := caller(ctx).Subject
	id, err := a.newID()
	if err != nil {
		return job.Record{}, err
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		if len(key) > 255 {
			return job.Record{}, problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: "Idempotency-Key: at most 255 characters"}
		}
		sum := sha256.Sum256([]byte(key))
		first, mine, err := a.Jobs.Claim(ctx, owner, hex.EncodeToString(sum[:]), id, a.Now())
		if err != nil {
			return job.Record{}, err
		}
		if id = first; !mine {
			rec, err := a.Jobs.Get(ctx, id)
			if rec.Erased {
				return rec, conflict("the job of this Idempotency-Key was erased: send another key")
			}
			if !errors.Is(err, job.ErrNotFound) {
				return rec, err
			}
			// The request that claimed the key has not written its job, or has died.
		}
	}
	key := job.UploadKey(id, "scan"+suffix)
	upload, err := a.Uploads.StartParts(ctx, key, "application/octet-stream", nil)
	if err != nil {
		return job.Record{}, err
	}
	now := a.Now()
	rec, _, err := a.Jobs.Create(ctx, job.Record{
		ID: id, Attempt: 1, Status: job.AwaitingUpload, From: job.FromPrepare, Owner: owner, Options: options,
		Upload:    job.Upload{Bucket: a.Uploads.Name(), Key: key, Size: size, Parts: upload},
		CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(job.Lifetime),
		Stages: []job.StageTime{{Name: job.AwaitingUpload, StartedAt: now}},
	})
	if err != nil {
		return rec, err
	}
	return rec, a.Jobs.LinkKey(ctx, rec)
}

// plan signs some parts: those asked for, or the first few.
func (a *API) plan(r *http.Request, rec job.Record, numbers []int32) (uploadPlan, error) {
	total := int((rec.Upload.Size + partBytes - 1) / partBytes)
	plan := uploadPlan{PartBytes: partBytes, Parts: total, Signed: []partPlan{}}
	if rec.Status != job.AwaitingUpload {
		return plan, nil
	}
	if numbers == nil {
		for n := 1; n <= min(total, signAhead); n++ {
			numbers = append(numbers, int32(n))
		}
	}
	if len(numbers) > signAhead {
		return plan, problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: fmt.Sprintf("numbers: at most %d parts are signed at once", signAhead)}
	}
	for _, n := range numbers {
		if n < 1 || int(n) > total {
			return plan, problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: fmt.Sprintf("numbers: want 1 to %d", total)}
		}
		url, err := a.Uploads.SignPart(r.Context(), rec.Upload.Key, rec.Upload.Parts, n)
		if err != nil {
			return plan, err
		}
		plan.Signed = append(plan.Signed, partPlan{n, url})
	}
	return plan, nil
}

// parts signs further parts, or the same again when their signatures ran out.
func (a *API) parts(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.ownJob(r)
	if err != nil {
		return err
	}
	if rec.Status != job.AwaitingUpload {
		return conflict("the job is %s: parts are signed only while it awaits its upload", statusWords(rec.Status))
	}
	var body struct {
		Numbers []int32 `json:"numbers"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	plan, err := a.plan(r, rec, body.Numbers)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, plan)
}

// complete joins the parts; the bucket's event then starts the job. A client that lost
// the answer may repeat the request, which then finds the object.
func (a *API) complete(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.ownJob(r)
	if err != nil {
		return err
	}
	var body struct {
		Parts []job.Part `json:"parts"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	if err := listed(body.Parts); err != nil {
		return err
	}
	if rec.Status == job.Cancelled || rec.Status == job.Expired {
		return conflict("the job is %s: its upload is not taken any more", statusWords(rec.Status))
	}
	if rec.Status == job.AwaitingUpload {
		err := a.Uploads.CompleteParts(r.Context(), rec.Upload.Key, rec.Upload.Parts, body.Parts)
		if err != nil {
			_, err = a.Uploads.Head(r.Context(), rec.Upload.Key)
		}
		if errors.Is(err, job.ErrNotFound) {
			return badParts
		}
		if err != nil {
			return err
		}
	}
	w.Header().Set("Location", "/v1/jobs/"+rec.ID)
	return reply(w, http.StatusAccepted, a.body(rec))
}

var badParts = problem{Status: http.StatusBadRequest, Code: "bad_parts", Detail: "the parts do not make the upload: want every part's number and ETag, in order"}

// listed refuses a list that cannot be one of parts, also where the upload is complete
// and the list would not be looked at.
func listed(parts []job.Part) error {
	for i, p := range parts {
		if p.ETag == "" || p.Number < 1 || i > 0 && p.Number <= parts[i-1].Number {
			return badParts
		}
	}
	if len(parts) == 0 {
		return badParts
	}
	return nil
}

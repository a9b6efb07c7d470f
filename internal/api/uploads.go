package api

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

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
	// Uploaded are the parts that have arrived whole; absent where they were not looked
	// up, which costs a request to S3.
	Uploaded []job.Uploaded `json:"uploaded,omitempty"`
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
	rec, made, err := a.awaiting(r, suffix, body, options)
	if err != nil {
		return err
	}
	a.intend(r.Context(), rec, expected(body.Bytes, 0, 0))
	plan, err := a.plan(r, rec, nil, !made)
	if err != nil && !errors.Is(err, job.ErrNotFound) { // complete: nothing is left to plan
		return err
	}
	w.Header().Set("Location", "/v1/jobs/"+rec.ID)
	return reply(w, http.StatusAccepted, createReply{a.body(rec), plan})
}

// awaiting makes the record, or finds the one that this Idempotency-Key made.
func (a *API) awaiting(r *http.Request, suffix string, body createBody, options job.Options) (rec job.Record, made bool, err error) {
	ctx := r.Context()
	if err := requireSubject(ctx); err != nil {
		return rec, false, err
	}
	owner := caller(ctx).Subject
	id, err := a.newID()
	if err != nil {
		return rec, false, err
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		first, err := a.claim(ctx, owner, key, id, body)
		if err != nil {
			return rec, false, err
		}
		if first != id {
			id = first
			rec, err := a.Jobs.Get(ctx, id)
			if rec.Erased {
				return rec, false, conflict("the job of this Idempotency-Key was erased: send another key")
			}
			if !errors.Is(err, job.ErrNotFound) {
				return rec, false, err
			}
			// The request that claimed the key has not written its job, or has died.
		}
	}
	key := job.UploadKey(id, "scan"+suffix)
	upload, err := a.Uploads.StartParts(ctx, key, "application/octet-stream", nil)
	if err != nil {
		return rec, false, err
	}
	now := a.Now()
	rec, made, err = a.Jobs.Create(ctx, job.Record{
		ID: id, Attempt: 1, Status: job.AwaitingUpload, From: job.FromPrepare, Owner: owner, Options: options,
		Upload:    job.Upload{Bucket: a.Uploads.Name(), Key: key, Size: body.Bytes, Parts: upload},
		CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(cmp.Or(a.Keep, job.Lifetime)),
		Stages: []job.StageTime{{Name: job.AwaitingUpload, StartedAt: now}},
	})
	if err != nil {
		return rec, made, err
	}
	return rec, made, a.Jobs.LinkKey(ctx, rec)
}

// claim is the id of the job that an Idempotency-Key stands for: id, or that of the
// first request. The same key with another body is refused: its sender would take the
// first job for the second one. Kept is a digest of the body that nobody can try names
// of patients against, because the key, which is not kept, is part of it.
func (a *API) claim(ctx context.Context, owner, key, id string, body createBody) (string, error) {
	const longest = 255
	if len(key) > longest {
		return "", problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: fmt.Sprintf("Idempotency-Key: at most %d characters", longest)}
	}
	text, err := json.Marshal(body) // its fields in one order, its options by name
	if err != nil {
		return "", fmt.Errorf("encode body: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(text)
	digest := hex.EncodeToString(mac.Sum(nil))
	name := sha256.Sum256([]byte(key))
	held, _, err := a.Jobs.Claim(ctx, owner, hex.EncodeToString(name[:]), id+" "+digest, a.Now())
	if err != nil {
		return "", err
	}
	first, of, known := strings.Cut(held, " ") // a claim of an earlier version holds no digest
	if known && of != digest {
		return "", problem{Status: http.StatusUnprocessableEntity, Code: "idempotency_key_reused", Detail: "this Idempotency-Key was sent with another body: send a new key for a new job"}
	}
	return first, nil
}

// plan signs some parts: those asked for, or the first few of those that are missing.
// Resumed says that parts may have arrived before.
func (a *API) plan(r *http.Request, rec job.Record, numbers []int32, resumed bool) (uploadPlan, error) {
	total := partsOf(rec.Upload.Size)
	plan := uploadPlan{PartBytes: partBytes, Parts: total, Signed: []partPlan{}}
	if rec.Status != job.AwaitingUpload {
		return plan, nil
	}
	if len(numbers) > signAhead {
		return plan, problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: fmt.Sprintf("numbers: at most %d parts are signed at once", signAhead)}
	}
	if numbers == nil {
		there := map[int32]bool{}
		if resumed {
			var err error
			if plan.Uploaded, err = a.arrived(r.Context(), rec); err != nil {
				return plan, err
			}
			for _, p := range plan.Uploaded {
				there[p.Number] = true
			}
		}
		for n := int32(1); int(n) <= total && len(numbers) < signAhead; n++ {
			if !there[n] {
				numbers = append(numbers, n)
			}
		}
	}
	for _, n := range numbers {
		if n < 1 || int(n) > total {
			return plan, problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: fmt.Sprintf("numbers: want 1 to %d", total)}
		}
		url, err := a.Uploads.SignPart(r.Context(), rec.Upload.Key, rec.Upload.Parts, n, lengthOf(n, rec.Upload.Size))
		if err != nil {
			return plan, err
		}
		plan.Signed = append(plan.Signed, partPlan{n, url})
	}
	return plan, nil
}

// arrived are the parts of an upload that are there and as long as they have to be. A
// part of another length is to be sent again. Of an upload that is complete, so that its
// event is under way, the error wraps job.ErrNotFound.
func (a *API) arrived(ctx context.Context, rec job.Record) ([]job.Uploaded, error) {
	parts, err := a.Uploads.ListParts(ctx, rec.Upload.Key, rec.Upload.Parts)
	if err != nil {
		return nil, err
	}
	whole := parts[:0:0]
	for _, p := range parts {
		if p.Bytes == lengthOf(p.Number, rec.Upload.Size) {
			whole = append(whole, p)
		}
	}
	return whole, nil
}

// parts signs further parts, or the same again when their signatures ran out. Without
// numbers it is the way to resume: it lists the parts that are there, and signs the first
// few of those that are not.
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
	plan, err := a.plan(r, rec, body.Numbers, true)
	if errors.Is(err, job.ErrNotFound) {
		return conflict("the upload is complete or was given up: look at the job")
	}
	if err != nil {
		return err
	}
	if body.Numbers == nil { // resumed: when it began says nothing of its speed
		arrived := int64(0)
		for _, p := range plan.Uploaded {
			arrived += p.Bytes
		}
		a.intend(r.Context(), rec, expected(rec.Upload.Size, arrived, 0))
	} else {
		a.intend(r.Context(), rec, expected(rec.Upload.Size, come(body.Numbers), a.Now().Sub(rec.CreatedAt)))
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
		a.intend(r.Context(), rec, 0)
		if err := a.join(r.Context(), rec, body.Parts); err != nil {
			return err
		}
	}
	w.Header().Set("Location", "/v1/jobs/"+rec.ID)
	return reply(w, http.StatusAccepted, a.body(rec))
}

// join makes the object of its parts, unless it is there already. Parts that do not have
// the length that was announced are refused: the scan would end where one is missing.
func (a *API) join(ctx context.Context, rec job.Record, parts []job.Part) error {
	total := partsOf(rec.Upload.Size)
	there, err := a.arrived(ctx, rec)
	switch {
	case errors.Is(err, job.ErrNotFound): // another request joins them, or has
	case err != nil:
		return err
	case len(there) != total || len(parts) != total:
		return problem{Status: http.StatusBadRequest, Code: "bad_parts", Detail: fmt.Sprintf("the parts do not make the upload of %d bytes: %d of %d have arrived whole and %d are listed; POST …/parts without numbers says which are there", rec.Upload.Size, len(there), total, len(parts))}
	}
	if a.Uploads.CompleteParts(ctx, rec.Upload.Key, rec.Upload.Parts, parts) == nil {
		return nil
	}
	_, err = a.Uploads.Head(ctx, rec.Upload.Key)
	if errors.Is(err, job.ErrNotFound) {
		return badParts
	}
	return err
}

// partsOf is how many parts a file of some bytes has.
func partsOf(bytes int64) int { return int((bytes + partBytes - 1) / partBytes) }

// lengthOf is how long a part of a file of some bytes is; numbers begin at 1.
func lengthOf(number int32, bytes int64) int64 {
	return min(partBytes, bytes-int64(number-1)*partBytes)
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

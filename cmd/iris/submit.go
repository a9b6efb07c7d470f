package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

type uploadPlan struct {
	PartBytes int64 `json:"part_bytes"`
	Parts     int   `json:"parts"`
	Signed    []struct {
		Number int32  `json:"number"`
		URL    string `json:"url"`
	} `json:"signed"`
	Uploaded []job.Uploaded `json:"uploaded"` // what is there of an upload that is resumed
}

type createdJob struct {
	Job    jobView    `json:"job"`
	Upload uploadPlan `json:"upload"`
}

// submit uploads a scan, a file or a folder of slices, and returns its job.
func (c *client) submit(ctx context.Context, path string, options map[string]any, progress func(sent, total int64)) (jobView, []byte, error) {
	f, err := openScan(ctx, c, path)
	if err != nil {
		return jobView{}, nil, err
	}
	defer f.Close()
	body := jobRequest(f, options)
	begun := c.unfinished(path, body)
	created, complete, err := c.resume(ctx, begun)
	if err != nil || complete {
		return created.Job, nil, err
	}
	if created.Job.ID == "" {
		if _, err := c.do(ctx, http.MethodPost, "/v1/jobs", body, &created); err != nil {
			return jobView{}, nil, err
		}
		begun.keep(created.Job.ID)
	}
	v, raw, err := c.upload(ctx, created, f, progress)
	if err == nil {
		begun.forget()
	}
	return v, raw, err
}

// jobRequest is the body of the request that makes a scan's job.
func jobRequest(f *scanFile, options map[string]any) map[string]any {
	return map[string]any{"file": "scan" + f.suffix, "bytes": f.size, "options": options}
}

// upload sends the parts of a scan that are not there and completes the upload.
func (c *client) upload(ctx context.Context, created createdJob, f *scanFile, progress func(sent, total int64)) (jobView, []byte, error) {
	parts, err := c.sendParts(ctx, created.Job.ID, f, f.size, created.Upload, progress)
	if err != nil {
		return created.Job, nil, err
	}
	var v jobView
	raw, err := c.do(ctx, http.MethodPost, "/v1/jobs/"+created.Job.ID+"/complete", map[string]any{"parts": parts}, &v)
	if err != nil {
		return created.Job, raw, err
	}
	return v, raw, nil
}

// suffix is the ending of a file name that says its kind; the name itself is not sent.
func suffix(path string) string {
	if s, known := job.ScanSuffix(path); known {
		return s
	}
	return ".nii.gz" // the service detects the kind from the content
}

// sendParts sends each part of a file to its URL, without those that are there already.
// Signatures are valid for some minutes, so URLs of the parts that are still to be sent
// are signed again.
func (c *client) sendParts(ctx context.Context, id string, f io.ReaderAt, size int64, plan uploadPlan, progress func(sent, total int64)) ([]job.Part, error) {
	there, err := mine(f, size, plan)
	if err != nil {
		return nil, err
	}
	var parts []job.Part
	for next := 1; next <= plan.Parts; next++ {
		etag, arrived := there[next]
		for len(plan.Signed) > 0 && int(plan.Signed[0].Number) < next {
			plan.Signed = plan.Signed[1:]
		}
		if !arrived {
			if etag, err = c.sendPart(ctx, id, next, func() *io.SectionReader { return part(f, size, plan.PartBytes, next) }, &plan, there); err != nil {
				return nil, err
			}
		}
		parts = append(parts, job.Part{Number: int32(next), ETag: etag})
		progress(min(int64(next)*plan.PartBytes, size), size)
	}
	return parts, nil
}

// sendPart sends one part, to a new URL where there is none or it has expired. Each try
// has a reader of its own: the transport may still read that of a try that has failed.
func (c *client) sendPart(ctx context.Context, id string, number int, body func() *io.SectionReader, plan *uploadPlan, there map[int]string) (etag string, err error) {
	if len(plan.Signed) == 0 || int(plan.Signed[0].Number) != number {
		if err := c.sign(ctx, id, number, plan, there); err != nil {
			return "", err
		}
	}
	renewed := 0
	err = c.again(ctx, func() (err error) {
		etag, err = c.putPart(ctx, plan.Signed[0].URL, body())
		if renewed++; errors.Is(err, errSignature) && renewed <= maxRenewals { // run out: those of the following parts too
			if err := c.sign(ctx, id, number, plan, there); err != nil {
				return err
			}
			return &transient{error: err}
		}
		return err
	})
	return etag, err
}

// maxRenewals bounds how often a part is signed again. If a new signature is refused as
// often there is another reason, for example a wrong clock.
const maxRenewals = 3

// signAhead is how many parts the service signs at once.
const signAhead = 16

// sign asks for URLs of the parts from next on that are not there.
func (c *client) sign(ctx context.Context, id string, next int, plan *uploadPlan, there map[int]string) error {
	var numbers []int
	for n := next; n <= plan.Parts && len(numbers) < signAhead; n++ {
		if _, arrived := there[n]; !arrived {
			numbers = append(numbers, n)
		}
	}
	var signed uploadPlan
	if _, err := c.do(ctx, http.MethodPost, "/v1/jobs/"+id+"/parts", map[string]any{"numbers": numbers}, &signed); err != nil {
		return err
	}
	if len(signed.Signed) == 0 || int(signed.Signed[0].Number) != next {
		return failure("upload_failed", "the service signed no part")
	}
	plan.Signed = signed.Signed
	return nil
}

// errSignature is returned when storage refuses a URL's signature, mostly because it
// has expired.
var errSignature = failure("upload_failed", "storage refused a part's signature")

func (c *client) putPart(ctx context.Context, url string, body *io.SectionReader) (string, error) {
	watched, moved, stop := c.watch(ctx)
	defer stop()
	req, err := http.NewRequestWithContext(watched, http.MethodPut, url, moving{body, moved})
	if err != nil {
		return "", failure("upload_failed", "the service's address cannot be used")
	}
	req.ContentLength = body.Size()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", c.lost(ctx, err)
	}
	defer res.Body.Close()
	refused := failure("upload_failed", "storage refused a part: %s", res.Status)
	switch {
	case res.StatusCode == http.StatusOK:
		return res.Header.Get("ETag"), nil
	case res.StatusCode == http.StatusForbidden:
		return "", errSignature
	case mayPass(res.StatusCode):
		return "", &transient{refused, retryAfter(res.Header, time.Now())}
	}
	return "", refused
}

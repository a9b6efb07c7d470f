package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Bounds of shares.
const (
	shortestShare = time.Minute
	defaultShare  = 7 * 24 * time.Hour
	longestShare  = 30 * 24 * time.Hour
	mostShares    = 20 // of one job, at a time
)

// sharedURLLife is how long a URL holds that a share gave. A share that is taken back, or
// has ended, leaves no more than this.
const sharedURLLife = time.Minute

// SharePrefix begins the token of a share, so that people, iris and scanners of leaked
// secrets know one.
const SharePrefix = "iris_share_"

// sharedByDefault are the artifacts of a share that names none: the model and its
// measurements, and no voxel of the scan.
var sharedByDefault = []string{job.ModelGLB, job.ViewGLB, job.PreviewGLB, job.PreviewPNG, job.MeasurementsJSON, job.MeasurementsCSV}

// shareBody is a share as its job's owner sees it.
type shareBody struct {
	ID        string   `json:"id"`
	Artifacts []string `json:"artifacts"`
	CreatedAt string   `json:"created_at"`
	ExpiresAt string   `json:"expires_at"`
}

// sharedReply is a new share with its token, which is told this once.
type sharedReply struct {
	shareBody
	Token string `json:"token"`
}

func shown(s job.Share) shareBody {
	return shareBody{s.ID, s.Artifacts, stamp(s.CreatedAt), stamp(s.ExpiresAt)}
}

// live are the shares of a job that have not ended.
func (a *API) live(r job.Record) []job.Share {
	return slices.DeleteFunc(slices.Clone(r.Shares), func(s job.Share) bool { return !a.Now().Before(s.ExpiresAt) })
}

// share makes a capability to read one job and some of its artifacts. It ends with the
// job, if not before.
func (a *API) share(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.ownJob(r)
	if err != nil {
		return err
	}
	body := struct {
		ExpiresIn int64    `json:"expires_in"`
		Artifacts []string `json:"artifacts"`
	}{ExpiresIn: int64(defaultShare / time.Second)}
	if err := read(w, r, &body); err != nil {
		return err
	}
	if body.ExpiresIn < int64(shortestShare/time.Second) || body.ExpiresIn > int64(longestShare/time.Second) {
		return badBody("expires_in: want %d to %d seconds", int64(shortestShare/time.Second), int64(longestShare/time.Second))
	}
	if body.Artifacts == nil {
		body.Artifacts = sharedByDefault
	}
	if len(body.Artifacts) == 0 {
		return badBody("artifacts: want at least one name, or leave it out for the model and its measurements")
	}
	for _, name := range body.Artifacts {
		if !job.IsArtifact(name) && !slices.ContainsFunc(rec.Artifacts, func(x job.Artifact) bool { return x.Name == name }) {
			return badBody("artifacts: %s is no artifact's name: want some of %s", quoted(name), strings.Join(job.ArtifactNames, ", "))
		}
	}
	made, token, err := a.newShare(body.Artifacts, time.Duration(body.ExpiresIn)*time.Second)
	if err != nil {
		return err
	}
	_, err = a.Jobs.Amend(r.Context(), rec.ID, func(now *job.Record) error {
		if now.Shares = a.live(*now); len(now.Shares) >= mostShares {
			return conflict("the job has %d shares, which is the most: take one back, or wait until one ends", mostShares)
		}
		if !now.ExpiresAt.IsZero() && made.ExpiresAt.After(now.ExpiresAt) {
			made.ExpiresAt = now.ExpiresAt
		}
		now.Shares = append(now.Shares, made)
		return nil
	})
	if err != nil {
		return erasedMeanwhile(err)
	}
	w.Header().Set("Location", "/v1/shared/"+rec.ID)
	return reply(w, http.StatusCreated, sharedReply{shown(made), token})
}

// newShare makes a share and its token, which has 256 bits that nobody can guess. So its
// digest needs no salt.
func (a *API) newShare(artifacts []string, life time.Duration) (job.Share, string, error) {
	var secret [32]byte
	var id [8]byte
	for _, random := range [][]byte{secret[:], id[:]} {
		if _, err := io.ReadFull(a.Entropy, random); err != nil {
			return job.Share{}, "", fmt.Errorf("make a share: %w", err)
		}
	}
	token := SharePrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	artifacts = slices.Clone(artifacts)
	slices.Sort(artifacts)
	now := a.Now()
	return job.Share{
		ID: hex.EncodeToString(id[:]), Hash: tokenHash(token), Artifacts: slices.Compact(artifacts),
		CreatedAt: now, ExpiresAt: now.Add(life),
	}, token, nil
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// shares lists a job's shares, without their tokens.
func (a *API) shares(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.ownJob(r)
	if err != nil {
		return err
	}
	out := struct {
		Shares []shareBody `json:"shares"`
	}{[]shareBody{}}
	for _, s := range a.live(rec) {
		out.Shares = append(out.Shares, shown(s))
	}
	return reply(w, http.StatusOK, out)
}

// revoke takes back the share that ?id= names, or all of the job. Whoever reads by it is
// refused from then on.
func (a *API) revoke(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.ownJob(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	if len(query["id"]) > 1 || query.Has("id") && query.Get("id") == "" {
		return badQuery("id: want the id of one share, or leave it out for all")
	}
	id := query.Get("id")
	_, err = a.Jobs.Amend(r.Context(), rec.ID, func(now *job.Record) error {
		left := slices.DeleteFunc(a.live(*now), func(s job.Share) bool { return id == "" || s.ID == id })
		if id != "" && len(left) == len(a.live(*now)) {
			return noShare
		}
		now.Shares = left
		return nil
	})
	if err != nil {
		return erasedMeanwhile(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// erasedMeanwhile is the error of a change that found a tombstone: the job is gone.
func erasedMeanwhile(err error) error {
	if errors.Is(err, job.ErrStale) {
		return job.ErrNotFound
	}
	return err
}

// noShare answers every token that opens nothing, with the same words for each reason.
var noShare = problem{Status: http.StatusNotFound, Code: "no_share", Detail: "there is no such share: it has ended, was taken back, or its job is gone"}

// shared is the job that the request's token was made for, with the artifacts that it
// may show, and until when.
//
// The token comes as a bearer token and in no other way. An address is written to logs,
// and sent on as Referer; and clients that follow the redirect to an artifact leave out
// Authorization, and no other header, when they come to another host.
func (a *API) shared(r *http.Request) (job.Record, job.Share, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(token, SharePrefix) {
		return job.Record{}, job.Share{}, unauthorized("want the token of a share as Authorization: Bearer " + SharePrefix + "…")
	}
	id := r.PathValue("id")
	if !job.ValidID(id) {
		return job.Record{}, job.Share{}, noShare
	}
	rec, err := a.Jobs.Get(r.Context(), id)
	if errors.Is(err, job.ErrNotFound) || err == nil && rec.Erased {
		return job.Record{}, job.Share{}, noShare
	}
	if err != nil {
		return job.Record{}, job.Share{}, err
	}
	hash := []byte(tokenHash(token))
	for _, s := range a.live(rec) {
		if subtle.ConstantTimeCompare([]byte(s.Hash), hash) == 1 {
			rec.Artifacts = slices.DeleteFunc(slices.Clone(rec.Artifacts), func(x job.Artifact) bool { return !slices.Contains(s.Artifacts, x.Name) })
			return rec, s, nil
		}
	}
	return job.Record{}, job.Share{}, noShare
}

// sharedJob is GET /v1/jobs/{id} for the holder of a share.
//
// The job's table has the measurements in it, which are shown where they were chosen: who
// shares a picture has not shared the volumes of what is in it, nor that it is there.
func (a *API) sharedJob(w http.ResponseWriter, r *http.Request) error {
	rec, s, err := a.shared(r)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(s.Artifacts, func(name string) bool { return name == job.MeasurementsJSON || name == job.MeasurementsCSV }) {
		rec.Table, rec.Long = job.Table{}, false
	}
	return a.show(w, r, rec, false)
}

// sharedArtifact is GET /v1/jobs/{id}/artifacts/{name} for the holder of a share, who may
// not have anything made, an export for example.
func (a *API) sharedArtifact(w http.ResponseWriter, r *http.Request) error {
	rec, s, err := a.shared(r)
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	if !slices.Contains(s.Artifacts, name) {
		return problem{Status: http.StatusNotFound, Code: "no_artifact", Detail: "the share has no artifact of this name"}
	}
	return a.lead(w, r, rec, min(sharedURLLife, s.ExpiresAt.Sub(a.Now())))
}

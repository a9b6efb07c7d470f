package main

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// unfinished is a file in the user's cache folder that says which job an upload is for
// as long as it is not complete. The same command after a crash, a shutdown or Ctrl-C
// finds it and sends only the parts that are missing. Its name is a digest of what is
// uploaded to where with which options, so that the file says nothing of a patient.
type unfinished struct {
	path string // empty: nothing is kept
}

type unfinishedNote struct {
	Job     string `json:"job"`
	Process int    `json:"process"`
}

// forgetAfter is how old a file may be. S3 deletes the parts after a day.
const forgetAfter = 48 * time.Hour

// uploadsFolder is where files of unfinished uploads are; empty where the system has no
// cache folder.
func uploadsFolder() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "iris", "uploads")
}

// unfinished is the file of an upload. Files of long ago are deleted.
func (c *client) unfinished(scan string, body map[string]any) unfinished {
	whole, err := filepath.Abs(scan)
	text, err2 := json.Marshal(body)
	if c.uploads == "" || err != nil || err2 != nil {
		return unfinished{}
	}
	old, _ := os.ReadDir(c.uploads)
	for _, entry := range old {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > forgetAfter {
			_ = os.Remove(filepath.Join(c.uploads, entry.Name()))
		}
	}
	sum := sha256.Sum256([]byte(c.base + "\n" + whole + "\n" + string(text)))
	u := unfinished{filepath.Join(c.uploads, hex.EncodeToString(sum[:])+".json")}
	if note, ok := u.read(); ok && note.Process != os.Getpid() && running(note.Process) {
		return unfinished{} // another command is uploading the same at this moment
	}
	return u
}

func (u unfinished) read() (note unfinishedNote, ok bool) {
	text, err := os.ReadFile(u.path)
	return note, err == nil && json.Unmarshal(text, &note) == nil && note.Job != ""
}

// keep writes the file. An upload that cannot be kept goes on without.
func (u unfinished) keep(id string) {
	text, err := json.Marshal(unfinishedNote{id, os.Getpid()})
	if u.path == "" || err != nil || os.MkdirAll(filepath.Dir(u.path), 0o700) != nil {
		return
	}
	next := fmt.Sprintf("%s.%d", u.path, os.Getpid())
	if os.WriteFile(next, text, 0o600) != nil || os.Rename(next, u.path) != nil {
		_ = os.Remove(next)
	}
}

func (u unfinished) forget() {
	if u.path != "" {
		_ = os.Remove(u.path)
	}
}

// running says whether a process lives. Where that cannot be asked it does.
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil || pid < 1 {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH)
}

// resume asks after the upload that was not finished. Without one, or when its job takes
// no more parts, created is the zero value. Complete says that the upload had arrived
// whole, and only its answer had not.
func (c *client) resume(ctx context.Context, u unfinished) (created createdJob, complete bool, err error) {
	note, ok := u.read()
	if !ok {
		return created, false, nil
	}
	address := "/v1/jobs/" + url.PathEscape(note.Job)
	_, err = c.do(ctx, http.MethodPost, address+"/parts", map[string]any{}, &created.Upload)
	var refused *refusedError
	switch {
	case err == nil:
		created.Job.ID = note.Job
		u.keep(note.Job) // this process is the one that uploads it now
		return created, false, nil
	case !errors.As(err, &refused) || refused.status != http.StatusNotFound && refused.status != http.StatusConflict:
		return created, false, err
	}
	u.forget()
	if refused.status == http.StatusNotFound {
		return createdJob{}, false, nil
	}
	v, _, err := c.job(ctx, note.Job)
	if err != nil {
		return createdJob{}, false, err
	}
	if v.Status.Ended() && v.Status != job.Ready {
		return createdJob{}, false, nil // what was wrong with it may be over
	}
	return createdJob{Job: v}, true, nil
}

// mine are the parts that have arrived and are those of this file, by their numbers. The
// ETag that S3 gives a part is the MD5 of its bytes; where it is not (encryption with
// keys of KMS) the part is sent again. So a file that was changed meanwhile is never mixed
// with what it was.
func mine(f io.ReaderAt, size int64, plan uploadPlan) (map[int]string, error) {
	etags := map[int]string{}
	for _, p := range plan.Uploaded {
		if p.Number < 1 || int(p.Number) > plan.Parts {
			continue
		}
		sum := md5.New()
		if _, err := io.Copy(sum, part(f, size, plan.PartBytes, int(p.Number))); err != nil {
			return nil, withoutPath("read the scan", err)
		}
		if strings.Trim(p.ETag, `"`) == hex.EncodeToString(sum.Sum(nil)) {
			etags[int(p.Number)] = p.ETag
		}
	}
	return etags, nil
}

// part is one part of a file, numbered from 1.
func part(f io.ReaderAt, size, partBytes int64, number int) *io.SectionReader {
	off := int64(number-1) * partBytes
	return io.NewSectionReader(f, off, min(partBytes, size-off))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
)

// checkOutput gives the format that the ending of a file's name stands for. It refuses
// an ending that no writer knows, and a folder that does not exist or cannot be written
// to, so that the command does not fail only after the job.
func checkOutput(path string) (format string, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return "", usage("no_output: %s is a folder: name a file", path)
	}
	if err := checkName(path); err != nil {
		return "", err
	}
	format = strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	if !meshfile.Known(format) {
		return "", usage("unsupported_format: the ending of -o names the format: want one of .%s", strings.Join(meshfile.Formats(), ", ."))
	}
	return format, checkFolder(path)
}

// checkFolder refuses a file that cannot be made where it is named.
func checkFolder(path string) error {
	dir := filepath.Dir(path)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return usage("no_output: %s is a folder: name a file", path)
	}
	if err := checkName(path); err != nil {
		return err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usage("no_output: the folder %s does not exist", dir)
	}
	probe, err := os.CreateTemp(dir, ".iris-*")
	if err != nil {
		return usage("no_output: the folder %s cannot be written to", dir)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// exportPoll is the pause before an export is asked for again, where the service
// does not say one.
const exportPoll = 2 * time.Second

// maxExportPolls is 20 minutes: an export that works takes 15 at most.
const maxExportPolls = int(20 * time.Minute / exportPoll)

// wanted is what of a model is downloaded.
type wanted struct {
	format     string
	structures []string // as they were given; none for all
}

// fetchModel downloads the model. Any format but GLB, and any choice of structures, is
// made by the service when it is first asked for; progress is told for how long.
func (c *client) fetchModel(ctx context.Context, v jobView, w wanted, path string, progress *bar) error {
	if w.format == "glb" && len(w.structures) == 0 {
		return c.fetch(ctx, v, job.ModelGLB, path)
	}
	query := url.Values{"format": {w.format}}
	if len(w.structures) > 0 {
		query["structure"] = w.structures
	}
	address := "/v1/jobs/" + url.PathEscape(v.ID) + "/artifacts/" + job.ModelGLB + "?" + query.Encode()
	for n := range maxExportPolls {
		var signed struct {
			URL    string `json:"url"`
			Status string `json:"status"`
		}
		if _, err := c.do(ctx, http.MethodGet, address, nil, &signed); err != nil {
			return err
		}
		if signed.URL != "" {
			progress.now("")
			return c.again(ctx, func() error { return c.download(ctx, signed.URL, "", path) })
		}
		if signed.Status == "" {
			return failure("download_failed", "the service neither gives the file nor says that it makes it")
		}
		progress.now(fmt.Sprintf("the service makes the %s file: %s", w.format, time.Duration(n)*exportPoll))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(exportPoll):
		}
	}
	return failure("download_failed", "the service has not made the file in 20 minutes: ask again later, or take model.glb")
}

// downloadFailed is the error that says, after a job that succeeded, that only the download failed.
func downloadFailed(v jobView, out string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w\nThe model is kept: iris get %s -o %s", err, v.ID, strconv.Quote(out))
}

package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// The bounds of a bundle.
const (
	bundleJobs    = 2000      // that are counted, the newest
	bundleFailed  = 50        // that are told of one by one
	bundleLog     = 256 << 10 // bytes of the end of each log
	bundleMetrics = 4 << 20
)

// bundleReadme is what a bundle says of itself.
const bundleReadme = `This bundle of iris doctor says how a deployment is, for who is to help with it.

doctor.json         what was looked at, and the verdict
versions.json       the program and this machine
configuration.json  the template's parameters that are not the default; those with free text say only that they are set
metrics.txt         what iris up counted since its start
jobs.json           how many jobs there are of each status and code, and the last ones that failed or were refused
logs/               the end of each log

It holds no name, no key, no owner, no address and no text of an upload: of logs and
metrics only words of the program's own source and numbers are here, the rest is left out
and counted. Job ids are here; they say nothing without the deployment.
`

// bundle gathers what helps somebody else to see what is wrong.
type bundle struct {
	zip *zip.Writer
	at  time.Time
}

// writeBundle writes the bundle to a file that was not there before, or leaves none.
func writeBundle(ctx context.Context, path, state string, d diagnosis, api *client) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usage("no_output: there is a file of the bundle's name: choose another, or delete it")
	}
	if err != nil {
		return withoutPath("the bundle cannot be written", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	b := bundle{zip.NewWriter(f), time.Now().UTC()}
	steps := []error{
		b.text("README.txt", bundleReadme), b.doctor(d), b.versions(), b.configuration(state), b.metrics(ctx, api), b.jobs(ctx, api), b.logs(state), b.zip.Close(),
	}
	return errors.Join(steps...)
}

func (b bundle) text(name, text string) error {
	w, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: b.at})
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	return err
}

func (b bundle) json(name string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return b.text(name, string(text)+"\n")
}

// plain are the checks whose words hold versions and numbers only; others name folders,
// addresses and programs of this machine, and only their verdict is told.
var plain = []string{"node", "go", "python", "disk", "memory", "descriptors", "processors", "clock", "packages", "functions", "storage", "model"}

func (b bundle) doctor(d diagnosis) error {
	type told struct {
		Check   string  `json:"check"`
		Verdict verdict `json:"verdict"`
		What    string  `json:"what,omitempty"`
	}
	all := []told{}
	for _, f := range d.Findings {
		one := told{Check: f.Check, Verdict: f.Verdict}
		if slices.Contains(plain, f.Check) || strings.HasPrefix(f.Check, sickPrefix) {
			one.What = f.What
		}
		all = append(all, one)
	}
	return b.json("doctor.json", map[string]any{"ok": d.OK, "findings": all})
}

func (b bundle) versions() error {
	return b.json("versions.json", map[string]any{
		"iris": version, "go": runtime.Version(), "system": runtime.GOOS + "/" + runtime.GOARCH, "processors": runtime.NumCPU(), "made_at": since(b.at),
	})
}

func (b bundle) configuration(state string) error {
	r, err := readReady(state)
	if err != nil {
		return b.json("configuration.json", map[string]any{"parameters": nil, "why": "no stack runs here"})
	}
	return b.json("configuration.json", map[string]any{"parameters": scrubParameters(r.Parameters)})
}

// scrubParameters tells the values of parameters that are numbers or one of a few words.
func scrubParameters(all map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range all {
		switch {
		case !ownParameter[name]:
			continue
		case value == "":
			out[name] = ""
		case slices.Contains([]string{"yes", "no", "none", "create", "bucket", "prefix", "bounds", "weights", "local/tissue", "tissue", "total", "total,total_mr"}, value) || strings.Trim(value, "0123456789.") == "":
			out[name] = value
		default:
			out[name] = "(set)"
		}
	}
	return out
}

func (b bundle) metrics(ctx context.Context, api *client) error {
	text, err := readMetrics(ctx, api)
	if err != nil {
		return b.text("metrics.txt", "# there are none here\n")
	}
	return b.text("metrics.txt", scrubMetrics(text))
}

// readMetrics asks the stack on this machine; a deployment on AWS has its metrics in
// CloudWatch.
func readMetrics(ctx context.Context, api *client) (string, error) {
	if api == nil {
		return "", errors.New("no service is named")
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, api.base+"/metrics", nil)
	if err != nil {
		return "", errors.New("its address cannot be used")
	}
	if api.token != "" {
		req.Header.Set("Authorization", "Bearer "+api.token)
	}
	res, err := api.http.Do(req)
	if err != nil {
		return "", unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		return "", errors.New(res.Status)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, bundleMetrics))
	return string(text), err
}

// failedJob is what is told of a job that failed.
type failedJob struct {
	Job     string             `json:"job"`
	Attempt int                `json:"attempt"`
	Status  job.Status         `json:"status"`
	Code    string             `json:"code"`
	Created string             `json:"created_at"`
	Stages  map[string]float64 `json:"stages_seconds"`
}

func (b bundle) jobs(ctx context.Context, api *client) error {
	counts, failed, n := map[string]int{}, []failedJob{}, 0
	why := ""
	for after := ""; api != nil && n < bundleJobs; {
		var page struct {
			Jobs []jobView
			Next string
		}
		if _, err := api.do(ctx, http.MethodGet, "/v1/jobs?limit=100&cursor="+url.QueryEscape(after), nil, &page); err != nil {
			why = "the API does not list them all"
			break
		}
		for _, j := range page.Jobs {
			n++
			status, reason := string(j.Status), ""
			if j.Status.Rank() < 0 {
				status = "unknown"
			}
			if j.Error != nil {
				if reason = "unknown"; known(j.Error.Code) {
					reason = j.Error.Code
				}
			}
			counts[strings.TrimSpace(status+" "+reason)]++
			if (j.Status == job.Failed || j.Status == job.Rejected) && len(failed) < bundleFailed && job.ValidID(j.ID) {
				failed = append(failed, failedJob{j.ID, j.Attempt, j.Status, reason, since(j.CreatedAt), stageSeconds(j.Stages)})
			}
		}
		if after = page.Next; after == "" {
			break
		}
	}
	return b.json("jobs.json", map[string]any{"newest": n, "counts": counts, "failed": failed, "why_not_all": why})
}

func stageSeconds(stages []stageView) map[string]float64 {
	out := map[string]float64{}
	for _, s := range stages {
		if s.EndedAt != nil && s.Name.Rank() >= 0 {
			out[string(s.Name)] = s.EndedAt.Sub(s.StartedAt).Seconds()
		}
	}
	return out
}

// logs are those of the state folder whose names are functions of this program.
func (b bundle) logs(state string) error {
	all, _ := filepath.Glob(filepath.Join(state, "logs", "*.log"))
	texts := map[string]string{}
	for _, path := range all {
		name := strings.TrimSuffix(filepath.Base(path), ".log")
		if !nobodys(fmt.Sprintf(`x="%s"`, name)) {
			continue
		}
		text, err := lastOf(path, bundleLog)
		if err != nil {
			return withoutPath("a log cannot be read", err)
		}
		texts[name] = scrubLog(text)
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if err := b.text("logs/"+name+".txt", texts[name]); err != nil {
			return err
		}
	}
	return nil
}

// lastOf is the end of a file, from the beginning of a line.
func lastOf(path string, bytes int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	from := max(info.Size()-bytes, 0)
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, bytes))
	if _, rest, found := strings.Cut(string(text), "\n"); from > 0 && found {
		return rest, err
	}
	return string(text), err
}

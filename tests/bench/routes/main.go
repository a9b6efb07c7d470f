// Command routes measures each route of the HTTP API of a stack on this machine under 50
// clients at once. In: the iris to start. Out: a table of latencies in Markdown, which
// --out puts into docs/benchmarks.md between its marks.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/iris-oculus/iris/tests/bench/page"
)

func main() {
	iris := flag.String("iris", "bin/iris", "the program that starts the stack")
	out := flag.String("out", "", "the page to write the table into; none: only print it")
	clients := flag.Int("clients", 50, "clients at once")
	requests := flag.Int("requests", 1000, "requests of each route")
	flag.Parse()
	table, err := measure(*iris, *clients, *requests)
	if err == nil {
		fmt.Print(table)
		if *out != "" {
			err = replace(*out, table)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// route is what one client asks; n is the number of the request.
type route struct {
	name   string
	ask    func(n int) (*http.Request, error)
	status int
}

func measure(iris string, clients, requests int) (string, error) {
	state, err := os.MkdirTemp("", "iris-routes-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(state)
	up := exec.Command(iris, "up", "--json", "--state", state, "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0", "--linger", "2s")
	up.Stderr = os.Stderr
	said, err := up.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := up.Start(); err != nil {
		return "", err
	}
	defer func() { _ = up.Process.Signal(syscall.SIGTERM); _ = up.Wait() }()
	line, err := bufio.NewReader(said).ReadBytes('\n')
	var ready struct{ HTTP string }
	if err != nil || json.Unmarshal(line, &ready) != nil {
		return "", fmt.Errorf("iris up says %q: %w", line, err)
	}
	scan := filepath.Join(state, "sample.nii.gz")
	if err := exec.Command(iris, "sample", scan, "--size", "48").Run(); err != nil {
		return "", fmt.Errorf("iris sample: %w", err)
	}
	text, err := exec.Command(iris, "run", scan, "--state", state, "--json", "-o", filepath.Join(state, "m.glb")).Output()
	var job struct{ ID string }
	if err != nil || json.Unmarshal(text, &job) != nil {
		return "", fmt.Errorf("iris run: %w", err)
	}

	b := bench{base: ready.HTTP, clients: clients, requests: requests,
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	one := "/v1/jobs/" + job.ID
	etag, err := b.etag(one)
	if err != nil {
		return "", err
	}
	made := make([]string, requests)
	var table strings.Builder
	fmt.Fprintf(&table, "| route, %d clients at once, %d requests | a second | p50 ms | p95 ms | max ms |\n|---|---|---|---|---|\n", clients, requests)
	of := func(n int) string { return "/v1/jobs/" + made[n] }
	for _, r := range []route{
		{"GET /healthz", b.plain("GET", "/healthz"), 200},
		{"GET /readyz", b.plain("GET", "/readyz"), 200},
		{"GET /openapi.json", b.plain("GET", "/openapi.json"), 200},
		{"POST /v1/jobs", func(int) (*http.Request, error) {
			return b.request("POST", "/v1/jobs", `{"file":"a.nii.gz","bytes":40000000}`, "")
		}, 202},
		{"GET /v1/jobs/{id}", b.plain("GET", one), 200},
		{"GET /v1/jobs/{id}, If-None-Match", func(int) (*http.Request, error) { return b.request("GET", one, "", etag) }, 304},
		{"GET /v1/jobs?limit=50", b.plain("GET", "/v1/jobs?limit=50"), 200},
		{"GET /v1/jobs?key=", func(n int) (*http.Request, error) {
			return b.request("GET", "/v1/jobs?key=jobs/"+made[n]+"/scan.nii.gz", "", "")
		}, 200},
		{"GET …/artifacts/model.glb as JSON", b.plain("GET", one+"/artifacts/model.glb"), 200},
		{"GET …/artifacts/model.glb?format=stl&structure=skin, first 202 then 200", b.plain("GET", one+"/artifacts/model.glb?format=stl&structure=skin"), 0},
		{"POST …/parts, two numbers", func(n int) (*http.Request, error) { return b.request("POST", of(n)+"/parts", `{"numbers":[1,2]}`, "") }, 200},
		{"POST …/parts, to resume", func(n int) (*http.Request, error) { return b.request("POST", of(n)+"/parts", `{}`, "") }, 200},
		{"POST …/cancel", func(n int) (*http.Request, error) { return b.request("POST", of(n)+"/cancel", "", "") }, 200},
		{"DELETE /v1/jobs/{id}", func(n int) (*http.Request, error) { return b.request("DELETE", of(n), "", "") }, 204},
	} {
		times, wall, err := b.run(r, func(n int, body []byte) {
			var reply struct{ Job struct{ ID string } }
			if r.name == "POST /v1/jobs" && json.Unmarshal(body, &reply) == nil {
				made[n] = reply.Job.ID
			}
		})
		if err != nil {
			return "", fmt.Errorf("%s: %w", r.name, err)
		}
		slices.Sort(times)
		at := func(share float64) float64 {
			return float64(times[min(len(times)-1, int(share*float64(len(times))))].Microseconds()) / 1000
		}
		fmt.Fprintf(&table, "| %s | %.0f | %.1f | %.1f | %.1f |\n", r.name, float64(requests)/wall.Seconds(), at(0.5), at(0.95), at(1))
	}
	return table.String(), nil
}

type bench struct {
	base              string
	clients, requests int
	http              *http.Client
}

func (b bench) request(method, path, body, etag string) (*http.Request, error) {
	r, err := http.NewRequest(method, b.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	return r, nil
}

func (b bench) plain(method, path string) func(int) (*http.Request, error) {
	return func(int) (*http.Request, error) { return b.request(method, path, "", "") }
}

func (b bench) etag(path string) (string, error) {
	r, err := b.request("GET", path, "", "")
	if err != nil {
		return "", err
	}
	resp, err := b.http.Do(r)
	if err != nil {
		return "", err
	}
	return resp.Header.Get("ETag"), resp.Body.Close()
}

// run makes the requests of a route and gives how long each took, the body included. Any
// answer of another status ends it; 0 stands for 200 and 202.
func (b bench) run(r route, read func(n int, body []byte)) ([]time.Duration, time.Duration, error) {
	times := make([]time.Duration, b.requests)
	errs := make(chan error, b.clients)
	var next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range b.clients {
		all.Go(func() {
			for n := int(next.Add(1) - 1); n < b.requests; n = int(next.Add(1) - 1) {
				body, took, err := b.one(r, n)
				if err != nil {
					errs <- err
					return
				}
				times[n] = took
				read(n, body)
			}
		})
	}
	all.Wait()
	wall := time.Since(began)
	select {
	case err := <-errs:
		return nil, 0, err
	default:
		return times, wall, nil
	}
}

func (b bench) one(r route, n int) ([]byte, time.Duration, error) {
	req, err := r.ask(n)
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	resp, err := b.http.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	took := time.Since(began)
	if err == nil && resp.StatusCode != r.status && (r.status != 0 || resp.StatusCode != 200 && resp.StatusCode != 202) {
		err = fmt.Errorf("%s: %.200s", resp.Status, body)
	}
	return body, took, err
}

// replace puts the table into the page between its marks.
func replace(path, table string) error {
	head := fmt.Sprintf("%s, %d processors, %s. Everything is on this machine: the clients, API Gateway's double, the function, the job table and S3. A request is timed with its body. `retry`, `remesh` and `complete` start work and are not measured so.\n\n", runtime.GOOS, runtime.NumCPU(), runtime.Version())
	return page.Replace(path, "routes", head+table)
}

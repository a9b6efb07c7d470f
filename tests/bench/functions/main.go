// Command functions measures what Lambda loads: the size of each function's zip, built for
// Lambda's processor by `make package`, and how long this machine's build of it takes from
// the start of its process to its first answer, with the one round trip to AWS that most
// first answers need (to a server here, which answers at once). Out: a table in Markdown,
// which --out puts into docs/benchmarks.md between its marks.
package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/template"
	"github.com/iris-oculus/iris/tests/bench/page"
)

func main() {
	out := flag.String("out", "", "the page to write the table into; none: only print it")
	packaged := flag.String("packaged", "build/aws/build", "the functions for Lambda's processor")
	here := flag.String("here", "build", "the functions for this machine")
	runs := flag.Int("runs", 20, "processes of each function")
	flag.Parse()
	table, err := measure(*packaged, *here, *runs)
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

func measure(packaged, here string, runs int) (string, error) {
	who := template.Identity{Account: "000000000000", Region: "us-east-1", Stack: "iris", APIEndpoint: "http://127.0.0.1"}
	t, err := template.Load("template.yaml", who, map[string]string{
		"ModelImageUri": "local", "WebhookUrl": "https://example.org/", "WebhookSecrets": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	})
	if err != nil {
		return "", err
	}
	aws, err := refusing()
	if err != nil {
		return "", err
	}
	var table strings.Builder
	fmt.Fprintln(&table, "| function | program, MB | zip, MB | first answer, ms: fastest | median | 95th |\n|---|---|---|---|---|---|")
	for _, f := range t.Functions {
		size, packed, err := sizes(filepath.Join(packaged, f.Folder, "bootstrap"))
		if err != nil {
			return "", err
		}
		var took []time.Duration
		for range runs + 1 {
			d, err := first(filepath.Join(here, f.Folder, "bootstrap"), f, aws)
			if err != nil {
				return "", fmt.Errorf("%s: %w", f.Folder, err)
			}
			took = append(took, d)
		}
		took = took[1:] // the first one reads the program from the disk
		slices.Sort(took)
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		fmt.Fprintf(&table, "| %s | %.1f | %.1f | %.0f | %.0f | %.0f |\n", f.Folder, float64(size)/1e6, float64(packed)/1e6,
			ms(took[0]), ms(took[len(took)/2]), ms(took[len(took)*95/100]))
	}
	return table.String(), nil
}

// sizes are a program's bytes, and those of the zip that `sam deploy` uploads.
func sizes(program string) (size, packed int64, err error) {
	in, err := os.Open(program)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: make package", err)
	}
	defer in.Close()
	var out counter
	z := zip.NewWriter(&out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.DefaultCompression) })
	w, err := z.Create("bootstrap")
	if err != nil {
		return 0, 0, err
	}
	if size, err = io.Copy(w, in); err != nil {
		return 0, 0, err
	}
	return size, int64(out), errors.Join(z.Close())
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// refusing is AWS that refuses every call in a way that no client repeats.
func refusing() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"ValidationException","message":"refused"}`)
		}))
	}()
	return "http://" + l.Addr().String(), nil
}

// events are what a function is asked first; the others get what the workflow sends.
var events = map[string]string{
	"api":       `{"version":"2.0","rawPath":"/healthz","requestContext":{"http":{"method":"GET","path":"/healthz"}}}`,
	"intake":    `{"detail":{"bucket":{"name":"iris-uploads"},"object":{"key":"a.nii","size":1,"etag":"e","sequencer":"0"}}}`,
	"notify":    `{"detail":{"job":"01JD0000000000000000000001","attempt":1,"status":"ready"}}`,
	"segmented": `{"Records":[{"Sns":{"Message":"{\"invocationStatus\":\"Completed\",\"inferenceId\":\"01JD0000000000000000000001-1\"}"}}]}`,
	"gpu":       `{"action":"status"}`,
	"settle":    `{"action":"publish","job":"01JD0000000000000000000001","attempt":1}`,
}

const usual = `{"job":"01JD0000000000000000000001","attempt":1}`

// first is how long a new process takes to its first answer.
func first(program string, f template.Function, aws string) (time.Duration, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	answered := make(chan time.Time, 1)
	event := events[f.Folder]
	if event == "" {
		event = usual
	}
	given := false
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/invocation/next") {
			if given {
				<-r.Context().Done()
				return
			}
			given = true
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			_, _ = io.WriteString(w, event)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case answered <- time.Now():
		default:
		}
		w.WriteHeader(http.StatusAccepted)
	})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	c := exec.CommandContext(ctx, program)
	c.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + l.Addr().String(), "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + fmt.Sprint(f.MemoryMB), "AWS_REGION=us-east-1",
		"AWS_ENDPOINT_URL=" + aws, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_EC2_METADATA_DISABLED=true",
	}
	for name, value := range f.Environment {
		c.Env = append(c.Env, name+"="+value)
	}
	began := time.Now()
	if err := c.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	defer func() { stop(); <-ended }()
	select {
	case at := <-answered:
		return at.Sub(began), nil
	case err := <-ended:
		ended <- err
		return 0, fmt.Errorf("it ended without an answer: %w", err)
	}
}

// busy is the machine's load averages, where it tells them.
func busy() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return string(text)
}

// replace puts a table between the marks of a page.
func replace(path, table string) error {
	load, _, _ := strings.Cut(busy(), " ")
	head := fmt.Sprintf("%d processors, %s/%s, load average %s here; the zips are for Lambda's processor.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, load)
	return page.Replace(path, "functions", head+table)
}

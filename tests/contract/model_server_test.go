// Package contract holds every model server to one contract (DESIGN.md §4). The
// server is a program, started as SageMaker and `iris up` start it:
//
//	IRIS_MODEL_COMMAND  the program and its arguments, separated by spaces; build/tissue by default
//	IRIS_MODEL_ATTRIBUTES  a request that it can serve; "task=tissue;fast=false" by default
package contract

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
	"github.com/iris-oculus/iris/internal/volume/phantom"
)

const attributesHeader = "X-Amzn-SageMaker-Custom-Attributes"

type modelServer struct {
	url        string
	attributes string
	process    *exec.Cmd
	ended      chan error
}

func start(t *testing.T) *modelServer {
	t.Helper()
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: the model server contract runs with IRIS_E2E=1 (make e2e, make test-model)")
	}
	command := strings.Fields(os.Getenv("IRIS_MODEL_COMMAND"))
	if len(command) == 0 {
		program, err := filepath.Abs(filepath.Join("..", "..", "build", "tissue"))
		if err != nil {
			t.Fatal(err)
		}
		command = []string{program}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	s := &modelServer{
		url:        fmt.Sprintf("http://127.0.0.1:%d", port),
		attributes: cmp.Or(os.Getenv("IRIS_MODEL_ATTRIBUTES"), "task=tissue;fast=false"),
		process:    exec.Command(command[0], append(command[1:], "serve")...),
		ended:      make(chan error, 1),
	}
	s.process.Env = append(os.Environ(), "SAGEMAKER_BIND_TO_PORT="+strconv.Itoa(port))
	s.process.Stderr = os.Stderr
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.process.Wait() }()
	t.Cleanup(func() { _ = s.process.Process.Kill() })
	for limit := time.Now().Add(5 * time.Minute); ; {
		if resp, err := http.Get(s.url + "/ping"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return s
			}
		}
		if time.Now().After(limit) {
			t.Fatal("/ping did not answer 200 within five minutes")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (s *modelServer) post(t *testing.T, attributes string, body io.Reader) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/invocations", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(attributesHeader, attributes)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, out
}

func encoded(t *testing.T, v *volume.Volume) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := nifti.WriteVolume(&out, v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// wantError is the form of every refusal.
func wantError(t *testing.T, name string, resp *http.Response, body []byte, status int, code string) {
	t.Helper()
	var e struct {
		Status        int
		Code, Message string
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Status != resp.StatusCode || resp.StatusCode != status || e.Code != code || e.Message == "" {
		t.Errorf("%s: %s %s (%v), want %d %s", name, resp.Status, body, err, status, code)
	}
	if resp.Header.Get("Content-Length") != strconv.Itoa(len(body)) {
		t.Errorf("%s: Content-Length %q of %d bytes", name, resp.Header.Get("Content-Length"), len(body))
	}
}

func TestModelServer(t *testing.T) {
	s := start(t)
	v := phantom.Torso([3]int{48, 44, 40}, 8)
	good := encoded(t, v)

	t.Run("labels", func(t *testing.T) {
		resp, body := s.post(t, s.attributes, bytes.NewReader(good))
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Length") != strconv.Itoa(len(body)) || resp.TransferEncoding != nil {
			t.Fatalf("%s, Content-Length %q of %d bytes: %.200s", resp.Status, resp.Header.Get("Content-Length"), len(body), body)
		}
		size := 0
		for name, values := range resp.Header {
			size += len(name) + len(strings.Join(values, ",")) + 4
		}
		if size >= 4096 || !strings.Contains(resp.Header.Get(attributesHeader), "read=") {
			t.Errorf("headers of %d bytes, want less than 4096 and seconds per step: %v", size, resp.Header)
		}
		m, err := nifti.ReadLabels(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if m.Dims != v.Dims || m.Affine != v.Affine {
			t.Errorf("grid %v %v, want %v %v", m.Dims, m.Affine, v.Dims, v.Affine)
		}
		p := m.Table.Provenance
		if len(m.Table.Labels) == 0 || p.Model == "" || p.Version == "" || !strings.Contains(s.attributes, "task="+p.Task) {
			t.Errorf("table of %d labels, provenance %+v", len(m.Table.Labels), p)
		}
		for n := range m.Len() {
			if id := m.At(n); id != 0 {
				if _, found := m.Table.Find(id); !found {
					t.Fatalf("label %d is not in the table", id)
				}
			}
		}
		if _, again := s.post(t, s.attributes, bytes.NewReader(good)); !bytes.Equal(again, body) {
			t.Error("the same volume gave other bytes")
		}
	})

	t.Run("refusals", func(t *testing.T) {
		mr := phantom.Torso([3]int{48, 44, 40}, 8)
		for n := range mr.Voxels {
			mr.Voxels[n] += 1024
		}
		for _, c := range []struct {
			name, attributes, code string
			body                   []byte
		}{
			{"empty", s.attributes, "unrecognized", nil},
			{"text", s.attributes, "unrecognized", []byte("not a scan at all")},
			{"cut", s.attributes, "truncated", good[:len(good)/2]},
			{"not in HU", s.attributes, "not_hounsfield", encoded(t, mr)},
			{"unknown task", "task=unheard_of", "bad_option", good},
			{"fast", strings.Split(s.attributes, ";")[0] + ";fast=perhaps", "bad_option", good},
		} {
			resp, body := s.post(t, c.attributes, bytes.NewReader(c.body))
			wantError(t, c.name, resp, body, http.StatusBadRequest, c.code)
		}
	})

	t.Run("busy", func(t *testing.T) {
		// Of three whose bodies never come one is worked on, one waits and one is
		// refused; which one, nobody knows. Expect: it is answered without its body.
		ctx, end := context.WithCancel(t.Context())
		defer end()
		client := http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
		defer client.CloseIdleConnections()
		type reply struct {
			resp *http.Response
			body []byte
		}
		replies := make(chan reply, 3)
		var open []*io.PipeWriter
		var wg sync.WaitGroup
		for range 3 {
			body, w := io.Pipe()
			open = append(open, w)
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/invocations", body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Expect", "100-continue")
			wg.Go(func() {
				resp, err := client.Do(req)
				if err != nil {
					return // let go below
				}
				defer resp.Body.Close()
				if out, err := io.ReadAll(resp.Body); err == nil {
					replies <- reply{resp, out}
				}
			})
		}
		select {
		case r := <-replies:
			wantError(t, "one of three", r.resp, r.body, http.StatusTooManyRequests, "busy")
		case <-time.After(2 * time.Minute):
			t.Error("none of three is refused within two minutes")
		}
		// The bodies end, empty: whoever was let in is told so, not that the server is busy.
		for _, w := range open {
			_ = w.Close()
		}
		for range 2 {
			select {
			case r := <-replies:
				wantError(t, "the other two", r.resp, r.body, http.StatusBadRequest, "unrecognized")
			case <-time.After(2 * time.Minute):
				t.Error("the other two are not answered within two minutes")
			}
		}
		end()
		wg.Wait()
	})

	t.Run("stop", func(t *testing.T) {
		if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-s.ended:
			if err != nil {
				t.Errorf("SIGTERM: ended with %v", err)
			}
		case <-time.After(2 * time.Minute):
			t.Error("SIGTERM: it still runs after two minutes")
		}
	})
}

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// send drops a scan and gives the id of the job that came of it.
func (s *stack) send(t *testing.T, scan, key string) (id string) {
	t.Helper()
	if err := drop(t.Context(), s.sdk(t), scan, key); err != nil {
		t.Fatal(err)
	}
	until(t, key+" has a job", 20*time.Second, func() bool {
		jobs, err := s.jobs(key)
		if err == nil && len(jobs) > 0 {
			id = jobs[0].ID
		}
		return id != ""
	})
	return id
}

// call asks the HTTP API and reads its answer.
func (s *stack) call(t *testing.T, method, path, body string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.HTTP+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %s, %v", method, path, resp.Status, text, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// job reads one job.
func (s *stack) job(t *testing.T, id string) (j job) {
	t.Helper()
	s.call(t, http.MethodGet, "/v1/jobs/"+id, "", &j)
	return j
}

// ends waits until a job has ended, and checks how.
func (s *stack) ends(t *testing.T, id, status, code string) {
	t.Helper()
	var j job
	until(t, "job "+id+" has ended", time.Minute, func() bool { j = s.job(t, id); return j.ended() })
	got := ""
	if j.Error != nil {
		got = j.Error.Code
	}
	if j.Status != status || got != code {
		t.Errorf("job %s ended %s %q, want %s %q", id, j.Status, got, status, code)
	}
}

// iris runs the command line against this stack.
func (s *stack) iris(args ...string) (stdout, stderr string, err error) {
	c := exec.Command(filepath.Join(s.root, "bin", "iris"), append(args, "--state", filepath.Dir(s.Credentials))...)
	var out, problems strings.Builder
	c.Stdout, c.Stderr = &out, &problems
	err = c.Run()
	return out.String(), problems.String(), err
}

// gpuState is what `iris gpu status --json` says.
type gpuState struct {
	Desired    int
	Current    int
	Holders    []string
	Queue      int
	Blocked    bool
	USDPerHour float64 `json:"usd_per_hour"`
}

func (s *stack) gpu(t *testing.T) (g gpuState) {
	t.Helper()
	out, problems, err := s.iris("gpu", "status", "--json")
	if err != nil {
		t.Fatalf("iris gpu status: %v: %s", err, problems)
	}
	if err := json.Unmarshal([]byte(out), &g); err != nil {
		t.Fatalf("iris gpu status: %v: %s", err, out)
	}
	return g
}

// janitor runs settle's sweep, which comes by itself every five minutes.
func (s *stack) janitor(t *testing.T) {
	t.Helper()
	out, err := lambda.NewFromConfig(s.sdk(t)).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("iris-settle"), Payload: []byte(`{"source":"aws.events"}`),
	})
	if err != nil || out.FunctionError != nil {
		t.Fatalf("the janitor: %v, %s", err, out.Payload)
	}
}

// rests checks that nothing goes on any more: nobody holds the lease, the
// endpoint parks, no execution runs. The janitor parks for whoever could not.
func (s *stack) rests(t *testing.T) {
	t.Helper()
	until(t, "the GPU sleeps and nobody holds it", 30*time.Second, func() bool {
		g := s.gpu(t)
		if len(g.Holders) == 0 && g.Desired == 0 && g.Current == 0 {
			return true
		}
		s.janitor(t)
		time.Sleep(200 * time.Millisecond)
		return false
	})
	until(t, "no execution runs", 30*time.Second, func() bool {
		out, err := sfn.NewFromConfig(s.sdk(t)).ListExecutions(t.Context(), &sfn.ListExecutionsInput{
			StateMachineArn: aws.String(arn("states", "stateMachine:iris-scan")), StatusFilter: types.ExecutionStatusRunning,
		})
		return err == nil && len(out.Executions) == 0
	})
}

// handled counts the invocations of a function that have ended, as its log tells.
func (s *stack) handled(t *testing.T, function string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.state, "logs", function+".log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(text), "REPORT RequestId: ")
}

// handles waits until a function has ended n invocations more than before: what was
// sent to it has then had its effect, or none.
func (s *stack) handles(t *testing.T, function string, before, n int) {
	t.Helper()
	until(t, fmt.Sprintf("%s has ended %d invocations after %d", function, n, before), patience, func() bool {
		return s.handled(t, function) >= before+n
	})
}

// arn names a resource of the local account.
func arn(service, resource string) string {
	return "arn:aws:" + service + ":us-east-1:000000000000:" + resource
}

// working says whether the work bucket holds an object of a job's first attempt.
func (s *stack) working(t *testing.T, id, name string) bool {
	t.Helper()
	_, err := s3.NewFromConfig(s.sdk(t)).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("iris-work"), Key: aws.String(id + "/1/" + name)})
	return err == nil
}

// publish sends a message to a topic, signed by hand: go.mod has no SDK for SNS.
func (s *stack) publish(t *testing.T, topic, message string) {
	t.Helper()
	body := url.Values{
		"Action": {"Publish"}, "Version": {"2010-03-31"}, "TopicArn": {arn("sns", topic)}, "Message": {message},
	}.Encode()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.AWS+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	key, err := s.sdk(t).Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(t.Context(), key, req, hex.EncodeToString(sum[:]), "sns", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("publish to %s: %s %s, %v", topic, resp.Status, text, err)
	}
}

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
)

// kills of one run: the issue asks for fifty; IRIS_KILLS sets another number.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("IRIS_KILLS")
	if text == "" {
		return 50
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("IRIS_KILLS=%q: want a number of at least 1", text)
	}
	return n
}

// way is what a job goes through; its stack is killed once in each. (Between
// ready and the end of its execution the GPU lingers and is parked.)
var way = []string{"uploading", "received", "preparing", "warming", "segmenting", "meshing", "ready"}

// TestKilledJobsEndReadyOnce kills the stack again and again while a job is on
// its way, from its upload on. Every job must end ready, once, with the bytes of
// a job that nobody disturbed, and the endpoint must be parked.
func TestKilledJobsEndReadyOnce(t *testing.T) {
	state := t.TempDir()
	s := up(t, state)
	scan := sample(t, 64)
	if err := drop(t.Context(), s.sdk(t), scan, "undisturbed.nii.gz"); err != nil {
		t.Fatal(err)
	}
	want := s.finish(t, "undisturbed.nii.gz", time.Minute)
	if want.Status != "ready" {
		t.Fatalf("the undisturbed job ended %s: %+v", want.Status, want.Error)
	}

	random := rand.New(rand.NewPCG(2026, 11))
	seen := map[string]int{} // what the job was doing when its stack was killed
	for killed, n := 0, 0; killed < kills(t); n++ {
		d := disturbed{key: fmt.Sprintf("killed-%d.nii.gz", n), scan: scan, sent: make(chan error, 1)}
		d.send(t, s)
		for _, moment := range way {
			d.reach(t, s, moment)
			time.Sleep(time.Duration(random.Int64N(int64(120 * time.Millisecond))))
			seen[d.doing(s)]++
			s.kill(t)
			if random.IntN(3) == 0 {
				starting := launch(t, state)
				time.Sleep(time.Duration(random.Int64N(int64(600 * time.Millisecond))))
				starting.kill(t)
				seen["starting"]++
				killed++
			}
			s = up(t, state)
			killed++
			d.again(t, s)
		}
		d.wait(t)
		got := s.finish(t, d.key, 2*time.Minute)
		if got.Status != "ready" || got.Attempt != 1 {
			t.Errorf("%s ended %s, attempt %d: %+v", d.key, got.Status, got.Attempt, got.Error)
		}
		for name, a := range want.Artifacts {
			if got.Artifacts[name].SHA256 != a.SHA256 {
				t.Errorf("%s: %s differs from the undisturbed job's", d.key, name)
			}
		}
	}
	s.parked(t)
	t.Logf("killed while the job was %v", seen)
}

// disturbed is an upload whose stack is killed under it.
type disturbed struct {
	key, scan string
	sent      chan error // of the upload under way
	there     bool       // the upload was acknowledged, or stored before the kill
}

func (d *disturbed) send(t *testing.T, s *stack) {
	cfg := s.sdk(t)
	go func() { d.sent <- drop(t.Context(), cfg, d.scan, d.key) }()
}

func (d *disturbed) doing(s *stack) string {
	if jobs, err := s.jobs(d.key); err == nil && len(jobs) > 0 {
		return jobs[0].Status
	}
	return "uploading"
}

// reach waits until the job has come to a status, or gone past it.
func (d *disturbed) reach(t *testing.T, s *stack, status string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); slices.Index(way, d.doing(s)) < slices.Index(way, status); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s stays %s on its way to %s", d.key, d.doing(s), status)
		}
	}
}

// again sends the file once more if the kill cut its upload off, as its sender
// would. Whoever was told that it is stored does nothing.
func (d *disturbed) again(t *testing.T, s *stack) {
	if d.there {
		return
	}
	if err := <-d.sent; err == nil || stored(t.Context(), s.sdk(t), d.key) {
		d.there = true
		return
	}
	d.send(t, s)
}

// wait waits for an upload that is still under way.
func (d *disturbed) wait(t *testing.T) {
	t.Helper()
	if d.there {
		return
	}
	if err := <-d.sent; err != nil {
		t.Fatal(err)
	}
}

// kill ends the stack as kill -9 does.
func (s *stack) kill(t *testing.T) {
	t.Helper()
	if err := s.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.process.Wait()
}

// parked waits until the endpoint rests: the linger is a second.
func (s *stack) parked(t *testing.T) {
	t.Helper()
	client := sagemaker.NewFromConfig(s.sdk(t))
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		out, err := client.DescribeEndpoint(t.Context(), &sagemaker.DescribeEndpointInput{EndpointName: aws.String("iris-model")})
		if err == nil && *out.ProductionVariants[0].DesiredInstanceCount == 0 && *out.ProductionVariants[0].CurrentInstanceCount == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the endpoint is not parked: %+v, %v", out, err)
		}
	}
}

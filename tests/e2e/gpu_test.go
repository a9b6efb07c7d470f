package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
)

// Ten jobs at once are ten requests for one instance, which comes once and goes once.
func TestBatchKeepsOneInstance(t *testing.T) {
	t.Parallel()
	model := newInstall(t)
	s := up(t, t.TempDir(), "--install", model.dir)
	scan := sample(t, 32)
	seen := s.watchCapacity(t)
	var dropped sync.WaitGroup
	for n := range 10 {
		dropped.Go(func() {
			if err := drop(t.Context(), s.sdk(t), scan, fmt.Sprintf("batch-%d.nii.gz", n)); err != nil {
				t.Error(err)
			}
		})
	}
	dropped.Wait()
	for n := range 10 {
		if j := s.finish(t, fmt.Sprintf("batch-%d.nii.gz", n), 2*time.Minute); j.Status != "ready" {
			t.Errorf("job %d ended %s: %+v", n, j.Status, j.Error)
		}
	}
	s.parked(t)
	if got, want := seen(), []int{0, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("the desired capacity went %v, want %v", got, want)
	}
}

// watchCapacity looks at the endpoint many times a second, until the function
// that it returns is called, which tells the desired capacities one after the other.
func (s *stack) watchCapacity(t *testing.T) func() []int {
	client, done, ended := sagemaker.NewFromConfig(s.sdk(t)), make(chan struct{}), make(chan struct{})
	var seen []int
	look := func() {
		out, err := client.DescribeEndpoint(t.Context(), &sagemaker.DescribeEndpointInput{EndpointName: aws.String("iris-model")})
		if err != nil {
			return
		}
		if n := int(*out.ProductionVariants[0].DesiredInstanceCount); len(seen) == 0 || seen[len(seen)-1] != n {
			seen = append(seen, n)
		}
	}
	look()
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				look()
			}
		}
	}()
	return func() []int {
		close(done)
		<-ended
		look()
		return seen
	}
}

// With lever weights and two instances at most the capacity follows the backlog,
// up and down, and nobody's request is lost.
func TestCapacityFollowsTheBacklog(t *testing.T) {
	t.Parallel()
	model := newInstall(t)
	s := up(t, t.TempDir(), "--install", model.dir,
		"--parameter", "CapacityLever=weights", "--parameter", "MaxInstances=2", "--parameter", "JobsPerInstance=2")
	scan := sample(t, 32)
	model.hold(t)
	var ids []string
	for n := range 2 {
		ids = append(ids, s.send(t, scan, fmt.Sprintf("first-%d.nii.gz", n)))
	}
	until(t, "two jobs hold one instance", time.Minute, func() bool { g := s.gpu(t); return g.Queue == 2 && g.Desired == 1 && g.Current == 1 })
	for n := range 2 {
		ids = append(ids, s.send(t, scan, fmt.Sprintf("second-%d.nii.gz", n)))
	}
	until(t, "four jobs hold two instances", time.Minute, func() bool { g := s.gpu(t); return g.Queue == 4 && g.Desired == 2 && g.Current == 2 })

	for _, id := range ids[:3] {
		model.let(t, id)
	}
	for _, id := range ids[:3] {
		s.ends(t, id, "ready", "")
	}
	until(t, "one job is left", time.Minute, func() bool { return s.gpu(t).Queue == 1 })
	s.janitor(t) // it alone takes some of several instances away
	until(t, "one job holds one instance", time.Minute, func() bool { g := s.gpu(t); return g.Queue == 1 && g.Desired == 1 && g.Current == 1 })
	model.free(t)
	s.ends(t, ids[3], "ready", "")
	s.rests(t)
}

// What people see and do by hand, and what a budget stop does to them.
func TestGPUByHand(t *testing.T) {
	t.Parallel()
	model := newInstall(t)
	s := up(t, t.TempDir(), "--install", model.dir,
		"--parameter", "InstancePrice=0.7364", "--parameter", "MonthlyBudgetUSD=50", "--linger", "12s")
	scan := sample(t, 32)

	s.act(t, "warm")
	until(t, "the GPU is warm", time.Minute, func() bool { g := s.gpu(t); return g.Current == 1 && g.USDPerHour == 0.7364 })
	s.act(t, "park") // it lingers
	if g := s.gpu(t); g.Desired != 1 || g.Queue != 0 {
		t.Errorf("parked before the linger was over: %+v", g)
	}
	s.rests(t)

	model.hold(t)
	first, second := s.send(t, scan, "held-1.nii.gz"), s.send(t, scan, "held-2.nii.gz")
	until(t, "both jobs wait", time.Minute, func() bool {
		return s.job(t, first).Status == "segmenting" && s.job(t, second).Status == "segmenting"
	})
	want := []string{execution(first), execution(second)}
	slices.Sort(want)
	if g := s.gpu(t); g.Current != 1 || g.Desired != 1 || g.Queue != 2 || !slices.Equal(g.Holders, want) || g.USDPerHour != 0.7364 || g.Blocked {
		t.Errorf("two jobs wait, and the status is %+v", g)
	}
	s.act(t, "park") // somebody needs it
	if g := s.gpu(t); g.Desired != 1 {
		t.Errorf("parked under its holders: %+v", g)
	}
	if out, problems, err := s.iris("gpu", "status"); err != nil || !strings.Contains(out, execution(first)) || !strings.Contains(out, "0.7364 USD per hour") {
		t.Errorf("iris gpu status: %v: %s%s", err, out, problems)
	}

	s.publish(t, "iris-budget", "AWS Budget Notification: you have exceeded your budget")
	s.ends(t, first, "failed", "budget_stop")
	s.ends(t, second, "failed", "budget_stop")
	s.rests(t)
	if !s.gpu(t).Blocked {
		t.Error("the budget stop is not in force")
	}
	for _, id := range []string{first, second} {
		if s.working(t, id, "volume.nii.gz") {
			t.Error("a stopped job's request could still run")
		}
	}
	refused := s.send(t, scan, "refused.nii.gz")
	s.ends(t, refused, "failed", "budget_stop")
	if _, problems, err := s.iris("gpu", "warm"); err == nil || !strings.Contains(problems, "BudgetError") {
		t.Errorf("warm under a budget stop: %v: %s", err, problems)
	}
	s.rests(t)

	model.free(t)
	s.act(t, "unblock")
	s.ends(t, s.send(t, scan, "after.nii.gz"), "ready", "")
	s.rests(t)
}

// act moves the GPU by hand.
func (s *stack) act(t *testing.T, action string) {
	t.Helper()
	if _, problems, err := s.iris("gpu", action); err != nil {
		t.Fatalf("iris gpu %s: %v: %s", action, err, problems)
	}
}

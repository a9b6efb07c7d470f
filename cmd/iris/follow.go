package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
)

const pollEvery = 500 * time.Millisecond

// follow polls a job until it ends and tells said of each change of status, and of the
// first look at the scan once there is one.
func (c *client) follow(ctx context.Context, id string, said func(jobView)) (jobView, []byte, error) {
	var last job.Status
	glimpsed := false
	changed := time.Now()
	for {
		v, raw, err := c.job(ctx, id)
		if err != nil {
			return v, raw, err
		}
		switch {
		case v.Status != last:
			last, changed, glimpsed = v.Status, time.Now(), v.glimpsed()
			said(v)
		case v.glimpsed() && !glimpsed:
			glimpsed = true
			said(v)
		}
		if v.Status.Ended() {
			return v, raw, nil
		}
		if err := c.sleep(ctx, c.pollAfter(time.Since(changed))); err != nil {
			return v, raw, err
		}
	}
}

// pollAfter is how long to wait before a job is asked after again: on this machine half a
// second, elsewhere, where each question costs, what the service asks for by Retry-After: a
// tenth of the time that the job has been in its stage, from 2 s to 15 s.
func (c *client) pollAfter(unchanged time.Duration) time.Duration {
	if u, err := url.Parse(c.base); err == nil && loopback(u.Hostname()) {
		return pollEvery
	}
	wait := max(2*time.Second, min(unchanged/10, 15*time.Second))
	return wait + c.jitter(wait/4)
}

// glimpsed says whether there is a first look at the scan.
func (v jobView) glimpsed() bool { return v.Artifacts[job.GlimpseGLB].Provisional }

// standing says where a job stands, and how to see its scan meanwhile.
func (v jobView) standing() string {
	if !v.glimpsed() {
		return statusWords(v.Status)
	}
	return statusWords(v.Status) + "; a first look: iris get " + v.ID + " --artifact " + job.GlimpseGLB
}

// statusWords is a status in words for a person.
func statusWords(s job.Status) string {
	switch s {
	case job.AwaitingUpload:
		return "waiting for the upload"
	case job.Warming:
		return "waiting for the GPU"
	}
	return string(s)
}

// timeline prints when a job did what.
func timeline(w io.Writer, v jobView) {
	for _, s := range v.Stages {
		took := "…"
		if s.EndedAt != nil {
			took = fmt.Sprintf("%.1f s", s.EndedAt.Sub(s.StartedAt).Seconds())
		}
		fmt.Fprintf(w, "  %-24s %8s\n", statusWords(s.Name), took)
	}
	fmt.Fprintf(w, "  %s\n", statusWords(v.Status))
	for _, n := range v.Warnings {
		fmt.Fprintf(w, "  warning: %s: %s\n", n.Code, n.Message)
	}
}

// bar is one line of progress on a terminal, and nothing elsewhere.
type bar struct {
	w     io.Writer
	erase string
	what  string
}

func newBar(cmd *cobra.Command, what string) *bar {
	if !isTerminal(os.Stderr) {
		return &bar{}
	}
	return &bar{w: cmd.ErrOrStderr(), erase: eraser(terminalOf(os.Stderr)), what: what}
}

func (b *bar) set(done, total int64) {
	if b.w == nil || total <= 0 {
		return
	}
	end := ""
	if done >= total {
		end = "\n"
	}
	fmt.Fprintf(b.w, "%s%s %d %%%s", b.erase, b.what, done*100/total, end)
}

// now replaces the line by a text, and takes it away for none.
func (b *bar) now(text string) {
	if b.w != nil {
		fmt.Fprint(b.w, b.erase, text)
	}
}

func (b *bar) say(text string) {
	if b.w != nil {
		fmt.Fprintln(b.w, text)
	}
}

package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
)

const pollEvery = 500 * time.Millisecond

// follow polls a job until it ends and tells said of each change of where it stands.
func (c *client) follow(ctx context.Context, id string, said func(jobView)) (jobView, []byte, error) {
	var last job.Status
	var told string
	changed := time.Now()
	for {
		v, raw, err := c.job(ctx, id)
		if err != nil {
			return v, raw, err
		}
		if v.Status != last {
			last, changed, told = v.Status, time.Now(), ""
		}
		if now := v.standing(); now != told {
			told = now
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

// look says how to see the scan meanwhile; empty where that is not possible.
func (v jobView) look() string {
	if !v.glimpsed() {
		return ""
	}
	return "a first look: iris get " + v.ID + " --artifact " + job.GlimpseGLB
}

// standing says where a job stands, and how to see its scan meanwhile.
func (v jobView) standing() string {
	if look := v.look(); look != "" {
		return v.situation() + "; " + look
	}
	return v.situation()
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

// brief is where a job is in a few words, for a line of a table.
func (v jobView) brief() string {
	words := statusWords(v.Status)
	switch {
	case v.Progress != nil && v.Progress.Sound():
		return fmt.Sprintf("%s %d of %d %s", words, v.Progress.Done, v.Progress.Total, v.Progress.Unit)
	case v.Queue != nil && v.Queue.Ahead > 0:
		return fmt.Sprintf("%s, %s ahead", words, counted(v.Queue.Ahead, "job"))
	}
	return words
}

// situation is brief with how long the stage usually takes. While others are ahead it is
// not known, for what is usual was measured of jobs that waited for nobody.
func (v jobView) situation() string {
	words := v.brief()
	n := len(v.Stages)
	if n == 0 || v.Stages[n-1].Usual == nil || v.Queue != nil && v.Queue.Ahead > 0 {
		return words
	}
	return words + ", usually " + span(v.Stages[n-1].Usual)
}

// span is a range of durations: "41 to 64 s", "2.5 to 4 min", "9 s to 2.5 min".
func span(u *job.Usual) string {
	if u.HighS < 1 {
		return "less than 1 s"
	}
	unit, low, high := "s", fmt.Sprintf("%.0f", u.LowS), fmt.Sprintf("%.0f", u.HighS)
	if u.HighS >= 100 {
		half := func(s float64) string { return fmt.Sprintf("%g", math.Round(s/30)/2) }
		if u.LowS < 30 {
			return fmt.Sprintf("%.0f s to %s min", max(u.LowS, 1), half(u.HighS))
		}
		unit, low, high = "min", half(u.LowS), half(u.HighS)
	}
	if low == high {
		return high + " " + unit
	}
	return low + " to " + high + " " + unit
}

// timeline prints when a job did what.
func timeline(w io.Writer, v jobView) {
	for _, s := range v.Stages {
		took := "…"
		if s.EndedAt != nil {
			took = fmt.Sprintf("%.1f s", max(0, s.EndedAt.Sub(s.StartedAt).Seconds())) // a clock may go back
		}
		fmt.Fprintf(w, "  %-24s %8s\n", statusWords(s.Name), took)
	}
	fmt.Fprintf(w, "  %s\n", v.situation())
	if v.GPU != nil {
		fmt.Fprintf(w, "  GPU: %s since %s\n", v.GPU.State, v.GPU.Since.Local().Format("15:04:05"))
	}
	for _, n := range v.Warnings {
		fmt.Fprintf(w, "  warning: %s: %s\n", n.Code, n.Message)
	}
}

// bar is one line of progress on a terminal, and nothing elsewhere.
type bar struct {
	w     io.Writer
	erase string
	what  string

	stage  job.Status // that the line is about
	looked bool       // how to see the scan was said
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

// follow says where a job is: one line for each of its stages, which changes in its place,
// and one for the first look at its scan.
func (b *bar) follow(v jobView) {
	if b.w == nil {
		return
	}
	if b.stage != "" && b.stage != v.Status {
		fmt.Fprintln(b.w)
	}
	if look := v.look(); look != "" && !b.looked {
		b.looked = true
		fmt.Fprintln(b.w, b.erase+look)
	}
	b.stage = v.Status
	fmt.Fprint(b.w, b.erase, v.situation())
}

// leave ends the line of the last stage.
func (b *bar) leave() {
	if b.w != nil && b.stage != "" {
		fmt.Fprintln(b.w)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/codes"
)

// outcome is what became of one of several scans.
type outcome struct {
	scan, output string
	job          jobView
	raw          []byte // the job as the service gave it; empty without one
	err          error
}

// each does something for n things, at most so many at a time, in order of beginning. It
// returns when all that were begun are done. It begins no more once ctx is done.
func each(ctx context.Context, n, parallel int, do func(i int)) {
	var all sync.WaitGroup
	free := make(chan struct{}, parallel)
	for i := range n {
		select {
		case <-ctx.Done():
		case free <- struct{}{}:
		}
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			defer func() { <-free }()
			do(i)
		})
	}
	all.Wait()
}

// several does something for each of several scans, and prints a line for each as it ends.
// When the service cannot be reached no more are begun.
func several(cmd *cobra.Command, scans []string, parallel int, do func(ctx context.Context, scan string, say func(string)) *outcome, print func(*outcome)) error {
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	table := newBoard(cmd, len(scans))
	outcomes := make([]*outcome, len(scans))
	each(ctx, len(scans), parallel, func(i int) {
		line := table.begin(scans[i])
		o := do(ctx, scans[i], func(what string) { table.set(line, what) })
		outcomes[i] = o
		if gone(o.err) {
			stop()
		}
		table.end(line, o.err == nil, func() { print(o) })
	})
	table.close()
	if cmd.Context().Err() != nil {
		return failure("interrupted", "the command was ended, and jobs whose uploads were complete go on: `iris list` shows them")
	}
	return allOf(outcomes)
}

// many brings several scans to their models.
func (f *runFlags) many(cmd *cobra.Command, api *client, ways []way, options map[string]any) error {
	scans, of := make([]string, len(ways)), map[string]way{}
	for i, w := range ways {
		scans[i], of[w.scan] = w.scan, w
	}
	return several(cmd, scans, f.parallel, func(ctx context.Context, scan string, say func(string)) *outcome {
		return f.bring(ctx, api, of[scan], options, say)
	}, func(o *outcome) { o.print(cmd.OutOrStdout(), f.json) })
}

// bring is the way of one scan among others.
func (f *runFlags) bring(ctx context.Context, api *client, w way, options map[string]any, say func(string)) *outcome {
	o := &outcome{scan: w.scan, output: w.output}
	say("reading")
	o.job, o.raw, o.err = api.submit(ctx, w.scan, options, uploading(say))
	if o.err != nil {
		return o
	}
	o.job, o.raw, o.err = api.follow(ctx, o.job.ID, func(v jobView) { say(v.brief()) })
	if o.err == nil {
		o.err = badEnding(o.job)
	}
	if o.err == nil {
		say("downloading")
		o.err = f.collect(ctx, api, o.job, w, &bar{})
	}
	return o
}

// print prints an outcome as one line.
func (o *outcome) print(w io.Writer, asJSON bool) {
	if asJSON {
		fmt.Fprintln(w, string(o.json()))
		return
	}
	id := o.job.ID
	if id == "" {
		id = strings.Repeat("-", 26)
	}
	if o.err != nil {
		fmt.Fprintf(w, "%s  %s  %s\n", id, shown(o.scan), oneLine(o.err))
		return
	}
	fmt.Fprintf(w, "%s  %s", id, shown(o.scan))
	if o.output != "" {
		fmt.Fprintf(w, "  %s", shown(o.output))
	}
	if n := len(o.job.Warnings); n > 0 {
		names := make([]string, n)
		for i, warning := range o.job.Warnings {
			names[i] = warning.Code
		}
		fmt.Fprintf(w, "  (%s)", strings.Join(names, ", "))
	}
	fmt.Fprintln(w)
}

// json is the job as the service gave it, with the scan, the output and what went wrong
// here before its own fields.
func (o *outcome) json() []byte {
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	head := struct {
		Scan    string   `json:"scan"`
		Output  *string  `json:"output"`
		Problem *problem `json:"problem"`
	}{Scan: o.scan}
	if o.err == nil && o.output != "" {
		head.Output = &o.output
	} else if o.err != nil {
		code, message := codeAndMessage(o.err)
		head.Problem = &problem{code, message}
	}
	text, _ := json.Marshal(head) // of strings only
	if job := bytes.TrimSpace(o.raw); len(job) > 2 && job[0] == '{' {
		text = append(append(text[:len(text)-1], ','), job[1:]...)
	}
	return text
}

// codeAndMessage takes a line of an error apart. What has no code is "internal".
func codeAndMessage(err error) (code, message string) {
	if errors.Is(err, context.Canceled) {
		return "interrupted", "the command was ended"
	}
	text := oneLine(err)
	name, rest, found := strings.Cut(text, ": ")
	if _, known := codes.Find(name); !found || !known {
		return "internal", text
	}
	return name, rest
}

func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// gone says that the service cannot be reached, nor will the next scan reach it.
func gone(err error) bool {
	var exit *exitError
	return errors.As(err, &exit) && exit.code == exitUnreachable
}

// allOf is the error of a command over several scans, nil when all went well. Its exit code
// is theirs where all that went wrong have the same.
func allOf(outcomes []*outcome) error {
	bad, exit := 0, -1
	var first error
	for _, o := range outcomes {
		if o != nil && o.err == nil {
			continue
		}
		bad++
		if o == nil {
			continue // was not begun, because another could not reach the service
		}
		if first == nil {
			first = o.err
		}
		if code := exitCode(o.err); exit == -1 || exit == code {
			exit = code
		} else {
			exit = 1
		}
	}
	switch {
	case bad == 0:
		return nil
	case gone(first) && bad == len(outcomes):
		return first
	}
	return &exitError{exit, failure("not_all", "%d of %d scans have no result", bad, len(outcomes))}
}

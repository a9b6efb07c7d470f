// Command load drops many scans at once onto an `iris up` with a model server that takes
// no time, and says what came of it: how long each took, how long the API's routes took,
// what memory and how many files every process had, and whether owners fared alike.
//
// In: what `make build` made. Out: load.jsonl in the state folder, a line for each drop,
// so that a run that was cut off goes on where it was; a table on stdout; with -out
// docs/load.svg. It ends with 1 when a job did not end ready, was doubled or lost, when the
// lease or the model did not come to rest, or when memory or files grew beyond their bound.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are what a run was asked for.
type options struct {
	drops, clients, owners int
	voxels, structures     int
	state, root, out       string
	within                 time.Duration
	verbose                bool
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "model" {
		serveModel()
		return
	}
	var o options
	flag.IntVar(&o.drops, "drops", 10_000, "scans to drop")
	flag.IntVar(&o.clients, "clients", 200, "clients at once; each drops a scan, waits for its model and drops the next")
	flag.IntVar(&o.owners, "owners", 4, "owners; the last has one client, the others share the rest")
	flag.IntVar(&o.voxels, "voxels", 12, "voxels of a scan along each axis")
	flag.IntVar(&o.structures, "structures", 1, "structures of a scan")
	flag.StringVar(&o.state, "state", "", "state folder, which a later run goes on with; empty: one that is deleted afterwards")
	flag.StringVar(&o.root, "root", ".", "the repository")
	flag.StringVar(&o.out, "out", "", "folder that takes load.svg")
	flag.DurationVar(&o.within, "within", 0, "stop dropping after this time; 0: never")
	flag.BoolVar(&o.verbose, "v", false, "say every ten seconds how far it is")
	growing := flag.Bool("growth", false, "instead of one run several small ones, of scans of more voxels and more structures; -out takes growth.svg")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if *growing {
		if err := growth(ctx, o); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if o.state == "" {
		dir, err := os.MkdirTemp("", "load")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		defer os.RemoveAll(dir)
		o.state = dir
	}
	r, err := run(ctx, o)
	if r != nil {
		r.print(os.Stdout)
		if o.out != "" {
			err = errors.Join(err, r.draw(o.out))
		}
		err = errors.Join(err, r.verdict())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

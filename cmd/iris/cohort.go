package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/cohort"
	"github.com/iris-oculus/iris/internal/job"
)

// cohortFlags are the flags of iris cohort.
type cohortFlags struct {
	options  optionFlags
	state    string
	out      string
	ledger   string
	parallel int
	maxCost  float64
	scanCost float64
	retry    bool
	json     bool
}

func cohortCommand() *cobra.Command {
	var f cohortFlags
	c := &cobra.Command{
		Use: "cohort MANIFEST.csv|FOLDER|s3://BUCKET/PREFIX", Short: "Bring many scans to one table of measurements", Args: arguments("MANIFEST.csv, a folder or s3://BUCKET/PREFIX"),
		Long: "Cohort uploads many scans, waits for their jobs and writes one CSV file with a line for each scan and structure.\n\n" +
			"MANIFEST.csv has the columns scan (a path from the manifest's folder, or s3://BUCKET/KEY) and, if wanted, id and\n" +
			"options of the job (task, structures, …). Of a FOLDER or a prefix every NIfTI file and archive is a scan, and every\n" +
			"folder that holds DICOM slices.\n\n" +
			"What becomes of each scan is kept in a ledger beside the output. The same command again goes on where it stopped,\n" +
			"whatever ended it, and makes no job twice: a scan is sent under an Idempotency-Key made of its content and options.\n\n" +
			"--max-cost counts the cost_usd of this cohort's jobs, which is the GPU's price for the time in which they waited for\n" +
			"it and used it, not the time in which it stood idle. A scan under way counts as the dearest before it (at least\n" +
			"--scan-cost); until one is known, one is sent at a time. No scan is sent that would lead beyond the cap.",
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	c.Flags().StringVarP(&f.out, "output", "o", "cohort.csv", "where the table is written")
	c.Flags().StringVar(&f.ledger, "ledger", "", "what became of each scan (default: the output's name and .ledger)")
	c.Flags().IntVar(&f.parallel, "parallel", 4, "how many scans are under way at a time, 1 to 64")
	c.Flags().Float64Var(&f.maxCost, "max-cost", 0, "send no scan that would lead beyond so many US dollars (default: no cap)")
	c.Flags().Float64Var(&f.scanCost, "scan-cost", 0, "count at least so many US dollars for a scan under way")
	c.Flags().BoolVar(&f.retry, "retry", false, "try failed and cancelled scans of an earlier run again")
	c.Flags().BoolVar(&f.json, "json", false, "print each job as JSON, one on a line")
	f.options.add(c)
	serviceFlags(c, &f.state)
	return c
}

func (f *cohortFlags) check(cmd *cobra.Command, source string) error {
	switch {
	case f.parallel < 1 || f.parallel > 64:
		return usage("bad_option: --parallel %d: want 1 to 64", f.parallel)
	case cmd.Flags().Changed("max-cost") && !(f.maxCost > 0 && f.maxCost <= 1e6):
		return usage("bad_option: --max-cost %g: want more than 0 and at most 1000000 US dollars", f.maxCost)
	case !(f.scanCost >= 0 && f.scanCost <= 1e6):
		return usage("bad_option: --scan-cost %g: want 0 to 1000000 US dollars", f.scanCost)
	case filepath.Clean(f.out) == filepath.Clean(source):
		return usage("no_output: -o is the manifest itself: name another file")
	}
	if f.ledger == "" {
		f.ledger = f.out + ".ledger"
	}
	if err := errors.Join(checkFolder(f.out), checkName(f.out)); err != nil {
		return err
	}
	return ownTable(f.out)
}

// ownTable refuses to replace a file that is no table of this command.
func ownTable(path string) error {
	in, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return coded("read the table of before", err)
	}
	defer in.Close()
	want := strings.Join(cohort.Columns, ",") + "\n"
	head := make([]byte, len(want))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != want {
		return usage("no_output: %s is there and is no table of `iris cohort`: name another file with -o", shown(path))
	}
	return nil
}

func (f *cohortFlags) run(cmd *cobra.Command, source string) (err error) {
	if err := f.check(cmd, source); err != nil {
		return err
	}
	api, values, err := f.options.client(cmd)
	if err != nil {
		return err
	}
	rows, err := rowsOf(cmd, api, source)
	if err != nil {
		return named(err)
	}
	for i := range rows {
		for name, value := range values {
			if _, own := rows[i].Options[name]; !own {
				rows[i].Options[name] = fmt.Sprint(value)
			}
		}
	}
	ledger, err := cohort.OpenLedger(f.ledger, api.base)
	if err != nil {
		return named(err)
	}
	defer func() { err = errors.Join(err, coded("close the ledger", ledger.Close())) }()
	r := &cohortRun{
		flags: f, api: api, ledger: ledger, rows: rows, results: make([]cohort.Result, len(rows)), outcomes: make([]*outcome, len(rows)),
		budget: cohort.Budget{Cap: f.maxCost, Least: f.scanCost}, sending: map[string]*flight{},
	}
	return r.all(cmd)
}

// named gives the errors of a manifest and a ledger their exit code.
func named(err error) error {
	var own *cohort.Error
	if errors.As(err, &own) {
		return &exitError{exitUsage, err}
	}
	return coded("read the cohort", err)
}

// rowsOf are the scans of a manifest, a folder or a prefix.
func rowsOf(cmd *cobra.Command, api *client, source string) ([]cohort.Row, error) {
	if cohort.IsAddress(source) {
		prefix := strings.TrimSuffix(source, "/") + "/"
		_, objects, err := api.find(cmd.Context(), prefix)
		if err != nil {
			return nil, err
		}
		_, key, _ := parseAddress(prefix)
		names := make([]string, len(objects))
		for i, o := range objects {
			names[i] = strings.TrimPrefix(o.Key, key)
		}
		return scansAmong(cmd, names, nil, func(name string) string { return prefix + name })
	}
	info, err := os.Stat(source)
	if err != nil {
		return nil, usage("not_found: %w", withoutPath(shown(source), err))
	}
	if info.IsDir() {
		names, err := localNames(source)
		if err != nil {
			return nil, err
		}
		return scansAmong(cmd, names, isDICOM(source), func(name string) string { return filepath.Join(source, filepath.FromSlash(name)) })
	}
	in, err := os.Open(source)
	if err != nil {
		return nil, coded("open the manifest", err)
	}
	defer in.Close()
	rows, err := cohort.ReadManifest(in)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if !cohort.IsAddress(rows[i].Scan) && !filepath.IsAbs(rows[i].Scan) {
			rows[i].Scan = filepath.Join(filepath.Dir(source), rows[i].Scan)
		}
	}
	return rows, nil
}

// scansAmong are the scans among the files of a folder or a prefix.
func scansAmong(cmd *cobra.Command, names []string, bare func(string) bool, address func(string) string) ([]cohort.Row, error) {
	scans, others, err := cohort.Discover(names, bare)
	if err != nil {
		return nil, err
	}
	if len(scans) == 0 {
		return nil, usage("empty_folder: no file there is a scan: want NIfTI files, archives, or folders of DICOM slices")
	}
	if others > 0 {
		cmd.PrintErrf("%d files there are no scans by their names and are passed over\n", others)
	}
	rows := make([]cohort.Row, len(scans))
	for i, name := range scans {
		rows[i] = cohort.Row{Scan: address(name), Options: map[string]string{}}
	}
	return rows, nil
}

// writeTable writes the table of what is known, in full or not at all.
func (r *cohortRun) writeTable() error {
	var b bytes.Buffer
	if err := cohort.WriteTable(&b, r.results); err != nil {
		return coded("write the table", err)
	}
	return replace(r.flags.out, func(f *os.File) error {
		_, err := f.Write(b.Bytes())
		return coded("write the table", errors.Join(err, f.Sync()))
	})
}

// flight is a scan that is being sent, for rows with the same content and options.
type flight struct {
	done  chan struct{}
	entry cohort.Entry
	out   outcome
}

// cohortRun is one run of iris cohort.
type cohortRun struct {
	flags   *cohortFlags
	api     *client
	ledger  *cohort.Ledger
	budget  cohort.Budget
	rows    []cohort.Row
	results []cohort.Result

	mu       sync.Mutex
	sending  map[string]*flight // by Idempotency-Key
	outcomes []*outcome
	capped   int   // scans that the cap kept from being sent
	broken   error // of the ledger: nothing more is sent
}

// all brings every row to its end, writes the table and says what came of them.
func (r *cohortRun) all(cmd *cobra.Command) error {
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	for i, row := range r.rows {
		e := r.ledger.Get(row)
		r.results[i] = cohort.Result{Row: row, Job: e.Job, Status: cohort.NotSent, End: e.End, Code: "not_sent", Text: "the scan was not sent"}
		switch {
		case e.End != nil:
			r.results[i].Status, r.results[i].Code, r.results[i].Text = string(e.End.Status), "", ""
		case e.Job != "":
			r.results[i].Status = "unknown"
		}
	}
	r.countEarlier()
	table := newBoard(cmd, len(r.rows))
	each(ctx, len(r.rows), r.flags.parallel, func(i int) {
		line := table.begin(r.rows[i].Scan)
		o, news := r.row(ctx, i, func(what string) { table.set(line, what) })
		r.mu.Lock()
		if gone(o.err) || r.broken != nil {
			stop()
		}
		r.mu.Unlock()
		table.end(line, o.err == nil, func() {
			if news && !errors.Is(o.err, context.Canceled) {
				o.print(cmd.OutOrStdout(), r.flags.json)
			}
		})
	})
	table.close()
	if err := r.writeTable(); err != nil {
		return err
	}
	return r.sum(cmd)
}

// countEarlier counts what the jobs of earlier runs cost, each once.
func (r *cohortRun) countEarlier() {
	counted := map[string]bool{}
	for _, row := range r.rows {
		e := r.ledger.Get(row)
		r.budget.Spent(cohort.End{CostUSD: e.EarlierUSD})
		if e.End != nil && !counted[e.Job] {
			counted[e.Job] = true
			r.budget.Spent(*e.End)
		}
	}
}

// sum prints the last line, and gives the command's error.
func (r *cohortRun) sum(cmd *cobra.Command) error {
	counts := map[string]int{}
	for _, result := range r.results {
		counts[result.Status]++
	}
	var parts []string
	for _, status := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(rank(a)-rank(b), strings.Compare(a, b)) }) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[status], strings.ReplaceAll(status, "_", " ")))
	}
	line := fmt.Sprintf("%d scans: %s. %.4f US dollars. The table is %s\n", len(r.rows), strings.Join(parts, ", "), r.budget.Total(), shown(r.flags.out))
	if r.flags.json {
		cmd.PrintErr(line)
	} else {
		fmt.Fprint(cmd.OutOrStdout(), line)
	}
	switch {
	case r.broken != nil:
		return coded("keep the ledger", r.broken)
	case cmd.Context().Err() != nil:
		return failure("interrupted", "the command was ended; the same command goes on where it stopped")
	case r.capped > 0:
		return failure("spend_cap", "%d scans were not sent, because they would lead beyond --max-cost %g", r.capped, r.flags.maxCost)
	}
	return allOf(r.outcomes)
}

// rank is where a status stands in the last line.
func rank(status string) int {
	switch status {
	case string(job.Ready):
		return 0
	case cohort.NotSent:
		return 2
	}
	return 1
}

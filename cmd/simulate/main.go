// Command simulate writes what docs/cost.md says in numbers: `make simulate`. In: the prices
// and assumptions of internal/cost. Out: the tables between the marks of docs/cost.md and of
// decision 36, and docs/linger.svg. It is no part of iris.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/iris-oculus/iris/internal/cost"
	"github.com/iris-oculus/iris/internal/traffic"
)

func main() {
	docs := flag.String("docs", "docs", "folder of the documentation")
	flag.Parse()
	if err := run(*docs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(docs string) error {
	usd := cost.Base().USDPerHour
	rows := traffic.Report(traffic.Base())
	svg := traffic.Plot(rows[:len(traffic.Rates)], usd, "Letting the GPU sleep: what a scan costs, and how long it waits")
	if err := os.WriteFile(filepath.Join(docs, "linger.svg"), svg, 0o644); err != nil {
		return err
	}
	return errors.Join(
		write(filepath.Join(docs, "cost.md"), map[string]string{
			"bill": bill(), "prices": prices(), "assumptions": assumptions(), "changes": changes(), "policies": traffic.Table(rows, usd),
		}),
		write(filepath.Join(docs, "decisions", "0036-engines-for-cohorts.md"), map[string]string{"engines": traffic.EngineTable([]int{100, 1000, 10000, 100000})}),
	)
}

// write puts texts between the marks of a page.
func write(path string, texts map[string]string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for name, text := range texts {
		begin, end := []byte("<!-- "+name+": begin -->\n"), []byte("<!-- "+name+": end -->")
		from, to := bytes.Index(page, begin), bytes.Index(page, end)
		if from < 0 || to < from {
			return fmt.Errorf("%s has no marks of %s", path, name)
		}
		page = append(append(append([]byte{}, page[:from+len(begin)]...), text...), page[to:]...)
	}
	return os.WriteFile(path, page, 0o644)
}

func bill() string {
	u := cost.Base()
	e, ten := cost.Of(u), u
	ten.Together = 10
	var b strings.Builder
	b.WriteString("| | USD | of it |\n|---|---|---|\n")
	row := func(name string, usd float64, of string) { fmt.Fprintf(&b, "| %s | %.4f | %s |\n", name, usd, of) }
	row("a cold scan by itself", e.Alone, fmt.Sprintf("GPU %.4f, functions %.4f, first look %.4f, storage %.4f", e.GPUAlone, e.Functions, e.Glimpse, e.Storage))
	row("each of ten at once", cost.Of(ten).Each, fmt.Sprintf("GPU %.4f", cost.Of(ten).GPUTogether))
	row("a label map", e.Labels, "no GPU")
	row("a month of 100 scans, each by itself", e.Month, fmt.Sprintf("the idle month %.2f", e.Idle))
	row("a month without a scan", e.Idle, "images in ECR, a hosted zone, the janitor, two alarms more than ten")
	row("an announced upload that never comes, at most", e.DeadUpload, "")
	row("Profile=hipaa adds to a month", e.Hipaa, "a key, a firewall of four rules; its trail and logs by what is done")
	row("a GPU that never sleeps, a month", e.AlwaysOn, "to compare")
	return b.String()
}

func prices() string {
	var b strings.Builder
	b.WriteString("| price | USD | per | read | from | confirmed by |\n|---|---|---|---|---|---|\n")
	for _, p := range cost.Prices {
		by := p.ConfirmedBy
		if by == "" {
			by = "nobody"
		}
		fmt.Fprintf(&b, "| %s | %.10g | %s | %s | %s | %s |\n", p.Name, p.USD, p.Per, p.Read, p.Source, by)
	}
	return b.String()
}

func assumptions() string {
	var b strings.Builder
	b.WriteString("| assumption | is | may be | a cold scan | each of ten | a month of 100 | from |\n|---|---|---|---|---|---|---|\n")
	for _, r := range cost.Sensitivity(cost.Base()) {
		guess := ""
		if r.Guess {
			guess = ", **a guess**"
		}
		fmt.Fprintf(&b, "| %s: %s%s | %g %s | %g to %g | %.3f to %.3f | %.3f to %.3f | %.2f to %.2f | %s |\n", r.Name, r.What, guess, r.Value, r.Unit, r.Low, r.High,
			r.AtLow.Alone, r.AtHigh.Alone, r.AtLow.Burst, r.AtHigh.Burst, r.AtLow.Month, r.AtHigh.Month, r.Source)
	}
	return b.String()
}

func changes() string {
	var b strings.Builder
	b.WriteString("| one change | a cold scan | each of ten | a month of 100 |\n|---|---|---|---|\n")
	for _, c := range cost.Changes(cost.Base()) {
		fmt.Fprintf(&b, "| %s | %.4f | %.4f | %.2f |\n", c.Name, c.Alone, c.Burst, c.Month)
	}
	return b.String()
}

// Package metrics counts what the stack on one machine does and shows it in the text
// format of Prometheus, version 0.0.4.
//
// In: counts and observations from any goroutine, and functions that read a state when
// somebody asks for it. Out: Write. Durations are in seconds and sizes in bytes, as the
// names say. Label values never come from a person: they are names of functions, routes
// and statuses, and no family has more than maxSeries of them. A nil *Set counts nothing.
package metrics

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxSeries bounds the series of one family; what comes beyond is counted together under
// the label values Other.
const maxSeries = 500

// Other is the label value for what is not told apart.
const Other = "other"

// buckets are the upper bounds of every histogram, in seconds: from an answer of the API
// to a scan that waits for a GPU.
var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600}

// Kind is a family's type in the text format.
type Kind string

// The kinds of families.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Family declares one metric.
type Family struct {
	Name   string
	Kind   Kind
	Help   string // one line
	Labels []string
}

// Sample is one value of a gauge that is read when it is asked for.
type Sample struct {
	Value  float64
	Labels []string // the values, in the order of Family.Labels
}

// Set is a number of families. Make one with New.
type Set struct {
	mu       sync.Mutex
	families map[string]*family
}

type family struct {
	Family
	read   func() []Sample // nil for one that is counted here
	series map[string]*series
}

type series struct {
	labels []string
	value  float64 // of a counter; the sum of a histogram
	counts []uint64
	count  uint64
}

// New makes a set of families that are counted.
func New(families ...Family) *Set {
	s := &Set{families: map[string]*family{}}
	for _, f := range families {
		s.families[f.Name] = &family{Family: f, series: map[string]*series{}}
	}
	return s
}

// Read adds a family whose values are read whenever somebody asks.
func (s *Set) Read(f Family, read func() []Sample) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.families[f.Name] = &family{Family: f, read: read}
}

// Add adds to a counter. A name that was not declared is a fault of the program, and
// counts nothing.
func (s *Set) Add(name string, by float64, labels ...string) {
	s.with(name, labels, func(x *series) { x.value += by })
}

// Observe adds a value to a histogram.
func (s *Set) Observe(name string, value float64, labels ...string) {
	s.with(name, labels, func(x *series) {
		if x.counts == nil {
			x.counts = make([]uint64, len(buckets))
		}
		if n, _ := slices.BinarySearch(buckets, value); n < len(buckets) {
			x.counts[n]++
		}
		x.value += value
		x.count++
	})
}

func (s *Set) with(name string, labels []string, change func(*series)) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.families[name]
	if f == nil || f.read != nil || len(labels) != len(f.Labels) {
		return
	}
	key := strings.Join(labels, "\x00")
	x := f.series[key]
	if x == nil && len(f.series) >= maxSeries {
		labels = slices.Repeat([]string{Other}, len(labels))
		key = strings.Join(labels, "\x00")
		x = f.series[key]
	}
	if x == nil {
		x = &series{labels: slices.Clone(labels)}
		f.series[key] = x
	}
	change(x)
}

// Write writes every family in the order of their names, and the series of each in the
// order of their labels.
func (s *Set) Write(w io.Writer) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	var all []*family
	for _, f := range s.families {
		all = append(all, f)
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b *family) int { return cmp.Compare(a.Name, b.Name) })
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.Name, help.Replace(f.Help), f.Name, f.Kind)
		for _, x := range s.copied(f) {
			f.write(&b, x)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// copied are the series of a family as they are now; a family that is read is read
// without the lock, because reading may take a moment.
func (s *Set) copied(f *family) (all []series) {
	if f.read != nil {
		for _, v := range f.read() {
			if len(v.Labels) == len(f.Labels) && len(all) < maxSeries {
				all = append(all, series{labels: v.Labels, value: v.Value})
			}
		}
	} else {
		s.mu.Lock()
		for _, x := range f.series {
			one := *x
			one.counts = slices.Clone(x.counts)
			all = append(all, one)
		}
		s.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b series) int { return slices.Compare(a.labels, b.labels) })
	return all
}

func (f *family) write(b *strings.Builder, x series) {
	if f.Kind != Histogram {
		line(b, f.Name, f.Labels, x.labels, x.value)
		return
	}
	names := append(slices.Clone(f.Labels), "le")
	sum := uint64(0)
	for n, bound := range buckets {
		sum += x.counts[n]
		line(b, f.Name+"_bucket", names, append(slices.Clone(x.labels), number(bound)), float64(sum))
	}
	line(b, f.Name+"_bucket", names, append(slices.Clone(x.labels), "+Inf"), float64(x.count))
	line(b, f.Name+"_sum", f.Labels, x.labels, x.value)
	line(b, f.Name+"_count", f.Labels, x.labels, float64(x.count))
}

// The format's escapes: of a help text, and of a label's value.
var (
	help  = strings.NewReplacer("\\", `\\`, "\n", `\n`)
	label = strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`)
)

func line(b *strings.Builder, name string, labels, values []string, value float64) {
	b.WriteString(name)
	for n, l := range labels {
		b.WriteByte("{,"[min(n, 1)])
		fmt.Fprintf(b, `%s="%s"`, l, label.Replace(strings.ToValidUTF8(values[n], "�")))
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	b.WriteByte(' ')
	b.WriteString(number(value))
	b.WriteByte('\n')
}

func number(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

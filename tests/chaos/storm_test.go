package chaos

import (
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// storm is a plan of faults. It follows from the seed alone: what becomes of the nth call
// of a kind does not depend on any other. It ends at a time; after that everything works.
type storm struct {
	seed  uint64
	until time.Time

	calls      map[fault]float64 // how often a call meets each fault
	invoke     float64           // how often Lambda refuses, or loses an answer
	deliveries float64           // how often a message is late, repeated or lost
	models     float64           // how often the model server does not answer
	outages    []outage

	keepDays string // the template's RetentionDays; empty: its default

	mu     sync.Mutex
	counts map[string]int
	met    []string // the faults that happened
}

// outage is a time in which a service refuses everything, or S3 has no room.
type outage struct {
	service  string
	fault    fault
	from, to time.Time
}

// calmStorm is none at all.
func calmStorm() *storm { return &storm{} }

// stormOf is a seed's, of some length from now on.
func stormOf(seed uint64, lasts time.Duration) *storm {
	s := &storm{seed: seed, until: time.Now().Add(lasts), calls: map[fault]float64{}}
	r := s.roll("plan")
	rate := func(rates ...float64) float64 { return rates[r.IntN(len(rates))] }
	for _, f := range []fault{throttled, broken, unavailable, cutBefore, cutAfter, cutInside, killBefore, killAfter, slow} {
		s.calls[f] = rate(0, 0, 0.004, 0.02, 0.05)
	}
	s.invoke, s.deliveries, s.models = rate(0, 0.02, 0.1), rate(0, 0.1, 0.4), rate(0, 0.3, 0.7)
	for range r.IntN(3) {
		from := time.Now().Add(time.Duration(r.Int64N(int64(lasts))))
		o := outage{from: from, to: from.Add(time.Duration(r.Int64N(int64(10 * time.Minute))))}
		o.service = []string{"s3", "dynamodb", "states", "sagemaker", "events", "application-autoscaling"}[r.IntN(6)]
		o.fault = []fault{throttled, broken, unavailable, cutBefore}[r.IntN(4)]
		if o.service == "s3" && r.IntN(2) == 0 {
			o.fault = full
		}
		s.outages = append(s.outages, o)
	}
	return s
}

func (s *storm) String() string {
	return fmt.Sprintf("calls %v, invoke %v, deliveries %v, models %v, outages %v", s.calls, s.invoke, s.deliveries, s.models, s.outages)
}

// roll is the dice for the next event with a label.
func (s *storm) roll(label string) *rand.Rand {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.counts[label]++
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, label, s.counts[label])
	return rand.New(rand.NewPCG(s.seed, h.Sum64()))
}

func (s *storm) raging() bool { return time.Now().Before(s.until) }

func (s *storm) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.met = append(s.met, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// at says what becomes of a call, and how long it takes.
func (s *storm) at(c call) (fault, time.Duration) {
	function := "somebody"
	if c.in != nil {
		function = c.in.function
	}
	label := function + " " + c.service + " " + c.operation
	r := s.roll(label)
	takes := time.Millisecond + time.Duration(r.ExpFloat64()*float64(8*time.Millisecond))
	if !s.raging() || c.in == nil {
		return none, takes
	}
	f := s.outage(c)
	if f == none {
		x := r.Float64()
		for _, kind := range []fault{throttled, broken, unavailable, cutBefore, cutAfter, cutInside, killBefore, killAfter, slow} {
			if x -= s.calls[kind]; x < 0 {
				f = kind
				break
			}
		}
	}
	if f == cutInside && (c.service != "s3" || c.operation != http.MethodGet) {
		f = none
	}
	if f == slow {
		takes += time.Duration(r.Int64N(int64(45 * time.Second)))
	}
	if f != none {
		s.note("%s: %s", label, f)
	}
	return f, takes
}

func (s *storm) outage(c call) fault {
	now := time.Now()
	for _, o := range s.outages {
		if o.service != c.service || now.Before(o.from) || now.After(o.to) {
			continue
		}
		if o.fault != full || strings.HasPrefix(c.operation, http.MethodPut) {
			return o.fault
		}
	}
	return none
}

// full says whether the disk under S3 takes nothing.
func (s *storm) full() bool {
	now := time.Now()
	return s.raging() && slices.ContainsFunc(s.outages, func(o outage) bool { return o.fault == full && now.After(o.from) && now.Before(o.to) })
}

// happens says whether Lambda refuses an invocation or loses its answer.
func (s *storm) happens(what string) bool {
	yes := s.roll(what).Float64() < s.invoke && s.raging()
	if yes {
		s.note("%s", what)
	}
	return yes
}

// delivery is when a message arrives, each time that it does.
func (s *storm) delivery(function string, payload []byte) []time.Duration {
	label := "message to " + function
	r := s.roll(label)
	soon := time.Duration(r.Int64N(int64(50 * time.Millisecond)))
	if r.Float64() >= s.deliveries || !s.raging() {
		return []time.Duration{soon}
	}
	late := func() time.Duration { return time.Duration(r.Int64N(int64(5 * time.Minute))) }
	// S3's events and those of endings come at least once: EventBridge keeps them for a
	// day. An answer of the endpoint, an execution's end and a tick may be lost: the
	// janitor is there for that.
	if function != "iris-intake" && function != "iris-notify" && r.IntN(3) == 0 {
		s.note("%s: lost", label)
		return nil
	}
	if r.IntN(2) == 0 {
		s.note("%s: late", label)
		return []time.Duration{late()}
	}
	s.note("%s: repeated", label)
	return []time.Duration{soon, late(), late()}
}

// model is what the model server does with a request, and how long it takes.
func (s *storm) model(inference string) (fit, time.Duration) {
	r := s.roll("model " + inference)
	takes := 5*time.Second + time.Duration(r.Int64N(int64(40*time.Second)))
	if r.Float64() >= s.models || !s.raging() {
		return answers, takes
	}
	does := fits[r.IntN(len(fits))]
	s.note("model %s: %s", inference, does)
	return does, takes
}

// entropy is what ids are made of.
func (s *storm) entropy() io.Reader { return &randomReader{r: s.roll("entropy")} }

type randomReader struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (r *randomReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range p {
		p[n] = byte(r.r.Uint32())
	}
	return len(p), nil
}

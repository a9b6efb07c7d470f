package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// retention is how long an ended execution is kept, as on AWS.
const retention = 90 * 24 * time.Hour

// Running is the status of an execution that has not ended; the others are asl's.
const Running = "RUNNING"

// execution is what is kept in memory of one; the rest is in the store.
type execution struct {
	Summary
	arn, key string
	lines    int            // of its history; used by its own goroutine alone
	run      *asl.Execution // nil once it has ended
}

// loadExecutions reads what is known of each execution and resumes the unfinished.
func (s *Service) loadExecutions() error {
	known := map[string]Summary{}
	err := store.Each(s.cfg.Store, ExecutionBucket, "", func(key string, sum Summary) error {
		known[key] = sum
		return nil
	})
	if err != nil {
		return fmt.Errorf("load executions: %w", err)
	}
	s.mu.Lock() // those that were resumed run already
	defer s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(known)) {
		if err := s.loadExecution(key, known[key]); err != nil {
			return fmt.Errorf("load execution %s: %w", key, err)
		}
	}
	return nil
}

func (s *Service) loadExecution(key string, sum Summary) error {
	if sum.Status != Running && s.now().Sub(sum.Stop) > retention {
		return s.forget(key)
	}
	x := s.known(key, sum)
	if sum.Status != Running && !sum.Unannounced {
		return nil
	}
	h, records, err := s.history(key)
	if err != nil {
		return err
	}
	x.lines = 1 + len(records)
	if sum.Unannounced {
		if err := s.announceAgain(x, h, records); err != nil {
			return err
		}
	}
	if sum.Status != Running {
		return nil
	}
	return s.resume(x, h, records)
}

// announceAgain publishes the event about an execution's status and notes it.
func (s *Service) announceAgain(x *execution, h Header, records []asl.Record) error {
	var end *asl.End
	for _, r := range records {
		end = r.End
	}
	x.Unannounced = false
	b := &store.Batch{}
	b.Put(ExecutionBucket, x.key, x.Summary)
	if err := s.announce(b, x, h, end); err != nil {
		return err
	}
	return s.cfg.Store.Write(b)
}

// known enters an execution.
func (s *Service) known(key string, sum Summary) *execution {
	x := &execution{Summary: sum, key: key, arn: s.executionARN(sum.Machine, sum.Name)}
	s.executions[x.arn] = x
	return x
}

// resume goes on with an execution from its last record.
func (s *Service) resume(x *execution, h Header, records []asl.Record) error {
	parsed, err := asl.Parse([]byte(h.Definition), s.engine.Check)
	if err != nil {
		return err
	}
	if x.run, err = asl.Resume(parsed, s.startOf(h), records, s.env(x, h)); err != nil {
		return err
	}
	s.launch(x, h)
	return nil
}

func (s *Service) startOf(h Header) asl.Start {
	return asl.Start{
		ARN: s.executionARN(h.Machine, h.Name), Name: h.Name, MachineARN: s.machineARN(h.Machine), MachineName: h.Machine,
		Region: s.cfg.Region, RoleARN: h.RoleARN, Input: h.Input, Time: h.Start,
	}
}

// env connects an execution with the store and the functions.
func (s *Service) env(x *execution, h Header) asl.Env {
	return asl.Env{
		Engine: s.engine,
		Clock:  s.cfg.Clock,
		Invoke: func(ctx context.Context, c asl.Call) (r asl.Reply) {
			ctx = trace.With(ctx, trace.Parse(h.Trace).Under(trace.SpanOf(x.arn, c.Event)))
			r.Payload, r.FunctionError, r.Err = s.cfg.Invoke(ctx, c.Function, c.Payload)
			return r
		},
		Commit: func(r asl.Record) error { return s.commit(x, h, r) },
		Warn:   func(err error) { s.cfg.Logger.Warn("execution is held up", "execution", x.Name, "error", err) },
		Token:  func() string { return newToken(x.arn) },
		Random: s.cfg.Random,
	}
}

// commit makes a record durable; an end together with its event. Whoever reads an
// end in the store finds it in memory too: the lock is taken first.
func (s *Service) commit(x *execution, h Header, r asl.Record) error {
	b := &store.Batch{Trace: trace.Parse(h.Trace).Under(trace.SpanOf(x.arn, 0)).Text(true)}
	b.Put(HistoryBucket, LineKey(x.key, x.lines), Line{Record: &r})
	if r.End == nil {
		if err := s.cfg.Store.Write(b); err != nil {
			return err
		}
		x.lines++
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := x.Summary
	ended.Status, ended.Stop = r.End.Status, r.End.Time
	b.Put(ExecutionBucket, x.key, ended)
	if err := s.announce(b, x, h, r.End); err != nil {
		return err
	}
	if err := s.cfg.Store.Write(b); err != nil {
		return err
	}
	x.Summary, x.run = ended, nil
	s.going--
	return nil
}

// launch runs an execution in a goroutine of its own until it ends or the service
// does. s.mu is held.
func (s *Service) launch(x *execution, h Header) {
	run := x.run
	s.going++
	s.running.Go(func() {
		end, err := run.Run(s.ctx) // its end is in the store by now; an error is the service's end
		if err == nil && s.cfg.Watch != nil {
			s.cfg.Watch(Done{
				ARN: x.arn, Machine: h.Machine, Name: h.Name, Status: end.Status, Error: end.Error, Trace: trace.Parse(h.Trace), Begun: h.Start, Ended: end.Time,
			}, func() ([]asl.Event, error) { return s.events(x.key) })
		}
		run.Join()
	})
}

// events are an execution's history as far as it is in the store.
func (s *Service) events(key string) (events []asl.Event, err error) {
	_, records, err := s.history(key)
	for _, r := range records {
		events = append(events, r.Events...)
	}
	return events, err
}

// Start begins an execution of a machine (its ARN or name) under a name; an empty
// name is made up. Repeated with the same input while it runs, it is the same
// execution.
func (s *Service) Start(machineARN, name, input string) (arn string, started time.Time, err error) {
	return s.StartUnder(trace.Header{}, machineARN, name, input)
}

// StartUnder is Start for who is in a trace; without one the execution begins its own.
func (s *Service) StartUnder(at trace.Header, machineARN, name, input string) (arn string, started time.Time, err error) {
	m, err := s.machineByARN(s.unaliased(machineARN))
	if err != nil {
		return "", time.Time{}, err
	}
	if name == "" {
		name = newID()
	} else if !validName(name) {
		return "", time.Time{}, refuse("InvalidName", "Invalid Name: '%.100s'", name)
	}
	if input == "" {
		input = "{}"
	}
	payload, err := validJSON(input)
	if err != nil {
		return "", time.Time{}, refuse("InvalidExecutionInput", "Invalid State Machine Execution Input: '%v'", err)
	}
	arn = s.executionARN(m.Name, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.executions[arn]; before != nil {
		return s.same(before, payload)
	}
	if s.ctx.Err() != nil {
		return "", time.Time{}, errors.New("the service is closing")
	}
	if at.Trace == "" {
		at = trace.New(s.now())
	}
	h := Header{Trace: at.Text(true), Name: name, Machine: m.Name, RoleARN: m.RoleARN, Definition: m.Definition, Revision: m.Revision, Input: payload, Start: s.now()}
	x := &execution{
		Summary: Summary{Name: name, Machine: m.Name, Start: h.Start, Status: Running},
		arn:     arn, key: ExecutionKey(m.Name, name), lines: 1,
	}
	b := &store.Batch{Trace: at.Under(trace.SpanOf(arn, 0)).Text(true)}
	b.Put(ExecutionBucket, x.key, x.Summary)
	b.Put(HistoryBucket, LineKey(x.key, 0), Line{Header: &h})
	err = s.announce(b, x, h, nil)
	if err == nil {
		err = s.cfg.Store.Write(b)
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("start execution: %w", err)
	}
	x.run = asl.New(m.parsed, s.startOf(h), s.env(x, h))
	s.executions[arn] = x
	s.launch(x, h)
	return arn, x.Start, nil
}

// same answers a repeated start.
func (s *Service) same(before *execution, input json.RawMessage) (string, time.Time, error) {
	if before.Status == Running {
		h, _, err := s.history(before.key)
		if err != nil {
			return "", time.Time{}, err
		}
		if string(h.Input) == string(input) {
			return before.arn, before.Start, nil
		}
	}
	return "", time.Time{}, refuse("ExecutionAlreadyExists", "Execution Already Exists: '%s'", before.arn)
}

// find is the execution of an ARN, and its run while it has not ended.
func (s *Service) find(arn string) (*execution, *asl.Execution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.executions[arn]
	if x == nil {
		return nil, nil, refuse("ExecutionDoesNotExist", "Execution Does Not Exist: '%.300s'", arn)
	}
	return x, x.run, nil
}

// Stop ends an execution as ABORTED and returns when; one that has ended stays as
// it is.
func (s *Service) Stop(ctx context.Context, arn, name, cause string) (stopped time.Time, err error) {
	x, run, err := s.find(arn)
	if err != nil {
		return time.Time{}, err
	}
	if run != nil {
		if err := run.Stop(ctx, name, cause); err != nil && !errors.Is(err, asl.ErrEnded) {
			return time.Time{}, err
		}
	}
	d, err := s.Describe(x.arn)
	if err != nil || d.End == nil {
		return s.now(), err
	}
	return d.End.Time, nil
}

// Description is what is known of an execution.
type Description struct {
	ARN, Name, MachineARN, RoleARN string
	Status                         string
	Start                          time.Time
	Input                          json.RawMessage
	Definition, Revision           string
	End                            *asl.End // nil while it runs
}

// Describe reads an execution's history.
func (s *Service) Describe(arn string) (Description, error) {
	x, _, err := s.find(arn)
	if err != nil {
		return Description{}, err
	}
	h, records, err := s.history(x.key)
	if err != nil {
		return Description{}, err
	}
	d := Description{
		ARN: arn, Name: h.Name, MachineARN: s.machineARN(h.Machine), RoleARN: h.RoleARN, Status: Running,
		Start: h.Start, Input: h.Input, Definition: h.Definition, Revision: h.Revision,
	}
	for _, r := range records {
		if r.End != nil {
			d.End, d.Status = r.End, r.End.Status
		}
	}
	return d, nil
}

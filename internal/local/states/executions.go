package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/iris-oculus/iris/internal/local/asl"
)

// retention is how long an ended execution is kept, as on AWS.
const retention = 90 * 24 * time.Hour

// Running is the status of an execution that has not ended; the others are asl's.
const Running = "RUNNING"

// execution is what is kept in memory of one; the rest is in its journal.
type execution struct {
	arn, name, machine string
	start, stop        time.Time // stop is zero while it runs
	status             string
	path               string
	run                *asl.Execution // nil once it has ended
}

func (s *Service) journalPath(machine, name string) string {
	return filepath.Join(s.executionDir(), url.PathEscape(machine)+":"+url.PathEscape(name)+".journal")
}

// loadExecutions reads what is known of each execution and resumes the unfinished.
func (s *Service) loadExecutions() error {
	entries, err := os.ReadDir(s.executionDir())
	if err != nil {
		return fmt.Errorf("load executions: %w", err)
	}
	s.mu.Lock() // those that were resumed run already
	defer s.mu.Unlock()
	for _, e := range entries {
		if err := s.loadExecution(filepath.Join(s.executionDir(), e.Name())); err != nil {
			return fmt.Errorf("load execution %s: %w", e.Name(), err)
		}
	}
	return nil
}

func (s *Service) loadExecution(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if first, last, over := edges(text); over {
		return s.keep(path, *first.Header, *last.Record.End)
	}
	lines, size, err := parseJournal(text)
	if err != nil {
		return err
	}
	x := s.known(path, *lines[0].Header)
	var records []asl.Record
	for _, l := range lines[1:] {
		if l.Record == nil {
			continue
		}
		records = append(records, *l.Record)
		if end := l.Record.End; end != nil { // yet to be announced
			x.status, x.stop = end.Status, end.Time
		}
	}
	return s.resume(x, *lines[0].Header, records, size)
}

// known enters an execution that began.
func (s *Service) known(path string, h header) *execution {
	x := &execution{arn: s.executionARN(h.Machine, h.Name), name: h.Name, machine: h.Machine, start: h.Start, status: Running, path: path}
	s.executions[x.arn] = x
	return x
}

// keep enters an execution that is over, unless it is too old.
func (s *Service) keep(path string, h header, end asl.End) error {
	if s.now().Sub(end.Time) > retention {
		return os.Remove(path)
	}
	x := s.known(path, h)
	x.status, x.stop = end.Status, end.Time
	return nil
}

// resume goes on with an execution, of whose journal size bytes are whole.
func (s *Service) resume(x *execution, h header, records []asl.Record, size int64) error {
	parsed, err := asl.Parse([]byte(h.Definition), s.engine.Check)
	if err != nil {
		return err
	}
	j, err := openJournal(x.path, size)
	if err != nil {
		return err
	}
	if x.run, err = asl.Resume(parsed, s.startOf(h), records, s.env(x, j)); err != nil {
		return errors.Join(err, j.close())
	}
	s.launch(x, h, j, len(records) == 0)
	return nil
}

func (s *Service) startOf(h header) asl.Start {
	return asl.Start{
		ARN: s.executionARN(h.Machine, h.Name), Name: h.Name, MachineARN: s.machineARN(h.Machine), MachineName: h.Machine,
		Region: s.cfg.Region, RoleARN: h.RoleARN, Input: h.Input, Time: h.Start,
	}
}

// env connects an execution with its journal and the functions.
func (s *Service) env(x *execution, j *journal) asl.Env {
	return asl.Env{
		Engine: s.engine,
		Clock:  s.cfg.Clock,
		Invoke: func(ctx context.Context, c asl.Call) (r asl.Reply) {
			r.Payload, r.FunctionError, r.Err = s.cfg.Invoke(ctx, c.Function, c.Payload)
			return r
		},
		Commit: func(r asl.Record) error { return s.commit(x, j, r) },
		Warn:   func(err error) { s.cfg.Logger.Warn("execution is held up", "execution", x.name, "error", err) },
		Token:  func() string { return newToken(x.arn) },
		Random: s.cfg.Random,
	}
}

// commit makes a record durable. Whoever reads an end in the journal finds it in
// memory too: the lock is taken first.
func (s *Service) commit(x *execution, j *journal, r asl.Record) error {
	if r.End == nil {
		return j.append(line{Record: &r}, true)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := j.append(line{Record: &r}, true); err != nil {
		return err
	}
	x.status, x.stop, x.run = r.End.Status, r.End.Time, nil
	return nil
}

// launch runs an execution in a goroutine of its own until it ends or the service
// does.
func (s *Service) launch(x *execution, h header, j *journal, fresh bool) {
	run := x.run
	s.running.Go(func() {
		defer func() {
			if err := j.close(); err != nil {
				s.cfg.Logger.Warn("close journal", "execution", x.name, "error", err)
			}
		}()
		if fresh {
			s.announce(x, h, nil)
		}
		if end, err := run.Run(s.ctx); err == nil {
			s.announceEnd(x, h, end, j)
		}
		run.Join()
	})
}

// Start begins an execution of a machine (its ARN or name) under a name; an empty
// name is made up. Repeated with the same input while it runs, it is the same
// execution.
func (s *Service) Start(machineARN, name, input string) (arn string, started time.Time, err error) {
	m, err := s.machineByARN(machineARN)
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
	h := header{Name: name, Machine: m.Name, RoleARN: m.RoleARN, Definition: m.Definition, Revision: m.Revision, Input: payload, Start: s.now()}
	path := s.journalPath(m.Name, name)
	j, err := createJournal(path, h)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("start execution: %w", err)
	}
	x := s.known(path, h)
	x.run = asl.New(m.parsed, s.startOf(h), s.env(x, j))
	s.launch(x, h, j, true)
	return arn, x.start, nil
}

// same answers a repeated start.
func (s *Service) same(before *execution, input json.RawMessage) (string, time.Time, error) {
	if before.status == Running {
		lines, _, err := readJournal(before.path)
		if err != nil {
			return "", time.Time{}, err
		}
		if string(lines[0].Header.Input) == string(input) {
			return before.arn, before.start, nil
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

// Describe reads an execution's journal.
func (s *Service) Describe(arn string) (Description, error) {
	x, _, err := s.find(arn)
	if err != nil {
		return Description{}, err
	}
	lines, _, err := readJournal(x.path)
	if err != nil {
		return Description{}, err
	}
	h := lines[0].Header
	d := Description{
		ARN: arn, Name: h.Name, MachineARN: s.machineARN(h.Machine), RoleARN: h.RoleARN, Status: Running,
		Start: h.Start, Input: h.Input, Definition: h.Definition, Revision: h.Revision,
	}
	for _, l := range lines {
		if l.Record != nil && l.Record.End != nil {
			d.End, d.Status = l.Record.End, l.Record.End.Status
		}
	}
	return d, nil
}

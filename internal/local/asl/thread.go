package asl

import (
	"encoding/json"
	"time"
)

// Phases of a thread.
const (
	phaseReady   = "ready"   // its state is to be entered
	phaseCall    = "call"    // a function runs
	phaseToken   = "token"   // a task token waits for its answer
	phaseWait    = "wait"    // until Until
	phaseBackoff = "backoff" // the state is run again at Until
	phaseFan     = "fan"     // its branches or iterations run
	phaseDone    = "done"    // a branch or iteration that ended; Result is its output
	phaseFailed  = "failed"  // an iteration whose failure is tolerated; Result tells it
)

// Thread is one line of control: the execution itself (ID 1), a Parallel branch
// or a Map iteration. Everything that a restart needs is in its JSON form.
type Thread struct {
	ID        int                        `json:"id"`
	Parent    int                        `json:"parent,omitempty"` // 0: none
	Index     int                        `json:"index"`            // of the branch or iteration
	Phase     string                     `json:"phase"`
	State     string                     `json:"state"`
	Input     json.RawMessage            `json:"input,omitempty"`
	Variables map[string]json.RawMessage `json:"variables,omitempty"`

	Previous        int64     `json:"previous"`         // the last event of this line
	Entered         int64     `json:"entered"`          // the event that entered State
	EnteredPrevious int64     `json:"entered_previous"` // the event before that
	EnteredAt       time.Time `json:"entered_at"`

	Attempts []int     `json:"attempts,omitempty"` // per retrier of State, since it was entered
	Until    time.Time `json:"until,omitzero"`
	Task     *taskRun  `json:"task,omitempty"`
	Fan      *fan      `json:"fan,omitempty"`

	Item   json.RawMessage `json:"item,omitempty"` // a Map iteration's item, for the context object
	Result json.RawMessage `json:"result,omitempty"`

	state *State // State, looked up
}

// taskRun is one scheduled run of a Task state.
type taskRun struct {
	Scheduled int64           `json:"scheduled"` // its event; replies carry it, so that late ones are told apart
	Function  string          `json:"function"`
	Payload   json.RawMessage `json:"payload"`
	Token     string          `json:"token,omitempty"`
	Timeout   int64           `json:"timeout,omitempty"`   // seconds, 0: none
	Heartbeat int64           `json:"heartbeat,omitempty"` // seconds, 0: none
	Deadline  time.Time       `json:"deadline,omitzero"`

	beat time.Time // a heartbeat is due; counted anew after a restart, when none could arrive
}

// fan is a running Parallel or Map state. What its JSON form leaves out follows
// from its children's.
type fan struct {
	Input   json.RawMessage   `json:"input,omitempty"` // of each branch
	Items   []json.RawMessage `json:"items,omitempty"`
	Width   int               `json:"width"` // branches or iterations in all
	AtOnce  int               `json:"at_once"`
	Count   *float64          `json:"count,omitempty"`   // failures tolerated
	Percent *float64          `json:"percent,omitempty"` // of Width
	spawned int
	failed  int
	retired []int             // threads that have ended
	results []json.RawMessage // theirs, by index
}

// Record is what one commit makes durable. The fold of all records of an
// execution, in order, is its state.
type Record struct {
	Events  []Event   `json:"events,omitempty"`
	Threads []*Thread `json:"threads,omitempty"` // as they are now
	Dropped []int     `json:"dropped,omitempty"`
	End     *End      `json:"end,omitempty"`
}

// Statuses of an execution that ended.
const (
	Succeeded = "SUCCEEDED"
	Failed    = "FAILED"
	TimedOut  = "TIMED_OUT"
	Aborted   = "ABORTED"
)

// End is how an execution ended.
type End struct {
	Status string          `json:"status"`
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
	Cause  string          `json:"cause,omitempty"`
	Time   time.Time       `json:"time"`
}

// touch makes t part of the next record.
func (x *Execution) touch(t *Thread) {
	x.changed[t.ID] = true
}

// retire takes a branch or iteration that has ended out of the running threads:
// its last form goes into the next record, its result to its parent.
func (x *Execution) retire(t, child *Thread) {
	x.pending.Threads = append(x.pending.Threads, child)
	delete(x.threads, child.ID)
	delete(x.changed, child.ID)
	t.Fan.keep(child)
}

func (f *fan) keep(child *Thread) {
	f.results[child.Index] = child.Result
	f.retired = append(f.retired, child.ID)
}

// clear ends t's fan and removes everything beneath it.
func (x *Execution) clear(t *Thread) {
	if t.Fan == nil {
		return
	}
	x.pending.Dropped = append(x.pending.Dropped, t.Fan.retired...)
	for _, c := range x.children(t) {
		x.clear(c)
		delete(x.threads, c.ID)
		delete(x.changed, c.ID)
		x.pending.Dropped = append(x.pending.Dropped, c.ID)
	}
	t.Fan = nil
}

// children are t's running threads in the order they were made.
func (x *Execution) children(t *Thread) []*Thread {
	var list []*Thread
	for _, id := range x.ids() {
		if c := x.threads[id]; c.Parent == t.ID {
			list = append(list, c)
		}
	}
	return list
}

// variables are those t sees: its own scope's and the outer ones'.
func (x *Execution) variables(t *Thread) map[string]json.RawMessage {
	if t.Parent == 0 {
		return t.Variables
	}
	seen := map[string]json.RawMessage{}
	for ; t != nil; t = x.threads[t.Parent] {
		for name, value := range t.Variables {
			if _, inner := seen[name]; !inner {
				seen[name] = value
			}
		}
	}
	return seen
}

// machineOf is the machine that t runs.
func (x *Execution) machineOf(t *Thread) *Machine {
	parent := x.threads[t.Parent]
	if parent == nil {
		return x.machine
	}
	return parent.state.machineOf(t.Index)
}

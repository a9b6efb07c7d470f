package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/store"
)

// The buckets of the store that are the service's own.
const (
	MachineBucket   = "states.machines"   // name → Machine
	ExecutionBucket = "states.executions" // ExecutionKey → Summary
	HistoryBucket   = "states.history"    // LineKey → Line
)

// Summary is what is known of an execution without its history.
type Summary struct {
	Name    string    `json:"name"`
	Machine string    `json:"machine"`
	Start   time.Time `json:"start"`
	Stop    time.Time `json:"stop,omitzero"` // zero while it runs
	Status  string    `json:"status"`
	// Unannounced says that the event about this status may not be on the bus.
	// Only executions of before version 1 of the store have it.
	Unannounced bool `json:"unannounced,omitempty"`
}

// Header is all that an execution began with.
type Header struct {
	Name       string          `json:"name"`
	Machine    string          `json:"machine"`
	RoleARN    string          `json:"role_arn"`
	Definition string          `json:"definition"`
	Revision   string          `json:"revision"`
	Input      json.RawMessage `json:"input"`
	Start      time.Time       `json:"start"`
	Trace      string          `json:"trace,omitempty"` // of who began it (package trace)
}

// Line is one part of an execution's history: the header, then records.
type Line struct {
	Header *Header     `json:"header,omitempty"`
	Record *asl.Record `json:"record,omitempty"`
}

// ExecutionKey names an execution in the store; a name has neither : nor /.
func ExecutionKey(machine, name string) string { return machine + ":" + name }

// LineKey names the n-th line of an execution's history, from 0.
func LineKey(execution string, n int) string { return fmt.Sprintf("%s/%08d", execution, n) }

// history reads an execution's header and records.
func (s *Service) history(key string) (h Header, records []asl.Record, err error) {
	found := false
	err = store.Each(s.cfg.Store, HistoryBucket, key+"/", func(_ string, l Line) error {
		if l.Header != nil {
			h, found = *l.Header, true
		}
		if l.Record != nil {
			records = append(records, *l.Record)
		}
		return nil
	})
	if err == nil && !found {
		err = errors.New("it has no header")
	}
	if err != nil {
		err = fmt.Errorf("read history: %w", err)
	}
	return h, records, err
}

// forget removes an execution with its history.
func (s *Service) forget(key string) error {
	b := &store.Batch{}
	b.Delete(ExecutionBucket, key)
	err := store.Each(s.cfg.Store, HistoryBucket, key+"/", func(line string, _ json.RawMessage) error {
		b.Delete(HistoryBucket, line)
		return nil
	})
	if err != nil {
		return err
	}
	return s.cfg.Store.Write(b)
}

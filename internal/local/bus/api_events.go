package bus

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// Limits of one PutEvents request.
const (
	maxEntries      = 10
	maxEntriesBytes = 256 << 10
	timeBytes       = 14 // what AWS counts for an entry's time
)

// entry is one event of PutEvents.
type entry struct {
	Source, DetailType, Detail, EventBusName, TraceHeader string
	Resources                                             []string
	Time                                                  *float64 // seconds since 1970
}

// result is what becomes of an entry: an id or an error.
type result struct {
	EventID string `json:"EventId,omitempty"`
	Code    string `json:"ErrorCode,omitempty"`
	Message string `json:"ErrorMessage,omitempty"`
}

func (s *Service) putEvents(ctx context.Context, body []byte) (any, error) {
	var in struct{ Entries []entry }
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	if len(in.Entries) < 1 || len(in.Entries) > maxEntries {
		return nil, validation("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and %d", maxEntries)
	}
	total := 0
	for _, e := range in.Entries {
		total += e.size()
	}
	if total > maxEntriesBytes {
		return nil, validation("Total size of the entries in the request is over the limit.")
	}
	results := make([]result, len(in.Entries))
	failed := 0
	b := &store.Batch{Trace: trace.From(ctx).Text(true)}
	for i, e := range in.Entries {
		if results[i] = s.check(e); results[i].Code != "" {
			failed++
			continue
		}
		event := s.newEvent(e.Source, e.DetailType, e.Resources, json.RawMessage(e.Detail), e.time(s.config.Clock.Now()))
		results[i].EventID = event.ID
		if err := s.publish(b, event); err != nil {
			return nil, err
		}
	}
	if err := s.config.Store.Write(b); err != nil {
		return nil, err
	}
	return map[string]any{"FailedEntryCount": failed, "Entries": results}, nil
}

func (e entry) size() int {
	n := len(e.Source) + len(e.DetailType) + len(e.Detail)
	for _, r := range e.Resources {
		n += len(r)
	}
	if e.Time != nil {
		n += timeBytes
	}
	return n
}

// latest bounds an entry's time: the year 9999.
const latest = 253402300799

func (e entry) time(now time.Time) time.Time {
	if e.Time == nil || math.IsNaN(*e.Time) || *e.Time < 0 || *e.Time > latest {
		return now
	}
	return time.Unix(int64(*e.Time), 0)
}

func (s *Service) check(e entry) result {
	for _, required := range []struct{ name, value string }{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if required.value == "" {
			return result{Code: "InvalidArgument", Message: "Parameter " + required.name + " is not valid. Reason: " + required.name + " is a required argument."}
		}
	}
	var detail map[string]json.RawMessage
	if json.Unmarshal([]byte(e.Detail), &detail) != nil || detail == nil {
		return result{Code: "MalformedDetail", Message: "Detail is malformed."}
	}
	if strings.HasPrefix(e.Source, "aws.") {
		return result{Code: "NotAuthorizedForSourceException", Message: "Not authorized for the source."}
	}
	if err := s.checkBus(e.EventBusName); err != nil {
		return result{Code: "ResourceNotFoundException", Message: "The event bus does not exist."}
	}
	return result{}
}

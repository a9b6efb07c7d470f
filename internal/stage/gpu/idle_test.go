package gpu

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// The line by which the template's alarm knows of an instance that costs money for nobody.
func TestAnIdleInstanceIsTold(t *testing.T) {
	d := newDesk(t, policy)
	soon, past := d.now.Add(time.Minute), d.now.Add(-time.Minute)
	for _, c := range []struct {
		name  string
		lease job.Lease
		up    bool
		told  bool
	}{
		{"nobody came yet", job.Lease{}, true, true},
		{"its time is over", job.Lease{ParkAt: past}, true, true},
		{"it lingers", job.Lease{ParkAt: soon}, true, false},
		{"a job holds it", job.Lease{Holders: []string{one}, ParkAt: past}, true, false},
		{"a scan is on its way", job.Lease{Intents: []job.Intent{{Until: soon}}, ParkAt: past}, true, false},
		{"the scan did not come", job.Lease{Intents: []job.Intent{{Until: past}}, ParkAt: past}, true, true},
		{"a budget stop, whoever holds it", job.Lease{Holders: []string{one}, Blocked: true}, true, true},
		{"it sleeps", job.Lease{ParkAt: past}, false, false},
	} {
		var log bytes.Buffer
		before := slog.Default()
		slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
		d.lease = c.lease
		err := d.Seen(t.Context(), c.up)
		slog.SetDefault(before)
		line := `"msg":"` + IdleInstance + `","count":1`
		if told := strings.Contains(log.String(), line); err != nil || told != c.told {
			t.Errorf("%s: told %v, %v, want %v: %s", c.name, told, err, c.told, log.String())
		}
	}
}

package chaos

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/states"
)

// jobs are the records, in the order of their ids.
func (w *world) jobs() (all []job.Record) {
	for _, it := range w.dynamo.rows() {
		if r, ok := recordOf(it); ok {
			all = append(all, r)
		}
	}
	return all
}

func (w *world) record(id string) job.Record {
	for _, r := range w.jobs() {
		if r.ID == id {
			return r
		}
	}
	return job.Record{}
}

// unrest says what still goes on, empty when nothing does.
func (w *world) unrest() (why []string) {
	for _, r := range w.jobs() {
		if !r.Status.Ended() && !r.Erased {
			why = append(why, fmt.Sprintf("job %s is %s in attempt %d", r.ID, r.Status, r.Attempt))
		}
		if len(r.Owed) > 0 && !r.Erased {
			why = append(why, fmt.Sprintf("job %s owes %d events", r.ID, len(r.Owed)))
		}
	}
	for _, it := range w.dynamo.rows() {
		switch {
		case text(it, "pk") == "OPEN":
			why = append(why, "job "+text(it, "sk")+" is among the open ones")
		case strings.HasPrefix(text(it, "pk"), "GPU#") && text(it, "sk") == "LEASE" && it["holders"] != nil:
			why = append(why, fmt.Sprintf("the lease is held: %v", it["holders"]))
		}
	}
	status, desired, current := w.endpoint()
	if desired != 0 || current != 0 {
		why = append(why, fmt.Sprintf("the endpoint is %s with %d of %d instances", status, current, desired))
	}
	if len(why) > 0 {
		return why // histories are long
	}
	for _, name := range w.running() {
		why = append(why, "the execution "+name+" runs")
	}
	return why
}

func (w *world) endpoint() (status string, desired, current int) {
	var out struct {
		EndpointStatus     string
		ProductionVariants []struct{ DesiredInstanceCount, CurrentInstanceCount int }
	}
	if err := w.sagemaker.Call("DescribeEndpoint", map[string]string{"EndpointName": parameters["EndpointName"]}, &out); err != nil {
		panic(err)
	}
	return out.EndpointStatus, out.ProductionVariants[0].DesiredInstanceCount, out.ProductionVariants[0].CurrentInstanceCount
}

// running are the executions that have not ended.
func (w *world) running() (names []string) {
	for _, r := range w.jobs() {
		for attempt := 1; attempt <= r.Attempt; attempt++ {
			name := job.ExecutionName(r.ID, attempt)
			d, err := w.states.Describe("arn:aws:states:" + region + ":" + account + ":execution:iris-scan:" + name)
			if err == nil && d.Status == states.Running {
				names = append(names, name)
			}
		}
	}
	return names
}

// settle waits until nothing goes on any more, in virtual time. What goes on after that
// is an accusation.
func (w *world) settle(t *testing.T, within time.Duration) {
	t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(2 * time.Minute) {
		why := w.unrest()
		if len(why) == 0 {
			return
		}
		if time.Now().After(end) {
			for _, text := range why {
				w.seen.accuse("after %v: %s", within, text)
			}
			return
		}
	}
}

// problems are all accusations so far.
func (w *world) problems() []string {
	w.seen.mu.Lock()
	defer w.seen.mu.Unlock()
	return slices.Clone(w.seen.wrong)
}

// judge holds a world at rest against what was promised.
func (w *world) judge(uploads []*dropped, want map[string]map[string]string) {
	for _, d := range uploads {
		w.judgeUpload(d, want, replaced(d, uploads))
	}
	for _, r := range w.jobs() {
		if r.Erased {
			w.judgeErased(r)
		}
	}
	w.judgeEvents()
	for _, it := range w.dynamo.rows() {
		pk := text(it, "pk")
		if id, ok := strings.CutPrefix(pk, "LINKS#"); ok && w.record(id).Erased {
			w.seen.accuse("the table holds %s of an erased job", pk)
		}
		if strings.HasPrefix(pk, "KEY#") && w.record(text(it, "job")).Erased {
			w.seen.accuse("the table finds the erased job %s by %s", text(it, "job"), pk)
		}
	}
}

// judgeUpload: what was uploaded has a job; a READY one has equal bytes, at their place.
// One whose object another upload of the same key took the place of may end rejected.
func (w *world) judgeUpload(d *dropped, want map[string]map[string]string, replaced bool) {
	if d.id == "" {
		w.seen.accuse("the upload of %s under %s has no job", d.scan.name, d.key)
		return
	}
	r := w.record(d.id)
	switch {
	case r.ID == "":
		w.seen.accuse("job %s of %s has no record", d.id, d.key)
	case d.erased && !r.Erased:
		w.seen.accuse("job %s was erased, so its owner was told, and is %s", d.id, r.Status)
	case r.Erased:
	case !d.there(w) && !(replaced && !w.s3.versioned):
		w.seen.accuse("the upload of job %s (%s) is gone", d.id, r.Status)
	}
	gone := r.Error != nil && (r.Error.Code == "upload_replaced" || r.Error.Code == "missing_upload")
	if r.Status == job.Rejected && !r.Erased && !d.scan.rejected && !(replaced && gone) {
		w.seen.accuse("job %s of %s was rejected: %+v", d.id, d.scan.name, r.Error)
	}
	if r.Erased || r.Status != job.Ready {
		return
	}
	sums, known := want[d.scan.name+optionsOf(r)]
	if !known {
		w.seen.accuse("job %s of %s is ready", d.id, d.scan.name)
		return
	}
	for _, name := range job.ArtifactNames {
		i := slices.IndexFunc(r.Artifacts, func(a job.Artifact) bool { return a.Name == name })
		if (i >= 0) != (sums[name] != "") {
			w.seen.accuse("job %s of %s: it has %s: %t", d.id, d.scan.name, name, i >= 0)
		}
		if i < 0 {
			continue
		}
		a := r.Artifacts[i]
		if a.SHA256 != sums[name] {
			w.seen.accuse("job %s of %s: %s has other bytes than an undisturbed one's", d.id, d.scan.name, name)
		}
		attempt := a.Attempt
		if attempt == 0 {
			attempt = r.Shown
		}
		w.s3.mu.Lock()
		v, there := w.s3.latest("iris-results", job.Key(r.ID, attempt, name))
		w.s3.mu.Unlock()
		if !there || digestOf(v) != a.SHA256 {
			w.seen.accuse("job %s of %s: the object %s is not what its record says (there: %t)", d.id, d.scan.name, name, there)
		}
	}
}

// replaced says whether another upload came under the same key.
func replaced(d *dropped, uploads []*dropped) bool {
	return slices.ContainsFunc(uploads, func(o *dropped) bool { return o != d && o.key == d.key })
}

// optionsOf is the remesh that a job shows.
func optionsOf(r job.Record) string {
	if r.Options.Smoothing == 0 {
		return remeshes[1]
	}
	return remeshes[0]
}

// judgeErased: nothing of the job is in any bucket, no version, no mark, no part.
func (w *world) judgeErased(r job.Record) {
	w.s3.mu.Lock()
	defer w.s3.mu.Unlock()
	for name, versions := range w.s3.objects {
		if strings.Contains(name, r.ID) && len(versions) > 0 {
			w.seen.accuse("of the erased job %s %s is left, in %d versions (%s)", r.ID, name, len(versions), r.Status)
		}
	}
	for _, u := range w.s3.uploads {
		if strings.Contains(u.key, r.ID) {
			w.seen.accuse("of the erased job %s an upload of %s is left", r.ID, u.key)
		}
	}
}

// judgeEvents: each ending was told, and once, but by whom a fault hit.
func (w *world) judgeEvents() {
	w.seen.mu.Lock()
	defer w.seen.mu.Unlock()
	for attempt, status := range w.seen.endings {
		id, _, _ := strings.Cut(attempt, " ")
		what := attempt + " " + string(status)
		t := w.seen.tells[what]
		tells := status == job.Ready || status == job.Rejected || status == job.Failed
		switch {
		case !tells && t.times > 0:
			w.seen.wrong = append(w.seen.wrong, fmt.Sprintf("the ending %q was told", what))
		case tells && t.times == 0 && !w.record(id).Erased:
			w.seen.wrong = append(w.seen.wrong, fmt.Sprintf("the ending %q was told nobody", what))
		case t.times > 1+t.excused:
			w.seen.wrong = append(w.seen.wrong, fmt.Sprintf("the ending %q was told %d times, of which faults excuse %d", what, t.times, t.excused))
		}
	}
	for what := range w.seen.tells {
		at := strings.LastIndex(what, " ")
		if string(w.seen.endings[what[:at]]) != what[at+1:] {
			w.seen.wrong = append(w.seen.wrong, fmt.Sprintf("the ending %q was told, and is %q", what, w.seen.endings[what[:at]]))
		}
	}
}

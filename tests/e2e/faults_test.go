package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// What may go wrong while a job waits for the GPU. After each the job has its
// right status, the lease is empty, the endpoint sleeps and nothing is left behind.
func TestFaults(t *testing.T) {
	t.Parallel()
	model := newInstall(t)
	s := up(t, t.TempDir(), "--install", model.dir)
	f := faults{stack: s, model: model, scan: sample(t, 48)}
	for _, fault := range []struct {
		name string
		test func(*testing.T, faults)
	}{
		{"cancelled while segmenting", cancelled},
		{"aborted from the console", aborted},
		{"the model server dies once", diesOnce},
		{"the model server dies every time", diesAlways},
		{"a lost message", lostMessage},
		{"a doubled message", doubledMessage},
		{"a request that outlives its job", orphan},
	} {
		t.Run(fault.name, func(t *testing.T) {
			fault.test(t, f)
			s.rests(t)
		})
	}
}

type faults struct {
	*stack
	model install
	scan  string
}

// begin sends a scan and waits until its request is in the model, which holds it.
func (f faults) begin(t *testing.T, key string) string {
	t.Helper()
	id := f.send(t, f.scan, key)
	until(t, "the model has the request", time.Minute, func() bool { return f.model.came(id) && f.job(t, id).Status == "segmenting" })
	return id
}

// cleared waits until the work bucket has neither the request's input nor its output.
func (f faults) cleared(t *testing.T, id string) {
	t.Helper()
	f.rests(t) // no message is on its way any more
	for _, name := range []string{"volume.nii.gz", "labels.bin"} {
		until(t, name+" is gone", 10*time.Second, func() bool { return !f.working(t, id, name) })
	}
}

func cancelled(t *testing.T, f faults) {
	f.model.hold(t)
	id := f.begin(t, "cancelled.nii.gz")
	var j job
	f.call(t, http.MethodPost, "/v1/jobs/"+id+"/cancel", "", &j)
	if j.Status != "cancelled" {
		t.Errorf("cancel answers %s", j.Status)
	}
	before := f.handled(t, "iris-segmented")
	f.model.free(t)
	until(t, "the model has answered a job that is no more", time.Minute, func() bool { return f.model.served(id) })
	f.handles(t, "iris-segmented", before, 1) // its answer has come to the bucket, and the message about it
	f.cleared(t, id)
	f.ends(t, id, "cancelled", "")
}

func aborted(t *testing.T, f faults) {
	f.model.hold(t)
	id := f.begin(t, "aborted.nii.gz")
	_, err := sfn.NewFromConfig(f.sdk(t)).StopExecution(t.Context(), &sfn.StopExecutionInput{
		ExecutionArn: aws.String(arn("states", "execution:iris-scan:"+execution(id))),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.ends(t, id, "failed", "internal")
	f.model.free(t)
	f.cleared(t, id)
}

func diesOnce(t *testing.T, f faults) {
	f.model.say(t, "die")
	id := f.send(t, f.scan, "dies-once.nii.gz")
	f.ends(t, id, "ready", "")
}

func diesAlways(t *testing.T, f faults) {
	f.model.say(t, "die-1")
	f.model.say(t, "die-2")
	id := f.send(t, f.scan, "dies-always.nii.gz")
	f.ends(t, id, "failed", "model_failed")
	f.cleared(t, id)
	var again job
	f.call(t, http.MethodPost, "/v1/jobs/"+id+"/retry", "{}", &again)
	f.ends(t, id, "ready", "")
}

// The answer lies on S3 and nobody was told: the janitor finds it. (The model
// still holds the request, so that no message can come.)
func lostMessage(t *testing.T, f faults) {
	answered := f.send(t, f.scan, "answered.nii.gz")
	f.ends(t, answered, "ready", "")
	f.model.hold(t)
	id := f.begin(t, "lost.nii.gz")
	_, err := s3.NewFromConfig(f.sdk(t)).CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: aws.String("iris-work"), Key: aws.String(id + "/1/labels.bin"), CopySource: aws.String("iris-work/" + answered + "/1/labels.bin"),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.janitor(t)
	f.ends(t, id, "ready", "")
	f.model.free(t) // the late message is about what is settled
	f.rests(t)
	if j := f.job(t, id); j.Status != "ready" || j.Attempt != 1 {
		t.Errorf("after the late message the job is %+v", j)
	}
}

// Messages come early, twice and after the end.
func doubledMessage(t *testing.T, f faults) {
	f.model.hold(t)
	id := f.begin(t, "doubled.nii.gz")
	say := func(status string) {
		topic := map[string]string{"Completed": "iris-success", "Failed": "iris-error"}[status]
		text, err := json.Marshal(map[string]any{
			"invocationStatus": status, "inferenceId": execution(id), "failureReason": "ClientError: of a request before",
			"eventTime": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339Nano),
		})
		if err != nil {
			t.Fatal(err)
		}
		f.publish(t, topic, string(text))
	}
	before := f.handled(t, "iris-segmented")
	say("Completed")
	say("Failed")
	f.handles(t, "iris-segmented", before, 2)
	if got := f.job(t, id).Status; got != "segmenting" {
		t.Errorf("early messages made the job %s", got)
	}
	f.model.free(t)
	f.ends(t, id, "ready", "")
	before = f.handled(t, "iris-segmented")
	for range 2 {
		say("Completed")
		say("Failed")
	}
	f.handles(t, "iris-segmented", before, 4)
	f.rests(t)
	if j := f.job(t, id); j.Status != "ready" || j.Attempt != 1 {
		t.Errorf("late messages made the job %+v", j)
	}
	var again job
	f.call(t, http.MethodPost, "/v1/jobs/"+id+"/remesh", `{"options":{"smoothing":0}}`, &again)
	f.ends(t, id, "ready", "")
	if j := f.job(t, id); j.Attempt != 2 {
		t.Errorf("the remesh is attempt %d", j.Attempt)
	}
}

// A job cancelled while its request is queued: its turn comes when its input is gone.
func orphan(t *testing.T, f faults) {
	f.model.hold(t)
	first := f.begin(t, "first.nii.gz")
	queued := f.send(t, f.scan, "queued.nii.gz")
	until(t, "the second request is queued", 30*time.Second, func() bool {
		return f.job(t, queued).Status == "segmenting" && f.gpu(t).Queue == 2
	})
	var j job
	f.call(t, http.MethodPost, "/v1/jobs/"+queued+"/cancel", "", &j)
	f.model.let(t, first)
	f.ends(t, first, "ready", "")
	f.cleared(t, queued)
	if f.model.came(queued) {
		t.Error("the model was given a cancelled job's request")
	}
	f.model.free(t)
	f.ends(t, queued, "cancelled", "")
}

// An execution that runs out of time cannot catch that itself.
func TestExecutionTimeout(t *testing.T) {
	t.Parallel()
	const bound, seconds = `"TimeoutSeconds": 21600`, 6
	model := newInstall(t, edit{"statemachine/scan.asl.json", bound, fmt.Sprintf(`"TimeoutSeconds": %d`, seconds)})
	f := faults{stack: up(t, t.TempDir(), "--install", model.dir), model: model, scan: sample(t, 48)}
	model.hold(t)
	id := f.begin(t, "slow.nii.gz")
	f.ends(t, id, "failed", "timed_out")
	model.free(t)
	f.cleared(t, id)
}

package sagemaker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/tests/contract/fixtures"
)

type line struct {
	Name     string
	Accepted bool
	Line     string
}

// What a model server counts is read as the contract has it, whatever pieces its log comes
// in and whatever else it holds; the log itself is passed on to the byte.
func TestCountsOfTheContract(t *testing.T) {
	type said struct {
		Inference string
		P         job.Progress
	}
	var want []said
	var log bytes.Buffer
	for n, c := range fixtures.Read[line](t, "progress.json") {
		inference, p, ok := counted([]byte(c.Line))
		if ok != c.Accepted {
			t.Errorf("%s: %v %+v", c.Name, ok, p)
		}
		if ok {
			want = append(want, said{inference, p})
		}
		fmt.Fprintf(&log, "%s\n", c.Line)
		switch n % 3 { // what else may stand between two lines
		case 0:
			log.WriteString("\n\xff\x00 plain text\n")
		case 1: // a line that is too long, with a count at its end
			log.WriteString(strings.Repeat("x", 2*maxLine) + c.Line + "\n")
		}
	}
	log.WriteString(`{"msg":"progress","done":1,"total":2,"unit":"tiles","inference":"x"}`) // it is not over
	random := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		var got []said
		var passed bytes.Buffer
		c := &counts{log: &passed, tell: func(inference string, p job.Progress) { got = append(got, said{inference, p}) }}
		for rest := log.Bytes(); len(rest) > 0; {
			n := min(1+random.IntN(3*maxLine), len(rest))
			if m, err := c.Write(rest[:n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			rest = rest[n:]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got): %s", diff)
		}
		if !bytes.Equal(passed.Bytes(), log.Bytes()) || cap(c.line) > 2*maxLine {
			t.Fatalf("%d bytes of %d were passed on; %d are held", passed.Len(), log.Len(), cap(c.line))
		}
	}
	if n, err := (&counts{tell: func(string, job.Progress) {}}).Write(log.Bytes()); n != log.Len() || err != nil {
		t.Errorf("to nowhere: %d, %v", n, err)
	}
}

// What was counted before a request began anew is forgotten: a process that was killed has
// left no work (unreal-archive/unreal-archive 79: 100 % while it begins again).
func TestAnOldCountIsForgotten(t *testing.T) {
	f := setUp(t, "", nil)
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	f.until(1)
	f.store.put("s3://work/one/1/"+job.ProgressObject, `{"done":8,"total":9,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`)
	f.mustInvoke("one", "")
	f.mustInvoke("two", "")
	for range 2 {
		f.next()
	}
	var p job.Progress
	if text, _ := f.store.get("s3://work/one/1/" + job.ProgressObject); json.Unmarshal([]byte(text), &p) != nil || p.Sound() {
		t.Errorf("left: %q", text)
	}
	if text, found := f.store.get("s3://work/two/1/" + job.ProgressObject); found {
		t.Errorf("of a request that was never counted: %q", text)
	}
}

// A request's count lies beside its answer's place while it runs; that it cannot be stored
// is nobody's failure.
func TestACountIsStored(t *testing.T) {
	f := setUp(t, "", nil)
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	f.until(1)
	began, end := time.Now().Add(-time.Second), filepath.Join(t.TempDir(), "end")
	f.mustInvoke("one", "count="+end)
	var p job.Progress
	for limit := time.Now().Add(2 * time.Minute); p.Done < 3; time.Sleep(20 * time.Millisecond) {
		if text, found := f.store.get("s3://work/one/1/" + job.ProgressObject); found {
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				t.Fatal(err)
			}
		}
		if time.Now().After(limit) {
			t.Fatalf("the last count is %+v", p)
		}
	}
	if !p.Sound() || p.Total != 3 || p.Unit != "tiles" || p.At.Before(began) || p.At.After(time.Now()) {
		t.Errorf("%+v", p)
	}
	f.store.mu.Lock()
	f.store.full = true
	f.store.mu.Unlock()
	<-f.store.refused // a count could not be stored
	f.store.mu.Lock()
	f.store.full = false
	f.store.mu.Unlock()
	if err := os.WriteFile(end, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if n := parse(t, f.next()); n.InvocationStatus != "Completed" {
		t.Errorf("%+v", n)
	}
	if got, _ := f.store.get("s3://work/one/1/labels.bin"); got != "VOLUME OF ONE" {
		t.Errorf("result %q", got)
	}
}

package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// rawScan is a NIfTI-1 file of float32, 2 mm voxels: its header and so many voxels of one value.
func rawScan(dims []int16, voxels int, value func(n int) float32) []byte {
	header := make([]byte, 352)
	put16 := func(at int, v int16) { binary.LittleEndian.PutUint16(header[at:], uint16(v)) }
	put32 := func(at int, v float32) { binary.LittleEndian.PutUint32(header[at:], math.Float32bits(v)) }
	binary.LittleEndian.PutUint32(header, 348)
	put16(40, int16(len(dims)))
	for n := range 7 {
		put16(42+2*n, 1)
		put32(80+4*n, 2)
	}
	for n, d := range dims {
		put16(42+2*n, d)
	}
	put16(70, 16) // float32
	put16(72, 32)
	put32(76, 1)
	put32(108, 352)
	put32(112, 1)
	header[123] = 2 // mm
	put16(254, 1)   // sform
	for row := range 3 {
		put32(280+16*row+4*row, 2)
	}
	copy(header[344:], "n+1\x00")
	for n := range voxels {
		header = binary.LittleEndian.AppendUint32(header, math.Float32bits(value(n)))
	}
	return header
}

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What cannot be read is a rejected job with a code and a sentence, soon and
// in little memory.
func TestRejectedScans(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	s := up(t, state)
	good, err := os.ReadFile(sample(t, 64))
	if err != nil {
		t.Fatal(err)
	}
	corrupt := bytes.Clone(good)
	for n := len(corrupt) / 2; n < len(corrupt)/2+64; n++ {
		corrupt[n] ^= 0xff
	}
	cube := 32 * 32 * 32
	cases := []struct {
		name string
		body []byte
	}{
		{"corrupt", corrupt},
		{"truncated", good[:len(good)/2]},
		{"empty", nil},
		{"nan", zipped(t, rawScan([]int16{32, 32, 32}, cube, func(int) float32 { return float32(math.NaN()) }))},
		{"five-dimensions", zipped(t, rawScan([]int16{16, 16, 16, 2, 2}, 16*16*16*4, func(n int) float32 { return float32(n%500 - 200) }))},
		{"two-to-the-31", zipped(t, rawScan([]int16{2048, 2048, 512}, 9, func(int) float32 { return 0 }))},
		{"normalised", zipped(t, rawScan([]int16{32, 32, 32}, cube, func(n int) float32 { return float32(n%100) / 100 }))},
		{"text", []byte(strings.Repeat("this is no scan\n", 100))},
	}
	client := s3.NewFromConfig(s.sdk(t))
	for n, c := range cases {
		key := "zz" + strconv.Itoa(n) + ".nii.gz"
		dropped := time.Now()
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("iris-uploads"), Key: &key, Body: bytes.NewReader(c.body)}); err != nil {
			t.Fatal(err)
		}
		j := s.finish(t, key, time.Minute)
		took := time.Since(dropped)
		if j.Status != "rejected" || j.Error == nil || !regexp.MustCompile(`^[a-z0-9_]+$`).MatchString(j.Error.Code) || !strings.Contains(j.Error.Message, " ") {
			t.Errorf("%s ended %s: %+v", c.name, j.Status, j.Error)
			continue
		}
		t.Logf("%s: %v, %s: %s", c.name, took.Round(time.Millisecond), j.Error.Code, j.Error.Message)
		if strings.Contains(j.Error.Message, "zz") {
			t.Errorf("%s: its message repeats the file's name", c.name)
		}
	}
	s.rests(t)
	log, err := os.ReadFile(filepath.Join(state, "logs", "iris-prepare.log"))
	if err != nil {
		t.Fatal(err)
	}
	reports := regexp.MustCompile(`REPORT .*?\tDuration: ([0-9.]+) ms.*Max Memory Used: ([0-9]+) MB`).FindAllStringSubmatch(string(log), -1)
	if len(reports) < len(cases) {
		t.Errorf("%d reports of prepare for %d scans", len(reports), len(cases))
	}
	for _, r := range reports {
		ms, _ := strconv.ParseFloat(r[1], 64)
		if mb, _ := strconv.Atoi(r[2]); ms > 2000 || mb > 256 {
			t.Errorf("prepare took %s ms and %s MB: want at most 2000 and 256", r[1], r[2])
		}
	}
}

// One event, delivered twenty times at once and once more: one job, one execution
// (beside those of the upload's own event, which has another sequencer).
func TestRepeatedEventsAreOneJob(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	scan := sample(t, 48)
	cfg := s.sdk(t)
	copied := "copy.nii.gz"
	if err := drop(t.Context(), cfg, scan, copied); err != nil {
		t.Fatal(err)
	}
	first := s.finish(t, copied, time.Minute)
	object, err := s3.NewFromConfig(cfg).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("iris-uploads"), Key: &copied})
	if err != nil {
		t.Fatal(err)
	}
	detail, err := json.Marshal(map[string]any{"bucket": map[string]string{"name": "iris-uploads"}, "object": map[string]any{
		"key": copied, "size": *object.ContentLength, "etag": strings.Trim(*object.ETag, `"`), "sequencer": "00FF00FF00FF00FF"}})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { s.deliver(t, detail) })
	}
	all.Wait()
	s.deliver(t, detail)
	s.rests(t)
	jobs, err := s.jobs(copied)
	if err != nil || len(jobs) != 2 || jobs[1].ID != first.ID {
		t.Fatalf("21 deliveries of one event: %d jobs beside the upload's own, %v", len(jobs)-1, err)
	}
	for _, j := range jobs {
		s.ends(t, j.ID, "ready", "")
	}
	out, err := sfn.NewFromConfig(cfg).ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(arn("states", "stateMachine:iris-scan"))})
	if err != nil || len(out.Executions) != 2 {
		t.Errorf("%d executions, want 2: %v", len(out.Executions), err)
	}
}

// deliver hands the intake, as the bus does, an "Object Created" event.
func (s *stack) deliver(t *testing.T, detail json.RawMessage) {
	text, err := json.Marshal(map[string]any{"version": "0", "id": "x", "source": "aws.s3", "detail-type": "Object Created", "region": "us-east-1", "detail": detail})
	if err != nil {
		t.Error(err)
		return
	}
	_, err = lambda.NewFromConfig(s.sdk(t)).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("iris-intake"), InvocationType: types.InvocationTypeEvent, Payload: text,
	})
	if err != nil {
		t.Error(err)
	}
}

package sagemaker

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
)

// serviceRole makes this test binary a service that is to be killed: its state
// folder, and the file that its model leaves when it is at work.
const serviceRole, serviceMark = "IRIS_SAGEMAKER_TEST_SERVICE", "IRIS_SAGEMAKER_TEST_MARK"

// victim accepts two requests, begins the first, and waits.
func victim() {
	objects := &memory{objects: map[string][]byte{}}
	objects.put("s3://work/in", "volume")
	state, err := store.Open(filepath.Join(os.Getenv(serviceRole), storetest.File), nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	s, err := New(Config{
		Store: state, Clock: clock.Real{}, Bucket: objects.bucket,
		Endpoints: []Endpoint{testEndpoint()},
	})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for n := range 2 {
		h := http.Header{}
		for name, value := range map[string]string{
			"InputLocation": "s3://work/in", "Inference-Id": "job" + strconv.Itoa(n), "S3OutputPathExtension": "job" + strconv.Itoa(n), "Filename": "labels.bin",
			"Custom-Attributes": "once=" + os.Getenv(serviceMark),
		} {
			h.Set(headerPrefix+name, value)
		}
		if _, err := s.invoke("gpu", h); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	s.mu.Lock()
	err = s.setDesired(s.endpoints[0], 1, time.Now())
	s.mu.Unlock()
	for err == nil {
		if _, statErr := os.Stat(os.Getenv(serviceMark)); statErr == nil {
			m := s.world.(*machine)
			fmt.Println(m.container(s.endpoints[0], 1).process.Pid())
			time.Sleep(time.Minute)
		}
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Println(err)
}

func TestKillLosesNothingAndLeavesNobody(t *testing.T) {
	dir, mark := t.TempDir(), filepath.Join(t.TempDir(), "at-work")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serviceRole+"="+dir, serviceMark+"="+mark)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(line[:len(line)-1])
	if err != nil {
		t.Fatalf("the service says %q", line)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for n := 0; syscall.Kill(pid, 0) == nil; n++ {
		if n == 6000 { // two minutes
			t.Fatalf("the model server %d outlived the killed service", pid)
		}
		time.Sleep(20 * time.Millisecond)
	}

	f := setUp(t, dir, nil)
	f.store.put("s3://work/in", "volume")
	for n := range 2 {
		want := "job" + strconv.Itoa(n)
		if got := parse(t, f.next()); got.InferenceID != want || got.InvocationStatus != "Completed" {
			t.Errorf("after the kill %+v, want %s completed", got, want)
		}
	}
	f.until(1) // desired survives too
}

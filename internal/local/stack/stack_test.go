package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
)

// sdk reaches the stack as a program does, but never tries twice: a refusal is seen.
func (p *process) sdk(t *testing.T) aws.Config {
	t.Helper()
	cfg, err := awsconfig.Load(t.Context(), config.WithBaseEndpoint(p.AWS), config.WithRegion(Region),
		config.WithSharedCredentialsFiles([]string{p.Credentials}), config.WithSharedConfigFiles(nil),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func put(ctx context.Context, cfg aws.Config, key string) error {
	_, err := s3.NewFromConfig(cfg).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("iris-uploads"), Key: &key, Body: strings.NewReader(key)})
	return err
}

// sequencers are those under which the function saw a key.
func sequencers(t *testing.T, cfg aws.Config, key string) []string {
	t.Helper()
	out, err := dynamodb.NewFromConfig(cfg).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String("iris-seen"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: key}},
	})
	if err != nil {
		t.Fatal(err)
	}
	seen, _ := out.Item["sequencers"].(*types.AttributeValueMemberSS)
	if seen == nil {
		return nil
	}
	return seen.Value
}

func eventually(t *testing.T, what string, probe func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !probe(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func TestAnUploadBecomesAnItem(t *testing.T) {
	build, state := install(t), t.TempDir()
	p, err := start(t, state, build)
	if err != nil {
		t.Fatal(err)
	}
	cfg := p.sdk(t)
	if err := put(t.Context(), cfg, "scan.nii"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the function saw the upload", func() bool { return len(sequencers(t, cfg, "scan.nii")) == 1 })

	if info, err := os.Stat(p.Credentials); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("credentials: %v, %v", info.Mode(), err)
	}
	resp, err := http.Get(p.HTTP + "/v1/anything")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != 200 || string(body) != "good day" {
		t.Errorf("the API answers %s %q", resp.Status, body)
	}
	client := sfn.NewFromConfig(cfg)
	run, err := client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String("arn:aws:states:us-east-1:000000000000:stateMachine:iris-echo")})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the workflow called the function", func() bool {
		d, err := client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: run.ExecutionArn})
		return err == nil && strings.Contains(aws.ToString(d.Output), "good day")
	})

	if _, err := start(t, state, build); err == nil || !strings.Contains(err.Error(), "is in use by another `iris up` (process ") {
		t.Errorf("a second stack on the folder: %v", err)
	}
	p.end(t)

	p, err = start(t, state, build)
	if err != nil {
		t.Fatal(err)
	}
	if cfg := p.sdk(t); p.Reannounced != 0 || len(sequencers(t, cfg, "scan.nii")) != 1 {
		t.Errorf("after a restart: %d announced again", p.Reannounced)
	}
}

// An acknowledged upload is seen under exactly one sequencer, whenever the stack,
// the process that stores objects, or both are killed; so is one that was stored
// but not acknowledged, or it is not there.
func TestNoAcknowledgedUploadIsForgotten(t *testing.T) {
	build, state := install(t), t.TempDir()
	rounds := 8
	if testing.Short() {
		rounds = 2
	}
	random := rand.New(rand.NewPCG(7, 7))
	var mu sync.Mutex
	var acknowledged []string
	for round := range rounds {
		p, err := start(t, state, build)
		if err != nil {
			t.Fatal(err)
		}
		cfg := p.sdk(t)
		ctx, cancel := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					key := fmt.Sprintf("%d/%d/%d", round, w, n)
					if put(ctx, cfg, key) == nil {
						mu.Lock()
						acknowledged = append(acknowledged, key)
						mu.Unlock()
					}
				}
			})
		}
		time.Sleep(time.Duration(20+random.IntN(400)) * time.Millisecond)
		if round%2 == 1 {
			p.killStorage(t)
			time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		}
		p.kill(t)
		cancel()
		writers.Wait()
	}
	p, err := start(t, state, build)
	if err != nil {
		t.Fatal(err)
	}
	cfg := p.sdk(t)
	for _, key := range acknowledged {
		eventually(t, "the function saw "+key, func() bool { return len(sequencers(t, cfg, key)) > 0 })
		if got := sequencers(t, cfg, key); len(got) != 1 {
			t.Errorf("%s was announced as %v", key, got)
		}
	}
	t.Logf("%d uploads acknowledged before %d kills", len(acknowledged), rounds)
}

// Several stacks run in one process, each with its own uploads, and leave its
// working directory alone.
func TestTwoStacksInOneProcess(t *testing.T) {
	build := install(t)
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var stacks [2]*process
	for i := range stacks {
		s, err := Start(t.Context(), Config{State: t.TempDir(), Template: "testdata/template.yaml", Build: build, HTTP: "127.0.0.1:0", AWS: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		stacks[i] = &process{Stack: Stack{AWS: s.AWS, Credentials: s.Credentials}}
	}
	for i, p := range stacks {
		cfg, key := p.sdk(t), fmt.Sprintf("%d.nii", i)
		if err := put(t.Context(), cfg, key); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the function saw the upload", func() bool { return len(sequencers(t, cfg, key)) == 1 })
		if got := sequencers(t, stacks[1-i].sdk(t), key); got != nil {
			t.Errorf("the other stack saw %s", key)
		}
	}
	if after, err := os.Getwd(); err != nil || after != before {
		t.Errorf("the working directory is %s, was %s", after, before)
	}
}

func TestWhatStopsAStart(t *testing.T) {
	build := install(t)
	for _, c := range []struct {
		name, fails string
		change      func(*Config)
	}{
		{"no template", "template", func(c *Config) { c.Template = "testdata/none.yaml" }},
		{"a parameter that is not declared", "Nothing", func(c *Config) { c.Parameters = map[string]string{"Nothing": "x"} }},
		{"an address in use", "listen for AWS clients", func(c *Config) { c.AWS = "256.0.0.1:0" }},
		{"a function that is not built", "build/echo/bootstrap is not there", func(c *Config) { c.Build = t.TempDir() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := Config{State: t.TempDir(), Template: "testdata/template.yaml", Build: build, HTTP: "127.0.0.1:0", AWS: "127.0.0.1:0"}
			c.change(&cfg)
			s, err := Start(t.Context(), cfg)
			if err == nil {
				_ = s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("got %v, want %q", err, c.fails)
			}
		})
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	held, err := lock(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	var inUse *InUseError
	if _, err := lock(dir, 0); !errors.As(err, &inUse) || inUse.PID != fmt.Sprint(os.Getpid()) {
		t.Errorf("got %v", err)
	}
	// One that is just ending is waited for.
	taken := make(chan error, 1)
	go func() {
		next, err := lock(dir, time.Hour)
		if err == nil {
			err = next.Close()
		}
		taken <- err
	}()
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-taken; err != nil {
		t.Errorf("got %v", err)
	}
	if again, err := lock(dir, 0); err != nil || again.Close() != nil {
		t.Errorf("got %v", err)
	}
}

func TestCredentials(t *testing.T) {
	path := t.TempDir() + "/credentials"
	first, err := credentials(path)
	if err != nil || len(first.ID) != 20 || len(first.Secret) != 40 {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := credentials(path); err != nil || again != first {
		t.Errorf("%+v, %v", again, err)
	}
	if err := os.WriteFile(path, []byte("[default]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := credentials(path); err == nil {
		t.Error("a file without a key was taken")
	}
}

// TestAnEmptyDiskIsNotWaitedFor: in a bubble time passes only for whoever
// waits for it, so nothing of it has passed.
func TestAnEmptyDiskIsNotWaitedFor(t *testing.T) {
	empty := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		waitForDisk(empty)(t.Context())
		waitForDisk(empty + "/missing")(t.Context())
		if took := time.Since(began); took > 0 {
			t.Errorf("waited %v", took)
		}
	})
}

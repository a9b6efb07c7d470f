package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
)

// drop is one scan that was dropped, and what came of it.
type drop struct {
	Number  int     `json:"number"`
	Owner   string  `json:"owner"`
	Job     string  `json:"job"`
	Status  string  `json:"status"`
	Code    string  `json:"code,omitempty"`
	Put     float64 `json:"put"`     // seconds of the upload
	Seconds float64 `json:"seconds"` // from the end of the upload to the end of the job
	Jobs    int     `json:"jobs"`    // that came of the one drop
	Ended   float64 `json:"ended"`   // seconds since the run began
}

// clients ask the stack.
type clients struct {
	o     options
	s     *stack
	s3    *s3.Client
	http  *http.Client
	began time.Time

	mu    sync.Mutex
	times map[string][]float64 // seconds of each route
	fails map[string]int       // answers that were none
}

func newClients(ctx context.Context, o options, s *stack) (*clients, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: o.clients, MaxConnsPerHost: 0, IdleConnTimeout: time.Minute}
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": s.AWS, "AWS_SHARED_CREDENTIALS_FILE": s.Credentials, "AWS_REGION": "us-east-1", "AWS_CONFIG_FILE": os.DevNull, "AWS_PROFILE": "default"} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	cfg, err := awsconfig.Load(ctx)
	if err != nil {
		return nil, err
	}
	return &clients{
		o: o, s: s, s3: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), began: time.Now(),
		http: &http.Client{Transport: transport, Timeout: 2 * time.Minute}, times: map[string][]float64{}, fails: map[string]int{},
	}, nil
}

// ask sends a request to the API and reads its answer; how long it took is counted under
// the route.
func (c *clients) ask(ctx context.Context, method, route, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.s.HTTP+path, nil)
	if err != nil {
		return err
	}
	began := time.Now()
	res, err := c.http.Do(req)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	took := time.Since(began)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", route, res.Status)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.mu.Lock()
	c.times[method+" "+route] = append(c.times[method+" "+route], took.Seconds())
	if err != nil {
		c.fails[method+" "+route]++
	}
	c.mu.Unlock()
	if err == nil && into != nil {
		err = json.Unmarshal(body, into)
	}
	return err
}

// job is what is read of a job.
type job struct {
	ID, Status string
	Updated    time.Time              `json:"updated_at"`
	Error      *struct{ Code string } `json:"error"`
}

func (j job) ended() bool {
	return j.Status == "ready" || j.Status == "rejected" || j.Status == "failed" || j.Status == "cancelled" || j.Status == "expired"
}

// one drops a scan and waits for what comes of it. It asks as a patient program does:
// the longer it has waited, the longer it waits until it asks again.
func (c *clients) one(ctx context.Context, owner string, number int) (d drop, err error) {
	d = drop{Number: number, Owner: owner}
	body, err := scan(c.o.voxels, c.o.structures, number)
	if err != nil {
		return d, err
	}
	key := fmt.Sprintf("%s/load/%06d.nii.gz", owner, number)
	began := time.Now()
	if _, err = c.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("iris-uploads"), Key: &key, Body: bytes.NewReader(body)}); err != nil {
		return d, fmt.Errorf("drop %d: %w", number, err)
	}
	sent := time.Now()
	d.Put = sent.Sub(began).Seconds()
	for {
		wait := 500*time.Millisecond + time.Duration((0.2+0.1*rand.Float64())*float64(time.Since(sent)))
		select {
		case <-ctx.Done():
			return d, ctx.Err()
		case <-time.After(wait):
		}
		var list struct{ Jobs []job }
		if err := c.ask(ctx, http.MethodGet, "/v1/jobs?key", "/v1/jobs?key="+url.QueryEscape(key), &list); err != nil || len(list.Jobs) == 0 || !list.Jobs[0].ended() {
			continue // an answer that is none is counted; the next may be one
		}
		j := list.Jobs[0]
		d.Job, d.Status, d.Jobs = j.ID, j.Status, len(list.Jobs)
		d.Seconds, d.Ended = j.Updated.Sub(sent).Seconds(), time.Since(c.began).Seconds()
		if j.Error != nil {
			d.Code = j.Error.Code
		}
		return d, nil
	}
}

// probe asks each route that a page asks, once a second in turn, as one more person would
// who looks at the service meanwhile.
func (c *clients) probe(ctx context.Context, some func() string) {
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		id := some()
		switch {
		case n%5 == 0:
			_ = c.ask(ctx, http.MethodGet, "/v1/jobs?limit=50", "/v1/jobs?limit=50", nil)
		case n%5 == 1:
			_ = c.ask(ctx, http.MethodGet, "/v1/status", "/v1/status", nil)
		case n%5 == 2:
			_ = c.ask(ctx, http.MethodGet, "/healthz", "/healthz", nil)
		case id == "":
		case n%5 == 3:
			_ = c.ask(ctx, http.MethodGet, "/v1/jobs/{id}", "/v1/jobs/"+id, nil)
		default:
			_ = c.ask(ctx, http.MethodGet, "/v1/jobs/{id}/receipt", "/v1/jobs/"+id+"/receipt", nil)
		}
	}
}

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// deployment is an API that makes a model of whatever is dropped, at the second question.
type deployment struct {
	url    string
	ends   string // of the job's JSON
	health string
	model  []byte // as S3 sends it
	asked  int
	erased bool
	code   int // of the list; 0: 200
}

func glb() []byte {
	return []byte("glTF\x02\x00\x00\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	sum := sha256.Sum256(glb())
	d := &deployment{
		health: `{"ok":true,"service":"iris-oculus-api","version":"1.0.0"}`, model: glb(),
		ends: fmt.Sprintf(`"status":"ready","structures":[{},{}],"stages":[{"name":"warming","started_at":"2026-12-01T10:00:00Z","ended_at":"2026-12-01T10:02:14Z"},{"name":"ready","started_at":"2026-12-01T10:04:00Z"}],"cost_usd":0.05,"artifacts":{"model.glb":{"bytes":20,"sha256":%q}}`, hex.EncodeToString(sum[:])),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, d.health) })
	mux.HandleFunc("GET /v1/jobs", func(w http.ResponseWriter, r *http.Request) {
		d.asked++
		switch {
		case d.code != 0:
			http.Error(w, `{"code":"unauthorized"}`, d.code)
		case d.asked == 1:
			http.Error(w, "busy", http.StatusServiceUnavailable)
		case d.asked == 2:
			fmt.Fprint(w, `{"jobs":[]}`)
		default:
			fmt.Fprintf(w, `{"jobs":[{"id":"01J",%s}]}`, d.ends)
		}
	})
	mux.HandleFunc("GET /v1/jobs/01J/artifacts/model.glb", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"url":"%s/s3/model.glb"}`, d.url)
	})
	mux.HandleFunc("GET /s3/model.glb", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			http.Error(w, "two ways of authorization", http.StatusBadRequest) // as S3 answers
			return
		}
		_, _ = w.Write(d.model)
	})
	mux.HandleFunc("DELETE /v1/jobs/01J", func(w http.ResponseWriter, _ *http.Request) { d.erased = true; w.WriteHeader(http.StatusNoContent) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	d.url = s.URL
	return d
}

// drops is the fake's answer to an upload.
func (d *deployment) drops() reply { return reply{When: "aws s3 cp scan.nii.gz s3://"} }

func TestSmoke(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*deployment)
		environ []string
		code    int
		words   []string
	}{
		"all is well":             {code: 0, words: []string{"ok     healthz", "ok     drop: s3://iris-uploads-1/smoke/", "ok     poll: job 01J is ready, 2 structures", "warming 134.0 s\n", "ok     download: model.glb, 20 bytes", "ok     the job 01J is erased"}},
		"another service answers": {change: func(d *deployment) { d.health = "<html>" }, code: 1, words: []string{"is no IRIS Oculus", "hint: is URL the address of the API"}},
		"the token is not taken":  {change: func(d *deployment) { d.code = 401 }, code: 1, words: []string{"poll: the API answers 401", "hint: IRIS_TOKEN must hold a token"}},
		"the page's address":      {change: func(d *deployment) { d.code = 404 }, code: 1, words: []string{"hint: is URL the address of the API"}},
		"the scan is rejected":    {change: func(d *deployment) { d.ends = `"status":"rejected","error":{"code":"bad_option","message":"x"}` }, code: 1, words: []string{"ended rejected: bad_option: x"}},
		"the model is cut off":    {change: func(d *deployment) { d.model = d.model[:10] }, code: 1, words: []string{"has 10 bytes and another SHA-256"}},
		"no job comes":            {change: func(d *deployment) { d.ends = `"status":""` }, code: 1, words: []string{"no job came of the upload within 0s", "hint: does the bucket send its events"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDeployment(t)
			if c.change != nil {
				c.change(d)
			}
			w := newWorld(t, who, stands("UPDATE_COMPLETE"), d.drops())
			w.environ = append([]string{"IRIS_TOKEN=t"}, c.environ...)
			args := []string{"smoke", "-url", d.url, "-pause", "1ms", "-size", "32"}
			if name == "no job comes" {
				args = append(args, "-within", "0s")
			}
			w.wants(c.code, w.run(args...), c.words, nil, nil)
			if c.code == 0 && !d.erased {
				t.Error("the job was not erased")
			}
		})
	}
}

func TestSmokeWithoutADeployment(t *testing.T) {
	w := newWorld(t, who, noStack)
	w.wants(1, w.run("smoke"), []string{"No deployment is named", "hint: URL="}, nil, nil)
	w.wants(1, w.run("smoke", "-url", "http://127.0.0.1:1"), []string{"There is no stack"}, nil, nil)
	w.wants(1, w.run("smoke", "-url", "http://127.0.0.1:1", "-uploads", "b"), []string{"cannot be reached", "hint: is the address right"}, nil, []string{"aws s3"})
	w.wants(1, w.run("smoke", "-url", "://", "-uploads", "b"), []string{"is no address"}, nil, nil)
}

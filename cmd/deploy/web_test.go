package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// pageHost is Amplify: it takes a packed page and sends it with the headers that it was
// told.
type pageHost struct {
	*httptest.Server
	files  []string
	policy string
	lost   bool // /jobs/… is not rewritten
}

func newPageHost(t *testing.T) *pageHost {
	p := &pageHost{policy: "connect-src 'self' https://a1.execute-api.us-east-1.amazonaws.com"}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /upload", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/zip" {
			http.Error(w, "no zip", http.StatusBadRequest)
			return
		}
		z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for _, f := range z.File {
			p.files = append(p.files, f.Name)
		}
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" && p.lost {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", p.policy)
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func TestDeployWeb(t *testing.T) {
	stack := stands("UPDATE_COMPLETE", ">WebAppId=d1", ">WebBranchName=main", ">PeoplePool=us-east-1_abc", ">PeopleClient=c1", ">SignInUrl=https://iris.auth.us-east-1.amazoncognito.com")
	for name, c := range map[string]struct {
		stack  reply
		change func(*pageHost)
		status string
		npm    reply
		code   int
		words  []string
		never  []string
	}{
		"all is well":       {words: []string{"The page is at"}},
		"no app":            {stack: stands("UPDATE_COMPLETE"), code: 1, words: []string{"has no app on Amplify", "hint: `make deploy PARAMS=WebHosting=amplify`"}, never: []string{"npm"}},
		"no issuer":         {stack: stands("UPDATE_COMPLETE", ">WebAppId=d1"), code: 1, words: []string{"IAM-signed requests only, which a browser cannot send", "UserPool=create"}, never: []string{"npm"}},
		"the build fails":   {npm: reply{When: "npm", Err: "VITE_API: want one origin", Code: 1}, code: 1, words: []string{"VITE_API: want one origin"}, never: []string{"create-deployment"}},
		"Amplify fails":     {status: "FAILED", code: 1, words: []string{"ended FAILED", "hint: `aws amplify get-job"}},
		"headers are lost":  {change: func(p *pageHost) { p.policy = "" }, code: 1, words: []string{"without the policy", "hint: "}},
		"rewrites are lost": {change: func(p *pageHost) { p.lost = true }, code: 1, words: []string{"answers 404", "hint: the app needs its rewrites"}},
		"one is under way":  {status: "PENDING-BEFORE", code: 1, words: []string{"under way", "stop-job"}},
	} {
		t.Run(name, func(t *testing.T) {
			host := newPageHost(t)
			if c.change != nil {
				c.change(host)
			}
			if c.stack.When == "" {
				c.stack = stack
			}
			if c.npm.When == "" {
				c.npm = reply{When: "npm exec -- vite build", Out: "built\n"}
			}
			made := reply{When: "amplify create-deployment", Out: fmt.Sprintf(`{"jobId":"7","fileUploadUrls":{},"zipUploadUrl":"%s/upload"}`, host.URL)}
			if c.status == "PENDING-BEFORE" {
				made = reply{When: "amplify create-deployment", Err: "An error occurred (LimitExceededException) when calling the CreateDeployment operation: The last job 6 was not finished", Code: 254}
			}
			w := newWorld(t, who, c.stack, c.npm, reply{When: "amplify update-app", Out: "{}"}, made, reply{When: "amplify start-deployment", Out: "{}"},
				once(reply{When: "amplify get-job", Out: `{"job":{"summary":{"jobId":"7","status":"RUNNING"}}}`}),
				reply{When: "amplify get-job", Out: fmt.Sprintf(`{"job":{"summary":{"jobId":"7","status":%q}}}`, or(c.status, "SUCCEED"))})
			w.environ = []string{"CONFIRM=1"}
			w.write("web/package.json", []byte("{}"))
			w.write("web/customHttp.yml", []byte("customHeaders: []\n"))
			w.write("web/node_modules/x/index.js", nil)
			w.write("web/tests/big", nil)
			w.write("web/embed.go", []byte("package web\n"))
			// The fake npm builds nothing: what vite would have made is made here.
			w.write("web/dist-of-vite/index.html", []byte("<html>"))
			built := filepath.Join(w.dir, "built")
			before := copied
			copied = func(dir string) error {
				return os.Rename(filepath.Join(dir, "dist-of-vite"), filepath.Join(dir, "dist"))
			}
			t.Cleanup(func() { copied = before })
			got := w.run("web", "-source", filepath.Join(w.dir, "web"), "-dir", built, "-page", host.URL, "-pause", "1ms")
			w.wants(c.code, got, c.words, nil, c.never)
			if c.code == 0 {
				if len(host.files) != 1 || host.files[0] != "index.html" {
					t.Errorf("Amplify got %v: want index.html at the top", host.files)
				}
				if !w.asked("amplify update-app --app-id d1 --custom-headers customHeaders") {
					t.Error("the headers were not set")
				}
				for _, name := range []string{"tests", "embed.go"} {
					if _, err := os.Stat(filepath.Join(built, name)); err == nil {
						t.Errorf("%s was copied", name)
					}
				}
			}
		})
	}
}

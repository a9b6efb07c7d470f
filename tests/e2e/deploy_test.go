package e2e

import (
	"archive/zip"
	"bufio"
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Every call of the AWS CLI that cmd/deploy makes is one that the AWS CLI knows, with these
// options: --generate-cli-skeleton checks them and asks nobody.
func TestTheAWSCLIKnowsWhatDeployCalls(t *testing.T) {
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: end-to-end tests run with IRIS_E2E=1 (make e2e)")
	}
	t.Parallel()
	aws := filepath.Join(filepath.Dir(os.Getenv("IRIS_PYTHON")), "aws")
	f, err := os.Open(filepath.Join(root(t), "cmd", "deploy", "testdata", "calls.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	seen := 0
	for lines := bufio.NewScanner(f); lines.Scan(); seen++ {
		words := strings.Fields(lines.Text())[1:]
		operation := 2
		if words[1] == "wait" {
			operation = 3
		}
		var args []string
		for _, word := range words {
			switch word {
			case "--output", "--region", "--query":
				continue
			}
			args = append(args, word)
			switch word {
			case "--max-items":
				args = append(args, "10")
			case "--image-ids":
				args = append(args, "imageTag=1")
			default:
				if strings.HasPrefix(word, "--") {
					args = append(args, "12345678")
				}
			}
		}
		switch {
		case words[1] == "wait" || words[1] == "get-login-password": // commands of the CLI's own, without a skeleton
			args = append(args[:operation:operation], "help")
		default:
			args = append(args, "--generate-cli-skeleton", "input")
		}
		c := exec.Command(aws, args...)
		c.Env = []string{"PATH=" + filepath.Dir(aws) + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_PAGER=", "PAGER=cat", "MANPAGER=cat", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1"}
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("aws %s: %v\n%s", strings.Join(args, " "), err, lastLines(string(out)))
		}
	}
	if seen < 15 {
		t.Errorf("%d calls: want all of them", seen)
	}
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// `make smoke` passes against the stack of this machine: health, drop, poll, download.
func TestSmokeOfThisMachine(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	program := filepath.Join(t.TempDir(), "deploy")
	build := exec.Command("go", "build", "-o", program, "./cmd/deploy")
	build.Dir = s.root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	python := os.Getenv("IRIS_PYTHON")
	c := exec.Command(program, "smoke", "-url", s.HTTP, "-size", "48", "-pause", "200ms")
	c.Env = []string{
		"PATH=" + filepath.Dir(python) + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_ENDPOINT_URL=" + s.AWS, "AWS_SHARED_CREDENTIALS_FILE=" + s.Credentials,
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
	}
	out, err := c.CombinedOutput()
	for _, step := range []string{"ok     healthz", "ok     drop", "ok     poll", "ok     download: model.glb", "is erased"} {
		if !strings.Contains(string(out), step) {
			t.Errorf("it does not say %q", step)
		}
	}
	if err != nil || t.Failed() {
		t.Errorf("deploy smoke: %v\n%s", err, out)
	}
}

// answers is an AWS CLI for `deploy web`: a stack with a page, and an Amplify at an address.
const answers = `#!/bin/sh
case "$*" in
*get-caller-identity*) echo '{"Account":"123456789012"}';;
*describe-stacks*) echo '{"Stacks":[{"StackName":"iris","StackStatus":"UPDATE_COMPLETE","Parameters":[],"Outputs":[
{"OutputKey":"ApiUrl","OutputValue":"https://a1.execute-api.us-east-1.amazonaws.com"},{"OutputKey":"WebAppId","OutputValue":"d1"},{"OutputKey":"WebBranchName","OutputValue":"main"},
{"OutputKey":"PeoplePool","OutputValue":"us-east-1_abc"},{"OutputKey":"PeopleClient","OutputValue":"c1"},{"OutputKey":"SignInUrl","OutputValue":"https://iris.auth.us-east-1.amazoncognito.com"},
{"OutputKey":"Uploads","OutputValue":"up-1"},{"OutputKey":"Results","OutputValue":"res-1"}]}]}';;
*create-deployment*) echo '{"jobId":"1","zipUploadUrl":"AMPLIFY/upload"}';;
*get-job*) echo '{"job":{"summary":{"status":"SUCCEED"}}}';;
*) echo '{}';;
esac
`

// The page that `make deploy-web` uploads is built for the stack's outputs, and the checkout
// stays as it was.
func TestTheDeployedPageIsBuiltForItsStack(t *testing.T) {
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: end-to-end tests run with IRIS_E2E=1 (make e2e)")
	}
	t.Parallel()
	var uploaded []byte
	amplify := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			uploaded, _ = io.ReadAll(r.Body)
		}
		w.Header().Set("Content-Security-Policy", "connect-src https://a1.execute-api.us-east-1.amazonaws.com")
	}))
	t.Cleanup(amplify.Close)
	dir, top := t.TempDir(), root(t)
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(strings.ReplaceAll(answers, "AMPLIFY", amplify.URL)), 0o755); err != nil {
		t.Fatal(err)
	}
	headers := filepath.Join(top, "web", "customHttp.yml")
	before, err := os.ReadFile(headers)
	if err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "deploy"), "./cmd/deploy")
	build.Dir = top
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	c := exec.Command(filepath.Join(dir, "deploy"), "web", "-page", amplify.URL, "-dir", filepath.Join(dir, "web"), "-pause", "10ms")
	c.Dir = top
	c.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "AWS_REGION=us-east-1", "CONFIRM=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("deploy web: %v\n%s", err, lastLines(string(out)))
	}
	z, err := zip.NewReader(bytes.NewReader(uploaded), int64(len(uploaded)))
	if err != nil {
		t.Fatalf("what was uploaded: %v", err)
	}
	config, err := fs.ReadFile(z, "config.json")
	if err != nil || !strings.Contains(string(config), `"api":"https://a1.execute-api.us-east-1.amazonaws.com"`) || !strings.Contains(string(config), `"client":"c1"`) {
		t.Errorf("config.json: %v: %s", err, config)
	}
	if _, err := fs.Stat(z, "index.html"); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(headers); err != nil || string(after) != string(before) {
		t.Errorf("web/customHttp.yml was changed: %v", err)
	}
}

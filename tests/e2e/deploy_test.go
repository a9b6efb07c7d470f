package e2e

import (
	"bufio"
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

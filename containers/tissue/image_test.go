package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The image is built of the folders that the Dockerfile copies: every package of this
// module that the server needs lies in one of them.
func TestTheImageHasEveryPackage(t *testing.T) {
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var copied []string
	for line := range strings.Lines(string(dockerfile)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "COPY" && f[1] == f[2] {
			copied = append(copied, f[1])
		}
	}
	const module = "github.com/iris-oculus/iris/"
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	own := 0
	for _, name := range strings.Fields(string(out)) {
		folder, ok := strings.CutPrefix(name, module)
		if !ok {
			continue
		}
		own++
		if !slices.ContainsFunc(copied, func(c string) bool { return folder == c || strings.HasPrefix(folder, c+"/") }) {
			t.Errorf("the Dockerfile does not copy %s", folder)
		}
	}
	if own < 5 {
		t.Errorf("%d packages of this module: the list is of something else", own)
	}
}

package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

var machines = map[string]elf.Machine{"arm64": elf.EM_AARCH64, "amd64": elf.EM_X86_64}

// packaged checks what `make package` left in a folder: the template, the workflow, and
// each function as a Linux program for Lambda's processor. It returns their number and
// bytes.
func packaged(dir, arch string) (functions int, bytes int64, err error) {
	again := "`make package` makes it; `make deploy` does that itself"
	machine, ok := machines[arch]
	if !ok {
		return 0, 0, &fault{text: fmt.Sprintf("%q is no processor of Lambda", arch), hint: "LAMBDA_ARCH=arm64 or amd64"}
	}
	for _, name := range []string{"template.yaml", "statemachine/scan.asl.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return 0, 0, &fault{text: fmt.Sprintf("%s is missing", filepath.Join(dir, name)), hint: again}
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, "build", "*"))
	if err != nil {
		return 0, 0, err
	}
	for _, folder := range found {
		path := filepath.Join(folder, "bootstrap")
		f, err := elf.Open(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return 0, 0, &fault{text: path + " is missing", hint: again}
		case err != nil:
			return 0, 0, &fault{text: fmt.Sprintf("%s is no Linux program: %v", path, err), hint: again}
		}
		got := f.Machine
		if err := f.Close(); err != nil {
			return 0, 0, err
		}
		if got != machine {
			return 0, 0, &fault{
				text: fmt.Sprintf("%s is for %s, and the template asks Lambda for %s", path, strings.TrimPrefix(got.String(), "EM_"), arch),
				hint: fmt.Sprintf("`make package LAMBDA_ARCH=%s`", arch),
			}
		}
		info, err := os.Stat(path)
		if err != nil {
			return 0, 0, err
		}
		functions, bytes = functions+1, bytes+info.Size()
	}
	if functions == 0 {
		return 0, 0, &fault{text: fmt.Sprintf("%s holds no function", filepath.Join(dir, "build")), hint: again}
	}
	return functions, bytes, nil
}

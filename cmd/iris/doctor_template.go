//go:build !windows

package main

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/iris-oculus/iris/internal/local/stack"
	"github.com/iris-oculus/iris/internal/local/template"
)

// withoutEffect is what the template declares for AWS only.
func withoutEffect(install string) ([]string, error) {
	who := template.Identity{Account: stack.Account, Region: stack.Region, Stack: stack.Name}
	t, err := template.Load(filepath.Join(install, "template.yaml"), who, localParameters())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a finding says so
	}
	if err != nil {
		return nil, err
	}
	return t.Declared, nil
}

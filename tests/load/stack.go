package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// stack is a running `iris up`.
type stack struct {
	HTTP        string `json:"http"`
	AWS         string `json:"aws"`
	Credentials string `json:"credentials"`

	process *exec.Cmd
}

// install is a folder with all that iris up needs, in which this program is the model.
func install(o options) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(o.state, "install")
	if err := os.MkdirAll(filepath.Join(dir, "build"), 0o700); err != nil {
		return "", err
	}
	from, err := filepath.Abs(o.root)
	if err != nil {
		return "", err
	}
	built, err := os.ReadDir(filepath.Join(from, "build"))
	if err != nil {
		return "", fmt.Errorf("make build first: %w", err)
	}
	names := []string{"template.yaml", "statemachine"}
	for _, entry := range built {
		if entry.Name() != "tissue" {
			names = append(names, filepath.Join("build", entry.Name()))
		}
	}
	for _, name := range names {
		if err := os.Symlink(filepath.Join(from, name), filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrExist) {
			return "", err
		}
	}
	text := fmt.Sprintf("#!/bin/sh\nexec %q model\n", self)
	return dir, os.WriteFile(filepath.Join(dir, "build", "tissue"), []byte(text), 0o700)
}

// up starts the stack and waits for its line.
func up(o options) (*stack, error) {
	dir, err := install(o)
	if err != nil {
		return nil, err
	}
	s := &stack{process: exec.Command(filepath.Join(o.root, "bin", "iris"), "up", "--json", "--state", filepath.Join(o.state, "iris"), "--install", dir,
		"--http", "127.0.0.1:0", "--aws", "127.0.0.1:0", "--linger", "1s", "--parameter", "DropOwner=prefix")}
	s.process.Stderr = os.Stderr
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		err = json.Unmarshal([]byte(line), s)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("iris up says %q: %w", line, err), s.end())
	}
	return s, nil
}

// end asks the stack to end, and sees that it does.
func (s *stack) end() error {
	ended := make(chan error, 1)
	go func() { ended <- s.process.Wait() }()
	_ = s.process.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-ended:
		return err
	case <-time.After(5 * time.Minute):
		_ = s.process.Process.Kill()
		return errors.New("iris up did not end")
	}
}

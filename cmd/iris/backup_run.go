//go:build !windows

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/local/backup"
	"github.com/iris-oculus/iris/internal/local/stack"
)

func backUp(cmd *cobra.Command, state, path string) error {
	if inside(state, path) {
		return usage("bad_option: the file would lie in the state folder: choose another place")
	}
	_, held, err := stack.Holder(state)
	if err != nil {
		return coded("read the state folder", err)
	}
	// The file holds secrets: nobody else may read it.
	f, err := os.CreateTemp(filepath.Dir(path), ".iris-*")
	if err != nil {
		return coded("write the backup", err)
	}
	defer os.Remove(f.Name()) // it is there only after a failure
	if held {
		err = ask(cmd.Context(), state, f)
	} else {
		err = stack.BackUp(state, f)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = rename(f.Name(), path)
	}
	if err == nil {
		fmt.Fprintf(cmd.OutOrStdout(), "%s holds scans, results and secrets: keep it as you keep the scans\n", path)
	}
	return coded("write the backup", err)
}

// inside says whether a path lies in a folder.
func inside(folder, path string) bool {
	a, err := filepath.Abs(folder)
	b, err2 := filepath.Abs(path)
	return errors.Join(err, err2) == nil && strings.HasPrefix(b, a+string(filepath.Separator))
}

// ask takes the backup of a stack that runs.
func ask(ctx context.Context, state string, w io.Writer) error {
	r, err := readReady(state)
	if err != nil || r.Backup == "" {
		return &exitError{exitUnreachable, errors.New("unreachable: the stack on this state folder does not answer yet: try again")}
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", r.Backup)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://iris/", nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		return fmt.Errorf("io_error: %s", strings.TrimSpace(string(said)))
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("io_error: the backup broke off: %w", err)
	}
	return nil
}

func restore(cmd *cobra.Command, state, path string, replace bool) error {
	f, err := os.Open(path)
	if err != nil {
		return &exitError{exitUsage, withoutPath(path, err)}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return withoutPath(path, err)
	}
	whole, err := filepath.Abs(state)
	if err != nil {
		return err
	}
	before, err := stack.Restore(f, info.Size(), whole, replace)
	var damaged *backup.DamagedError
	var newer *backup.NewerError
	var exists *backup.ExistsError
	switch {
	case errors.As(err, &damaged):
		return failure("backup_damaged", "%w", damaged)
	case errors.As(err, &newer):
		return failure("backup_newer", "%w", newer)
	case errors.As(err, &exists):
		return failure("state_exists", "%w", exists)
	case err != nil:
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "the state lies in %s: `iris up --state %s` goes on with it\n", state, quote(state))
	if before != "" {
		fmt.Fprintf(cmd.OutOrStdout(), "the state that was there lies in %s\n", before)
	}
	return nil
}

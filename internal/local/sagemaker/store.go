package sagemaker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// store keeps one endpoint under a folder: endpoint.json, and one file for
// each request in queue/. Every file appears whole or not at all. The zero
// store forgets.
type store struct{ dir string }

func newStore(dir, name string) store {
	if dir == "" {
		return store{}
	}
	return store{dir: filepath.Join(dir, name)}
}

func (s store) read(r *record, queue *[]*request) error {
	if s.dir == "" {
		return nil
	}
	if err := os.MkdirAll(s.queue(), 0o700); err != nil {
		return err
	}
	if err := readJSON(s.record(), r); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	entries, err := os.ReadDir(s.queue())
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(s.queue(), entry.Name())
		if !strings.HasSuffix(path, ".json") {
			_ = os.Remove(path) // a write that was cut off
			continue
		}
		var q request
		if err := readJSON(path, &q); err != nil {
			return err
		}
		*queue = append(*queue, &q)
	}
	sort.Slice(*queue, func(i, j int) bool { return (*queue)[i].Sequence < (*queue)[j].Sequence })
	return nil
}

func (s store) record() string         { return filepath.Join(s.dir, "endpoint.json") }
func (s store) queue() string          { return filepath.Join(s.dir, "queue") }
func (s store) request(n int64) string { return filepath.Join(s.queue(), fmt.Sprintf("%012d.json", n)) }

func (s store) write(r record) error {
	if s.dir == "" {
		return nil
	}
	return writeJSON(s.record(), r)
}

func (s store) add(q *request) error {
	if s.dir == "" {
		return nil
	}
	return writeJSON(s.request(q.Sequence), q)
}

func (s store) remove(q *request) error {
	if s.dir == "" {
		return nil
	}
	if err := os.Remove(s.request(q.Sequence)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return nil
}

// writeJSON replaces path so that after a crash it holds the old or the new.
func writeJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

package sagemaker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"github.com/iris-oculus/iris/internal/local/durable"
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
	for _, dir := range []string{s.dir, s.queue()} { // also removes writes that were cut off
		if err := durable.MakeDir(dir); err != nil {
			return err
		}
	}
	if err := readJSON(s.record(), r); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	entries, err := os.ReadDir(s.queue())
	if err != nil {
		return err
	}
	for _, entry := range entries {
		var q request
		if err := readJSON(filepath.Join(s.queue(), entry.Name()), &q); err != nil {
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

func writeJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return durable.WriteFile(path, b)
}

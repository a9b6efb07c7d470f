package outbox

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/local/durable"
)

// store keeps one file a letter, named by a number that only grows.
type store struct {
	dir  string
	next uint64
}

// openStore returns the letters of dir in the order of their Put.
func openStore(dir string) (store, []Letter, error) {
	s := store{dir: dir}
	if err := durable.MakeDir(dir); err != nil {
		return s, nil, fmt.Errorf("open queue: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return s, nil, fmt.Errorf("open queue: %w", err)
	}
	var letters []Letter
	for _, e := range entries {
		number, err := strconv.ParseUint(strings.TrimSuffix(e.Name(), ".json"), 10, 64)
		if err != nil {
			continue // not ours
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return s, nil, fmt.Errorf("open queue: %w", err)
		}
		l := Letter{number: number}
		if err := json.Unmarshal(b, &l); err != nil {
			return s, nil, fmt.Errorf("open queue: letter %d: %w", number, err)
		}
		letters = append(letters, l)
		s.next = max(s.next, number+1)
	}
	slices.SortFunc(letters, func(a, b Letter) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	return s, letters, nil
}

func name(number uint64) string { return fmt.Sprintf("%020d.json", number) }

// number gives the letters their places; the caller holds its lock.
func (s *store) number(letters []Letter) {
	for i := range letters {
		letters[i].number = s.next
		s.next++
	}
}

// write puts numbered letters on the disk; on an error none of them is kept.
func (s *store) write(letters []Letter) error {
	files := make(map[string][]byte, len(letters))
	for _, l := range letters {
		b, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("put letter: %w", err)
		}
		files[name(l.number)] = b
	}
	if err := durable.WriteFiles(s.dir, files); err != nil {
		for _, l := range letters {
			s.remove(l)
		}
		return fmt.Errorf("put letter: %w", err)
	}
	return nil
}

func (s *store) update(l Letter) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(s.dir, name(l.number)), b)
}

// remove forgets a letter. A file that stays only makes it come once more.
func (s *store) remove(l Letter) { _ = os.Remove(filepath.Join(s.dir, name(l.number))) }

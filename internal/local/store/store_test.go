package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/store"
)

type record struct {
	N    int    `json:"n"`
	Text string `json:"text,omitempty"`
}

func open(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t testing.TB, s *store.Store, bucket, key string, r record) {
	t.Helper()
	b := &store.Batch{}
	b.Put(bucket, key, r)
	if err := s.Write(b); err != nil {
		t.Fatal(err)
	}
}

// all is every record of a bucket by its key.
func all(t testing.TB, s *store.Store, bucket string) map[string]record {
	t.Helper()
	found := map[string]record{}
	err := store.Each(s, bucket, "", func(key string, r record) error {
		found[key] = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRecordsComeBackInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	for _, key := range []string{"b/2", "a/1", "b/1", "c"} {
		put(t, s, "bucket", key, record{Text: key})
	}
	b := &store.Batch{}
	b.Delete("bucket", "c")
	b.Delete("bucket", "never there")
	b.Delete("no bucket", "c")
	b.Put("bucket", "b/1", record{N: 7})
	if err := s.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	var keys []string
	err := store.Each(s, "bucket", "b/", func(key string, _ record) error {
		keys = append(keys, key)
		return nil
	})
	if err != nil || !slices.Equal(keys, []string{"b/1", "b/2"}) {
		t.Errorf("keys %v, %v", keys, err)
	}
	if r, found, err := store.Get[record](s, "bucket", "b/1"); !found || err != nil || r.N != 7 {
		t.Errorf("got %+v, %v, %v", r, found, err)
	}
	for _, key := range []string{"c", "d"} {
		if _, found, err := store.Get[record](s, "bucket", key); found || err != nil {
			t.Errorf("%s: found %v, %v", key, found, err)
		}
	}
	if _, found, err := store.Get[record](s, "no bucket", "c"); found || err != nil {
		t.Errorf("found %v, %v in no bucket", found, err)
	}
}

// Many write at once; each finds its own on the disk, and Then was called.
func TestWritesAtOnce(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	var mu sync.Mutex
	told := map[int]bool{}
	var writers sync.WaitGroup
	for n := range 200 {
		writers.Go(func() {
			b := &store.Batch{}
			b.Put("one", fmt.Sprint(n), record{N: n})
			b.Put("two", fmt.Sprint(n), record{N: n})
			b.Then(func() { mu.Lock(); told[n] = true; mu.Unlock() })
			if err := s.Write(b); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if r, found, err := store.Get[record](s, "two", fmt.Sprint(n)); !told[n] || !found || err != nil || r.N != n {
				t.Errorf("%d: told %v, found %v, %v", n, told[n], found, err)
			}
		})
	}
	writers.Wait()
	if one, two := all(t, s, "one"), all(t, s, "two"); len(one) != 200 || !maps.Equal(one, two) {
		t.Errorf("%d and %d records: want 200 each", len(one), len(two))
	}
}

// A batch that cannot be written fails alone, whoever shared its transaction, and
// none of it stays.
func TestABatchFailsAlone(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	var writers sync.WaitGroup
	for n := range 50 {
		writers.Go(func() {
			b := &store.Batch{}
			b.Put("bucket", fmt.Sprint(n), record{N: n})
			if n%10 == 0 {
				b.Put("bucket", strings.Repeat("k", 40_000), record{}) // bbolt's limit is 32,768
			}
			if err := s.Write(b); (err != nil) != (n%10 == 0) {
				t.Errorf("%d: %v", n, err)
			}
		})
	}
	writers.Wait()
	if n := len(all(t, s, "bucket")); n != 45 {
		t.Errorf("%d records: want 45", n)
	}
	b := &store.Batch{}
	b.Put("bucket", "no JSON", func() {})
	if err := s.Write(b); err == nil {
		t.Error("a function was written")
	}
}

func TestLaterIsWrittenByClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	put(t, s, "bucket", "a", record{})
	b := &store.Batch{}
	b.Delete("bucket", "a")
	b.Put("bucket", "b", record{})
	s.Later(b)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(&store.Batch{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
	if got := all(t, open(t, path), "bucket"); len(got) != 1 || got["b"] != (record{}) {
		t.Errorf("after reopening: %v", got)
	}
}

func TestLaterIsWrittenByItself(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	written := make(chan struct{})
	b := &store.Batch{}
	b.Put("bucket", "a", record{})
	b.Then(func() { close(written) })
	s.Later(b)
	<-written
	if len(all(t, s, "bucket")) != 1 {
		t.Error("it is not there")
	}
}

// Whoever visits records may write so much that the file grows (boltdb/bolt 378).
func TestAVisitMayWrite(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	for n := range 3 {
		put(t, s, "bucket", fmt.Sprint(n), record{N: n})
	}
	err := store.Each(s, "bucket", "", func(key string, r record) error {
		put(t, s, "copies", key, record{N: r.N, Text: strings.Repeat("x", 1<<20)})
		return nil
	})
	if got := all(t, s, "copies"); err != nil || len(got) != 3 {
		t.Errorf("%d copies, %v", len(got), err)
	}
}

func TestANilStoreKeepsNothing(t *testing.T) {
	var s *store.Store
	told := false
	b := &store.Batch{}
	b.Put("bucket", "a", record{})
	b.Then(func() { told = true })
	if err := s.Write(b); err != nil || !told || len(all(t, s, "bucket")) != 0 || s.Close() != nil {
		t.Errorf("%v, told %v", err, told)
	}
}

// A crash while the file is made leaves none, and the next start makes it.
func TestFillIsWholeOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	broken := errors.New("the old folders are not readable")
	fill := func(fail error) func(*store.Store) error {
		return func(s *store.Store) error {
			b := &store.Batch{}
			b.Put("bucket", "a", record{N: 1})
			return errors.Join(s.Write(b), fail)
		}
	}
	if _, err := store.Open(path, fill(broken)); !errors.Is(err, broken) {
		t.Fatalf("opened: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the file is there: %v", err)
	}
	if err := os.WriteFile(path+".unfinished", []byte("half"), 0o600); err != nil { // as kill -9 leaves it
		t.Fatal(err)
	}
	s, err := store.Open(path, fill(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if got := all(t, s, "bucket"); len(got) != 1 || got["a"].N != 1 {
		t.Errorf("got %v", got)
	}
	if _, err := os.Stat(path + ".unfinished"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something unfinished is left: %v", err)
	}
}

func TestANewerVersionIsRefusedByName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	b := &store.Batch{}
	b.Put("meta", "version", store.Version+1)
	if err := s.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(path, nil)
	var newer *store.NewerError
	if !errors.As(err, &newer) || newer.Version != store.Version+1 || !strings.Contains(err.Error(), "state_newer: s.db has version 2") {
		t.Errorf("opened: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !slices.Equal(before, after) {
		t.Errorf("the refused file was changed, %v", err)
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	open(t, path)
	if _, err := store.Open(path, nil); err == nil || !strings.Contains(err.Error(), "another process uses the file") {
		t.Errorf("opened twice: %v", err)
	}
}

// Whoever removes the file under a running stack is told with the next write.
func TestARemovedFileIsNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	// In this order: a file that is cut short in place, while it is mapped into memory,
	// ends the process, and the next start names the damage.
	for _, harm := range []struct {
		name string
		do   func() error
	}{
		{"removed", func() error { return os.Rename(path, path+".away") }},
		{"replaced", func() error { return os.WriteFile(path, nil, 0o600) }},
	} {
		if err := harm.do(); err != nil {
			t.Fatal(err)
		}
		b := &store.Batch{}
		b.Put("bucket", "a", record{})
		if err := s.Write(b); !errors.Is(err, store.ErrGone) {
			t.Errorf("%s: %v", harm.name, err)
		}
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	put(t, s, "bucket", "a", record{})
}

// filled is a store of several levels of pages, with the records that it holds.
func filled(t testing.TB) (path string, want map[string]record) {
	path = filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		b := &store.Batch{}
		for k := range 8 {
			b.Put("large", fmt.Sprintf("%06d", n*8+k), record{N: n, Text: strings.Repeat("x", random.IntN(3000))})
		}
		b.Put("small", fmt.Sprint(n%5), record{N: n})
		if n > 20 {
			b.Delete("large", fmt.Sprintf("%06d", random.IntN(n*8)))
		}
		if err := s.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	want = contents(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path, want
}

func contents(t testing.TB, s *store.Store) map[string]record {
	t.Helper()
	out := map[string]record{}
	for _, bucket := range []string{"large", "small"} {
		for key, r := range all(t, s, bucket) {
			out[bucket+" "+key] = r
		}
	}
	return out
}

// A file that was cut short is refused by name, wherever it was cut, and kept.
func TestATruncatedFileIsRefused(t *testing.T) {
	path, want := filled(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 100, 4096, 5000, 8192, 16384, len(whole) / 3, len(whole) / 2} {
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(path, nil)
		var damaged *store.DamagedError
		if !errors.As(err, &damaged) || !strings.Contains(err.Error(), "state_damaged: s.db") {
			t.Errorf("%d bytes of %d: %v", size, len(whole), err)
		}
		if after, err := os.ReadFile(path); err != nil || !slices.Equal(after, whole[:size]) {
			t.Errorf("%d bytes: the refused file was changed, %v", size, err)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, open(t, path)); !maps.Equal(got, want) {
		t.Error("the whole file does not hold what was written")
	}
}

// A changed bit anywhere: the file is refused by name, or nothing of it is lost.
// Only in the two first pages the last change may be undone, as if the power had
// failed while it was written.
func TestAChangedBitIsNoticed(t *testing.T) {
	path, want := filled(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	refused := 0
	rounds := 500
	if testing.Short() {
		rounds = 60
	}
	for round := range rounds {
		at := random.IntN(len(whole))
		if round%3 == 0 { // the heads of pages and of their entries
			at = at/4096*4096 + random.IntN(256)
		}
		bit := byte(1) << random.IntN(8)
		whole[at] ^= bit
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		whole[at] ^= bit
		s, err := store.Open(path, nil)
		var damaged *store.DamagedError
		if errors.As(err, &damaged) {
			refused++
			continue
		}
		if err != nil {
			t.Fatalf("byte %d, bit %#x: %v", at, bit, err)
		}
		if got := contents(t, s); !maps.Equal(got, want) && at >= 8192 {
			t.Errorf("byte %d, bit %#x: opened with other records", at, bit)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d refused; the others lie in bytes of no use", refused, rounds)
	if refused == 0 {
		t.Error("no change was noticed")
	}
}

// What is deleted does not stay in the file, even if the process is killed before it
// was overwritten; and nothing else is lost by that.
func TestDeletedRecordsAreOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	fill := func(bucket, text string) {
		for n := range 40 {
			put(t, s, bucket, fmt.Sprint(n), record{N: n, Text: strings.Repeat(text, 1+n*5)})
		}
	}
	clear := func(bucket string) {
		b := &store.Batch{}
		for n := range 40 {
			b.Delete(bucket, fmt.Sprint(n))
		}
		if err := s.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	found := func(text string) bool {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(file, []byte(text))
	}
	fill("kept", "KEPT")
	want := all(t, s, "kept")
	fill("erased", "SOMEBODY")
	clear("erased")
	for found("SOMEBODY") { // until the moment has passed
		time.Sleep(time.Millisecond)
	}
	fill("erased", "ANYBODY")
	clear("erased")
	if err := s.Close(); err != nil || found("ANYBODY") {
		t.Errorf("after closing: %v, still there: %v", err, found("ANYBODY"))
	}

	s = open(t, path)
	crashed := filepath.Join(t.TempDir(), "s.db")
	var file []byte // as kill -9 leaves it, before anything is overwritten
	for !bytes.Contains(file, []byte("NOBODY")) {
		fill("erased", "NOBODY")
		clear("erased")
		var err error
		if file, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(crashed, file, 0o600); err != nil {
		t.Fatal(err)
	}
	path = crashed
	s = open(t, path)
	for found("NOBODY") {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := all(t, open(t, path), "kept"); !maps.Equal(got, want) {
		t.Error("other records were lost")
	}
}

// A branch page that names itself, as a disk that lied about its writes leaves it
// (etcd-io/bbolt 701), is refused and not followed for ever.
func TestACycleOfPagesIsRefused(t *testing.T) {
	path, _ := filled(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page, head, branch = 4096, 16, 1
	cycles := 0
	for at := 2 * page; at < len(whole); at += page {
		if binary.NativeEndian.Uint16(whole[at+8:]) != branch {
			continue
		}
		cycle := slices.Clone(whole)
		copy(cycle[at+head+8:at+head+16], whole[at:at+8]) // its first entry's page is itself
		if err := os.WriteFile(path, cycle, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(path, nil)
		var damaged *store.DamagedError
		if errors.As(err, &damaged) {
			cycles++
		} else if err != nil {
			t.Errorf("page %d: %v", at/page, err)
		} else if err := s.Close(); err != nil { // a free page
			t.Error(err)
		}
	}
	if cycles == 0 {
		t.Error("no cycle was noticed")
	}
}

// Letters that come and go do not let the file grow for ever.
func TestTheFileDoesNotGrowForEver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	text := strings.Repeat("x", 100_000)
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	var early int64
	for n := range 300 {
		put(t, s, "queue", fmt.Sprint(n), record{Text: text})
		b := &store.Batch{}
		b.Delete("queue", fmt.Sprint(n))
		if err := s.Write(b); err != nil {
			t.Fatal(err)
		}
		if n == 20 {
			early = size()
		}
	}
	if late := size(); late > 2*early {
		t.Errorf("%d bytes after 20 letters, %d after 300", early, late)
	}
}

func BenchmarkWrite(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "s.db"))
	body := strings.Repeat("x", 1000)
	n := 0
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			n++
			put(b, s, "bucket", fmt.Sprint(n%100), record{Text: body})
		}
	})
	b.Run("ten at once", func(b *testing.B) {
		b.SetParallelism(5)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				put(b, s, "bucket", "a", record{Text: body})
			}
		})
	})
}

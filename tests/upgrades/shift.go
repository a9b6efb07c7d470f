package upgrades

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// ago is how long the kill seems to lie back: longer than make.py lets the GPU linger, so
// that nothing waits for it, and far less than any timeout.
const ago = time.Minute

// Unpack lays a fixture's state folder into a new one, as if it had been made a moment ago:
// by the real clock its jobs and timeouts would be over one day. Times have one length,
// so that they are shifted in place; checksums are made anew.
func (f Fixture) Unpack(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	by := time.Since(f.Made).Truncate(time.Second) - ago
	packed, err := os.Open(f.packed)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	plain, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
		} else {
			text, err := io.ReadAll(r)
			if err == nil {
				err = os.WriteFile(path, text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := shift(path, h.Name, by); err != nil {
				t.Fatalf("%s: %v", h.Name, err)
			}
		}
		for name, value := range h.PAXRecords {
			if name, ok := strings.CutPrefix(name, "SCHILY.xattr."); ok {
				if err := unix.Setxattr(path, name, []byte(value), 0); err != nil {
					t.Skipf("SKIPPED: the folder for temporary files keeps no extended attributes: %v", err)
				}
			}
		}
		// An object's time stays: it is part of the sequencer by which it was announced.
		if err := os.Chtimes(path, h.ModTime, h.ModTime); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// shift moves the times in one file of a state folder.
func shift(path, name string, by time.Duration) error {
	switch {
	case strings.HasPrefix(name, "s3/data/"):
		return nil // objects are a client's
	case strings.HasSuffix(name, ".db"):
		return shiftStore(path, by)
	case strings.HasPrefix(name, "dynamodb/data/") && strings.HasSuffix(name, ".log"):
		return rewrite(path, func(b []byte) ([]byte, error) { return shiftLevelDB(b, by) })
	case strings.HasSuffix(name, ".ldb"), strings.HasSuffix(name, ".sst"):
		return errors.New("the job table has more than its log: make the fixture smaller")
	case strings.HasPrefix(name, "dynamodb/"):
		return nil
	case strings.HasPrefix(name, "states/executions/"):
		return rewrite(path, func(b []byte) ([]byte, error) { return shiftJournal(b, by) })
	}
	return rewrite(path, func(b []byte) ([]byte, error) { shiftText(b, by); return b, nil })
}

func rewrite(path string, change func([]byte) ([]byte, error)) error {
	b, err := os.ReadFile(path)
	if err == nil {
		b, err = change(b)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

const layout = "2006-01-02T15:04:05"

var (
	written = regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d`)
	inHex   = regexp.MustCompile(`3230(?:3\d){2}2d(?:3\d){2}2d(?:3\d){2}54(?:3\d){2}3a(?:3\d){2}3a(?:3\d){2}`)
	seconds = regexp.MustCompile(`\b1[789]\d{8}(?:\d{3})?\b`) // of Unix, or milliseconds
)

// shiftText moves the times in a text: dates, dates in hexadecimal (keys of the job
// table) and Unix times.
func shiftText(b []byte, by time.Duration) {
	move := func(at []byte) []byte {
		was, err := time.Parse(layout, string(at))
		if err != nil {
			return at
		}
		return []byte(was.Add(by).Format(layout))
	}
	for _, at := range written.FindAllIndex(b, -1) {
		copy(b[at[0]:at[1]], move(b[at[0]:at[1]]))
	}
	for _, at := range inHex.FindAllIndex(b, -1) {
		was, _ := hex.DecodeString(string(b[at[0]:at[1]]))
		copy(b[at[0]:at[1]], hex.EncodeToString(move(was)))
	}
	for _, at := range seconds.FindAllIndex(b, -1) {
		n, _ := strconv.ParseInt(string(b[at[0]:at[1]]), 10, 64)
		unit := time.Second
		if at[1]-at[0] > 10 {
			unit = time.Millisecond
		}
		copy(b[at[0]:at[1]], strconv.FormatInt(n+int64(by/unit), 10))
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// shiftStore moves the times in the records of store.db, each of which has a CRC-32C of
// bucket, key and text before it.
func shiftStore(path string, by time.Duration) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(key, value []byte) error {
				if written.Match(key) {
					return fmt.Errorf("a key of %s holds a time", name)
				}
				text := bytes.Clone(value[4:])
				shiftText(text, by)
				sum := crc32.Update(crc32.Checksum([]byte(string(name)+"\x00"+string(key)+"\x00"), castagnoli), castagnoli, text)
				return b.Put(key, append(binary.BigEndian.AppendUint32(nil, sum), text...))
			})
		})
	})
	return errors.Join(err, db.Close())
}

// shiftJournal moves the times in a journal of before the store: lines of a CRC-32 in
// hexadecimal, a space and JSON.
func shiftJournal(b []byte, by time.Duration) ([]byte, error) {
	var out []byte
	for line := range bytes.Lines(b) {
		_, body, found := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		if !found || !bytes.HasSuffix(line, []byte("\n")) {
			return append(out, line...), nil // the kill cut it off
		}
		shiftText(body, by)
		out = fmt.Appendf(out, "%08x %s\n", crc32.ChecksumIEEE(body), body)
	}
	return out, nil
}

// shiftLevelDB moves the times in a log of LevelDB (doc/log_format.md): blocks of 32 KiB
// of fragments, each with a masked CRC-32C of its type and bytes, its length and its type.
func shiftLevelDB(b []byte, by time.Duration) ([]byte, error) {
	const block, head = 32 << 10, 7
	type fragment struct{ at, n int }
	var whole []byte
	var parts []fragment
	for at := 0; at+head <= len(b); {
		if left := block - at%block; left < head {
			at += left
			continue
		}
		n, kind := int(binary.LittleEndian.Uint16(b[at+4:])), b[at+6]
		if kind == 0 && n == 0 || at+head+n > len(b) {
			break
		}
		whole, parts = append(whole, b[at+head:at+head+n]...), append(parts, fragment{at, n})
		at += head + n
		if kind == 2 || kind == 3 { // the first or a middle one
			continue
		}
		shiftText(whole, by)
		for _, p := range parts {
			copy(b[p.at+head:p.at+head+p.n], whole[:p.n])
			whole = whole[p.n:]
			sum := crc32.Checksum(b[p.at+6:p.at+head+p.n], castagnoli)
			binary.LittleEndian.PutUint32(b[p.at:], (sum>>15|sum<<17)+0xa282ead8)
		}
		whole, parts = nil, nil
	}
	return b, nil
}

package archive_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// part is one entry of a zip archive, written byte by byte.
type part struct {
	name, data string
	descriptor bool // sizes follow the data
	zip64      bool // sizes and offset are in the extra field
	creator    byte // 3: Unix
	attributes uint32
}

// wrote is a zip archive of stored parts, its directory listing them in order.
func wrote(parts ...part) []byte {
	le := binary.LittleEndian
	var out, directory []byte
	for _, p := range parts {
		at, sum, size := uint64(len(out)), crc32.ChecksumIEEE([]byte(p.data)), uint64(len(p.data))
		flags, local := uint16(0), size
		if p.descriptor {
			flags, local = 8, 0
		}
		head := func(signature string, size uint64, central bool) []byte {
			b := []byte(signature)
			if central {
				b = append(b, 20, p.creator)
			}
			b = le.AppendUint16(b, 45)
			b = le.AppendUint16(b, flags)
			b = append(b, 0, 0, 0, 0, 0, 0) // stored, no time
			if size == 0 && p.descriptor && !central {
				b = le.AppendUint32(b, 0)
			} else {
				b = le.AppendUint32(b, sum)
			}
			var extra []byte
			if p.zip64 {
				b = append(b, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)
				extra = append(extra, 1, 0, 16, 0)
				extra = le.AppendUint64(le.AppendUint64(extra, size), size)
				if central {
					extra[2] = 24
					extra = le.AppendUint64(extra, at)
				}
			} else {
				b = le.AppendUint32(le.AppendUint32(b, uint32(size)), uint32(size))
			}
			b = le.AppendUint16(b, uint16(len(p.name)))
			b = le.AppendUint16(b, uint16(len(extra)))
			if central {
				b = append(b, 0, 0, 0, 0, 0, 0)
				b = le.AppendUint32(b, p.attributes)
				if p.zip64 {
					b = append(b, 0xFF, 0xFF, 0xFF, 0xFF)
				} else {
					b = le.AppendUint32(b, uint32(at))
				}
			}
			return append(append(b, p.name...), extra...)
		}
		out = append(append(out, head("PK\x03\x04", local, false)...), p.data...)
		if p.descriptor {
			out = append(out, "PK\x07\x08"...)
			out = le.AppendUint32(out, sum)
			if p.zip64 {
				out = le.AppendUint64(le.AppendUint64(out, size), size)
			} else {
				out = le.AppendUint32(le.AppendUint32(out, uint32(size)), uint32(size))
			}
		}
		directory = append(directory, head("PK\x01\x02", size, true)...)
	}
	end := append([]byte("PK\x05\x06"), 0, 0, 0, 0)
	end = le.AppendUint16(le.AppendUint16(end, uint16(len(parts))), uint16(len(parts)))
	end = le.AppendUint32(le.AppendUint32(end, uint32(len(directory))), uint32(len(out)))
	return append(append(append(out, directory...), end...), 0, 0)
}

// However an entry is written, its file is read.
func TestZipEntries(t *testing.T) {
	unix := func(mode uint32) uint32 { return mode << 16 }
	two := wrote(part{name: "a", data: "one"}, part{name: "b", data: "two"})
	cases := []struct {
		name string
		file []byte
		want map[int]string
	}{
		{"plain", two, map[int]string{0: "one", 1: "two"}},
		{"data descriptors", wrote(part{name: "a", data: "one", descriptor: true}, part{name: "b", data: "two", descriptor: true}), map[int]string{0: "one", 1: "two"}},
		{"zip64", wrote(part{name: "a", data: "one", zip64: true}, part{name: "b", data: "two", zip64: true, descriptor: true}), map[int]string{0: "one", 1: "two"}},
		{"a folder's attribute on a file", wrote(part{name: "a", data: "one", attributes: 0x10}), map[int]string{0: "one"}},
		{"a folder's mode on a file", wrote(part{name: "a", data: "one", creator: 3, attributes: unix(0o040755)}), map[int]string{0: "one"}},
		{"a mode that does not exist", wrote(part{name: "a", data: "one", creator: 3, attributes: unix(0o050755)}), map[int]string{0: "one"}},
		{"a device with bytes", wrote(part{name: "a", data: "one", creator: 3, attributes: unix(0o020755)}), map[int]string{0: "one"}},
		{"folders", wrote(part{name: "a/", attributes: 0x10}, part{name: "b/", creator: 3, attributes: unix(0o040755)}), map[int]string{}},
		{"bytes before the archive", append([]byte("a program that unpacks it"), two...), map[int]string{0: "one", 1: "two"}},
		{"zeros after the archive", append(bytes.Clone(two), make([]byte, 1000)...), map[int]string{0: "one", 1: "two"}},
	}
	for _, c := range cases {
		got, _, err := contents(t.Context(), c.file, nil)
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", c.name, err, d)
		}
	}
}

// An entry that the directory lists twice is one file; two files of one name are two.
func TestZipListsAnEntryTwice(t *testing.T) {
	b := wrote(part{name: "a", data: "one"}, part{name: "b", data: "two"}, part{name: "a", data: "one"})
	from, to := bytes.Index(b, []byte("PK\x01\x02")), bytes.LastIndex(b, []byte("PK\x01\x02"))
	got, _, err := contents(t.Context(), b, nil)
	if err != nil || len(got) != 3 {
		t.Errorf("two of one name: %v %v", got, err)
	}
	copy(b[to+42:to+46], b[from+42:from+46]) // the last leads to the first
	got, _, err = contents(t.Context(), b, nil)
	if err != nil || len(got) != 2 {
		t.Errorf("one of them twice: %v %v", got, err)
	}
	if got, _, err = contents(t.Context(), b, []int{1, 2}); err != nil || got[2] != "one" {
		t.Errorf("by number: %v %v", got, err)
	}
	b[to+46] = 'c' // under another name it was made to harm
	if _, _, err = contents(t.Context(), b, nil); code(err) != "unsafe_archive" {
		t.Errorf("under two names: %v", err)
	}
}

// What cannot be read is refused with what to do.
func TestZipSays(t *testing.T) {
	whole := wrote(part{name: "a", data: "one"})
	central, end := bytes.Index(whole, []byte("PK\x01\x02")), bytes.Index(whole, []byte("PK\x05\x06"))
	change := func(at int, v ...byte) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], v)
		return b
	}
	last := change(end+4, 2, 0, 2, 0) // the third disk
	copy(last[end+16:], []byte{0xFF, 0xFF, 0xFF, 0})
	for name, c := range map[string]struct {
		file []byte
		code string
		says string
	}{
		"Deflate64":            {change(central+10, byte(9)), "unsupported_archive", "Deflate64"},
		"Zstandard":            {change(central+10, byte(93)), "unsupported_archive", "Zstandard"},
		"a method of nobody's": {change(central+10, byte(77)), "unsupported_archive", "zip method 77"},
		"the last part":        {last, "bad_archive", "one part of several"},
		"a cut one":            {whole[:len(whole)-30], "bad_archive", "cut short"},
	} {
		_, _, err := contents(t.Context(), c.file, nil)
		if code(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s that says %q", name, err, c.code, c.says)
		}
	}
}

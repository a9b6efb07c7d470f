package archive_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/volume/archive"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// member is one header of a tar archive, written byte by byte: the package's own
// writer knows neither sparse files nor the archives of others.
type member struct {
	name, link string
	kind       byte
	size       int // of what follows in the archive
	data       string
	magic      string // "ustar\x0000", "ustar  \x00" for GNU, empty for version 7
	change     func(header []byte)
}

func (m member) bytes() []byte {
	h := make([]byte, 512)
	copy(h, m.name)
	copy(h[100:], "0000644\x00")
	copy(h[108:], "0000000\x00")
	copy(h[116:], "0000000\x00")
	if m.size == 0 {
		m.size = len(m.data)
	}
	copy(h[124:], fmt.Sprintf("%011o\x00", m.size))
	copy(h[136:], "00000000000\x00")
	h[156] = m.kind
	copy(h[157:], m.link)
	copy(h[257:], m.magic)
	if m.change != nil {
		m.change(h)
	}
	copy(h[148:], "        ")
	sum := 0
	for _, v := range h {
		sum += int(v)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	out := append(h, m.data...)
	return append(out, make([]byte, -len(out)&511)...)
}

func joined(members ...member) []byte {
	var out []byte
	for _, m := range members {
		out = append(out, m.bytes()...)
	}
	return append(out, make([]byte, 1024)...)
}

func gz(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&b)
		_, _ = w.Write(p)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

const (
	posix = "ustar\x0000"
	gnu   = "ustar  \x00"
)

// record is one PAX record: its own length, a key and a value.
func record(key, value string) string {
	n := len(key) + len(value) + 3
	for len(fmt.Sprint(n))+len(key)+len(value)+3 != n {
		n++
	}
	return fmt.Sprintf("%d %s=%s\n", n, key, value)
}

func pax(records ...string) member {
	return member{name: "PaxHeaders/x", kind: 'x', magic: posix, data: strings.Join(records, "")}
}

// Every kind of member that holds a file's bytes is a file, whoever wrote it.
func TestTarMembers(t *testing.T) {
	const hole = 1024
	want := "begin" + strings.Repeat("\x00", hole-5) + "end"
	begin := "begin" + strings.Repeat("\x00", 507)
	octal := func(at, width, value int) func([]byte) {
		return func(h []byte) { copy(h[at:], fmt.Sprintf("%0*o\x00", width-1, value)) }
	}
	oldSparse := member{name: "a", kind: 'S', magic: gnu, data: begin + "end", size: 515, change: func(h []byte) {
		octal(386, 12, 0)(h)
		octal(398, 12, 512)(h)
		octal(410, 12, hole)(h)
		octal(422, 12, 3)(h)
		octal(483, 12, hole+3)(h)
	}}
	// A map of more than four parts goes on in blocks of its own.
	extended := member{name: "a", kind: 'S', magic: gnu, size: 515, change: func(h []byte) {
		for n := range 4 {
			octal(386+24*n, 12, n*2)(h) // two bytes each, so that "begin" is split
			octal(398+24*n, 12, 2)(h)
		}
		h[482] = 1
		octal(483, 12, hole+3)(h)
	}}
	more := make([]byte, 512)
	octal(0, 12, 8)(more)
	octal(12, 12, 504)(more)
	octal(24, 12, hole)(more)
	octal(36, 12, 3)(more)
	extended.data, extended.size = string(more)+begin+"end", 515
	cases := map[string][]byte{
		"ordinary":           joined(member{name: "a", kind: '0', magic: posix, data: want}),
		"version 7":          joined(member{name: "a", data: want}),
		"contiguous":         joined(member{name: "a", kind: '7', magic: posix, data: want}),
		"a kind to come":     joined(member{name: "a", kind: 'r', magic: posix, data: want}),
		"sparse, old GNU":    joined(oldSparse),
		"sparse, a long map": joined(extended),
		"sparse, PAX 0.0": joined(pax(record("GNU.sparse.size", fmt.Sprint(hole+3)), record("GNU.sparse.numblocks", "2"),
			record("GNU.sparse.offset", "0"), record("GNU.sparse.numbytes", "512"),
			record("GNU.sparse.offset", fmt.Sprint(hole)), record("GNU.sparse.numbytes", "3")),
			member{name: "a", kind: '0', magic: posix, data: begin + "end"}),
		"sparse, PAX 0.1": joined(pax(record("GNU.sparse.size", fmt.Sprint(hole+3)), record("GNU.sparse.numblocks", "2"),
			record("GNU.sparse.map", fmt.Sprintf("0,512,%d,3", hole)), record("GNU.sparse.name", "a")),
			member{name: "GNUSparseFile.1/a", kind: '0', magic: posix, data: begin + "end"}),
		"sparse, PAX 1.0": joined(pax(record("GNU.sparse.major", "1"), record("GNU.sparse.minor", "0"),
			record("GNU.sparse.name", "a"), record("GNU.sparse.realsize", fmt.Sprint(hole+3))),
			member{name: "GNUSparseFile.1/a", kind: '0', magic: posix,
				data: fmt.Sprintf("%-512s", "2\n0\n512\n1024\n3\n")[:16] + strings.Repeat("\x00", 496) + begin + "end"}),
		"after a global header": joined(member{name: "pax_global_header", kind: 'g', magic: posix, data: record("comment", "git")},
			member{name: "a", kind: '0', magic: posix, data: want}),
		"after a volume's label": joined(member{name: "label", kind: 'V', magic: gnu}, member{name: "a", kind: '0', magic: gnu, data: want}),
		"after a listing": joined(member{name: "d/", kind: 'D', magic: gnu, data: "Na\x00\x00"},
			member{name: "a", kind: '0', magic: gnu, data: want}),
		"without an end mark": member{name: "a", kind: '0', magic: posix, data: want}.bytes(),
	}
	for name, plain := range cases {
		got, _, err := contents(t.Context(), gz(t, plain), nil)
		if d := cmp.Diff(map[int]string{0: want}, got); err != nil || d != "" {
			t.Errorf("%s: %v %.300s", name, err, d)
		}
	}
}

// What follows an archive's end is read when it is another archive, and passed
// over when it is padding; other bytes after the gzip data are damage.
func TestTarEnds(t *testing.T) {
	one := joined(member{name: "a", kind: '0', magic: posix, data: "one"})
	two := joined(member{name: "b", kind: '0', magic: posix, data: "two"})
	half := one[:len(one)-512] // an end mark of one block
	pad := make([]byte, 9000)
	cases := []struct {
		name  string
		file  []byte
		files int
	}{
		{"zeros after gzip", append(gz(t, one), pad...), 1},
		{"one zero after gzip", append(gz(t, one), 0), 1},
		{"zeros inside", gz(t, one, pad), 1},
		{"members in the middle of a file", gz(t, one[:520], one[520:]), 1},
		{"an empty member", gz(t, nil, one, nil), 1},
		{"zeros between members", append(append(gz(t, one[:520]), pad...), gz(t, one[520:])...), 1},
		{"two archives", gz(t, append(bytes.Clone(one), two...)), 2},
		{"an archive that begins within a block", gz(t, append(append(bytes.Clone(one), pad...), two...)), 1}, // it cannot be one
		{"two archives, padded to a block", gz(t, append(append(bytes.Clone(one), pad[:8704]...), two...)), 2},
		{"two archives, two members", gz(t, one, two), 2},
		{"two files joined", append(gz(t, one), gz(t, two)...), 2},
		{"a lone block of zeros", gz(t, append(bytes.Clone(half), two...)), 2},
		{"three archives", gz(t, one, half, two), 3},
		{"garbage inside", gz(t, append(bytes.Clone(one), bytes.Repeat([]byte("x"), 700)...)), 1},
		{"garbage after gzip", append(gz(t, one), "garbage"...), -1},
		{"a damaged member after gzip", append(gz(t, one), 0x1f, 0x8b, 8, 0), -1},
		{"a damaged archive after another", gz(t, append(bytes.Clone(one), two[:514]...)), -1},
	}
	for _, c := range cases {
		got, _, err := contents(t.Context(), c.file, nil)
		switch {
		case c.files < 0 && code(err) != "bad_archive":
			t.Errorf("%s: %v, want bad_archive", c.name, err)
		case c.files > 0 && (err != nil || len(got) != c.files || got[c.files-1] != map[bool]string{true: "one", false: "two"}[c.files == 1]):
			t.Errorf("%s: %v %v, want %d files", c.name, got, err, c.files)
		}
	}
	if _, _, err := contents(t.Context(), gz(t, joined(member{name: "a", kind: 'M', magic: gnu, data: "one"})), nil); code(err) != "bad_archive" {
		t.Errorf("a part of several: %v", err)
	}
}

// Links to files of the archive are those files again; others are dangling.
func TestLinks(t *testing.T) {
	links := []struct {
		name, target string
		symbolic     bool
		dangling     bool
	}{
		{"d/same", "a", true, false},
		{"d/up", "../top", true, false},
		{"d/dir", ".", true, false},
		{"d/twice", "same", true, false},
		{"d/dots", "./x/../a", true, false},
		{"hard", "d/a", false, false},
		{"hard2", "./d/a", false, false},
		{"._note", "nowhere", true, false},
		{"d/gone.dcm", "b", true, true},
		{"d/hard", "a", false, true}, // hard links lead from the root
		{"d/out", "../../top", true, true},
		{"d/absolute", "/etc/passwd", true, true},
		{"d/litter", "../.git/annex/x", true, true},
		{"d/self", "self", true, true},
		{"d/long", strings.Repeat("x/", 600), true, true},
	}
	want := 0
	var plain []member
	for _, l := range links[:6] { // before and after the files
		plain = append(plain, member{name: l.name, link: l.target, kind: '2', magic: posix})
	}
	plain[5].kind = '1'
	plain = append(plain, member{name: "d/a", kind: '0', magic: posix, data: "one"}, member{name: "top", kind: '0', magic: posix, data: "two"},
		member{name: ".git/annex/x", kind: '0', magic: posix, data: "three"})
	files := []file{{name: "d/a", data: []byte("one")}, {name: "top", data: []byte("two")}, {name: ".git/annex/x", data: []byte("three")}}
	var symbolic int
	for n, l := range links {
		kind := byte('1')
		if l.symbolic {
			kind = '2'
			files = append(files, file{name: l.name, data: []byte(l.target), mode: fs.ModeSymlink})
		}
		if n >= 6 && len(l.target) <= 100 {
			plain = append(plain, member{name: l.name, link: l.target, kind: kind, magic: posix})
		}
		if l.dangling {
			if want++; l.symbolic {
				symbolic++
			}
		}
	}
	got, _, err := contents(t.Context(), gz(t, joined(plain...)), nil)
	if n := strings.Count(got[-1], "dangling"); err != nil || n != want-1 || got[2] != "litter" { // the long one has no place in a header
		t.Errorf("tar: %d dangling, want %d: %v %v", n, want-1, got, err)
	}
	got, _, err = contents(t.Context(), zipped(t, files...), nil)
	if n := strings.Count(got[-1], "dangling"); err != nil || n != symbolic {
		t.Errorf("zip: %d dangling, want %d: %v %v", n, symbolic, got, err)
	}
	// Their ending comes with them, and a walk over some files has none.
	endings := map[string]int{}
	d := &archive.TarGz{R: bytes.NewReader(gz(t, joined(plain...)))}
	d.Size = int64(d.R.(*bytes.Reader).Len())
	note := func(f drop.File) error {
		if f.Dangling {
			endings[f.Ending]++
		}
		_, err := io.Copy(io.Discard, f.Body)
		return err
	}
	if err := d.Each(t.Context(), []int{0}, note); err != nil || len(endings) != 0 {
		t.Errorf("some: %v %v", err, endings)
	}
	if err := d.Each(t.Context(), nil, note); err != nil || endings["dcm"] != 1 {
		t.Errorf("all: %v %v", err, endings)
	}
}

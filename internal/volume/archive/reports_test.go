package archive_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Archives of public bug reports, rebuilt here, and what must come out of each.
func TestPublicReports(t *testing.T) {
	one, two := member{name: "a", kind: '0', magic: posix, data: "one"}, member{name: "b", kind: '0', magic: posix, data: "two"}
	long := func(name string) member {
		return member{name: "././@LongLink", kind: 'L', magic: gnu, data: name + "\x00"}
	}
	sized := func(m member, size string) member {
		m.change = func(h []byte) { copy(h[124:136], size) }
		return m
	}
	const both = "one two"
	cases := []struct {
		report string
		plain  []byte
		want   string // the files in order, or an error's code
	}{
		{"libarchive/libarchive#1381: a hard link to itself", joined(one, two, member{name: "b", link: "b", kind: '1', magic: posix}), both},
		{"the same, of a file that is not there", joined(one, member{name: "b", link: "b", kind: '1', magic: posix}), "one dangling"},
		{"composefs/tar-rs#314: a hard link with a size and no data",
			joined(one, sized(member{name: "c", link: "a", kind: '1', magic: posix}, "00000176274\x00"), two), both},
		{"libarchive/libarchive#2405: the size in a PAX header only", joined(one, pax(record("size", "3")), sized(two, "00000000000\x00")), both},
		{"mastra-ai/mastra#17953: a PAX size before a long name", joined(one, pax(record("size", "3")), long("name"), two), both},
		{"libarchive/libarchive#2434: long names one after the other", joined(one, long("x"), long("y"), two), both},
		{"the same, and no file", joined(long("x"), long("y")), ""},
		{"AgentD/squashfs-tools-ng#64: a link to a name of 100 letters",
			joined(one, two, member{name: "c", link: strings.Repeat("x", 100), kind: '2', magic: posix}), both + " dangling"},
		{"composefs/tar-rs#252: a link to a long name in a PAX header",
			joined(one, two, pax(record("linkpath", "./"+strings.Repeat("d/../", 30)+"a")), member{name: "c", link: "cut", kind: '2', magic: posix}), both},
		{"sizes filled up with spaces", joined(sized(one, "         3  "), sized(two, "3           ")), both},
		{"sizes in base 256", joined(sized(one, "\x80"+strings.Repeat("\x00", 10)+"\x03"), two), both},
		{"a size below zero", joined(sized(one, strings.Repeat("\xff", 12)), two), "bad_archive"},
		{"a folder with a size", joined(sized(member{name: "d/", kind: '5', magic: posix}, "00000010000\x00"), one, two), both},
	}
	for _, c := range cases {
		got, order, err := contents(t.Context(), gz(t, c.plain), nil)
		var parts []string
		for _, n := range order {
			parts = append(parts, got[n])
		}
		is := strings.Join(parts, " ")
		if err != nil {
			is = code(err)
		}
		if d := cmp.Diff(c.want, is); d != "" {
			t.Errorf("%s: %v %s", c.report, err, d)
		}
	}
}

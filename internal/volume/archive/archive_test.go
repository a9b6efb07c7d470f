package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/archive"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// file is one entry to write.
type file struct {
	name string
	data []byte
	mode fs.FileMode
	raw  bool // stored
}

func zipped(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		if f.raw {
			h.Method = zip.Store
		}
		h.SetMode(f.mode | 0o600)
		e, err := w.CreateHeader(h)
		if err == nil {
			_, err = e.Write(f.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Size: int64(len(f.data)), Mode: 0o600, Typeflag: tar.TypeReg}
		if f.mode&fs.ModeSymlink != 0 {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, string(f.data), 0
		}
		if f.mode&fs.ModeDir != 0 {
			h.Typeflag, h.Size = tar.TypeDir, 0
		}
		err := w.WriteHeader(h)
		if err == nil && h.Typeflag == tar.TypeReg {
			_, err = w.Write(f.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), gz.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// open is either archive over bytes.
func open(b []byte) (drop.Files, error) {
	if len(b) > 1 && b[0] == 0x1f {
		return &archive.TarGz{R: bytes.NewReader(b), Size: int64(len(b))}, nil
	}
	return archive.OpenZip(bytes.NewReader(b), int64(len(b)))
}

// contents walks and reads everything; litter is "litter".
func contents(ctx context.Context, b []byte, want []int) (map[int]string, []int, error) {
	files, err := open(b)
	if err != nil {
		return nil, nil, err
	}
	got, order := map[int]string{}, []int(nil)
	err = files.Each(ctx, want, func(f drop.File) error {
		order = append(order, f.Index)
		if f.Litter {
			got[f.Index] = "litter"
			return nil
		}
		if f.Dangling {
			got[f.Index] += "dangling"
			return nil
		}
		data, err := io.ReadAll(f.Body)
		got[f.Index] = string(data)
		return err
	})
	return got, order, err
}

func code(err error) string {
	var fault *volume.Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return fmt.Sprint(err)
}

// Both kinds give the regular files, whatever their names; folders and litter are
// no files, and a link to what is not in the archive is dangling.
func TestEach(t *testing.T) {
	files := []file{
		{name: "CD/", mode: fs.ModeDir},
		{name: "../../etc/evil.dcm", data: []byte("one")},
		{name: "link.dcm", data: []byte("/etc/passwd"), mode: fs.ModeSymlink},
		{name: "same.dcm", data: []byte("two"), raw: true},
		{name: "same.dcm", data: []byte("three")},
		{name: "DICOMDIR", data: []byte("directory")},
		{name: "__MACOSX/._same.dcm", data: []byte("fork")},
		{name: "empty"},
	}
	want := map[int]string{-1: "dangling", 0: "one", 1: "two", 2: "three", 3: "litter", 4: "litter", 5: ""}
	orders := [][]int{{5, 4, 3, 2, 1, 0, -1}, {0, 1, 2, 3, 4, 5, -1}}
	for n, b := range [][]byte{zipped(t, files...), tarred(t, files...)} {
		got, order, err := contents(t.Context(), b, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(orders[n], order); d != "" {
			t.Error(d)
		}
		got, _, err = contents(t.Context(), b, []int{2, 0})
		if d := cmp.Diff(map[int]string{0: "one", 2: "three"}, got); d != "" || err != nil {
			t.Error(d, err)
		}
	}
}

// A damaged byte anywhere is either noticed or changes nothing that is read.
func TestDamageIsNoticed(t *testing.T) {
	data := make([]byte, 4000)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range data {
		data[i] = byte(rng.IntN(7))
	}
	for _, whole := range [][]byte{
		zipped(t, file{name: "a", data: data}, file{name: "b", data: data, raw: true}),
		tarred(t, file{name: "a", data: data}, file{name: "b", data: data}),
	} {
		for range 3000 {
			b := bytes.Clone(whole)
			b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
			got, _, err := contents(t.Context(), b, nil)
			if err != nil {
				if fault := (*volume.Error)(nil); !errors.As(err, &fault) {
					t.Fatalf("an error without a code: %v", err)
				}
				continue
			}
			for n, s := range got {
				if s != string(data) && s != "litter" {
					t.Fatalf("entry %d: %d wrong bytes and no error", n, len(s))
				}
			}
		}
		for n := 0; n < len(whole); n += 13 {
			if _, _, err := contents(t.Context(), whole[:n], nil); code(err) != "bad_archive" {
				t.Fatalf("cut to %d of %d: %v", n, len(whole), err)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	many := make([]file, volume.MaxEntries+1)
	for n := range many {
		many[n].name = "x"
	}
	plain := zipped(t, file{name: "a", data: []byte("data"), raw: true})
	central := bytes.Index(plain, []byte("PK\x01\x02"))
	change := func(at int, v ...byte) []byte {
		b := bytes.Clone(plain)
		copy(b[at:], v)
		return b
	}
	two := zipped(t, file{name: "a", data: []byte("data"), raw: true}, file{name: "b", data: []byte("data"), raw: true})
	second := bytes.LastIndex(two, []byte("PK\x01\x02"))
	overlap := bytes.Clone(two)
	binary.LittleEndian.PutUint32(overlap[second+42:], 0) // offset of the first entry's header
	cases := []struct {
		name, want string
		archive    []byte
	}{
		{"password", "encrypted_archive", change(central+8, 1)},
		{"bzip2", "unsupported_archive", change(central+10, 12)},
		{"says 4 GiB", "archive_too_large", change(central+24, 0xFE, 0xFF, 0xFF, 0xFF)},
		{"entries over each other", "unsafe_archive", overlap},
		{"longer than it says", "bad_archive", change(central+24, 2)},
		{"too many entries in a zip", "archive_too_large", zipped(t, many...)},
		{"too many entries in a tar", "archive_too_large", tarred(t, many...)},
		{"no zip", "bad_archive", []byte("PK\x03\x04")},
		{"no tar", "bad_archive", []byte("\x1f\x8b\x08\x00")},
		{"zip bomb", "archive_too_large", zipped(t, file{name: "a", data: make([]byte, volume.RatioFloor+1)})},
		{"tar bomb", "archive_too_large", tarred(t, file{name: "a", data: make([]byte, volume.RatioFloor+1)})},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := contents(t.Context(), c.archive, nil); code(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// counting is storage behind a cache of the last blocks, as cloud/blobs has it.
type counting struct {
	data     []byte
	held     []int64
	requests int
	fail     error
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	const size, blocks = 8 << 20, 3
	if c.fail != nil {
		return 0, c.fail
	}
	for b := off / size; b <= (off+int64(len(p))-1)/size && b*size < int64(len(c.data)); b++ {
		found := false
		for i, h := range c.held {
			if h == b {
				c.held = append(append(c.held[:i:i], c.held[i+1:]...), b)
				found = true
				break
			}
		}
		if !found {
			c.requests++
			c.held = append(c.held, b)
			c.held = c.held[max(0, len(c.held)-blocks):]
		}
	}
	return bytes.NewReader(c.data).ReadAt(p, off)
}

// A series of 31 MB takes fewer than 10 requests, one to ask for its size included, in any order.
func TestFewRequests(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var files []file
	for range 60 {
		data := make([]byte, 512<<10)
		for i := 0; i < len(data); i += 8 {
			binary.LittleEndian.PutUint64(data[i:], rng.Uint64())
		}
		files = append(files, file{name: "s", data: data})
	}
	want := rng.Perm(len(files))
	for _, b := range [][]byte{zipped(t, files...), tarred(t, files...)} {
		c := &counting{data: b}
		var d drop.Files = &archive.TarGz{R: c, Size: int64(len(b))}
		if b[0] == 'P' {
			var err error
			if d, err = archive.OpenZip(c, int64(len(b))); err != nil {
				t.Fatal(err)
			}
		}
		begin := make([]byte, 4096) // as whoever tells the kind of file reads it
		if _, err := c.ReadAt(begin, 0); err != nil {
			t.Fatal(err)
		}
		head := func(f drop.File) error { _, err := io.CopyN(io.Discard, f.Body, 4096); return err }
		all := func(f drop.File) error { _, err := io.Copy(io.Discard, f.Body); return err }
		if err := errors.Join(d.Each(t.Context(), nil, head), d.Each(t.Context(), want, all)); err != nil {
			t.Fatal(err)
		}
		if c.requests >= 9 {
			t.Errorf("%d MB took %d requests", len(b)>>20, c.requests)
		}
		t.Logf("%d MB: %d requests", len(b)>>20, c.requests)
	}
}

// An error of the storage is not the archive's fault.
func TestStorageErrors(t *testing.T) {
	disk := errors.New("disk on fire")
	for _, b := range [][]byte{zipped(t, file{name: "a", data: []byte("x")}), tarred(t, file{name: "a", data: []byte("x")})} {
		c := &counting{data: b}
		var d drop.Files = &archive.TarGz{R: c, Size: int64(len(b))}
		if b[0] == 'P' {
			d, _ = archive.OpenZip(c, int64(len(b)))
		}
		c.fail = disk
		if err := d.Each(t.Context(), nil, func(f drop.File) error { _, err := io.Copy(io.Discard, f.Body); return err }); !errors.Is(err, disk) {
			t.Errorf("%v, want %v", err, disk)
		}
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(zipped(f, file{name: "a", data: []byte("data")}, file{name: "b", data: bytes.Repeat([]byte("x"), 99), raw: true}))
	f.Add(tarred(f, file{name: "a", data: []byte("data")}, file{name: "b", data: bytes.Repeat([]byte("x"), 99)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		files, err := open(b)
		if err == nil {
			err = files.Each(t.Context(), nil, func(f drop.File) error {
				if f.Litter {
					return nil
				}
				n, err := io.Copy(io.Discard, f.Body)
				total += int(n)
				return err
			})
		}
		if fault := (*volume.Error)(nil); err != nil && !errors.As(err, &fault) {
			t.Fatalf("an error without a code: %v", err)
		}
		if limit := max(volume.RatioFloor, volume.MaxRatio*len(b)); total > 2*limit {
			t.Fatalf("%d bytes expanded to %d", len(b), total)
		}
	})
}

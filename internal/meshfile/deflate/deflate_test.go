package deflate_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	kzip "github.com/klauspost/compress/zip"

	"github.com/iris-oculus/iris/internal/meshfile/deflate"
)

// sizes straddle the block size.
var sizes = []int{0, 1, 1000, 512<<10 - 1, 512 << 10, 512<<10 + 1, 3 << 20}

func data(n int) []byte {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(7))
	}
	return b
}

// pack hands the data over in pieces of one size.
func pack(t *testing.T, w io.WriteCloser, raw []byte, piece int) {
	t.Helper()
	for len(raw) > 0 {
		n := min(piece, len(raw))
		if _, err := w.Write(raw[:n]); err != nil {
			t.Fatal(err)
		}
		raw = raw[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTheStandardLibraryReadsIt(t *testing.T) {
	for _, n := range sizes {
		var bare, file bytes.Buffer
		pack(t, deflate.NewWriter(&bare), data(n), 10_000)
		got, err := io.ReadAll(flate.NewReader(&bare))
		if err != nil || !bytes.Equal(got, data(n)) {
			t.Errorf("%d bytes, bare: %d came back, %v", n, len(got), err)
		}
		g, err := deflate.NewGzip(&file)
		if err != nil {
			t.Fatal(err)
		}
		pack(t, g, data(n), 10_000)
		unpack, err := gzip.NewReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		unpack.Multistream(false)
		got, err = io.ReadAll(unpack) // compares checksum and size
		if err != nil || !bytes.Equal(got, data(n)) || file.Len() != 0 {
			t.Errorf("%d bytes, gzip: %d came back, %v, %d bytes behind", n, len(got), err, file.Len())
		}
	}
}

func TestTheBytesDependOnTheDataOnly(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	raw := data(2<<20 + 12345)
	var first []byte
	for _, workers := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(workers)
		for _, piece := range []int{1 << 30, 777, 512 << 10} {
			var b bytes.Buffer
			pack(t, deflate.NewWriter(&b), raw, piece)
			if first == nil {
				first = b.Bytes()
			}
			if !bytes.Equal(first, b.Bytes()) {
				t.Errorf("%d workers, pieces of %d: other bytes", workers, piece)
			}
		}
	}
}

func TestZipEntries(t *testing.T) {
	var b bytes.Buffer
	z := kzip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return deflate.NewWriter(w), nil })
	for _, name := range []string{"a", "b"} {
		entry, err := z.CreateHeader(&kzip.FileHeader{Name: name, Method: kzip.Deflate})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(data(1 << 20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || len(r.File) != 2 {
		t.Fatal(err)
	}
	for _, f := range r.File {
		entry, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(entry); err != nil || !bytes.Equal(got, data(1<<20)) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestErrorsOfTheWriterComeBack(t *testing.T) {
	for _, room := range []int{0, 300_000} {
		w := deflate.NewWriter(&full{room})
		var err error
		for range 1000 {
			if _, err = w.Write(data(64 << 10)); err != nil {
				break
			}
		}
		if err == nil {
			t.Errorf("room %d: 64 MB were taken without an error", room)
		}
		if err := w.Close(); err == nil {
			t.Errorf("room %d: Close forgot the error", room)
		}
	}
	if _, err := deflate.NewGzip(&full{}); err == nil {
		t.Error("a gzip header on a full disk")
	}
}

package deflate_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	klauspost "github.com/klauspost/compress/zip"

	"github.com/iris-oculus/iris/internal/meshfile/deflate"
)

// inflated is what the standard library makes of a stream, all of it.
func inflated(t *testing.T, stream []byte) []byte {
	t.Helper()
	in := bytes.NewReader(stream)
	out, err := io.ReadAll(flate.NewReader(in))
	if err != nil || in.Len() > 0 {
		t.Fatalf("%v, %d bytes are left", err, in.Len())
	}
	return out
}

// Pieces of text with and without likenesses, right and wrong ones, of every length
// and distance, come back as they were.
func TestPiecesComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	fill := map[string]func(p *deflate.Piece){
		"nothing":  func(*deflate.Piece) {},
		"a letter": func(p *deflate.Piece) { p.Plain = append(p.Plain, 'x') },
		"noise":    func(p *deflate.Piece) { p.Plain = append(p.Plain, noise...) },
		"one byte": func(p *deflate.Piece) {
			p.Plain = append(p.Plain, 0)
			p.New()
			p.Plain = append(p.Plain, make([]byte, 100_000)...)
			p.Like(0)
		},
		"every length": func(p *deflate.Piece) {
			for n := range 600 {
				from := len(p.Plain)
				p.Plain = append(p.Plain, noise[:n]...)
				p.Plain = append(p.Plain, byte(n))
				p.Like(from - r.IntN(40) - n)
				from = len(p.Plain)
				p.Plain = append(p.Plain, p.Plain[max(0, from-n):from]...)
				p.Like(from - n)
			}
		},
		"every distance": func(p *deflate.Piece) {
			p.Plain = append(p.Plain, noise[:40_000]...)
			p.New()
			for d := 1; d < 33_000; d += 1 + d/50 {
				from := len(p.Plain)
				for range 5 {
					p.Plain = append(p.Plain, p.Plain[len(p.Plain)-d])
				}
				p.Like(from - d)
			}
		},
		"lies": func(p *deflate.Piece) {
			for i := range 1000 {
				p.Plain = append(p.Plain, noise[i*10:i*10+r.IntN(20)]...)
				p.Like(r.IntN(len(p.Plain)+100) - 50)
			}
		},
		// Counts like those of Fibonacci give the longest codes.
		"long codes": func(p *deflate.Piece) {
			for symbol, n, next := 1, 1, 1; symbol < 24; symbol, n, next = symbol+1, next, n+next {
				p.Plain = append(p.Plain, bytes.Repeat([]byte{byte(symbol)}, n)...)
			}
		},
	}
	var p deflate.Piece
	for name, fill := range fill {
		p.Reset()
		fill(&p)
		want := bytes.Clone(p.Plain)
		stream, _ := p.AppendTo(nil, true)
		if !bytes.Equal(inflated(t, stream), want) {
			t.Errorf("%s: another text", name)
		}
		if name == "one byte" && len(stream) > 1000 {
			t.Errorf("a hundred thousand zeros take %d bytes", len(stream))
		}
	}
}

func TestEntry(t *testing.T) {
	line := func(i int) string { return fmt.Sprintf("<vertex x=\"%d.25\" y=\"%d\"/>\n", i/3, i%7) }
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var alone []byte
	for _, workers := range []int{1, 3} {
		runtime.GOMAXPROCS(workers)
		var file bytes.Buffer
		pack := klauspost.NewWriter(&file)
		var want [2]bytes.Buffer
		for e, name := range []string{"plain.txt", "肝.txt"} {
			n := 1 + 40*e
			for i := range n * 500 {
				want[e].WriteString(line(i))
			}
			if err := deflate.Entry(pack, name, n, func(i int, p *deflate.Piece) {
				before := 0
				for k := range 500 {
					at := len(p.Plain)
					p.Plain = append(p.Plain, line(i*500+k)...)
					p.Like(before)
					before = at
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := pack.Close(); err != nil {
			t.Fatal(err)
		}
		if alone == nil {
			alone = file.Bytes()
		}
		if !bytes.Equal(alone, file.Bytes()) {
			t.Errorf("%d workers: another file", workers)
		}
		z, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			t.Fatal(err)
		}
		for e, f := range z.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(in) // compares the checksum, too
			if err != nil || !bytes.Equal(got, want[e].Bytes()) || f.Name != []string{"plain.txt", "肝.txt"}[e] || f.NonUTF8 {
				t.Errorf("%s: %v, %d bytes, want %d", f.Name, err, len(got), want[e].Len())
			}
		}
	}
}

func TestEntryTellsAnErrorOfTheWriter(t *testing.T) {
	full := errors.New("full")
	pack := klauspost.NewWriter(writerFunc(func([]byte) (int, error) { return 0, full }))
	err := deflate.Entry(pack, "x", 4, func(_ int, p *deflate.Piece) { p.Plain = append(p.Plain, make([]byte, 100_000)...) })
	if err == nil {
		err = pack.Close()
	}
	if !errors.Is(err, full) {
		t.Error(err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func FuzzPiece(f *testing.F) {
	f.Add([]byte("<v x=1/><v x=2/><v x=12/>"), []byte{8, 8, 200})
	f.Fuzz(func(t *testing.T, text, places []byte) {
		var p deflate.Piece
		rest := text
		for _, d := range places {
			n := min(len(rest), 1+int(d)%17)
			p.Plain = append(p.Plain, rest[:n]...)
			rest = rest[n:]
			p.Like(len(p.Plain) - n - int(d))
		}
		p.Plain = append(p.Plain, rest...)
		stream, _ := p.AppendTo(nil, true)
		if !bytes.Equal(inflated(t, stream), text) {
			t.Error("another text")
		}
	})
}

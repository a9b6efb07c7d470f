package ht

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/j2k/ht/httest"
)

// patterns are blocks with every kind of content, by name; top is the largest magnitude.
var patterns = map[string]func(x, y, top int, r *rand.Rand) int{
	"zero":   func(x, y, top int, r *rand.Rand) int { return 0 },
	"noise":  func(x, y, top int, r *rand.Rand) int { return r.IntN(2*top+1) - top },
	"sparse": func(x, y, top int, r *rand.Rand) int { return (r.IntN(2*top+1) - top) * (r.IntN(30) / 29) },
	"small":  func(x, y, top int, r *rand.Rand) int { return r.IntN(3) - 1 },
	"extreme": func(x, y, top int, r *rand.Rand) int {
		return top * (r.IntN(3) - 1)
	},
	"full":    func(x, y, top int, r *rand.Rand) int { return top },
	"corner":  func(x, y, top int, r *rand.Rand) int { return top * max(0, 1-x-y) },
	"wavelet": func(x, y, top int, r *rand.Rand) int { return int(r.NormFloat64()*float64(top)/9) % (top + 1) },
	"few": func(x, y, top int, r *rand.Rand) int {
		if r.IntN(200) > 0 {
			return 0
		}
		return 1 + r.IntN(top)
	},
}

func makeBlock(name string, w, h, top int) (q []int) {
	r := rand.New(rand.NewPCG(uint64(w*5000+h), uint64(top)))
	for y := range h {
		for x := range w {
			q = append(q, patterns[name](x, y, top, r))
		}
	}
	return q
}

// encodeBlock is httest.Encode's block.
func encodeBlock(q []int, w, h, planes, plane, passes int, causal bool) (Block, []int32) {
	cleanup, refinement, want := httest.Encode(q, w, h, plane, passes, causal)
	return Block{Planes: planes, Missing: planes - 1 - plane, Passes: passes, Causal: causal, Cleanup: cleanup, Refinement: refinement}, want
}

func checkBlock(t *testing.T, d *Decoder, q []int, w, h, planes, plane, passes int, causal bool) {
	t.Helper()
	b, want := encodeBlock(q, w, h, planes, plane, passes, causal)
	got := make([]int32, w*h)
	for i := range got {
		got[i] = -7 // every sample must be written
	}
	if err := d.Decode(got, w, h, b); err != nil {
		t.Fatalf("%d × %d, planes %d, plane %d, passes %d: %v", w, h, planes, plane, passes, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%d × %d, planes %d, plane %d, passes %d, causal %v: sample (%d, %d) = %d, want %d", w, h, planes, plane, passes, causal, i%w, i/w, got[i], want[i])
		}
	}
}

var sizes = [][2]int{
	{1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {1, 64}, {64, 1}, {7, 13}, {8, 8}, {9, 31},
	{16, 16}, {32, 32}, {33, 17}, {64, 64}, {63, 61}, {1024, 4}, {4, 1024}, {1023, 4}, {3, 1024}, {128, 32},
}

// TestCleanup covers every number of planes, sizes and contents, with the cleanup pass
// alone.
func TestCleanup(t *testing.T) {
	var d Decoder
	for planes := 1; planes <= MaxPlanes; planes++ {
		for name := range patterns {
			t.Run(fmt.Sprintf("%d/%s", planes, name), func(t *testing.T) {
				for i, s := range sizes {
					if i%3 != planes%3 {
						continue
					}
					q := makeBlock(name, s[0], s[1], 1<<planes-1)
					for _, plane := range []int{0, planes / 2, planes - 1} {
						checkBlock(t, &d, q, s[0], s[1], planes, plane, 1, false)
					}
				}
			})
		}
	}
}

// TestRefinement covers the passes behind the cleanup pass.
func TestRefinement(t *testing.T) {
	var d Decoder
	for _, planes := range []int{2, 3, 8, 12, 17, 29, 30} {
		for name := range patterns {
			t.Run(fmt.Sprintf("%d/%s", planes, name), func(t *testing.T) {
				for _, s := range sizes {
					q := makeBlock(name, s[0], s[1], 1<<planes-1)
					for _, plane := range []int{1, planes / 2, planes - 1} {
						for _, passes := range []int{2, 3} {
							checkBlock(t, &d, q, s[0], s[1], planes, max(1, plane), passes, false)
							checkBlock(t, &d, q, s[0], s[1], planes, max(1, plane), passes, true)
						}
					}
				}
			})
		}
	}
}

// TestTables holds what every prefix code must: each context's code words fill their
// space exactly once.
func TestTables(t *testing.T) {
	for n, table := range vlcTables {
		for i, entry := range table {
			if entry&7 == 0 {
				t.Errorf("table %d: context %d has no code word for %07b", n, i>>7, i&127)
			}
			rho, e1, ek := entry>>4&15, entry>>8&15, entry>>12
			if ek&^rho != 0 || e1&^ek != 0 {
				t.Errorf("table %d: e_k %04b and e_1 %04b of rho %04b", n, ek, e1, rho)
			}
			if off := entry >> 3 & 1; off == 0 && ek != 0 {
				t.Errorf("table %d: e_k without a u value", n)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	good, _ := encodeBlock(makeBlock("noise", 8, 8, 255), 8, 8, 9, 1, 3, false)
	for name, c := range map[string]struct {
		w, h        int
		change      func(b *Block)
		unsupported bool
	}{
		"too large":                  {65, 64, func(b *Block) {}, false},
		"too wide":                   {1025, 1, func(b *Block) {}, false},
		"empty":                      {0, 8, func(b *Block) {}, false},
		"31 planes":                  {8, 8, func(b *Block) { b.Planes = 31 }, true},
		"more missing than planes":   {8, 8, func(b *Block) { b.Missing = 9 }, false},
		"4 passes":                   {8, 8, func(b *Block) { b.Passes = 4 }, false},
		"no pass":                    {8, 8, func(b *Block) { b.Passes = 0 }, false},
		"no cleanup":                 {8, 8, func(b *Block) { b.Cleanup = nil }, false},
		"1 byte":                     {8, 8, func(b *Block) { b.Cleanup = b.Cleanup[:1] }, false},
		"suffix longer than segment": {8, 8, func(b *Block) { b.Cleanup = []byte{0, 0, 0, 9} }, false},
		"suffix of 1":                {8, 8, func(b *Block) { b.Cleanup = []byte{0, 0, 1, 0} }, false},
		"refinement without planes":  {8, 8, func(b *Block) { b.Planes = 8; b.Missing = 7 }, false},
		"samples end":                {8, 8, func(b *Block) { b.Cleanup = b.Cleanup[len(b.Cleanup)-30:] }, false},
		"larger block":               {64, 64, func(b *Block) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := good
			c.change(&b)
			var d Decoder
			err := d.Decode(make([]int32, 8192), c.w, c.h, b)
			var e *codec.Error
			if !errors.As(err, &e) || e.Unsupported != c.unsupported {
				t.Fatalf("error = %v", err)
			}
		})
	}
}

// TestNoRefinementSegment has a block that says it has three passes and has no bytes for
// two of them: the cleanup pass stands (OpenJPH does the same).
func TestNoRefinementSegment(t *testing.T) {
	q := makeBlock("noise", 8, 8, 255)
	b, want := encodeBlock(q, 8, 8, 9, 3, 1, false)
	b.Passes = 3
	var d Decoder
	got := make([]int32, 64)
	if err := d.Decode(got, 8, 8, b); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("sample %d = %d, want %d", i, got[i], want[i])
		}
	}
}

// TestMutations decodes damaged blocks: each ends with coefficients or with an error of
// this package's kind, and the same ones whatever was decoded before.
func TestMutations(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var used Decoder
	for _, s := range [][2]int{{8, 8}, {33, 17}, {64, 64}, {1023, 4}} {
		for _, name := range []string{"noise", "wavelet", "sparse"} {
			good, _ := encodeBlock(makeBlock(name, s[0], s[1], 4095), s[0], s[1], 13, 2, 3, false)
			for range 500 {
				b := good
				b.Cleanup = mutate(r, good.Cleanup)
				b.Refinement = mutate(r, good.Refinement)
				b.Missing += r.IntN(3) - 1
				b.Causal = r.IntN(2) == 0
				a, c := make([]int32, s[0]*s[1]), make([]int32, s[0]*s[1])
				err := used.Decode(a, s[0], s[1], b)
				var e *codec.Error
				if err != nil && !errors.As(err, &e) {
					t.Fatalf("error = %#v", err)
				}
				var fresh Decoder
				again := fresh.Decode(c, s[0], s[1], b)
				if (err == nil) != (again == nil) {
					t.Fatalf("%v, then %v", err, again)
				}
				for i := range a {
					if err == nil && a[i] != c[i] {
						t.Fatalf("sample %d = %d, then %d", i, a[i], c[i])
					}
				}
			}
		}
	}
}

func mutate(r *rand.Rand, in []byte) []byte {
	out := append([]byte{}, in...)
	for range r.IntN(4) {
		if len(out) == 0 {
			break
		}
		switch at := r.IntN(len(out)); r.IntN(4) {
		case 0:
			out[at] ^= 1 << r.IntN(8)
		case 1:
			out[at] = 0xFF
		case 2:
			out = out[:at]
		default:
			out = append(out, byte(r.IntN(256)))
		}
	}
	return out
}

func FuzzDecode(f *testing.F) {
	for _, s := range [][2]int{{1, 1}, {8, 8}, {64, 64}, {1023, 4}} {
		b, _ := encodeBlock(makeBlock("wavelet", s[0], s[1], 4095), s[0], s[1], 13, 2, 3, false)
		f.Add(b.Cleanup, b.Refinement, uint16(s[0]), uint16(s[1]), uint8(b.Planes), uint8(b.Missing), uint8(3))
	}
	var d Decoder
	out := make([]int32, maxSamples)
	f.Fuzz(func(t *testing.T, cleanup, refinement []byte, w, h uint16, planes, missing, passes uint8) {
		b := Block{Planes: int(planes % 33), Missing: int(missing % 33), Passes: int(passes % 5), Cleanup: cleanup, Refinement: refinement}
		x, y := int(w%1100), int(h%1100)
		if x*y > maxSamples {
			y = maxSamples / x
		}
		err := d.Decode(out, x, y, b)
		var e *codec.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("error = %#v", err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"wavelet", "noise", "small", "sparse"} {
		for _, passes := range []int{1, 3} {
			b.Run(fmt.Sprintf("%s/%d", name, passes), func(b *testing.B) {
				block, _ := encodeBlock(makeBlock(name, 64, 64, 2047), 64, 64, 12, passes/2, passes, false)
				var d Decoder
				out := make([]int32, 4096)
				b.SetBytes(2 * 4096)
				for b.Loop() {
					if err := d.Decode(out, 64, 64, block); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

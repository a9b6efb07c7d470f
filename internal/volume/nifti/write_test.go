package nifti

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/volume"
)

func randomVolume(rng *rand.Rand, dims [3]int) *volume.Volume {
	v := &volume.Volume{Dims: dims, Affine: volume.Affine{{-1, 0, 0, 12.5}, {0, 0, 2, -7}, {0, .5, 0, 3}}}
	for range v.Len() {
		v.Voxels = append(v.Voxels, int16(rng.Intn(1<<16)-1<<15))
	}
	return v
}

func TestVolumeRoundTrip(t *testing.T) {
	v := randomVolume(rand.New(rand.NewSource(1)), [3]int{7, 5, 3})
	var out bytes.Buffer
	if err := WriteVolume(&out, v); err != nil {
		t.Fatal(err)
	}
	got, err := ReadVolume(&out)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(v, got); d != "" {
		t.Error(d)
	}
}

// TestReaderSplits: a volume read in parts is the volume, and its end is told
// only after the checksum has been seen to hold.
func TestReaderSplits(t *testing.T) {
	rng := rand.New(rand.NewSource(9))
	v := randomVolume(rng, [3]int{31, 29, 23})
	var file bytes.Buffer
	if err := WriteVolume(&file, v); err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) ([]int16, error) {
		r, err := NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		var all []int16
		for {
			part := make([]int16, 1+rng.Intn(5000))
			n, err := r.ReadVoxels(part)
			all = append(all, part[:n]...)
			if err != nil {
				return all, err
			}
		}
	}
	if all, err := read(file.Bytes()); !errors.Is(err, io.EOF) || !slices.Equal(all, v.Voxels) {
		t.Errorf("%d voxels, %v: want %d and EOF", len(all), err, v.Len())
	}
	broken := bytes.Clone(file.Bytes())
	broken[len(broken)-6] ^= 1
	if _, err := read(broken); code(err) != "bad_gzip" {
		t.Errorf("wrong checksum: %v, want bad_gzip", err)
	}
}

// TestWriterSplits: how voxels are handed over changes no byte, and nothing of
// the moment or the machine is in the file.
func TestWriterSplits(t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	v := randomVolume(rng, [3]int{161, 153, 147} /* several blocks */)
	var whole, parts bytes.Buffer
	if err := WriteVolume(&whole, v); err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(&parts, v.Dims, v.Affine)
	if err != nil {
		t.Fatal(err)
	}
	for rest := v.Voxels; len(rest) > 0; {
		n := min(1+rng.Intn(900000), len(rest))
		if err := w.WriteVoxels(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(whole.Bytes(), parts.Bytes()) {
		t.Error("the bytes depend on how they were handed over")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	parts.Reset()
	if err := WriteVolume(&parts, v); err != nil || !bytes.Equal(whole.Bytes(), parts.Bytes()) {
		t.Errorf("the bytes depend on the processors (%v)", err)
	}
	// The standard library reads it as one member.
	one, err := gzip.NewReader(bytes.NewReader(whole.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	one.Multistream(false)
	if n, err := io.Copy(io.Discard, one); err != nil || n != int64(352+2*v.Len()) {
		t.Errorf("one member of %d bytes, %v: want %d", n, err, 352+2*v.Len())
	}
	if gz, err := gzip.NewReader(&whole); err != nil || gz.Name != "" || gz.Comment != "" || !gz.ModTime.IsZero() || gz.OS != 255 {
		t.Errorf("gzip header %+v %v: want no name, comment, time or system", gz.Header, err)
	}
}

func TestWriterCounts(t *testing.T) {
	a := volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}
	for _, n := range []int{7, 9} {
		w, err := NewWriter(io.Discard, [3]int{2, 2, 2}, a)
		if err != nil {
			t.Fatal(err)
		}
		err = w.WriteVoxels(make([]int16, n))
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			t.Errorf("%d voxels for 8 were taken", n)
		}
	}
	for _, bad := range []struct {
		dims   [3]int
		affine volume.Affine
	}{{[3]int{0, 2, 2}, a}, {[3]int{5000, 2, 2}, a}, {[3]int{2, 2, 2}, volume.Affine{}}, {[3]int{2, 2, 2}, volume.Affine{{math.NaN()}}}} {
		if _, err := NewWriter(io.Discard, bad.dims, bad.affine); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

// TestSformIsQform: both describe the same grid, left-handed and oblique ones too.
func TestSformIsQform(t *testing.T) {
	rng := rand.New(rand.NewSource(4))
	for n := range 200 {
		var h header
		for i := range 3 {
			h.quaternion[i] = rng.Float64() - 0.5
			h.pixdim[i+1] = 0.3 + rng.Float64()*4
			h.origin[i] = rng.Float64()*500 - 250
		}
		switch n { // half turns are where square roots lose their digits
		case 0, 1, 2:
			h.quaternion = [3]float64{}
			h.quaternion[n] = 1
		case 3:
			h.quaternion = [3]float64{math.Sqrt(.5), math.Sqrt(.5), 0}
		}
		h.pixdim[0] = float64(1 - 2*(n%2))
		a, err := h.fromQuaternion()
		if err != nil {
			t.Fatal(err)
		}
		im := image{dims: [3]int{2, 2, 2}, affine: a, datatype: codeInt16, bytes: 2}
		raw, err := im.header()
		if err != nil {
			t.Fatal(err)
		}
		for _, qform := range []bool{false, true} {
			if qform {
				binary.LittleEndian.PutUint16(raw[254:], 0) // no sform
			}
			s, err := newStream(bytes.NewReader(raw), false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := readHeader(s)
			if err != nil {
				t.Fatal(err)
			}
			b, err := got.affine()
			if err != nil {
				t.Fatal(err)
			}
			// Near half a turn the format itself is coarse: a = √(1-b²-c²-d²) of
			// float32 values is known to √(2·6e-8) only.
			tolerance := map[bool]float64{false: 2e-5, true: 2e-3}[qform]
			for r := range 3 {
				for c := range 4 {
					if math.Abs(a[r][c]-b[r][c]) > tolerance {
						t.Fatalf("qform %v: [%d][%d] = %g, want %g", qform, r, c, b[r][c], a[r][c])
					}
				}
			}
		}
	}
}

// TestHeaderSaysNoMore: outside the fields that are set on purpose, a header is zero.
func TestHeaderSaysNoMore(t *testing.T) {
	im := image{dims: [3]int{300, 400, 200}, affine: volume.Affine{{1, 0, 0, 7}, {0, 1, 0, 8}, {0, 0, 1, 9}}, datatype: codeInt16, bytes: 2}
	h, err := im.header()
	if err != nil {
		t.Fatal(err)
	}
	for _, span := range [][2]int{{4, 38}, {56, 70}, {120, 123}, {124, 252}, {328, 344}, {348, 352}} {
		if strings.Trim(string(h[span[0]:span[1]]), "\x00") != "" {
			t.Errorf("bytes %d to %d are not zero: %x", span[0], span[1], h[span[0]:span[1]])
		}
	}
}

func TestTooManyBytesAreRefused(t *testing.T) {
	l := &limited{w: io.Discard, left: 10}
	if _, err := l.Write(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write(make([]byte, 1)); code(err) != "too_large" {
		t.Errorf("%v, want too_large", err)
	}
}

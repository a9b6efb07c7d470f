package prepare_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg/jpegtest"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

func of(file []byte) prepare.Source {
	return prepare.Source{File: bytes.NewReader(file), Size: int64(len(file))}
}

func code(err error) string {
	var rejected *job.RejectedError
	var unsupported *job.UnsupportedError
	switch {
	case errors.As(err, &rejected):
		return rejected.Code
	case errors.As(err, &unsupported):
		return unsupported.Code
	}
	return fmt.Sprint(err)
}

// printed is everything that leaves a conversion beside the volume.
func printed(t testing.TB, r prepare.Report, err error) string {
	t.Helper()
	source, marshal := json.Marshal(r.Source)
	if marshal != nil {
		t.Fatal(marshal)
	}
	return fmt.Sprint(err, r.Warnings, r.Modality, string(source))
}

func inflated(t testing.TB, file []byte) []byte {
	t.Helper()
	if len(file) == 0 {
		return nil
	}
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return append(plain, file[:min(64, len(file))]...)
}

// ct is a small NIfTI file in Hounsfield units.
func ct(t testing.TB) []byte {
	t.Helper()
	v := &volume.Volume{Dims: [3]int{6, 5, 4}, Affine: volume.Affine{{2, 0, 0, -5}, {0, 2, 0, 7}, {0, 0, 3, 11}}, Voxels: make([]int16, 120)}
	for i := range v.Voxels {
		v.Voxels[i] = int16(i*9 - 500)
	}
	var b bytes.Buffer
	if err := nifti.WriteVolume(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipOf(t testing.TB, files dicomtest.Drop) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for n, data := range files {
		e, err := w.Create(fmt.Sprintf("ZZPHI/%03d", n))
		if err == nil {
			_, err = e.Write(data)
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

func gz(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(plain)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func volumeOf(t testing.TB, s prepare.Source) (out []byte, r prepare.Report, err error) {
	t.Helper()
	var b bytes.Buffer
	r, err = s.Volume(t.Context(), &b, prepare.Options{})
	return b.Bytes(), r, err
}

// The kind is told by content, and a series is the same volume however it comes.
func TestVolumeOfEveryKind(t *testing.T) {
	series := dicomtest.Series(5, 6, 7, nil)
	folder := fstest.MapFS{"README.txt": {Data: []byte("litter")}}
	for n, data := range series {
		folder[fmt.Sprintf("sub%d/ZZPHI%d", n%2, n)] = &fstest.MapFile{Data: data}
	}
	directory, err := prepare.OpenDirectory(folder)
	if err != nil {
		t.Fatal(err)
	}
	var want []byte
	for name, s := range map[string]prepare.Source{"zip": of(zipOf(t, series)), "folder": {Folder: directory}} {
		got, report, err := volumeOf(t, s)
		if err != nil || report.Modality != "CT" || report.Source == nil || len(report.Warnings) > 0 {
			t.Fatalf("%s: %v %+v", name, err, report)
		}
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes", name)
		}
	}
	for name, file := range map[string][]byte{".nii.gz": ct(t), ".nii": inflated(t, ct(t))[:352+240]} {
		if _, report, err := volumeOf(t, of(file)); err != nil || report.Modality != "CT" || report.Source != nil {
			t.Errorf("%s: %v %+v", name, err, report)
		}
	}
}

func TestVolumeRefuses(t *testing.T) {
	cases := []struct {
		name, want, says string
		file             []byte
	}{
		{"empty", "unrecognized", "empty", nil},
		{"text", "unrecognized", "is text", []byte("Dear doctor,\n")},
		{"PDF", "unrecognized", "PDF", []byte("%PDF-1.7 …")},
		{"binary", "unrecognized", "unknown kind", []byte{1, 2, 3, 4, 5, 6, 7, 8}},
		{"a compressed slice", "unrecognized", "compressed DICOM", gz(t, dicomtest.Axial(0, 4, 4).Bytes())},
		{"compressed text", "unrecognized", "text", gz(t, bytes.Repeat([]byte("hello "), 200))},
		{"half a gzip header", "truncated", "", []byte{0x1f, 0x8b, 8}},
		{"one slice", "too_few_slices", "the series has one slice, and a volume needs at least 3: put the whole series into one folder", dicomtest.Axial(0, 4, 4).Bytes()},
		{"a zip of nothing", "empty_archive", "", zipOf(t, nil)},
		{"compressed pixels", "unsupported_transfer_syntax", "JPEG XL", zipOf(t, dicomtest.Series(4, 4, 4, func(_ int, s *dicomtest.Slice) { s.Syntax = "1.2.840.10008.1.2.4.110" }))},
		{"a zip of a NIfTI file", "no_image_series", "by itself", zipOf(t, dicomtest.Drop{inflated(t, ct(t))})},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := volumeOf(t, of(c.file))
			if code(err) != c.want || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %s that says %q", err, c.want, c.says)
			}
		})
	}
	huge := prepare.Source{File: bytes.NewReader(nil), Size: volume.MaxObjectBytes + 1}
	if _, _, err := volumeOf(t, huge); code(err) != "too_large" {
		t.Errorf("more than 5 GiB: %v", err)
	}
	if _, err := of(zipOf(t, nil)).Labels(t.Context(), io.Discard); code(err) != "unrecognized" {
		t.Errorf("labels in a zip: %v", err)
	}
}

// A folder whose files cannot be opened says so without their names.
func TestDirectoryNamesNoFile(t *testing.T) {
	dir := t.TempDir()
	for n, data := range dicomtest.Series(4, 4, 4, nil) {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("ZZPHI-%d", n)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := prepare.OpenDirectory(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "ZZPHI-2")); err != nil {
		t.Fatal(err)
	}
	_, _, err = volumeOf(t, prepare.Source{Folder: d})
	if err == nil || strings.Contains(err.Error(), "ZZPHI") {
		t.Errorf("%v", err)
	}
}

// mutants of small good files, by seed: flips, cuts, lengths set to extremes.
func mutate(rng *rand.Rand, file []byte) []byte {
	b := bytes.Clone(file)
	for range 1 + rng.IntN(8) {
		if len(b) < 8 {
			return b
		}
		at := rng.IntN(len(b))
		switch rng.IntN(5) {
		case 0:
			b[at] ^= 1 << rng.IntN(8)
		case 1:
			b[at] = byte(rng.Uint32())
		case 2:
			b = b[:at]
		case 3:
			extreme := [][]byte{{0xFF, 0xFF, 0xFF, 0xFF}, {0, 0, 0, 0}, {0xFF, 0xFF, 0xFF, 0x7F}, {0, 0, 0, 0x80}}[rng.IntN(4)]
			copy(b[at:], extreme)
		case 4:
			n := min(len(b)-at, 1+rng.IntN(16))
			b = append(b[:at:at], b[at+n:]...)
		}
	}
	return b
}

func samples(t testing.TB) [][]byte {
	multi := dicomtest.Axial(0, 4, 4)
	multi.Frames, multi.Pixels = "4", bytes.Repeat(multi.Pixels, 4)
	multi.Extra = func(w *dicomtest.Writer) {
		var frames []func(*dicomtest.Writer)
		for n := range 4 {
			frames = append(frames, func(w *dicomtest.Writer) {
				w.Sequence(0x00209113, n%2 == 0, func(w *dicomtest.Writer) { w.Text(0x00200032, "DS", dicomtest.At(0, 0, float64(n))) })
			})
		}
		w.Sequence(0x52009230, true, frames...)
	}
	series := dicomtest.Series(4, 4, 4, nil)
	return [][]byte{multi.Bytes(), zipOf(t, series), ct(t), inflated(t, ct(t))[:592], compressed(multi, "1.2.840.10008.1.2.5"), compressed(multi, "1.2.840.10008.1.2.4.70")}
}

// compressed is a file of four frames in fragments.
func compressed(s dicomtest.Slice, uid string) []byte {
	s.Syntax, s.Items = uid, [][]byte{nil}
	for n := range 4 {
		frame := s.Pixels[n*len(s.Pixels)/4:][:len(s.Pixels)/4]
		stream := dicomtest.RLE(frame, 16)
		if uid != "1.2.840.10008.1.2.5" {
			m := jpegtest.Image{Columns: s.Columns, Rows: s.Rows, Precision: 12, Samples: make([]uint16, s.Rows*s.Columns)}
			for i := range m.Samples {
				m.Samples[i] = binary.LittleEndian.Uint16(frame[2*i:])
			}
			stream = jpegtest.Lossless(m, 1, 0, jpegtest.Options{})
		}
		s.Items = append(s.Items, stream)
	}
	return s.Bytes()
}

// 10,000 mutants: no panic, a code for every refusal, no memory by what a file says.
func TestMutants(t *testing.T) {
	good := samples(t)
	rng := rand.New(rand.NewPCG(11, 12))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tries := 10_000
	if testing.Short() {
		tries = 500
	}
	for n := range tries {
		file := mutate(rng, good[n%len(good)])
		_, _, err := volumeOf(t, of(file))
		if err != nil && job.Named(err) == nil {
			t.Fatalf("mutant %d: an error without a code: %v", n, err)
		}
	}
	// The zip's parts are mutated below its checksums, too.
	for n := range tries / 10 {
		series := dicomtest.Series(4, 4, 4, nil)
		series[n%4] = mutate(rng, series[n%4])
		_, _, err := volumeOf(t, of(zipOf(t, series)))
		if err != nil && job.Named(err) == nil {
			t.Fatalf("mutant slice %d: an error without a code: %v", n, err)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.Sys - before.Sys; grown > 512<<20 {
		t.Errorf("the process took %d MB more", grown>>20)
	}
}

func FuzzVolume(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := volumeOf(t, of(file))
		runtime.ReadMemStats(&after)
		if err != nil && job.Named(err) == nil {
			t.Fatalf("an error without a code: %v", err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 256<<20 {
			t.Fatalf("%d bytes of input made it allocate %d MB", len(file), grown>>20)
		}
	})
}

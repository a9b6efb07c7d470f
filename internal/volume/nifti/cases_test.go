package nifti

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shared is the folder of shared cases: IRIS_SHARED, or ../shared beside the repository.
func shared(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("IRIS_SHARED")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "imaging", "expected.json")); err != nil {
		t.Skipf("SKIPPED: no shared imaging cases (set IRIS_SHARED): %v", err)
	}
	return filepath.Join(dir, "imaging")
}

type sharedCase struct {
	ID, Input string
	Expect    struct {
		Status     string
		ErrorClass []string `json:"error_class"`
		Dims       []int
		Affine     [][4]float64
		Tol        float64       `json:"tol_affine_mm"`
		SHA        string        `json:"sha256_int16_le_fortran"`
		Forbid     []string      `json:"forbid"`
		Labels     map[int]int64 // voxels of each label
		VoxelMM3   float64       `json:"voxel_mm3"`
	}
}

func sharedCases(t *testing.T, dir string) []sharedCase {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Cases []sharedCase }
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all.Cases, func(c sharedCase) bool {
		return !slices.ContainsFunc([]string{".nii", ".nii.gz", ".hdr"}, func(s string) bool { return strings.HasSuffix(c.Input, s) })
	})
}

// TestSharedCases judges as shared/imaging/check.py does, in process.
func TestSharedCases(t *testing.T) {
	dir := shared(t)
	for _, c := range sharedCases(t, dir) {
		t.Run(c.ID, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join(dir, c.Input))
			if err != nil {
				t.Fatal(err)
			}
			if c.Expect.Status == "labels" {
				judgeLabels(t, c, file)
				return
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var out bytes.Buffer
			_, err = Convert(t.Context(), bytes.NewReader(file), int64(len(file)), &out, ConvertOptions{})
			runtime.ReadMemStats(&after)
			if err == nil {
				if c.Expect.Status == "error" {
					t.Fatalf("accepted, want %v", c.Expect.ErrorClass)
				}
				judgeVolume(t, c, out.Bytes())
				return
			}
			if c.Expect.Status == "ok" || !slices.Contains(c.Expect.ErrorClass, code(err)) {
				t.Errorf("%v, want %v", err, c.Expect.ErrorClass)
			}
			if all := after.TotalAlloc - before.TotalAlloc; all > 256<<20 {
				t.Errorf("%d bytes in all: want at most 256 MiB", all)
			}
		})
	}
}

func judgeVolume(t *testing.T, c sharedCase, out []byte) {
	v, err := ReadVolume(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v.Dims[:], c.Expect.Dims) {
		t.Errorf("dims %v, want %v", v.Dims, c.Expect.Dims)
	}
	for r := range 3 {
		for k := range 4 {
			if d := math.Abs(v.Affine[r][k] - c.Expect.Affine[r][k]); !(d <= c.Expect.Tol) {
				t.Errorf("affine[%d][%d] is off by %g", r, k, d)
			}
		}
	}
	h := sha256.New()
	_ = binary.Write(h, binary.LittleEndian, v.Voxels)
	if got := hex.EncodeToString(h.Sum(nil)); got != c.Expect.SHA {
		t.Errorf("voxels %s, want %s", got, c.Expect.SHA)
	}
	gz, err := gzip.NewReader(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(gz)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range append(c.Expect.Forbid, "ZZPHI", "PHI-MRN") {
		if bytes.Contains(out, []byte(word)) || bytes.Contains(plain, []byte(word)) {
			t.Errorf("%q reached the output", word)
		}
	}
}

func judgeLabels(t *testing.T, c sharedCase, file []byte) {
	m, err := ReadLabels(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Dims[:], c.Expect.Dims) || m.U8 == nil {
		t.Errorf("dims %v (uint8 %v), want %v of uint8", m.Dims, m.U8 != nil, c.Expect.Dims)
	}
	if got := m.Affine.VoxelML() * 1000; math.Abs(got-c.Expect.VoxelMM3) > 0.01 {
		t.Errorf("a voxel of %g mm³, want %g", got, c.Expect.VoxelMM3)
	}
	counts := map[int]int64{}
	for n := range m.Len() {
		if label := m.At(n); label > 0 {
			counts[label]++
		}
	}
	if d := cmp.Diff(c.Expect.Labels, counts); d != "" {
		t.Error(d)
	}
	var out bytes.Buffer
	if err := WriteLabels(&out, m); err != nil {
		t.Fatal(err)
	}
	again, err := ReadLabels(&out)
	if err != nil || !bytes.Equal(again.U8, m.U8) {
		t.Errorf("written and read again: %v, equal %v", err, err == nil && bytes.Equal(again.U8, m.U8))
	}
}

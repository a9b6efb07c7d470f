package prepare_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// sharedCase is one entry of imaging/expected.json; check.py is the full judge.
type sharedCase struct {
	ID, Input string
	Expect    struct {
		Status     string
		ErrorClass []string `json:"error_class"`
		Dims       []int
		Affine     [][]float64
		TolAffine  float64 `json:"tol_affine_mm"`
		TolValue   float64 `json:"tol_value"`
		SHA256     string  `json:"sha256_int16_le_fortran"`
		Probes     []struct {
			IJK   [3]int
			Value float64
		}
		World []struct {
			RAS [3]float64
			HU  float64
		} `json:"probes_world"`
		ToleranceHU float64 `json:"probe_tolerance_hu"`
		PassShare   float64 `json:"probe_pass_fraction"`
		Forbid      []string
	}
}

// shared is the folder imaging/ of IRIS_SHARED, by default ../shared beside the repository.
func shared(t testing.TB) (dir string, cases []sharedCase) {
	t.Helper()
	dir = os.Getenv("IRIS_SHARED")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil || root == filepath.Dir(root) {
				break
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared")
	}
	dir = filepath.Join(dir, "imaging")
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("NO SHARED CASES: %s is not there; set IRIS_SHARED", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Cases []sharedCase }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return dir, all.Cases
}

// phi are the markers planted in the shared cases.
var phi = []string{"ZZPHI", "PHI-MRN"}

func TestSharedCases(t *testing.T) {
	dir, cases := shared(t)
	for _, c := range cases {
		if c.Expect.Status == "labels" {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join(dir, c.Input))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			report, err := of(file).Volume(t.Context(), &out, prepare.Options{})
			runtime.ReadMemStats(&after)
			said := printed(t, report, err)
			if err != nil {
				out.Reset()
			}
			for _, marker := range append(phi, c.Expect.Forbid...) {
				if strings.Contains(said, marker) || bytes.Contains(inflated(t, out.Bytes()), []byte(marker)) {
					t.Errorf("%s leaks: %s", marker, said)
				}
			}
			if err != nil {
				judgeRefusal(t, c, err)
				if grown := after.TotalAlloc - before.TotalAlloc; grown > 256<<20 {
					t.Errorf("refused after %d MB", grown>>20)
				}
				return
			}
			if c.Expect.Status == "error" {
				t.Fatalf("accepted, want %v", c.Expect.ErrorClass)
			}
			v, err := nifti.ReadVolume(&out)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, c, v)
		})
	}
}

// judgeRefusal wants one of the case's codes.
func judgeRefusal(t *testing.T, c sharedCase, err error) {
	t.Helper()
	got := code(err)
	if c.Expect.Status == "ok" || !slices.Contains(c.Expect.ErrorClass, got) {
		t.Errorf("%v, want %s %v", err, c.Expect.Status, c.Expect.ErrorClass)
	}
}

func judge(t *testing.T, c sharedCase, v *volume.Volume) {
	t.Helper()
	if len(c.Expect.World) > 0 {
		judgeWorld(t, c, v)
		return
	}
	if !slices.Equal(v.Dims[:], c.Expect.Dims) {
		t.Fatalf("dims %v, want %v", v.Dims, c.Expect.Dims)
	}
	for r, row := range c.Expect.Affine {
		for k, want := range row {
			if r < 3 && math.Abs(v.Affine[r][k]-want) > c.Expect.TolAffine {
				t.Errorf("affine[%d][%d] = %g, want %g", r, k, v.Affine[r][k], want)
			}
		}
	}
	h := sha256.New()
	_ = binary.Write(h, binary.LittleEndian, v.Voxels)
	if c.Expect.SHA256 == "" || hex.EncodeToString(h.Sum(nil)) == c.Expect.SHA256 {
		return
	}
	for _, p := range c.Expect.Probes {
		got := float64(v.Voxels[p.IJK[0]+v.Dims[0]*(p.IJK[1]+v.Dims[1]*p.IJK[2])])
		if c.Expect.TolValue == 0 || math.Abs(got-p.Value) > c.Expect.TolValue {
			t.Fatalf("voxel %v = %g, want %g", p.IJK, got, p.Value)
		}
	}
}

// judgeWorld samples at world points, as of a resampled volume.
func judgeWorld(t *testing.T, c sharedCase, v *volume.Volume) {
	t.Helper()
	if v.Affine.Skew() > volume.MaxSkew {
		t.Errorf("sheared by %g", v.Affine.Skew())
	}
	inverse, ok := v.Affine.Inverse()
	if !ok {
		t.Fatal("the affine is singular")
	}
	near := 0
	for _, p := range c.Expect.World {
		if math.Abs(trilinear(v, inverse.Apply(p.RAS))-p.HU) <= c.Expect.ToleranceHU {
			near++
		}
	}
	if share := float64(near) / float64(len(c.Expect.World)); share < c.Expect.PassShare {
		t.Errorf("%.2f of the probes pass, want %.2f", share, c.Expect.PassShare)
	}
}

func trilinear(v *volume.Volume, p [3]float64) float64 {
	var base [3]int
	var f [3]float64
	for a := range 3 {
		base[a] = int(math.Floor(p[a]))
		f[a] = p[a] - float64(base[a])
	}
	sum := 0.0
	for corner := range 8 {
		w, at, step := 1.0, 0, 1
		for a := range 3 {
			i := base[a] + corner>>a&1
			if corner>>a&1 == 1 {
				w *= f[a]
			} else {
				w *= 1 - f[a]
			}
			if w == 0 {
				break
			}
			if i < 0 || i >= v.Dims[a] {
				return math.NaN()
			}
			at += i * step
			step *= v.Dims[a]
		}
		if w > 0 {
			sum += w * float64(v.Voxels[at])
		}
	}
	return sum
}

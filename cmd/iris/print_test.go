package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/surface/printing"
	"github.com/iris-oculus/iris/internal/volume"
)

// plateFile is a label map of 0.5 mm voxels: a block of 8×8×8 mm with a plate of 0.5 mm
// on it, a loose dot of one voxel, and a block that touches the first.
func plateFile(t *testing.T) string {
	t.Helper()
	const n = 40
	m := &volume.LabelMap{Dims: [3]int{n, n, n}, Affine: volume.Affine{{0.5, 0, 0, 10}, {0, 0.5, 0, 20}, {0, 0, 0.5, 30}}, U8: make([]uint8, n*n*n)}
	fill := func(label uint8, low, high [3]int) {
		for z := low[2]; z < high[2]; z++ {
			for y := low[1]; y < high[1]; y++ {
				for x := low[0]; x < high[0]; x++ {
					m.U8[x+n*(y+n*z)] = label
				}
			}
		}
	}
	fill(1, [3]int{2, 2, 2}, [3]int{18, 18, 18})
	fill(1, [3]int{9, 2, 18}, [3]int{10, 18, 34})
	fill(1, [3]int{36, 36, 36}, [3]int{37, 37, 37})
	fill(2, [3]int{18, 2, 2}, [3]int{34, 18, 18})
	m.Table = volume.Table{Iris: volume.TableVersion, Labels: []volume.Label{{ID: 1, Name: "base"}, {ID: 2, Name: "block"}}}
	return written(t, m)
}

func printed(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	c := meshCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetOut(&out)
	c.SetErr(&bytes.Buffer{})
	c.SetArgs(append(args, "--decimate", "none")) // whose volumes are exact
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out.String()
}

func TestCheckPrint(t *testing.T) {
	labels := plateFile(t)
	text := printed(t, labels, "--check-print", "--smooth", "0")
	for _, want := range []string{
		"base: 17.5 × 17.5 × 17.5 mm", "  closed, every edge between two triangles\n", "  2 pieces that do not touch:\n",
		"    0.0001 ml at R 28.0 A 38.0 S 48.0, 0.5 × 0.5 × 0.5 mm\n",
		"  walls under 0.8 mm at 2 places, ", "    0.50 mm at R 14.5 A ", "block: 8.0 × 8.0 × 8.0 mm, 0.5120 ml\n", "PLA 0.635 g", "resin 0.563 to 0.614 g",
		"  no walls under 0.8 mm\n", "base and block touch", "--merge name=base,block", "\nall: 17.5 × 17.5 × 17.5 mm, 1.1 ml\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	var r struct {
		Good bool
		printing.Report
	}
	if err := json.Unmarshal([]byte(printed(t, labels, "--check-print", "--json", "--smooth", "0", "--min-wall", "0.45")), &r); err != nil {
		t.Fatal(err)
	}
	base := r.Structures[0]
	if r.Good || r.MinWallMM != 0.45 || base.Thin.Places != 0 || base.Pieces != 2 || math.Abs(base.VolumeML-(4096+256+1)*0.000125) > 1e-9 || !slices.Equal(r.Touching, [][2]string{{"base", "block"}}) {
		t.Errorf("%+v", r)
	}
	if text := printed(t, labels, "--check-print", "--json", "--structures", "block"); !strings.Contains(text, `"good": true`) {
		t.Error(text)
	}
}

// The file is the same with the report and without, and merged structures touch nothing.
func TestCheckPrintBesideOut(t *testing.T) {
	labels, folder := plateFile(t), t.TempDir()
	var files [2][]byte
	for i, args := range [][]string{{"--check-print"}, nil} {
		path := filepath.Join(folder, "model.stl")
		text := printed(t, append(args, labels, path, "--merge", "whole=base,block")...)
		if strings.Contains(text, " touch: ") || strings.Contains(text, "\nall: ") != (i == 0) {
			t.Errorf("%v: %s", args, text)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = data
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the report changes the file")
	}
}

func TestCheckPrintRefusals(t *testing.T) {
	labels := plateFile(t)
	for _, c := range []struct {
		want string
		args []string
	}{
		{"bad_option: --min-wall wants --check-print", []string{labels, "out.stl", "--min-wall", "1"}},
		{"bad_option: --json wants --check-print", []string{labels, "out.stl", "--json"}},
		{"bad_option: --min-wall 0:", []string{labels, "--check-print", "--min-wall", "0"}},
		{"bad_option: --min-wall NaN:", []string{labels, "--check-print", "--min-wall", "NaN"}},
		{"bad_option: --min-wall 21:", []string{labels, "--check-print", "--min-wall", "21"}},
		{"usage: OUT is missing", []string{labels}},
		{"unsupported_format", []string{labels, "out.exe", "--check-print"}},
		{"bad_option: option structures", []string{labels, "--check-print", "--structures", "gills"}},
	} {
		if err := runMesh(t, c.args...); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v: %v, want %s", c.args[1:], err, c.want)
		}
	}
}

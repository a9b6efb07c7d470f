package codecs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg/jpegtest"
)

func TestJPEG(t *testing.T) {
	judge(t, makeSets(t, "jpeg.py"), jpeg.Decode, map[string]int{
		"lossless by libjpeg-turbo":            15 * 7 * 7,
		"lossless by DCMTK":                    2 * 7 * (8 + 16 + 16),
		"sequential by libjpeg-turbo, 8 bits":  100,
		"sequential by libjpeg-turbo, 12 bits": 100,
		"baseline by DCMTK":                    50,
		"extended by DCMTK":                    50,
		"spectral selection by DCMTK":          50,
		"progressive by DCMTK":                 50,
	})
}

// What no encoder here writes is written by our own, and decoded by others and by us:
// every predictor with every point transform and precision, restart intervals, tables of
// every kind, DNL, sampling factors, progressive scripts of 8 and 12 bits.
func TestJPEGOfOurOwn(t *testing.T) {
	needs := python(t)
	folder := t.TempDir()
	var sets []set
	add := func(group, name string, m jpegtest.Image, tolerance int, stream []byte, without ...string) {
		s := set{Group: group, Name: name, Columns: m.Columns, Rows: m.Rows, Precision: m.Precision, Bits: (m.Precision + 7) / 8 * 8,
			Tolerance: tolerance, Without: without, number: len(sets), folder: folder}
		if err := os.WriteFile(s.file("stream"), stream, 0o600); err != nil {
			t.Fatal(err)
		}
		sets = append(sets, s)
	}
	for precision := 2; precision <= 16; precision++ {
		for predictor := 1; predictor <= 7; predictor++ {
			for point := range precision {
				for i, kind := range []string{"smooth", "noise", "extremes"} {
					m := jpegtest.Picture(kind, 23, 11, precision)
					stream := jpegtest.Lossless(m, predictor, point, jpegtest.Options{Tables: jpegtest.Tables(i)})
					name := fmt.Sprintf("%s, %d bits, predictor %d, point transform %d", kind, precision, predictor, point)
					if point == 0 {
						add("lossless", name, m, 0, stream)
					} else { // libjpeg does not shift back
						add("lossless", name, m, 0, stream, "libjpeg")
					}
				}
			}
		}
	}
	options := map[string]jpegtest.Options{
		"plain": {}, "steep tables": {Tables: jpegtest.Steep, TableID: 1}, "flat tables": {Tables: jpegtest.Flat}, "extras": {Extras: true},
		"sampling factors of 2": {Sampling: 0x22}, "no end": {NoEOI: true},
	}
	for name, o := range options {
		for predictor := 1; predictor <= 7; predictor++ {
			m := jpegtest.Picture("smooth", 23, 11, 16)
			o.Restart = 23 * (predictor % 4)
			if o.Sampling > 0 { // both references misread an interval that ends within a pair of rows
				o.Restart = 2 * 23 * (predictor % 3)
			}
			add("lossless by any writer", fmt.Sprint(name, predictor), m, 0, jpegtest.Lossless(m, predictor, 0, o))
		}
		for _, precision := range []int{8, 12} {
			for _, size := range [][2]int{{1, 1}, {8, 8}, {23, 11}, {33, 40}} {
				for restart := range 3 {
					o.Restart = restart * restart
					m, steps := jpegtest.Picture("smooth", size[0], size[1], precision), jpegtest.Even(uint16(3+precision))
					blocks, _ := jpegtest.Transform(m, steps)
					add(fmt.Sprintf("sequential, %d bits", precision), fmt.Sprint(name, size, restart), m, 1, jpegtest.Sequential(m, blocks, steps, o))
					for script, scans := range jpegtest.Scripts {
						add(fmt.Sprintf("progressive, %d bits", precision), fmt.Sprint(name, size, restart, script), m, 1, jpegtest.Progressive(m, blocks, steps, scans, o))
					}
				}
			}
		}
	}
	text, err := json.Marshal(sets)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "index.json"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), needs, "jpeg_reference.py", folder)
	run.Stdout, run.Stderr = os.Stderr, os.Stderr
	if err := run.Run(); err != nil {
		t.Fatalf("the reference decoders: %v", err)
	}
	judge(t, sets, jpeg.Decode, map[string]int{"lossless": 7 * (2 + 16) * 15 / 2})
}

package codecs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/jpegls"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpegls/jpeglstest"
)

func TestJPEGLS(t *testing.T) {
	judge(t, makeSets(t, "jpegls.py"), jpegls.Decode, map[string]int{
		"lossless by CharLS":      140,
		"near-lossless by CharLS": 1000,
		"lossless by DCMTK":       240,
		"near-lossless by DCMTK":  60,
	})
}

// What no encoder here writes is written by our own, and decoded by CharLS and by us:
// every precision, restart intervals, coding parameters, dimensions in LSE segments.
func TestJPEGLSOfOurOwn(t *testing.T) {
	needs := python(t)
	folder := t.TempDir()
	var sets []set
	// CharLS ignores MAXVAL, FFmpeg reads neither dimensions in LSE nor long restart
	// intervals. Neither is right for a MAXVAL other than 2^n - 1, which is not tried here.
	without := map[string][]string{"MAXVAL 3": {"CharLS"}, "LSE 4": {"FFmpeg"}, "restart in 4 bytes": {"FFmpeg"}}
	options := map[string]jpeglstest.Options{
		"plain":                {},
		"NEAR 1":               {Near: 1},
		"restart each line":    {Restart: 1},
		"restart, near":        {Restart: 7, Near: 1},
		"restart in 4 bytes":   {Restart: 3, RestartBytes: 4},
		"LSE 4":                {Large: 4},
		"comment":              {Before: jpeglstest.Segment(0xFE, 'x')},
		"MAXVAL 3":             {Preset: jpeglstest.Preset{MaxVal: 3}},
		"thresholds of 1 to 3": {Preset: jpeglstest.Preset{T1: 1, T2: 2, T3: 3}},
		"RESET 3":              {Preset: jpeglstest.Preset{Reset: 3}},
		"RESET 255":            {Preset: jpeglstest.Preset{Reset: 255}},
	}
	for precision := 2; precision <= 16; precision++ {
		for _, near := range []int{2, 3, 60, 255} {
			if near < 1<<precision/2 {
				options[fmt.Sprintf("NEAR %d", near)] = jpeglstest.Options{Near: near}
			} else {
				delete(options, fmt.Sprintf("NEAR %d", near))
			}
		}
		for name, o := range options {
			for _, kind := range []string{"disc", "noise", "extremes"} {
				m := picture(kind, 67, 29, precision, o.Preset.MaxVal)
				stream, _ := jpeglstest.Encode(m, o)
				s := set{Group: "JPEG-LS of our own", Name: fmt.Sprintf("%s, %d bits, %s", kind, precision, name), Columns: 67, Rows: 29,
					Precision: precision, Bits: (precision + 7) / 8 * 8, Without: without[name], number: len(sets), folder: folder}
				if err := os.WriteFile(s.file("stream"), stream, 0o600); err != nil {
					t.Fatal(err)
				}
				sets = append(sets, s)
			}
		}
	}
	text, err := json.Marshal(sets)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "index.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), needs, "jpegls_reference.py", folder)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	judge(t, sets, jpegls.Decode, map[string]int{"JPEG-LS of our own": 500})
}

// picture is an image with values up to top, or up to what precision allows.
func picture(kind string, columns, rows, precision, top int) jpeglstest.Image {
	if top == 0 {
		top = 1<<precision - 1
	}
	m := jpeglstest.Image{Width: columns, Height: rows, Precision: precision}
	state := uint32(1)
	for y := range rows {
		for x := range columns {
			state = state*1664525 + 1013904223
			v := 0
			switch dx, dy := x-30, y-14; {
			case kind == "noise":
				v = int(state>>16) * (top + 1) >> 16
			case kind == "extremes":
				v = top * int(state>>31)
			case dx*dx+dy*dy < 150:
				v = min(top, top/3+int(state>>28)*(top+9)/300)
			}
			m.Samples = append(m.Samples, v)
		}
	}
	return m
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/objecttest"
)

// Each object is of the series that was chosen; which that was, where the folder has more,
// and what was left out, is said, as prepare says it. What is refused leaves no file.
func TestDICOMCommand(t *testing.T) {
	second := func(n int, s *dicomtest.Slice) {
		s.Study, s.Series, s.Instance = "1.2.3", "1.2.3.9", "1.2.3.9."+string(rune('1'+n))
	}
	folder := writeFolder(t, append(dicomtest.Series(4, 4, 4, nil), dicomtest.Series(3, 4, 4, second)...))
	m := &volume.LabelMap{Dims: [3]int{4, 4, 4}, Affine: volume.Affine{{-0.5, 0, 0, 10}, {0, -0.5, 0, 20}, {0, 0, 2, 30}}, U8: make([]uint8, 64)}
	m.U8[5], m.U8[40] = 1, 2
	labels := written(t, m)
	run := func(args ...string) (string, int) {
		root := rootCommand()
		var text bytes.Buffer
		root.SetErr(&text)
		root.SetArgs(append([]string{"dicom"}, args...))
		if err := root.ExecuteContext(t.Context()); err != nil {
			return text.String() + err.Error(), exitCode(err)
		}
		return text.String(), 0
	}
	out := filepath.Join(t.TempDir(), "out.dcm")
	for as, class := range map[string]string{"seg": "1.2.840.10008.5.1.4.1.1.66.4", "labelmap": "1.2.840.10008.5.1.4.1.1.66.7", "rtstruct": "1.2.840.10008.5.1.4.1.1.481.3"} {
		said, exit := run("--as", as, labels, folder, out)
		if exit != 0 || !strings.Contains(said, "warning: other_series: ") {
			t.Fatalf("%s: %d: %s", as, exit, said)
		}
		file, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if meta, _, err := objecttest.Read(file); err != nil || meta.Text(0x00020002) != class {
			t.Errorf("%s: class %s, %v", as, meta.Text(0x00020002), err)
		}
	}
	clear(m.U8)
	none := filepath.Join(t.TempDir(), "none.dcm")
	for code, args := range map[string][]string{
		"empty_segmentation": {written(t, m), folder, none},
		"no_image_series":    {labels, writeFolder(t, dicomtest.Drop{[]byte("a stranger")}), none},
		"bad_option":         {"--as", "sr", labels, folder, none},
	} {
		if said, exit := run(args...); exit == 0 || !strings.Contains(said, code) {
			t.Errorf("%s: %d: %s", code, exit, said)
		}
		if _, err := os.Stat(none); err == nil {
			t.Errorf("%s left a file", code)
		}
	}
}

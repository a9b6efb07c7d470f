package dicom_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
)

// stepped is one file of frames without functional groups, as cone beam
// scanners write it: frame n is slice n of Axial.
func stepped(frames int, step string, extra func(*dicomtest.Writer)) dicomtest.Slice {
	s := dicomtest.Axial(0, 7, 6)
	s.Frames, s.Pixels = "6.0", nil
	for n := range frames {
		s.Pixels = append(s.Pixels, dicomtest.Axial(n, 7, 6).Pixels...)
	}
	s.Extra = func(w *dicomtest.Writer) {
		w.Text(0x00180088, "DS", step) // out of order, which readers must not mind
		if extra != nil {
			extra(w)
		}
	}
	return s
}

// A classic multi-frame file that says how far its frames lie apart is the same
// volume as single slices, with a warning; other such files are refused by name.
func TestConvertSteppedFrames(t *testing.T) {
	_, _, want, err := convert(t, dicomtest.Series(6, 7, 6, nil), dicom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pointer := func(group, element int) func(*dicomtest.Writer) {
		return func(w *dicomtest.Writer) {
			w.Head(0x00280009, "AT", 4)
			w.Buffer.Write(w.Order.AppendUint16(w.Order.AppendUint16(nil, uint16(group)), uint16(element)))
		}
	}
	for _, step := range []string{"2", "2.0", " 2,0 "} {
		for name, extra := range map[string]func(*dicomtest.Writer){"no pointer": nil, "slice vector": pointer(0x0054, 0x0080)} {
			_, report, got, err := convert(t, dicomtest.Drop{stepped(6, step, extra).Bytes()}, dicom.Options{})
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("step %q, %s: %v, other bytes", step, name, err)
			} else if len(report.Warnings) != 1 || report.Warnings[0].Code != "frames_assumed" {
				t.Errorf("step %q, %s: warnings %v", step, name, report.Warnings)
			}
		}
	}
	unplaced := stepped(6, "2", nil)
	unplaced.Position = ""
	for name, c := range map[string]struct {
		slice      dicomtest.Slice
		code, says string
	}{
		"no step":        {stepped(6, "", nil), "unsupported_image_type", "6 slices"},
		"a step of 0":    {stepped(6, "0", nil), "unsupported_image_type", "how far"},
		"a step of -2":   {stepped(6, "-2", nil), "unsupported_image_type", "how far"},
		"frames in time": {stepped(6, "2", func(w *dicomtest.Writer) { w.Text(0x00181063, "DS", "40") }), "unsupported_image_type", "time"},
		"time vector":    {stepped(6, "2", pointer(0x0018, 0x1065)), "unsupported_image_type", "time"},
		"no position":    {unplaced, "missing_geometry", "position"},
	} {
		_, _, _, err := convert(t, dicomtest.Drop{c.slice.Bytes()}, dicom.Options{})
		if code(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s that says %q", name, err, c.code, c.says)
		}
	}
	many := stepped(6, "2", nil)
	many.Frames = "six"
	if _, _, _, err := convert(t, dicomtest.Drop{many.Bytes()}, dicom.Options{}); code(err) != "corrupt_dicom" {
		t.Errorf("six frames in words: %v", err)
	}
}

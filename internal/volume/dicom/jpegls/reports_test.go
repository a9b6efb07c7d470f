package jpegls

import (
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/jpegls/jpeglstest"
)

// What users of other JPEG-LS decoders reported, as inputs of our own.

// TestReports decodes inputs that others refused or decoded wrongly.
func TestReports(t *testing.T) {
	top := func(bits int) int { return 1<<bits - 1 }
	for _, c := range []struct {
		report string
		im     jpeglstest.Image
		o      jpeglstest.Options
	}{
		// Default thresholds below 7 bits follow a formula of their own.
		{"team-charls/charls#51", makeImage("noise", 60, 40, 2, top(2)), jpeglstest.Options{}},
		{"team-charls/charls#51", makeImage("scan", 60, 40, 6, top(6)), jpeglstest.Options{}},
		// A RESET value other than 64 with more than 8 bits.
		{"team-charls/charls#35", makeImage("noise", 60, 40, 12, top(12)), jpeglstest.Options{Preset: jpeglstest.Preset{Reset: 63}}},
		// Restart markers.
		{"team-charls/charls#99", makeImage("scan", 60, 40, 12, top(12)), jpeglstest.Options{Restart: 9}},
		// Bits stored of 6 and 7, and 8 or fewer in words of 16: check tries every word.
		{"pydicom/pydicom#2008", makeImage("scan", 60, 40, 6, top(6)), jpeglstest.Options{}},
		{"pydicom/pydicom#2008", makeImage("noise", 60, 40, 7, top(7)), jpeglstest.Options{}},
		{"pydicom/pydicom#2010", makeImage("ramp", 60, 40, 5, top(5)), jpeglstest.Options{}},
		// A stream of fewer than 256 bytes, and images that are black throughout.
		{"dcm4che/dcm4chee-arc-light#413", makeImage("ramp", 4, 4, 12, top(12)), jpeglstest.Options{}},
		{"dcm4che/dcm4che#57", makeImage("zero", 512, 512, 16, 0), jpeglstest.Options{}},
		// The mapping of errors is turned round in lossless streams only (k = 0).
		{"innovative-io/io-dicom#15", makeImage("steps", 200, 90, 12, 7), jpeglstest.Options{Near: 1}},
		// Two's complement samples: neighbours -1 and 0 are as far apart as can be.
		{"dcm4che/dcm4che#656", makeImage("checks", 60, 40, 16, top(16)), jpeglstest.Options{Near: 2}},
		{"team-charls/charls#14", makeImage("extremes", 60, 40, 16, top(16)), jpeglstest.Options{}},
	} {
		t.Run(c.report, func(t *testing.T) { check(t, c.im, c.o) })
	}
}

// TestRestartMarkerMissing is of the same report as restart markers: without one of them
// the lines behind it would be decoded as noise.
func TestRestartMarkerMissing(t *testing.T) {
	im := makeImage("scan", 60, 40, 12, 4095)
	stream, _ := jpeglstest.Encode(im, jpeglstest.Options{Restart: 9})
	for i := range stream[:len(stream)-2] {
		if stream[i] == 0xFF && stream[i+1] >= jpeglstest.RST0 && stream[i+1] < jpeglstest.RST0+8 {
			if _, _, err := decodeAll(slices.Delete(slices.Clone(stream), i, i+2), im, 16); err == nil {
				t.Errorf("without the marker at %d: an image", i)
			}
			swapped := slices.Clone(stream)
			swapped[i+1] ^= 1
			if _, _, err := decodeAll(swapped, im, 16); err == nil {
				t.Errorf("with another marker at %d: an image", i)
			}
		}
	}
}

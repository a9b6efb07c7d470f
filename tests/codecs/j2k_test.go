package codecs

import (
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/j2k"
)

func TestJPEG2000(t *testing.T) {
	judge(t, makeSets(t, "j2k.py"), j2k.Decode, map[string]int{
		"precisions":             64,
		"code-block styles":      100,
		"code-block sizes":       45,
		"resolutions":            24,
		"progressions":           60,
		"markers and tile-parts": 60,
		"order changes":          50,
		"tiles and offsets":      40,
		"regions of interest":    12,
		"rates":                  90,
		"guard bits":             14,
		"images":                 100,
		"FFmpeg's encoder":       320,
	})
}

package codecs

import (
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/j2k"
)

func TestHTJ2K(t *testing.T) {
	judge(t, makeSets(t, "htj2k.py"), j2k.Decode, map[string]int{
		"HTJ2K lossless by OpenJPH": 700,
		"HTJ2K lossy by OpenJPH":    140,
		"HTJ2K by imagecodecs":      120,
	})
}

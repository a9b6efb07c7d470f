package codecs

import (
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/rle"
)

func TestRLE(t *testing.T) {
	judge(t, makeSets(t, "packbits.py"), rle.Decode, map[string]int{"DCMTK": 150, "pydicom": 150})
}

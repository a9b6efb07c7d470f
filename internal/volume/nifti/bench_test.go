package nifti

import (
	"bytes"
	"io"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// BenchmarkConvert is .nii.gz in, canonical .nii.gz out, by the axes' order.
func BenchmarkConvert(b *testing.B) {
	v := phantom.Torso([3]int{256, 256, 128}, 1.5)
	for _, c := range []struct {
		name string
		axes [3]int
	}{{"streamed", [3]int{0, 1, 2}}, {"turned", [3]int{2, 0, 1}}} {
		turned := *v
		for r := range 3 {
			for n, a := range c.axes {
				turned.Affine[r][n] = v.Affine[r][a]
			}
		}
		var file bytes.Buffer
		if err := WriteVolume(&file, &turned); err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(2 * v.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Convert(b.Context(), bytes.NewReader(file.Bytes()), int64(file.Len()), io.Discard, ConvertOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package nifti_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// A scan whose first axis runs to the patient's left is written again as the
// canonical file, whose axes run to the right, to the front and upwards. World
// coordinates are RAS millimetres, and no voxel is resampled.
func ExampleConvert() {
	scan := &volume.Volume{
		Dims:   [3]int{4, 3, 3},
		Affine: volume.Affine{{-2, 0, 0, 6}, {0, 2, 0, 0}, {0, 0, 5, 0}},
		Voxels: make([]int16, 4*3*3),
	}
	scan.Voxels[0] = 1200 // the first voxel lies furthest to the right
	var file, canonical bytes.Buffer
	if err := nifti.WriteVolume(&file, scan); err != nil {
		fmt.Println(err)
		return
	}
	report, err := nifti.Convert(context.Background(), bytes.NewReader(file.Bytes()), int64(file.Len()), &canonical, nifti.ConvertOptions{Modality: "CT"})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := nifti.ReadVolume(&canonical)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Modality, report.Dims, "first voxel at", v.Affine.Apply([3]float64{}))
	fmt.Println(v.Voxels[:4])
	// Output:
	// CT [4 3 3] first voxel at [0 0 0]
	// [0 0 0 1200]
}

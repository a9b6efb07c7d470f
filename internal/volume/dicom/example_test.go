package dicom_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/iris-oculus/iris/internal/volume/dicom"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// Twelve slices of a CT, in any order, become one NIfTI file in Hounsfield units.
// DICOM's coordinates run to the left and to the back, those of the file to the
// right and to the front, in millimetres.
func ExampleConvert() {
	slices := dicomtest.Series(12, 8, 6, nil)
	slices[0], slices[7] = slices[7], slices[0]
	var file bytes.Buffer
	report, err := dicom.Convert(context.Background(), slices, &file, dicom.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := nifti.ReadVolume(&file)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Modality, v.Dims, "first voxel at", v.Affine.Apply([3]float64{}))
	// Output:
	// CT [6 8 12] first voxel at [7.5 16.5 30]
}

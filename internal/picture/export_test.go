package picture

import "github.com/iris-oculus/iris/internal/volume"

// Ends gives the letters of the axes of a grid.
func Ends(a volume.Affine) [3][2]string { return endsOf(a) }

package scene

// LPS turns world RAS millimetres into the patient axes of STL, OBJ and PLY:
// x to the Left, y to the Posterior, z to the Superior. The map diag(-1,-1,1)
// has determinant +1: a half turn, so the winding stays. It is its own inverse.
// Subtracting from zero, unlike a minus sign, never makes a negative zero.
func LPS(p [3]float32) [3]float32 { return [3]float32{0 - p[0], 0 - p[1], p[2]} }

// Facing turns a RAS direction into the axes of glTF and USD, x = -R, y = S,
// z = A, so that the patient stands upright and faces the viewer. As a matrix
// its rows are (-1,0,0), (0,0,1), (0,1,0): the determinant is
// -1·(0·0 − 1·1) = +1, a rotation, so the winding stays. It is its own inverse.
func Facing(p [3]float32) [3]float32 { return [3]float32{0 - p[0], p[2], p[1]} }

// FacingMetres is Facing for a position: millimetres become metres.
func FacingMetres(p [3]float32) [3]float32 {
	return [3]float32{metres(0 - p[0]), metres(p[2]), metres(p[1])}
}

func metres(mm float32) float32 { return float32(float64(mm) * 1e-3) }

// RASFromFacing is the way back from FacingMetres to RAS millimetres, a 4×4
// matrix in column-major order as glTF stores matrices. origin is the scene's.
func RASFromFacing(origin [3]float64) [16]float64 {
	return [16]float64{
		-1000, 0, 0, 0, // +x is the patient's left
		0, 0, 1000, 0, // +y is superior
		0, 1000, 0, 0, // +z is anterior
		origin[0], origin[1], origin[2], 1,
	}
}

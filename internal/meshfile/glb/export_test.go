package glb

import "testing"

// Keep sets how many bytes are kept between the two looks at each mesh.
func Keep(t *testing.T, bytes int64) {
	before := maxKept
	maxKept = bytes
	t.Cleanup(func() { maxKept = before })
}

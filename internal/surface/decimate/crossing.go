package decimate

// finder looks for triangles that cross.
type finder struct{}

// holdCrossing looks for triangles of the block that cross others, and marks all
// vertices of the complex that they stand for: these stay when the block is done again.
func (b *block) holdCrossing() bool { return false }

package tissue

// Memory is an upper bound of the bytes that Segment holds at once for a volume of so
// many voxels, the volume and the label map included, for any content: noise and
// checkerboards take most. The collector has to be held to it (debug.SetMemoryLimit),
// or what is no longer used comes on top.
func Memory(voxels int) int64 {
	const (
		program = 32 << 20 // with stacks, and buffers of each processor
		voxel   = 56       // most of it what is kept of each of very many components
	)
	return program + int64(voxels)*voxel
}

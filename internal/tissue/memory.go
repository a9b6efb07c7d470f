package tissue

// program is the bytes of the server beside volumes: code, stacks, buffers of processors.
const program = 32 << 20

// Memory is an upper bound of the bytes that Segment holds at once for a volume of so
// many voxels, the volume and the label map included, for any content: checkerboards,
// noise, thick slices with contrast medium. The collector has to be held to it
// (debug.SetMemoryLimit), or what is no longer used comes on top.
func Memory(voxels int) int64 {
	// The volume 2, its turned copy 2, labels 1 or 2; masks of an eighth each; runs and
	// their components 8 for every other voxel, and as much again of what is known of
	// them; where voxels are large, a mean and rays for each. Measured: 10 to 22.
	const voxel = 24
	return program + int64(voxels)*voxel
}

package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// torsoMM is the width of the synthetic torso's field of view.
const torsoMM = 448.0

func sampleCommand() *cobra.Command {
	var size int
	c := &cobra.Command{
		Use:   "sample OUT.nii.gz",
		Short: "Write a synthetic CT of a torso, to try things with",
		Args:  arguments("OUT.nii.gz"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dims := [3]int{size, size, size}
			if size < 32 {
				return &exitError{exitUsage, fmt.Errorf("bad_size: --size %d: want 32 or more", size)}
			}
			if err := volume.CheckDims(dims); err != nil {
				return &exitError{exitUsage, err}
			}
			v := phantom.Torso(dims, torsoMM/float64(size))
			return replace(args[0], func(f *os.File) error { return nifti.WriteVolume(f, v) })
		},
	}
	c.Flags().IntVar(&size, "size", 160, "voxels along each axis")
	return c
}

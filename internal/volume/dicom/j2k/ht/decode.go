// Package ht decodes the code-blocks of High-Throughput JPEG 2000 (ITU-T T.814, ISO/IEC
// 15444-15), the compression of DICOM's transfer syntaxes 1.2.840.10008.1.2.4.201 to
// .203. In: the codeword segments of one code-block. Out: its quantised wavelet
// coefficients. Everything around code-blocks is that of JPEG 2000 (package j2k).
//
// Errors are *codec.Error.
package ht

import "github.com/iris-oculus/iris/internal/volume/dicom/codec"

// MaxPlanes is how many magnitude bit-planes a code-block may have: twice the largest
// magnitude and its sign fit in 32 bits.
const MaxPlanes = 30

// maxSamples is the largest code-block (T.800 table A.18).
const maxSamples = 4096

// Block is one code-block as its packets give it.
type Block struct {
	// Planes is the number of magnitude bit-planes of the sub-band, 1 to MaxPlanes: Mb of
	// T.800 equation E-2, plus the shift of a region of interest.
	Planes int
	// Missing is the number of zero bit-planes in the packet header, plus one for each
	// HT set before the one that is decoded. The cleanup pass codes bit-plane
	// Planes - 1 - Missing and, unlike in T.800, all above it in one go.
	Missing int
	// Passes is the number of coding passes of the HT set: 1 cleanup, 2 and significance
	// propagation, 3 and magnitude refinement.
	Passes int
	// Cleanup is the cleanup segment. Refinement is the segment of the other passes.
	Cleanup, Refinement []byte
	// Causal is for contexts that are vertically causal (T.800 D.7).
	Causal bool
}

// Decoder decodes code-blocks one after the other. The zero value is ready; it owns the
// memory that decoding needs and must not be used by two goroutines at once.
type Decoder struct {
	mel    mel
	magSgn [16384 + 8192 + 16]byte // MagSgn bits, without stuffing
	vlc    [4096 + 1024 + 16]byte  // VLC bits in reading order, without stuffing
	quads  []uint32                // what the VLC bits say of each quad, see readQuads
	above  [514]uint32             // exponents' bits of the row above, see readSamples
	spare  [1024]int32             // stands for the row below a block of odd height
	sigma  []uint16                // significance after the cleanup pass, see refine.go
	stripe [258]uint16             // significance of the stripe above
}

// Decode writes the w × h coefficients of a code-block to out, row by row: twice the
// quantiser index, plus the half of the interval that is left open, with its sign. A
// coefficient of index q all of whose planes were coded is ±(2q + 1), or 0.
func (d *Decoder) Decode(out []int32, w, h int, b Block) error {
	if w < 1 || h < 1 || w > 1024 || h > 1024 || w*h > maxSamples {
		return codec.Corrupt("a code-block has %d × %d samples", w, h)
	}
	out = out[:w*h]
	plane := b.Planes - 1 - b.Missing
	switch {
	case b.Planes > MaxPlanes:
		return codec.Unsupported("the image has %d bit-planes: up to %d are read", b.Planes, MaxPlanes)
	case b.Missing < 0 || plane < 0 || b.Passes < 1 || b.Passes > 3:
		return codec.Corrupt("an HT code-block has more coding passes than bit-planes")
	case len(b.Cleanup) < 2:
		return codec.Corrupt("an HT code-block has no cleanup segment")
	}
	if err := d.cleanup(out, w, h, b.Cleanup, b.Missing, plane); err != nil {
		return err
	}
	// Writers that have nothing to refine leave the segment out.
	if b.Passes == 1 || len(b.Refinement) == 0 {
		return nil
	}
	if plane == 0 {
		return codec.Corrupt("an HT code-block refines samples that have no bit left")
	}
	d.refine(out, w, h, plane, b)
	return nil
}

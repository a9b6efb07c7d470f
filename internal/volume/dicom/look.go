package dicom

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/pixel"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// seen holds facts about the pixels that must be known before they are converted.
type seen struct {
	lifted   bool // the samples are shifted up as HighBit says
	warnings []volume.Warning
}

// look reads pixels in a pass of its own where the headers are ambiguous: slices at
// nearly one position are one slice if their pixels are equal, and the high bit may
// contradict the stored bits. Most series need no such pass.
func look(ctx context.Context, files drop.Files, s *series.Series) (seen, error) {
	near := s.Near()
	l := &lookout{series: s, sums: map[int][32]byte{}}
	p := &pass{files: files, series: s, visit: l.frame}
	pairs := make([]bool, len(s.Slices))
	for _, pair := range near {
		pairs[pair[0]], pairs[pair[1]] = true, true
	}
	for i, sl := range s.Slices {
		if pairs[i] || s.Images[sl.Image].Lift > 0 {
			p.add(sl, i)
		}
	}
	if len(p.want) == 0 {
		return seen{}, nil
	}
	if err := p.run(ctx); err != nil {
		return seen{}, err
	}
	differ := 0
	for _, pair := range near {
		if l.sums[pair[0]] == l.sums[pair[1]] {
			s.Repeat(pair)
		} else {
			differ++
		}
	}
	if differ > 1 {
		return seen{}, volume.Reject("multiple_volumes", "%d slices have another one at nearly the same position with other pixels: the series holds more than one volume (phases or times); send one of them", differ)
	}
	return l.highBit()
}

// lookout is the pass.
type lookout struct {
	series *series.Series
	sums   map[int][32]byte // by index of the slice
	bits   pixel.Bits
	lifts  bool // some image says that it is shifted
}

func (l *lookout) frame(_ context.Context, f *frame) error {
	l.sums[f.index] = fingerprint(f.raw, f.slice)
	lift := l.series.Images[f.slice.Image].Lift
	if lift > 0 && f.wholeWords() {
		bits := pixel.BitsOf(f.raw, f.layout, lift)
		l.lifts = true
		l.bits.Low = l.bits.Low || bits.Low
		l.bits.Above = l.bits.Above || bits.Above
	}
	return nil
}

// fingerprint is that of a frame's pixels and their scale.
func fingerprint(raw []byte, sl series.Slice) [32]byte {
	sum := sha256.Sum256(raw)
	scaled := binary.BigEndian.AppendUint64(sum[:], math.Float64bits(sl.Slope))
	return sha256.Sum256(binary.BigEndian.AppendUint64(scaled, math.Float64bits(sl.Intercept)))
}

// highBit says whether a high bit that contradicts the stored bits is right: it is
// when no sample uses the bits below.
func (l *lookout) highBit() (seen, error) {
	switch {
	case !l.lifts:
		return seen{}, nil
	case !l.bits.Low:
		return seen{lifted: true}, nil
	case l.bits.Above:
		return seen{}, volume.Reject("corrupt_dicom", "the pixels use more bits than the files say (bits stored and high bit contradict each other): export the series again")
	}
	return seen{warnings: []volume.Warning{{Code: "high_bit",
		Message: "the files contradict themselves about which bits carry the pixels (high bit and bits stored): the lowest ones were taken"}}}, nil
}

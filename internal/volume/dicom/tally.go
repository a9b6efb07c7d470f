package dicom

import (
	"fmt"
	"math"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/pixel"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
)

// tally collects facts about the values in the second pass, plane by plane.
type tally struct {
	modality string
	values   volume.Values
	padded   int64
	lossy    bool  // some frame was compressed with loss
	above    bool  // some stream's samples use more bits than its file says
	wrapped  int64 // neighbours of which one was stored beyond the sign bit
	planes   []planeTally
}

type planeTally struct {
	seen             bool
	mean             float64
	flat             bool // every pixel has one value
	slope, intercept float64
}

// sampled is about how many pixels of a plane are used for its shares and its mean.
// They suffice for a tenth of a percent.
const sampled = 1 << 16

func newTally(planes int, modality string) *tally {
	t := &tally{modality: modality, planes: make([]planeTally, planes)}
	t.values.Low, t.values.High = math.Inf(1), math.Inf(-1)
	return t
}

// add counts a frame and its voxels.
func (t *tally) add(f *frame, voxels []int16) {
	v, sl, l, raw, c := &t.values, f.slice, f.layout, f.raw, f.counts
	t.lossy = t.lossy || f.info.Lossy || f.lossy
	t.above = t.above || f.above
	if l.Signed && l.Stored < 16 {
		t.wrapped += wraps(voxels, l, sl)
	}
	v.Total += int64(len(voxels))
	v.Clipped += c.Clipped
	t.padded += c.Padded
	step := max(1, len(voxels)/sampled)
	v.AddEvery(voxels, step)
	p := planeTally{seen: true, slope: sl.Slope, intercept: sl.Intercept}
	sum, n := 0, 0
	low, high := voxels[0], voxels[0]
	for i := 0; i < len(voxels); i += step {
		x := voxels[i]
		sum += int(x)
		n++
		low, high = min(low, x), max(high, x)
	}
	p.mean = float64(sum) / float64(n)
	// Samples mostly suffice; otherwise every pixel is read.
	if low == high || t.open() {
		for _, x := range voxels {
			low, high = min(low, x), max(high, x)
		}
	}
	if p.flat = low == high; p.flat && varies(raw) {
		v.Fine = true
	}
	v.Low, v.High = math.Min(v.Low, float64(low)), math.Max(v.High, float64(high))
	t.planes[sl.Plane] = p
}

// open says whether the range of the values still matters to their judge: they
// may be constant, normalised, or those of an 8-bit picture.
func (t *tally) open() bool {
	return !(t.values.High-t.values.Low > math.MaxUint8 && t.values.Low < 0)
}

// wrapShare is the least difference between neighbouring pixels, as a share of the
// range of the stored bits, from which one of them is taken to have passed the sign
// bit.
const wrapShare = 0.6

// wraps counts pairs of neighbours of which one is near the largest and the other near
// the smallest value of signed samples. Unsigned samples that are read as signed jump
// like this, from dense bone to far below air. The smallest value itself is padding.
func wraps(voxels []int16, l pixel.Layout, sl series.Slice) (n int64) {
	size := math.Ldexp(math.Abs(sl.Slope), l.Stored)
	jump := int(wrapShare * size)
	lowest := int(math.Round(sl.Intercept - size/2))
	for i := 1; i < len(voxels); i++ {
		a, b := int(voxels[i-1]), int(voxels[i])
		if (a-b > jump && b != lowest) || (b-a > jump && a != lowest) {
			n++
		}
	}
	return n
}

// varies says whether the words of a frame differ, whatever their size.
func varies(raw []byte) bool {
	const word = 4
	for i := word; i < len(raw); i++ {
		if raw[i] != raw[i-word] {
			return true
		}
	}
	return false
}

// wrapLimit is the share, one pixel in 10,000, below which such jumps may come from
// metal.
const wrapLimit = 10_000

// These are differences between the means of planes, in HU.
const (
	// scaleStep is the least effect on the mean from which a change of scale is
	// judged.
	scaleStep = 100
	// oddStep is the difference from which a plane has another scale than both of its
	// neighbours, if these agree within agreeStep.
	oddStep   = 500
	agreeStep = 150
)

// rescaled says whether a plane states another scale than the one below although its
// stored values go on as before. Then one of the two scales is wrong.
func (p planeTally) rescaled(below planeTally) bool {
	stored := (below.mean - below.intercept) / below.slope
	jump := stored*p.slope + p.intercept // the mean if the stored values go on as they were
	return math.Abs(jump-below.mean) > scaleStep && math.Abs(p.mean-jump) < math.Abs(p.mean-below.mean)
}

// judge refuses values that cannot be a scan, and returns warnings of what is doubtful.
func (t *tally) judge(s *series.Series) ([]volume.Warning, error) {
	_, out, err := t.values.Judge(t.modality)
	if err != nil {
		return nil, err
	}
	add := func(code, format string, args ...any) {
		out = append(out, volume.Warning{Code: code, Message: fmt.Sprintf(format, args...)})
	}
	if t.lossy {
		add("lossy_compression", "the images were compressed with loss: small structures and edges may differ from what the scanner saw; if the hospital has the original images, send those")
	}
	if t.above {
		add("high_bit", "the files contradict themselves about which bits carry the pixels (the compressed images use more than the bits stored): the lowest ones were taken, and values may be wrong")
	}
	if t.padded > 0 {
		add("padding_removed", "pixels that the files mark as padding were brighter than air and became air: %.1f %% of the scan", 100*float64(t.padded)/float64(t.values.Total))
	}
	if t.modality == "CT" && t.wrapped*wrapLimit > t.values.Total {
		add("not_hounsfield", "dense pixels lie beside others far below air, as when unsigned values are read as signed: the files may say the wrong sign of their values")
	}
	steps, odd, flat := 0, 0, 0
	last := len(t.planes) - 1
	for k := 1; k <= last; k++ {
		below, here := t.planes[k-1], t.planes[k]
		if here.rescaled(below) {
			steps++
		}
		if k == last {
			break
		}
		above := t.planes[k+1]
		switch {
		case here.flat && !below.flat && !above.flat:
			flat++
		case math.Abs(above.mean-below.mean) < agreeStep && math.Abs(here.mean-below.mean) > oddStep && math.Abs(here.mean-above.mean) > oddStep:
			odd++
		}
	}
	if flat > 0 {
		add("blank_slices", "slices within the scan hold one value only: %d of %d; their pixels were lost", flat, last+1)
	}
	if t.modality == "CT" && steps+odd > 0 {
		add("uneven_scale", "the values of %d of %d slices do not go on from those of their neighbours: their rescale slope or intercept may be wrong", max(steps, odd), last+1)
	}
	return out, nil
}

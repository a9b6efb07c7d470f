package series

import (
	"fmt"
	"sort"

	"github.com/iris-oculus/iris/internal/volume"
)

// Choice is the owner's choice of a series. The zero value takes the best series.
type Choice struct {
	Number   int    // from the list of a multiple_series error, or 0 for the best
	Modality string // CT, MR or PT; only such series are taken when there are any
}

// Choose gives the series that was asked for, or else the best one. An original volume
// is better than a derived one, which is better than a series that is no volume; of
// equal ones that with the most slices is the best. If several are the best, the error
// is multiple_series with a list to choose from, which holds no free text of the
// files.
func (b *Builder) Choose(c Choice) (*Series, error) {
	b.dropScreenshots()
	for _, s := range b.series {
		s.dropScouts()
	}
	b.join()
	list := b.candidates(c.Modality)
	if len(list) == 0 {
		return nil, b.noSeries()
	}
	if b.damaged != nil {
		return nil, b.damaged // it may be a slice of any series
	}
	if c.Number > len(list) {
		return nil, volume.Reject("bad_option", "series %d was asked for: the upload holds %d (%s)", c.Number, len(list), listing(list, nil))
	}
	if c.Number > 0 {
		return b.chosen(list[c.Number-1]), nil
	}
	if len(list) > 1 && list[0].rank() == list[1].rank() && len(list[0].Slices) == len(list[1].Slices) {
		return nil, volume.Reject("multiple_series", "the upload holds %d series, and it is not clear which one is meant: %s. Choose one, for example with series=2",
			len(list), listing(list, nil))
	}
	return b.chosen(list[0]), nil
}

// chosen notes what belongs to a series and was left out of it.
func (b *Builder) chosen(s *Series) *Series {
	if s.UID != "" {
		s.coloured = b.coloured[s.UID]
	}
	return s
}

// dropScreenshots takes out secondary captures that make no stack, such as
// scouts with the slices drawn in.
func (b *Builder) dropScreenshots() {
	kept := b.series[:0]
	for _, s := range b.series {
		places := map[[3]float64]bool{}
		for _, sl := range s.Slices {
			places[sl.geometry.Position] = true
		}
		if s.captured && len(places) < MinSlices {
			b.foreign += len(s.Images)
			continue
		}
		kept = append(kept, s)
	}
	b.series = kept
}

// candidates are the series of enough slices, the best first, numbered.
func (b *Builder) candidates(modality string) []*Series {
	var all, wanted []*Series
	for _, s := range b.series {
		if len(s.Slices) < MinSlices {
			continue
		}
		all = append(all, s)
		if s.Modality == modality {
			wanted = append(wanted, s)
		}
	}
	if len(wanted) > 0 {
		all = wanted
	}
	ranks := map[*Series]int{}
	for _, s := range all {
		ranks[s] = s.rank()
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if ranks[a] != ranks[b] {
			return ranks[a] < ranks[b]
		}
		return len(a.Slices) > len(b.Slices) || len(a.Slices) == len(b.Slices) && a.first < b.first
	})
	for n, s := range all {
		s.number = n + 1
	}
	b.listed = all
	return all
}

// noSeries is the error that says why no series can be taken.
func (b *Builder) noSeries() error {
	most := 0
	for _, s := range b.series {
		if s.fault != nil {
			return s.fault
		}
		most = max(most, len(s.Slices))
	}
	switch {
	case b.damaged != nil:
		return b.damaged
	case most > 0 && len(b.series) > 1:
		return tooFew(fmt.Sprintf("the upload holds %d images in %d series, and the largest", b.frames, len(b.series)), most)
	case most > 0:
		return tooFew("the series", most)
	case b.localizers > 0:
		return volume.Reject("localizer_only", "the upload holds localizer images only (%d): send the series of slices as well", b.localizers)
	case b.foreign > 0:
		return volume.Reject("no_ct_series", "%s a slice of a CT, MR or PET scan: send the series of slices", noneOf(b.foreign, "image"))
	}
	return volume.Reject("no_image_series", "%s an image, but a report, a plan or the like: send the series of slices", noneOf(b.documents, "DICOM file"))
}

// tooFew refuses a series with too few slices and says what to send. Often people send
// a single slice because they do not know that a scan has hundreds of files.
func tooFew(what string, slices int) error {
	has := fmt.Sprintf("%d slices", slices)
	if slices == 1 {
		has = "one slice"
	}
	return volume.Reject("too_few_slices", "%s has %s, and a volume needs at least %d: put the whole series into one folder of the upload bucket, or send it as a .zip", what, has, MinSlices)
}

// noneOf is the beginning of a sentence about all files of an upload.
func noneOf(n int, what string) string {
	if n == 1 {
		return "the " + what + " is not"
	}
	return fmt.Sprintf("none of the %d %ss is", n, what)
}

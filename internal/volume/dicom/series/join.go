package series

import "math"

// likeness holds the attributes, beside UIDs, that the slices of one volume share.
type likeness struct {
	study, space uint64
	modality     string
	sizes        [2]int
	orientation  [6]float64
	spacing      [2]float64
}

// join makes one series of images of which each has a series UID of its own, as
// careless anonymisers write them. It does so only when the upload has no other
// volume. Study and frame of reference must be the same for all images, or different
// for each.
func (b *Builder) join() {
	var loose []*Series
	for _, s := range b.series {
		if s.rank() == rankOriginal {
			return
		}
		if len(s.Images) == 1 && len(s.Slices) == 1 || len(s.Images) == 0 && s.fault != nil {
			loose = append(loose, s)
		}
	}
	studies, spaces := map[uint64]bool{}, map[uint64]bool{}
	images := 0
	for _, s := range loose {
		for _, im := range s.Images {
			images++
			studies[im.study], spaces[im.space] = true, true
		}
	}
	if images < MinSlices {
		return
	}
	groups := map[likeness][]*Series{}
	var order []likeness
	var faults []*Series
	for _, s := range loose {
		if len(s.Images) == 0 {
			faults = append(faults, s) // it is not known of which group
			continue
		}
		like := s.likeness()
		if len(studies) == images {
			like.study = 0
		}
		if len(spaces) == images {
			like.space = 0
		}
		if groups[like] == nil {
			order = append(order, like)
		}
		groups[like] = append(groups[like], s)
	}
	gone := map[*Series]bool{}
	for _, like := range order {
		group := groups[like]
		if len(group) < MinSlices {
			continue
		}
		whole := group[0]
		whole.joined = len(group)
		for _, s := range group[1:] {
			whole.take(s)
			gone[s] = true
		}
		for _, s := range faults {
			whole.take(s)
			gone[s] = true
		}
	}
	kept := b.series[:0]
	for _, s := range b.series {
		if !gone[s] {
			kept = append(kept, s)
		}
	}
	b.series = kept
}

func (s *Series) likeness() likeness {
	g := s.Slices[0].geometry
	round := func(x float64) float64 { return math.Round(x*1e3) / 1e3 }
	like := likeness{study: s.Images[0].study, space: s.Images[0].space, modality: s.Modality, sizes: s.sizes}
	for i, x := range g.Orientation {
		like.orientation[i] = round(x)
	}
	for i, x := range g.Spacing {
		like.spacing[i] = round(x)
	}
	return like
}

// take adds another series' images.
func (s *Series) take(other *Series) {
	for _, sl := range other.Slices {
		sl.Image += len(s.Images)
		s.Slices = append(s.Slices, sl)
	}
	s.Images = append(s.Images, other.Images...)
	s.derived += other.derived
	s.captured = s.captured || other.captured
	s.unlike = s.unlike || other.unlike || len(other.Images) > 0 && s.units != other.units
	s.mixed = s.mixed || other.mixed
	if s.fault == nil {
		s.fault = other.fault
	}
	if s.syntax == nil {
		s.syntax = other.syntax
	}
	s.first = min(s.first, other.first)
}

// Joined is how many series of one slice each were joined into this one. It is 0 for a
// series of the files.
func (s *Series) Joined() int { return s.joined }

package volume

// Intensities counts voxels in ranges that tell Hounsfield units from other scales. The
// zero value has counted none.
type Intensities struct {
	Voxels int64
	// Fatty voxels lie between HUAir and HUFat: air, lung and fat, which every
	// CT of a body holds and which MR, PET and windowed images lack.
	Fatty int64
	// Scattered voxels lie below HUAir at many different values. Padding lies
	// there too, but at one value or a few.
	Scattered int64
	Min, Max  int16 // meaningless while Voxels is 0

	deep [4]int16 // the first values below HUAir that were met, taken for padding
	met  int      // how many of them
}

// These bound, in HU, the band of air, lung and fat that only CT fills.
const (
	HUAir = -1100
	HUFat = -50
)

// fattyShare is the smallest share of such voxels in a CT: 1 in 200. A spine
// crop has a tenth of fat and air; the overshoot of a resampled MR reaches one
// in a thousand.
const fattyShare = 200

// scatteredShare is the share of voxels below air, 1 in 20, from which the scale
// is off: metal and sharp kernels throw one in a hundred there, and an intercept
// that was added twice all of the air and lung.
const scatteredShare = 20

// Add counts voxels.
func (s *Intensities) Add(voxels []int16) { s.AddEvery(voxels, 1) }

// AddEvery counts every step-th voxel. Shares need no more; Min and Max are
// those of the voxels that were counted.
func (s *Intensities) AddEvery(voxels []int16, step int) {
	if len(voxels) == 0 {
		return
	}
	lo, hi := voxels[0], voxels[0]
	if s.Voxels > 0 {
		lo, hi = s.Min, s.Max
	}
	fatty, n := int64(0), int64(0)
	for i := 0; i < len(voxels); i += step {
		v := voxels[i]
		lo, hi = min(lo, v), max(hi, v)
		if v >= HUAir && v <= HUFat {
			fatty++
		}
		if v < HUAir {
			s.below(v)
		}
		n++
	}
	s.Voxels, s.Fatty, s.Min, s.Max = s.Voxels+n, s.Fatty+fatty, lo, hi
}

func (s *Intensities) below(v int16) {
	for _, known := range s.deep[:s.met] {
		if v == known {
			return
		}
	}
	if s.met < len(s.deep) {
		s.deep[s.met] = v
		s.met++
		return
	}
	s.Scattered++
}

// Hounsfield guesses whether the voxels are Hounsfield units.
func (s *Intensities) Hounsfield() bool {
	return s.Voxels > 0 && s.Fatty*fattyShare >= s.Voxels && s.Max > HUFat && s.Scattered*scatteredShare <= s.Voxels
}

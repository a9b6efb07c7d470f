package volume

// Intensities counts what tells Hounsfield units from other scales. The zero
// value has seen nothing.
type Intensities struct {
	Voxels int64
	// Fatty voxels lie between HUAir and HUFat: air, lung and fat, which every
	// CT of a body holds and which MR, PET and windowed images lack.
	Fatty    int64
	Min, Max int16 // meaningless while Voxels is 0
}

// The band that CT alone fills, in HU: below air no tissue, above fat no fat.
const (
	HUAir = -1100
	HUFat = -50
)

// fattyShare is the smallest share of such voxels in a CT: 1 in 200. A spine
// crop has a tenth of fat and air; the overshoot of a resampled MR reaches one
// in a thousand.
const fattyShare = 200

// Add counts voxels.
func (s *Intensities) Add(voxels []int16) {
	if len(voxels) == 0 {
		return
	}
	lo, hi := voxels[0], voxels[0]
	if s.Voxels > 0 {
		lo, hi = s.Min, s.Max
	}
	fatty := int64(0)
	for _, v := range voxels {
		lo, hi = min(lo, v), max(hi, v)
		if v >= HUAir && v <= HUFat {
			fatty++
		}
	}
	s.Voxels, s.Fatty, s.Min, s.Max = s.Voxels+int64(len(voxels)), s.Fatty+fatty, lo, hi
}

// Hounsfield guesses whether the voxels are Hounsfield units.
func (s *Intensities) Hounsfield() bool {
	return s.Voxels > 0 && s.Fatty*fattyShare >= s.Voxels && s.Max > HUFat
}

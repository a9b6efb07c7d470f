package printing

// Weight is what a volume weighs when it is printed solid, without infill. The two
// figures differ where the material's density is a range.
type Weight struct {
	Material string  `json:"material"`
	MinG     float64 `json:"min_g"`
	MaxG     float64 `json:"max_g"`
}

// materials are densities in g/ml. Those of filaments are what PrusaSlicer 2.5.0
// weighs with (its profiles/PrusaResearch.ini: Generic PLA, Generic PETG, Generic
// ABS, Prusament ASA, SainSmart TPU, Fiberlogy Nylon PA12). Cured resins lie between
// 1.1 and 1.2, by the data sheets of their makers.
var materials = []struct {
	name     string
	low, top float64
}{
	{"PLA", 1.24, 1.24}, {"PETG", 1.27, 1.27}, {"ABS", 1.04, 1.04}, {"ASA", 1.07, 1.07},
	{"TPU", 1.21, 1.21}, {"PA12", 1.01, 1.01}, {"resin", 1.1, 1.2},
}

// weights are what a volume weighs in each material.
func weights(ml float64) []Weight {
	out := make([]Weight, len(materials))
	for i, m := range materials {
		out[i] = Weight{m.name, ml * m.low, ml * m.top}
	}
	return out
}

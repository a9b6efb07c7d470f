package mesh

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// measurements is measurements.json. Positions and lengths are world RAS mm.
type measurements struct {
	Schema     string      `json:"schema"`
	SpacingMM  [3]float64  `json:"spacing_mm"`
	Notice     string      `json:"notice"`
	Structures []structure `json:"structures"`
}

type structure struct {
	Label  int    `json:"label"`
	Name   string `json:"name"`
	NameEN string `json:"name_en,omitempty"`
	NameES string `json:"name_es,omitempty"`
	SNOMED string `json:"snomed,omitempty"`
	Group  string `json:"group,omitempty"`
	surface.Measure
}

const notice = "not for diagnosis"

func writeMeasurementsJSON(w io.Writer, s scan, surfaces []surface.Surface) error {
	m := measurements{Schema: "iris.measurements/1", SpacingMM: s.labels.Affine.Spacing(), Notice: notice}
	for i := range surfaces {
		l := &surfaces[i].Label
		m.Structures = append(m.Structures, structure{l.ID, l.Name, l.NameEN, l.NameES, l.SNOMED, l.Group, surfaces[i].Measure})
	}
	return indented(w, m)
}

func indented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeMeasurementsCSV writes a row per structure; mean and deviation of HU are
// empty when there was no volume.
func writeMeasurementsCSV(w io.Writer, surfaces []surface.Surface) error {
	out := csv.NewWriter(w) // keeps the first error for Error
	_ = out.Write([]string{"label", "name", "snomed", "group", "voxels", "volume_ml", "mesh_ml", "surface_cm2",
		"min_r_mm", "min_a_mm", "min_s_mm", "max_r_mm", "max_a_mm", "max_s_mm", "centroid_r_mm", "centroid_a_mm", "centroid_s_mm",
		"components", "genus", "watertight", "partial", "hu_mean", "hu_sd"})
	for i := range surfaces {
		l, m := &surfaces[i].Label, &surfaces[i].Measure
		row := []string{strconv.Itoa(l.ID), cell(l.Name), cell(l.SNOMED), cell(l.Group), strconv.FormatInt(m.Voxels, 10)}
		numbers := []float64{m.VolumeML, m.MeshML, m.SurfaceCM2}
		for _, point := range [3][3]float64{m.Min, m.Max, m.Centroid} {
			numbers = append(numbers, point[:]...)
		}
		for _, x := range numbers {
			row = append(row, number(x))
		}
		row = append(row, strconv.Itoa(m.Components), strconv.Itoa(m.Genus), strconv.FormatBool(m.Watertight), strconv.FormatBool(m.Partial))
		if m.HU == nil {
			row = append(row, "", "")
		} else {
			row = append(row, number(m.HU.Mean), number(m.HU.SD))
		}
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

// number rounds to a thousandth, below what a scan resolves.
func number(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }

// cell keeps a name from a label table from being a formula in a spreadsheet.
func cell(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@' || s[0] == '\t' || s[0] == '\r') {
		return "'" + s
	}
	return s
}

// provenance is provenance.json: where the result comes from and how it was
// made. It holds no time, id or host, so that the same scan gives the same bytes.
type provenance struct {
	Schema    string            `json:"schema"`
	Generator string            `json:"generator"`
	Model     volume.Provenance `json:"model"`
	Grid      grid              `json:"grid"`
	Options   job.MeshOptions   `json:"options"`
	Notice    string            `json:"notice"`
}

type grid struct {
	Dims      [3]int        `json:"dims"`
	SpacingMM [3]float64    `json:"spacing_mm"`
	Affine    volume.Affine `json:"ras_mm_from_voxel"` // rows
}

func writeProvenance(w io.Writer, s scan, o job.Options) error {
	return indented(w, provenance{
		Schema: "iris.provenance/1", Generator: "IRIS Oculus", Model: s.labels.Table.Provenance,
		Grid:    grid{s.labels.Dims, s.labels.Affine.Spacing(), s.labels.Affine},
		Options: job.MeshOptions{Smoothing: o.Smoothing, Decimate: o.Decimation(), Structures: o.Structures, Merge: o.Merge},
		Notice:  notice,
	})
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/printing"
)

// printFlags are the flags of iris mesh that ask what stands against printing.
type printFlags struct {
	check   bool
	minWall float64 // mm
	json    bool
}

func (f *printFlags) add(c *cobra.Command) {
	c.Flags().BoolVar(&f.check, "check-print", false, "say what stands against printing in 3D: thin walls, loose pieces, open edges; with volume, weight and size. OUT may be left out")
	c.Flags().Float64Var(&f.minWall, "min-wall", printing.MinWallDefault, "with --check-print: walls under this thickness in mm are thin")
	c.Flags().BoolVar(&f.json, "json", false, "with --check-print: print JSON")
}

// usable refuses flags that say nothing without --check-print, and a wall that
// cannot be looked for.
func (f *printFlags) usable(cmd *cobra.Command) error {
	if !f.check {
		for _, name := range []string{"min-wall", "json"} {
			if cmd.Flags().Changed(name) {
				return usage("bad_option: --%s wants --check-print beside it", name)
			}
		}
		return nil
	}
	if !(f.minWall >= printing.MinWallLeast && f.minWall <= printing.MinWallMost) {
		return usage("bad_option: --min-wall %g: want %g to %d mm", f.minWall, printing.MinWallLeast, printing.MinWallMost)
	}
	return nil
}

// report examines the surfaces and prints what it finds.
func (f *printFlags) report(cmd *cobra.Command, surfaces []surface.Surface, origin [3]float64, threads int) error {
	r, err := printing.Examine(cmd.Context(), surfaces, origin, printing.Options{MinWall: f.minWall, Threads: threads})
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if f.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			Good bool `json:"good"`
			*printing.Report
		}{r.Good(), r})
	}
	var b strings.Builder
	for i := range r.Structures {
		printStructure(&b, &r.Structures[i], r.MinWallMM)
	}
	for _, pair := range r.Touching {
		fmt.Fprintf(&b, "%s and %s touch: as one solid they have no wall between them (--merge name=%s,%s)\n", pair[0], pair[1], pair[0], pair[1])
	}
	fmt.Fprintf(&b, "all: %s, %s ml\n  solid: %s\n", millimetres(r.SizeMM), millilitres(r.VolumeML), grams(r.Weights))
	b.WriteString("Places are millimetres to the right (R), front (A) and top (S) of the scanner's origin.\n")
	_, err = io.WriteString(out, b.String())
	return err
}

func printStructure(b *strings.Builder, s *printing.Structure, minWall float64) {
	fmt.Fprintf(b, "%s: %s, %s ml\n  solid: %s\n", s.Name, millimetres(s.SizeMM), millilitres(s.VolumeML), grams(s.Weights))
	switch t := s.Topology; {
	case t.Manifold():
		b.WriteString("  closed, every edge between two triangles\n")
	default:
		fmt.Fprintf(b, "  not a closed solid: %d open, %d non-manifold and %d misoriented edges, %d degenerate triangles\n", t.Open, t.NonManifold, t.Misoriented, t.Degenerate)
	}
	if s.TouchesABorder {
		b.WriteString("  cut off by the border of the scan\n")
	}
	if s.Pieces != 1 {
		fmt.Fprintf(b, "  %d pieces that do not touch%s:\n", s.Pieces, largest(s.Pieces, len(s.Listed)))
		for _, p := range s.Listed {
			fmt.Fprintf(b, "    %s ml at %s, %s\n", millilitres(p.VolumeML), place(p.At), millimetres(p.SizeMM))
		}
	}
	if c := s.LargestCavity; c != nil {
		fmt.Fprintf(b, "  %s closed off from outside, of %s ml, in which resin or powder stays; the largest: %s ml at %s\n", counted(s.Cavities, "hollow"), millilitres(s.CavityML), millilitres(c.VolumeML), place(c.At))
	}
	if s.Thin.Places == 0 {
		fmt.Fprintf(b, "  no walls under %g mm\n", minWall)
		return
	}
	fmt.Fprintf(b, "  walls under %g mm at %s, %.2g %% of the surface%s:\n", minWall, counted(s.Thin.Places, "place"), 100*s.Thin.SurfaceCM2/s.SurfaceCM2, largest(s.Thin.Places, len(s.Thin.Listed)))
	for _, w := range s.Thin.Listed {
		fmt.Fprintf(b, "    %.2f mm at %s, %s, %.2f cm² of surface\n", w.ThicknessMM, place(w.At), millimetres(w.SizeMM), w.SurfaceCM2)
	}
}

// largest says how many of a list are shown, where not all are.
func largest(all, listed int) string {
	if listed == all {
		return ""
	}
	return fmt.Sprintf(", the largest %d", listed)
}

func millimetres(size [3]float64) string {
	return fmt.Sprintf("%.1f × %.1f × %.1f mm", size[0], size[1], size[2])
}

// millilitres has as many digits as a small piece needs: 0.001 ml is a cubic millimetre.
func millilitres(ml float64) string {
	if ml < 1 {
		return fmt.Sprintf("%.4f", ml)
	}
	return fmt.Sprintf("%.1f", ml)
}

func place(at [3]float64) string { return fmt.Sprintf("R %.1f A %.1f S %.1f", at[0], at[1], at[2]) }

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func weight(g float64) string {
	if g < 10 {
		return fmt.Sprintf("%.3g", g)
	}
	return fmt.Sprintf("%.0f", g)
}

func grams(weights []printing.Weight) string {
	texts := make([]string, len(weights))
	for i, w := range weights {
		texts[i] = fmt.Sprintf("%s %s g", w.Material, weight(w.MinG))
		if w.MaxG != w.MinG {
			texts[i] = fmt.Sprintf("%s %s to %s g", w.Material, weight(w.MinG), weight(w.MaxG))
		}
	}
	return strings.Join(texts, ", ")
}

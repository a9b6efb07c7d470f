// Package dicomtest writes small DICOM files for tests: a Slice goes in, the
// bytes of a file come out, in any of the native transfer syntaxes. A Slice is
// changed field by field to make the file that a test needs.
package dicomtest

import (
	"context"
	"fmt"

	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// Slice is one file. Text fields are written as they are; empty ones are left out.
type Slice struct {
	Syntax                         string // transfer syntax UID
	NoMeta                         bool   // neither preamble nor meta group
	Class, Instance, Series, Study string
	Modality, ImageType            string
	Rows, Columns                  int
	Bits, Stored, High             int
	Signed                         bool
	Photometric                    string
	Position, Orientation, Spacing string // decimal strings, LPS mm
	Slope, Intercept               string
	Frames                         string        // NumberOfFrames
	Pixels                         []byte        // little endian
	Extra                          func(*Writer) // more elements, of groups up to 0x52FF
	PixelLength                    uint32        // 0: the length of Pixels
	Items                          [][]byte      // encapsulated pixel data, the offset table first, in place of Pixels
	NoEnd                          bool          // no delimiter after Items
}

// CTClass is the SOP class of a CT slice.
const CTClass = "1.2.840.10008.5.1.4.1.1.2"

// Axial is slice n of a head-first axial CT of rows × columns pixels of 0.5 mm,
// 2 mm apart; pixel (r, c) is 97(7n+3r+c) mod 2048 and 1024 below in HU.
func Axial(n, rows, columns int) Slice {
	s := Slice{
		Syntax: syntax.ExplicitLE, Class: CTClass, Instance: fmt.Sprintf("1.2.3.4.%d", n+1), Series: "1.2.3.4", Study: "1.2.3",
		Modality: "CT", ImageType: `ORIGINAL\PRIMARY\AXIAL`, Rows: rows, Columns: columns, Bits: 16, Stored: 12, High: 11,
		Photometric: "MONOCHROME2", Position: At(-10, -20, 30+2*float64(n)), Orientation: `1\0\0\0\1\0`, Spacing: `0.5\0.5`,
		Slope: "1", Intercept: "-1024",
	}
	for r := range rows {
		for c := range columns {
			v := 97 * (7*n + 3*r + c) % 2048
			s.Pixels = append(s.Pixels, byte(v), byte(v>>8))
		}
	}
	return s
}

// At is a position as a decimal string.
func At(x, y, z float64) string { return fmt.Sprintf(`%.6f\%.6f\%.6f`, x, y, z) }

// Series is n slices of Axial, each changed by change.
func Series(n, rows, columns int, change func(n int, s *Slice)) Drop {
	var d Drop
	for i := range n {
		s := Axial(i, rows, columns)
		if change != nil {
			change(i, &s)
		}
		d = append(d, s.Bytes())
	}
	return d
}

// Drop is files in memory.
type Drop [][]byte

// Each implements drop.Files.
func (d Drop) Each(_ context.Context, want []int, visit func(drop.File) error) error {
	if want == nil {
		for n := range d {
			want = append(want, n)
		}
	}
	for _, n := range want {
		if err := visit(drop.File{Index: n, Size: int64(len(d[n])), Body: reader(d[n])}); err != nil {
			return err
		}
	}
	return nil
}

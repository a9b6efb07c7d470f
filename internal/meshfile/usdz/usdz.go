// Package usdz writes USDZ for augmented reality (OpenUSD 1.0 "Usdz File Format
// Specification"). In: surfaces in world RAS millimetres. Out: a zip of one text
// layer, stored, its data at a multiple of 64 bytes; one Mesh per structure with
// a preview material, in metres, x = -R, y = S, z = A (scene.Facing). Points are
// in the scanner's coordinates; a translation of the root puts the model on the
// floor, because augmented reality lays the file's origin there. Errors:
// *volume.Error too_large beyond the 4 GiB of a zip without extensions, and
// those of the writer.
package usdz

import (
	"archive/zip"
	"hash/crc32"
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/volume"
)

const (
	layerName  = "model.usda"
	alignment  = 64
	localBytes = 30 // a zip's local file header without name and extra field
	extraHead  = 4  // id and length of an extra field
	// paddingID marks the extra field that pads; USD's own writer uses it.
	paddingID = 0x1986
	// epochDate is 1 January 1980 in a zip's date format, the first it can hold.
	epochDate = 1<<5 | 1
)

// Write writes all surfaces as one USDZ. The layer is made twice, first only to
// be counted: a USDZ has its size and checksum before the data.
func Write(w io.Writer, s scene.Scene) error {
	pieces := layer(s)
	encode := func(i int, b []byte) []byte { return pieces[i](b) }
	counter := &counter{}
	if err := chunk.Write(counter, len(pieces), encode); err != nil {
		return err
	}
	if counter.bytes > math.MaxUint32-1<<20 { // room for the directory
		return volume.Reject("too_large", "the model has %d bytes as USD text: a USDZ holds at most 4 GiB; ask for fewer structures", counter.bytes)
	}
	pack := zip.NewWriter(w)
	entry, err := pack.CreateRaw(&zip.FileHeader{
		Name: layerName, Method: zip.Store, Extra: padding(),
		ModifiedDate: epochDate, //nolint:staticcheck // the only date that CreateRaw writes
		CRC32:        counter.sum, CompressedSize64: counter.bytes, UncompressedSize64: counter.bytes,
	})
	if err != nil {
		return err
	}
	if err := chunk.Write(entry, len(pieces), encode); err != nil {
		return err
	}
	return pack.Close()
}

// padding is the extra field that moves the data of the first entry to a
// multiple of the alignment.
func padding() []byte {
	start := localBytes + len(layerName) + extraHead
	extra := make([]byte, extraHead+(alignment-start%alignment)%alignment)
	extra[0], extra[1], extra[2] = paddingID&255, paddingID>>8, byte(len(extra)-extraHead)
	return extra
}

// counter is a writer that keeps only length and checksum.
type counter struct {
	bytes uint64
	sum   uint32
}

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += uint64(len(p))
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p)
	return len(p), nil
}

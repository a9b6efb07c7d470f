package object

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/iris-oculus/iris/internal/volume"
)

// Digest is of everything in a label map that an object shows.
func Digest(m *volume.LabelMap) string {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode(m.Table) // a table of strings and numbers can be encoded
	_, _ = h.Write(m.U8)
	buffer := make([]byte, 0, 1<<16)
	for part := range slices.Chunk(m.U16, 1<<15) {
		buffer = buffer[:0]
		for _, v := range part {
			buffer = binary.LittleEndian.AppendUint16(buffer, v)
		}
		_, _ = h.Write(buffer)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Different is how many labels but 0 a label map has.
func Different(m *volume.LabelMap) int {
	var in [1 << 16]bool
	for _, v := range m.U8 {
		in[v] = true
	}
	for _, v := range m.U16 {
		in[v] = true
	}
	n := 0
	for _, there := range in[1:] {
		if there {
			n++
		}
	}
	return n
}

// Between is the warning of structures that lie on no frame; nil for none.
func Between(lost int) []volume.Warning {
	if lost == 0 {
		return nil
	}
	return []volume.Warning{{Code: "structures_between_frames", Message: fmt.Sprintf(
		"structures that lie between the frames of the DICOM series, or outside them, and are not in the DICOM object: %d; they are in the label map", lost)}}
}

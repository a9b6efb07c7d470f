package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
)

// methods are the ways of packing a zip entry that are not read, by the names
// that people know them under (APPNOTE 4.4.5).
var methods = map[uint16]string{
	1: "the Shrink method", 6: "the Implode method", 9: "Deflate64, as Windows Explorer does for large files,", 12: "bzip2",
	14: "LZMA", 93: "Zstandard", 95: "xz", 96: "a JPEG method", 97: "WavPack", 98: "PPMd", 99: "a password (AES)",
}

func methodName(method uint16) string {
	if name := methods[method]; name != "" {
		return name
	}
	return fmt.Sprintf("zip method %d", method)
}

// maxComment is the longest comment at the end of a zip archive, and endSize the
// record before it.
const (
	maxComment = 1<<16 - 1
	endSize    = 22
)

// inParts says whether a zip archive that could not be read is the last of
// several parts: its end record then counts the disks before it.
func inParts(r io.ReaderAt, size int64) bool {
	tail := make([]byte, min(size, maxComment+endSize))
	if n, err := r.ReadAt(tail, size-int64(len(tail))); n < len(tail) && err != nil {
		return false
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < endSize {
		return false
	}
	disk := binary.LittleEndian.Uint16(tail[at+4:])
	return disk != 0 && disk != 0xFFFF
}

func errParts() error {
	return volume.Reject("bad_archive", "the archive is one part of several: put the parts together, or pack the scan as one archive")
}

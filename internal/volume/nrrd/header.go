package nrrd

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/volume"
)

// maxHeader bounds the header: 3D Slicer writes some 700 bytes a segment, so this is
// room for 20,000 of them.
const maxHeader = 16 << 20

// maxLayers bounds the axis that lists layers, as volume.MaxAxis does the others.
const maxLayers = volume.MaxAxis

// sample is one of NRRD's types of numbers.
type sample struct {
	bytes        int
	signed, real bool
}

// samples are the names of NRRD's types.
var samples = map[string]sample{
	"signed char": {1, true, false}, "int8": {1, true, false}, "int8_t": {1, true, false},
	"uchar": {1, false, false}, "unsigned char": {1, false, false}, "uint8": {1, false, false}, "uint8_t": {1, false, false},
	"short": {2, true, false}, "short int": {2, true, false}, "signed short": {2, true, false}, "signed short int": {2, true, false},
	"int16": {2, true, false}, "int16_t": {2, true, false},
	"ushort": {2, false, false}, "unsigned short": {2, false, false}, "unsigned short int": {2, false, false},
	"uint16": {2, false, false}, "uint16_t": {2, false, false},
	"int": {4, true, false}, "signed int": {4, true, false}, "int32": {4, true, false}, "int32_t": {4, true, false},
	"uint": {4, false, false}, "unsigned int": {4, false, false}, "uint32": {4, false, false}, "uint32_t": {4, false, false},
	"longlong": {8, true, false}, "long long": {8, true, false}, "long long int": {8, true, false}, "signed long long": {8, true, false},
	"signed long long int": {8, true, false}, "int64": {8, true, false}, "int64_t": {8, true, false},
	"ulonglong": {8, false, false}, "unsigned long long": {8, false, false}, "unsigned long long int": {8, false, false},
	"uint64": {8, false, false}, "uint64_t": {8, false, false},
	"float": {4, true, true}, "double": {8, true, true},
}

// header is what a file says of its voxels.
type header struct {
	kind     sample
	order    binary.ByteOrder
	gzip     bool
	dims     [3]int
	layers   int
	affine   volume.Affine
	segments map[int]*segment // by number
	warnings []volume.Warning
}

// fields are those that are read. Others say nothing about a label map.
var fields = map[string]string{
	"type": "type", "dimension": "dimension", "sizes": "sizes", "kinds": "kinds", "encoding": "encoding", "endian": "endian",
	"space": "space", "space dimension": "space dimension", "space directions": "space directions",
	"space origin": "space origin", "space units": "space units",
	"data file": "data file", "datafile": "data file", "byte skip": "byte skip", "byteskip": "byte skip",
	"line skip": "line skip", "lineskip": "line skip",
}

// readHeader reads the lines up to the empty one and comes to rest at the first byte
// of the voxels.
func readHeader(b *bufio.Reader) (*header, error) {
	l := lines{b: b}
	first, _, err := l.next()
	if err != nil {
		return nil, err
	}
	if len(first) != len(magic)+1 || !strings.HasPrefix(first, magic) || first[len(magic)] < '1' || first[len(magic)] > '5' {
		return nil, volume.Reject("unrecognized", "the file does not begin with NRRD0001 to NRRD0005: not an NRRD file of a known version")
	}
	h := &header{segments: make(map[int]*segment)}
	have := make(map[string]string)
	for {
		line, end, err := l.next()
		if err != nil {
			return nil, err
		}
		if _, detached := have["data file"]; detached {
			return nil, volume.Unsupported("unsupported_format",
				"the file is a header alone (.nhdr), whose voxels lie in another file: save it as one file (.nrrd or .seg.nrrd)")
		}
		key, value, found := strings.Cut(line, ":")
		if end && !found {
			return nil, volume.Reject("truncated", "the file ends within its header")
		}
		if line == "" {
			return h, h.parse(have)
		}
		switch {
		case line[0] == '#':
		case !found:
			return nil, volume.Reject("bad_header", "a line of the header is neither a field, a key with its value, nor a comment")
		case strings.HasPrefix(value, "="):
			h.keyValue(key, value[1:])
		default:
			name, known := fields[strings.ToLower(strings.TrimSpace(key))]
			if !known {
				continue
			}
			if _, twice := have[name]; twice {
				return nil, volume.Reject("bad_header", "the header has two fields %q", name)
			}
			have[name] = strings.TrimSpace(value)
		}
	}
}

// parse takes the fields; limits are checked before anything is allocated.
func (h *header) parse(have map[string]string) error {
	var known bool
	if h.kind, known = samples[strings.ToLower(have["type"])]; !known {
		return volume.Unsupported("unsupported_datatype", "the header's type is none that is read: want an integer of 8 to 64 bits a voxel, as 3D Slicer writes")
	}
	switch strings.ToLower(have["encoding"]) {
	case "raw":
	case "gzip", "gz":
		h.gzip = true
	default:
		return volume.Unsupported("unsupported_format", "the header's encoding is neither raw nor gzip: save the file with one of them")
	}
	switch endian := strings.ToLower(have["endian"]); {
	case endian == "big":
		h.order = binary.BigEndian
	case endian == "little" || endian == "" && h.kind.bytes == 1:
		h.order = binary.LittleEndian
	default:
		return volume.Reject("bad_header", "the header's endian is neither little nor big, and a voxel has %d bytes", h.kind.bytes)
	}
	for _, name := range []string{"byte skip", "line skip"} {
		if s := have[name]; s != "" && s != "0" {
			return volume.Unsupported("unsupported_format", "the header's %s is not 0: save the file without bytes between header and voxels", name)
		}
	}
	if err := h.parseSizes(have); err != nil {
		return err
	}
	return h.parseSpace(have)
}

func (h *header) parseSizes(have map[string]string) error {
	kinds := strings.Fields(strings.ToLower(have["kinds"]))
	list := false
	switch have["dimension"] {
	case "3":
	case "4":
		if list = len(kinds) == 4 && kinds[0] == "list"; !list {
			return volume.Reject("bad_dims", "the file has 4 axes: want 3, or a first one of the kind list for layers, as 3D Slicer writes")
		}
	default:
		return volume.Reject("bad_dims", "the header's dimension is neither 3 nor 4")
	}
	sizes := strings.Fields(have["sizes"])
	var n [4]int
	if !list {
		sizes = append([]string{"1"}, sizes...)
	}
	if len(sizes) != 4 {
		return volume.Reject("bad_dims", "the header's sizes are %d numbers: want one for each axis", len(sizes))
	}
	for i, s := range sizes {
		v, err := strconv.ParseInt(s, 10, 32)
		if errors.Is(err, strconv.ErrRange) {
			return volume.Reject("too_large", "a size of the header is beyond all bounds: want 1 to %d", volume.MaxAxis)
		}
		if err != nil {
			return volume.Reject("bad_dims", "a size of the header is not a whole number")
		}
		n[i] = int(v)
	}
	h.layers, h.dims = n[0], [3]int(n[1:])
	if h.layers < 1 || h.layers > maxLayers {
		return volume.Reject("bad_dims", "the file has %d layers: want 1 to %d", h.layers, maxLayers)
	}
	if err := volume.CheckDims(h.dims); err != nil {
		return err
	}
	// At most 2²⁹ voxels of 2¹² layers of 8 bytes: no overflow.
	if bytes := int64(h.dims[0]*h.dims[1]*h.dims[2]) * int64(h.layers*h.kind.bytes); bytes > volume.MaxExpandedBytes {
		return volume.Reject("too_large", "the voxels have %d bytes: at most %d are accepted", bytes, int64(volume.MaxExpandedBytes))
	}
	return nil
}

// lines reads the lines of a header, maxHeader bytes at most.
type lines struct {
	b    *bufio.Reader
	read int
}

// next is the next line without its end; end says that the file ended after it.
func (l *lines) next() (line string, end bool, err error) {
	var all []byte
	for {
		part, err := l.b.ReadSlice('\n')
		if l.read += len(part); l.read > maxHeader {
			return "", false, volume.Reject("bad_header", "the header has more than %d bytes", maxHeader)
		}
		all = append(all, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			end = true
		case err != nil:
			return "", false, err
		}
		return strings.TrimRight(string(all), "\r\n"), end, nil
	}
}

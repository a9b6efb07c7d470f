package windows

import (
	"bytes"
	"encoding/binary"
)

// forwarder is a 64-bit DLL that exports one function, which is another DLL's: a PE32+ file
// of headers and one section, the export directory (Microsoft, "PE Format"). Wine before 8.8
// lacks bcryptprimitives.dll, from which each Go program takes its first random numbers;
// advapi32 has the same function by its old name.
func forwarder(dll, function, target string) []byte {
	const (
		fileAlign, pageAlign = 0x200, 0x1000
		section              = pageAlign // where the one section lies in memory
		directory            = 40        // bytes of the export directory
	)
	// The directory, its three tables of one entry, and the three texts.
	functions, names, ordinals := section+directory, section+directory+4, section+directory+8
	texts := section + directory + 12
	nameOf, function0, forward := texts, texts+len(dll)+1, texts+len(dll)+len(function)+2
	var exports bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&exports, binary.LittleEndian, v) // a Buffer takes all
		}
	}
	put(uint32(0), uint32(0), uint32(0), uint32(nameOf), uint32(1), uint32(1), uint32(1), uint32(functions), uint32(names), uint32(ordinals))
	put(uint32(forward), uint32(function0), uint16(0), uint16(0))
	exports.WriteString(dll + "\x00" + function + "\x00" + target + "\x00")
	size := exports.Len()

	var out bytes.Buffer
	write := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&out, binary.LittleEndian, v) // a Buffer takes all
		}
	}
	out.WriteString("MZ")
	out.Write(make([]byte, 0x3c-2))
	write(uint32(0x40))
	out.WriteString("PE\x00\x00")
	write(uint16(0x8664), uint16(1), uint32(0), uint32(0), uint32(0), uint16(240), uint16(0x2022))
	write(uint16(0x20b), uint16(0), uint32(0), uint32(fileAlign), uint32(0), uint32(0), uint32(section),
		uint64(0x180000000), uint32(pageAlign), uint32(fileAlign),
		uint16(6), uint16(0), uint16(0), uint16(0), uint16(6), uint16(0), uint32(0),
		uint32(2*pageAlign), uint32(fileAlign), uint32(0), uint16(3), uint16(0x100),
		uint64(0x100000), uint64(pageAlign), uint64(0x100000), uint64(pageAlign), uint32(0), uint32(16))
	write(uint32(section), uint32(size))
	out.Write(make([]byte, 15*8))
	out.WriteString(".edata\x00\x00")
	write(uint32(size), uint32(section), uint32(fileAlign), uint32(fileAlign), uint32(0), uint32(0), uint32(0), uint32(0x40000040))
	out.Write(make([]byte, fileAlign-out.Len()))
	out.Write(exports.Bytes())
	out.Write(make([]byte, 2*fileAlign-out.Len()))
	return out.Bytes()
}

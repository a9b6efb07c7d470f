package object

import (
	"crypto/sha256"
	"encoding/binary"
	"math/big"
)

// UID is a unique identifier that follows from its parts, in the form 2.25.<a UUID as a
// number> (PS3.5 annex B.2): the same parts give the same one, on any machine.
func UID(parts ...string) string {
	h := sha256.New()
	for _, part := range parts { // lengths keep ("ab", "c") and ("a", "bc") apart
		_, _ = h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(part))))
		_, _ = h.Write([]byte(part))
	}
	id := h.Sum(nil)[:16]
	id[6] = id[6]&0x0F | 0x80 // version 8, of our own making (RFC 9562)
	id[8] = id[8]&0x3F | 0x80
	return "2.25." + new(big.Int).SetBytes(id).String()
}

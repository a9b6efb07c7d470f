package labeltable

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// utf8Of gives a table's text as UTF-8: from UTF-16, which spreadsheets on Windows call
// Unicode and begin with a mark, and else from Windows-1252 where it is not UTF-8 already.
func utf8Of(text []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	case utf8.Valid(text):
		return text
	default:
		return windows1252(text)
	}
	units := make([]uint16, 0, len(text)/2)
	for at := 2; at+1 < len(text); at += 2 {
		units = append(units, order.Uint16(text[at:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// upper1252 are the characters of Windows-1252 from 0x80 to 0x9f; all others are those of
// Unicode with the same number. The five that it does not define are replaced.
const upper1252 = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ"

func windows1252(text []byte) []byte {
	upper := []rune(upper1252)
	var out strings.Builder
	out.Grow(len(text) + len(text)/8)
	for _, b := range text {
		if b >= 0x80 && b <= 0x9f {
			out.WriteRune(upper[b-0x80])
			continue
		}
		out.WriteRune(rune(b))
	}
	return []byte(out.String())
}

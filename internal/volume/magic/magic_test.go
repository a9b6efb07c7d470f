package magic_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/magic"
)

// header is a tar member's header of version 7 with a right checksum, its bytes
// added as signed ones or not.
func header(name string, signed bool) []byte {
	h := make([]byte, 512)
	copy(h, name)
	copy(h[148:], "        ")
	sum := 0
	for _, v := range h {
		if signed {
			sum += int(int8(v))
		} else {
			sum += int(v)
		}
	}
	for n := range 6 {
		h[153-n] = '0' + byte(sum>>(3*n)&7)
	}
	h[154] = 0
	return h
}

func TestTarHeader(t *testing.T) {
	for _, h := range [][]byte{header("a", false), header("\xe4\xf6\xfc", false), header("\xe4\xf6\xfc", true), append(header("a", false), 1)} {
		if !magic.TarHeader(h) || magic.Of(h).Class != magic.Tar {
			t.Errorf("%.4q is not recognised", h)
		}
		broken := bytes.Clone(h)
		broken[300]++
		if magic.TarHeader(broken) {
			t.Errorf("%.4q with a wrong checksum is taken for one", h)
		}
	}
	for _, other := range [][]byte{nil, make([]byte, 512), header("a", false)[:511], bytes.Repeat([]byte(" "), 512)} {
		if magic.TarHeader(other) {
			t.Errorf("%.4q is no header", other)
		}
	}
}

// Every signature is found where it is said to be, and is not hidden by another.
func TestOf(t *testing.T) {
	word := binary.LittleEndian.AppendUint32(nil, 540)
	for begins, want := range map[string]string{
		"": "empty", "\x00\x00": "filled with zeros, as a broken transfer leaves it", "PK\x05\x06": "a zip archive",
		"PK00PK\x03\x04": "a zip archive", "PK\x07\x08PK\x03\x04": "a zip archive", "PK\x07\x08\x00": "one part of a zip archive in several parts",
		"\x1f\x8b": "a gzip file", "\x1f\x9d\x90": "a file of the old Unix compress program (.Z)", string(word): "a NIfTI file",
		"\x00\x00\x01\x5c": "a NIfTI file", "\x1c\x02\x00\x00ni2\x00": "the header of a .hdr/.img pair", "hello": "text",
		"\xef\xbb\xbf<?xml version": "an XML file", `{\rtf1`: "a text document (.rtf)", "MZ\x90\x00": "a Windows program (unpack it first if it is an archive that unpacks itself)",
		"NRRD0005\n\x01\x02": "an NRRD volume", "ObjectType = Image\n\x00": "a MetaImage file (.mha, .mhd)", "\x00\x00\x00\x01Bud1\x00": "a note of the macOS Finder",
		"MZ is text": "text", "\x01\x02": "of an unknown kind", "\x00\x00\x00\x18ftypheic": "a film or a HEIC picture",
	} {
		if got := magic.Of([]byte(begins)); got.Name != want {
			t.Errorf("%.20q: %s, want %s", begins, got.Name, want)
		}
	}
}

func FuzzOf(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	f.Add(header("a", true))
	f.Fuzz(func(t *testing.T, b []byte) {
		if kind := magic.Of(b); kind.Name == "" {
			t.Errorf("%.40q has no name", b)
		}
	})
}

package j2k

import "testing"

func BenchmarkDecode(b *testing.B) {
	for name, o := range map[string]options{
		"reversible":   {levels: 5},
		"irreversible": {levels: 5, irreversible: true, exponent: 12},
	} {
		b.Run(name, func(b *testing.B) {
			im := scene(512, 512, 12, false)
			l, stream := im.limits(), encode(im, o)
			dst := make([]byte, l.Bytes())
			b.SetBytes(int64(len(dst)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(dst, stream, l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

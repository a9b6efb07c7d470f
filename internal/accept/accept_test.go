package accept

import "testing"

func TestGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "x-gzip": true, "br, gzip;q=0.5": true, "*": true,
		"gzip;q=0": false, "*, gzip;q=0": false, "gzip;q=0, *": false, "*;q=0": false, "br": false,
		"gzip; q=0.0": false, "gzip;q=nonsense": false, "gzipped": false, "identity": false, "deflate, gzip;q=1.0, *;q=0.5": true,
	} {
		if got := Gzip(header); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

func TestHas(t *testing.T) {
	for header, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `"b", "a"`: true, `"b",W/"a"`: true, `*`: true,
		``: false, `"b"`: false, `a`: false, `"a-gzip"`: false, `w/"a"`: false,
	} {
		if got := Has(header, `"a"`); got != want {
			t.Errorf("%s: %v, want %v", header, got, want)
		}
	}
}

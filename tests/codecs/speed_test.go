package codecs

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/j2k"
)

// BenchmarkJPEG2000 decodes a large slice in turns with opj_decompress, on one thread,
// and reports the fastest turn of each in MB of samples a second: `make bench-codecs`.
// What opj_decompress says of itself, in whole milliseconds, is without its start and
// without writing its file.
func BenchmarkJPEG2000(b *testing.B) {
	interpreter := os.Getenv("IRIS_PYTHON")
	if interpreter == "" {
		b.Skip("run by make bench-codecs: IRIS_PYTHON is not set")
	}
	slice := filepath.Join(b.TempDir(), "slice.rawl")
	draw := exec.Command(interpreter, "-c", "import sys, sets; sets.image('smooth', 2048, 2048, 12).astype('<u2').tofile(sys.argv[1])", slice)
	if text, err := draw.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, text)
	}
	const columns, rows, precision = 2048, 2048, 12
	for _, c := range []struct {
		name    string
		options []string
	}{
		{"reversible", nil},
		{"reversible, blocks of 32 x 32", []string{"-b", "32,32"}},
		{"reversible, bypass", []string{"-M", "1"}},
		{"reversible, tiles of 256 x 256", []string{"-t", "256,256"}},
		{"irreversible, lossless rate", []string{"-I"}},
		{"irreversible, 10 to 1", []string{"-I", "-r", "10"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			packed := filepath.Join(b.TempDir(), "a.j2k")
			pack := exec.Command("opj_compress", append([]string{"-i", slice, "-o", packed, "-F", "2048,2048,1,12,u"}, c.options...)...)
			if text, err := pack.CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, text)
			}
			stream, err := os.ReadFile(packed)
			if err != nil {
				b.Fatal(err)
			}
			limits := codec.Limits{Columns: columns, Rows: rows, Bits: 16}
			dst := make([]byte, limits.Bytes())
			ours, theirs := math.Inf(1), math.Inf(1)
			for b.Loop() {
				start := time.Now()
				if _, err := j2k.Decode(dst, stream, limits); err != nil {
					b.Fatal(err)
				}
				ours = min(ours, time.Since(start).Seconds())
				theirs = min(theirs, openJPEG(b, packed))
			}
			megabytes := float64(len(dst)) / 1e6
			b.ReportMetric(megabytes/ours, "MB/s")
			b.ReportMetric(megabytes/theirs, "MB/s-opj")
			b.ReportMetric(theirs/ours, "times")
			b.ReportMetric(0, "ns/op")
		})
	}
}

var decodeTime = regexp.MustCompile(`decode time: (\d+) ms`)

// openJPEG is how many seconds opj_decompress took to decode.
func openJPEG(b *testing.B, packed string) float64 {
	text, err := exec.Command("opj_decompress", "-threads", "1", "-i", packed, "-o", filepath.Join(b.TempDir(), "a.rawl")).CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, text)
	}
	ms, err := strconv.Atoi(decodeTime.FindStringSubmatch(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	return float64(ms) / 1000
}

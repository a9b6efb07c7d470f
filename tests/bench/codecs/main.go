// Codecs decodes compressed frames one after the other, as `make bench` times it.
//
//	codecs CODEC COLUMNS ROWS BITS OUT FRAME...
//
// The samples of all frames go to the file OUT.
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/j2k"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpegls"
	"github.com/iris-oculus/iris/internal/volume/dicom/rle"
)

var codecs = map[string]func(dst, stream []byte, limits codec.Limits) (codec.Info, error){
	"rle": rle.Decode, "jpeg": jpeg.Decode, "jpegls": jpegls.Decode, "j2k": j2k.Decode,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 5 || codecs[args[0]] == nil {
		return fmt.Errorf("usage: codecs CODEC COLUMNS ROWS BITS OUT FRAME...")
	}
	var size [3]int
	for i := range size {
		var err error
		if size[i], err = strconv.Atoi(args[1+i]); err != nil {
			return err
		}
	}
	limits := codec.Limits{Columns: size[0], Rows: size[1], Bits: size[2]}
	out, err := os.Create(args[4])
	if err != nil {
		return err
	}
	samples := make([]byte, limits.Bytes())
	for _, name := range args[5:] {
		stream, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := codecs[args[0]](samples, stream, limits); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := out.Write(samples); err != nil {
			return err
		}
	}
	return out.Close()
}

// Command suyash reads DICOM files by github.com/suyashkumar/dicom. It is a peer in
// tests/differential, and a module of its own, so that the library stays out of go.mod.
//
// In: a line of JSON on standard input, the list of files of a scan. Out: a line of JSON
// for it, a record of each file: what the library says of its image, or its error.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"
)

// image is a file's answer. Numbers are as the library has them: integers, or the texts
// of decimal strings.
type image struct {
	Error  string           `json:"error,omitempty"`
	Values map[string][]any `json:"values,omitempty"`
	Frames [][]int64        `json:"frames,omitempty"`
	Packed bool             `json:"packed,omitempty"` // compressed frames, which it does not read
}

var wanted = map[string]tag.Tag{
	"rows": tag.Rows, "columns": tag.Columns, "allocated": tag.BitsAllocated, "stored": tag.BitsStored, "signed": tag.PixelRepresentation,
	"samples": tag.SamplesPerPixel, "series": tag.SeriesInstanceUID, "frames": tag.NumberOfFrames,
	"position": tag.ImagePositionPatient, "orientation": tag.ImageOrientationPatient, "spacing": tag.PixelSpacing,
	"slope": tag.RescaleSlope, "intercept": tag.RescaleIntercept, "lut": tag.ModalityLUTSequence, "shared": tag.SharedFunctionalGroupsSequence,
}

func read(path string) (out image) {
	defer func() {
		if r := recover(); r != nil {
			out = image{Error: fmt.Sprintf("panic: %v", r)}
		}
	}()
	set, err := dicom.ParseFile(path, nil)
	if err != nil {
		return image{Error: err.Error()}
	}
	out.Values = map[string][]any{}
	for name, t := range wanted {
		e, err := set.FindElementByTag(t)
		if err != nil {
			continue
		}
		switch v := e.Value.GetValue().(type) {
		case []int:
			for _, n := range v {
				out.Values[name] = append(out.Values[name], n)
			}
		case []string:
			for _, s := range v {
				out.Values[name] = append(out.Values[name], s)
			}
		case []float64:
			for _, x := range v {
				out.Values[name] = append(out.Values[name], fmt.Sprint(x))
			}
		default:
			out.Values[name] = []any{fmt.Sprintf("%T", v)}
		}
	}
	e, err := set.FindElementByTag(tag.PixelData)
	if err != nil {
		return image{Error: "no pixel data"}
	}
	for _, f := range dicom.MustGetPixelDataInfo(e.Value).Frames {
		if f.IsEncapsulated() {
			out.Packed = true
			return out
		}
		native, err := f.GetNativeFrame()
		if err != nil {
			return image{Error: err.Error()}
		}
		samples := make([]int64, 0, native.Rows()*native.Cols())
		for y := range native.Rows() {
			for x := range native.Cols() {
				px, err := native.GetPixel(x, y)
				if err != nil {
					return image{Error: err.Error()}
				}
				samples = append(samples, int64(px[0]))
			}
		}
		out.Frames = append(out.Frames, samples)
	}
	return out
}

func main() {
	in, out := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var files []string
		if err := json.Unmarshal(line, &files); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		images := []image{}
		for _, f := range files {
			images = append(images, read(f))
		}
		if err := out.Encode(images); err != nil {
			return
		}
	}
}

// Package origin is what is kept of the DICOM series that a volume was made from, for
// objects that refer to it: a segmentation, a structure set. It names a patient: it
// belongs with the job's work files under their retention, never in a log, an event, an
// error or a record.
package origin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/volume"
)

// Scan is a series. Positions are LPS millimetres, as in its files. The zero value of a
// UID means that the files have none.
type Scan struct {
	Study            string `json:"study_instance_uid"`
	Series           string `json:"series_instance_uid"`
	FrameOfReference string `json:"frame_of_reference_uid"`
	Modality         string `json:"modality"`  // CT, MR or PT, as the files say
	Resampled        bool   `json:"resampled"` // slices and planes do not correspond

	Rows        int        `json:"rows"`
	Columns     int        `json:"columns"`
	Orientation [6]float64 `json:"orientation"` // direction of a row, then of a column
	Spacing     [2]float64 `json:"spacing"`     // between rows, between columns, mm
	Gap         float64    `json:"gap"`         // mean distance of the slices, mm
	Thickness   float64    `json:"thickness,omitempty"`

	Slices     []Slice     `json:"slices"`               // in order along the stack
	Attributes []Attribute `json:"attributes,omitempty"` // of the first image, in order of tags
}

// Slice is one frame: Frame counts from 1 in multi-frame files, 0 in others.
type Slice struct {
	Class    string     `json:"sop_class_uid"`
	Instance string     `json:"sop_instance_uid"`
	Series   string     `json:"series_instance_uid,omitempty"` // where it is not the scan's
	Frame    int        `json:"frame,omitempty"`
	Position [3]float64 `json:"position"` // centre of the first pixel
}

// Attribute is an attribute of the files: text in their character set, which is one of them.
type Attribute struct {
	Tag   uint32 `json:"tag"`
	Value []byte `json:"value"`
}

// Value is an attribute's value, nil for none.
func (s *Scan) Value(tag uint32) []byte {
	for _, a := range s.Attributes {
		if a.Tag == tag {
			return a.Value
		}
	}
	return nil
}

// maxBytes bounds what Read reads: 20,000 slices of 400 bytes.
const maxBytes = 32 << 20

// ErrUnusable is what Read wraps for a description that says too little of the frames, as
// those of earlier versions do.
var ErrUnusable = errors.New("it does not say where the frames lie")

// Read reads what Write wrote. What does not describe frames is an error: an object that
// refers to it would lie anywhere.
func Read(r io.Reader) (*Scan, error) {
	var s Scan
	if err := json.NewDecoder(io.LimitReader(r, maxBytes)).Decode(&s); err != nil {
		return nil, fmt.Errorf("read the description of the source: %w", err)
	}
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("read the description of the source: %w: %w", ErrUnusable, err)
	}
	return &s, nil
}

// Check says what is wrong with a description.
func (s *Scan) Check() error {
	switch {
	case len(s.Slices) == 0:
		return errors.New("it has no slices")
	case s.Rows < 1 || s.Columns < 1 || s.Rows > volume.MaxAxis || s.Columns > volume.MaxAxis:
		return fmt.Errorf("its slices have %d rows of %d pixels: want 1 to %d", s.Rows, s.Columns, volume.MaxAxis)
	case !(s.Spacing[0] > 0) || !(s.Spacing[1] > 0) || !finite(s.Spacing[:]) || !finite(s.Orientation[:]):
		return errors.New("its spacing or orientation is not that of an image")
	}
	for _, slice := range s.Slices {
		if !finite(slice.Position[:]) {
			return errors.New("a position is not finite")
		}
	}
	return nil
}

func finite(numbers []float64) bool {
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// Digest tells two descriptions apart.
func (s *Scan) Digest() string {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode(s) // its numbers are finite (Check)
	return hex.EncodeToString(h.Sum(nil))
}

// Write writes the description.
func (s *Scan) Write(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(s); err != nil {
		return fmt.Errorf("describe the source: %w", err)
	}
	return nil
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/iris-oculus/iris/internal/job"
)

// fetchStatistics writes a job's measurements in the form of TotalSegmentator's
// statistics.json: by structure its volume in mm³ and the mean intensity of its voxels,
// which is HU for a CT. A mean that is not known, as that of an uploaded label map, is null.
func (c *client) fetchStatistics(ctx context.Context, v jobView, path string) error {
	folder, err := os.MkdirTemp("", "iris-statistics-*")
	if err != nil {
		return coded("write the statistics", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := folder + "/measurements.json"
	if err := c.fetch(ctx, v, job.MeasurementsJSON, file); err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return coded("write the statistics", err)
	}
	out, err := statistics(text)
	if err != nil {
		return err
	}
	return replace(path, func(f *os.File) error {
		_, err := f.Write(out)
		return coded("write the statistics", err)
	})
}

// statistics rewrites measurements.json, in the order of its structures.
func statistics(measurements []byte) ([]byte, error) {
	var m struct {
		Structures []struct {
			Name     string  `json:"name"`
			VolumeML float64 `json:"volume_ml"`
			HU       *struct {
				Mean float64 `json:"mean"`
			} `json:"hu"`
		} `json:"structures"`
	}
	if err := json.Unmarshal(measurements, &m); err != nil {
		return nil, failure("download_failed", "measurements.json cannot be read: %w", err)
	}
	var b bytes.Buffer
	b.WriteString("{")
	for i, s := range m.Structures {
		if i > 0 {
			b.WriteString(",")
		}
		name, err := json.Marshal(s.Name)
		if err != nil {
			return nil, failure("download_failed", "measurements.json cannot be read: %w", err)
		}
		intensity := "null"
		if s.HU != nil {
			intensity = decimal(math.Round(s.HU.Mean*1000) / 1000)
		}
		fmt.Fprintf(&b, "\n  %s: {\"volume\": %s, \"intensity\": %s}", name, decimal(math.Round(s.VolumeML*1e6)/1e3), intensity)
	}
	_, _ = io.WriteString(&b, "\n}\n")
	return b.Bytes(), nil
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

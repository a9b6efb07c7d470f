package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"

	"github.com/iris-oculus/iris/internal/pages"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// The bench compares meshing, not decompression, so its label maps are plain
// uint8 NIfTI-1 files that either side reads with one call.
const headerBytes = 352

func writePlain(path string, m *volume.LabelMap) error {
	h := make([]byte, headerBytes)
	le := binary.LittleEndian
	le.PutUint32(h, 348)
	le.PutUint16(h[40:], 3)
	for axis, d := range m.Dims {
		le.PutUint16(h[42+2*axis:], uint16(d))
		le.PutUint32(h[80+4*axis:], math.Float32bits(float32(m.Affine.Spacing()[axis])))
	}
	le.PutUint16(h[70:], 2) // uint8
	le.PutUint16(h[72:], 8)
	le.PutUint32(h[108:], math.Float32bits(headerBytes))
	le.PutUint16(h[254:], 1) // sform code
	for r := range 3 {
		for c := range 4 {
			le.PutUint32(h[280+16*r+4*c:], math.Float32bits(float32(m.Affine[r][c])))
		}
	}
	copy(h[344:], "n+1\x00")
	return os.WriteFile(path, append(h, m.U8...), 0o644)
}

// readPlain reads a label map, in pieces that threads share.
func readPlain(path string, threads int) (*volume.LabelMap, error) {
	b, err := readFile(path, threads)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	if len(b) < headerBytes || le.Uint16(b[70:]) != 2 {
		return nil, fmt.Errorf("%s: not a file of surface sample", path)
	}
	m := &volume.LabelMap{U8: b[headerBytes:]}
	for axis := range 3 {
		m.Dims[axis] = int(le.Uint16(b[42+2*axis:]))
	}
	for r := range 3 {
		for c := range 4 {
			m.Affine[r][c] = float64(math.Float32frombits(le.Uint32(b[280+16*r+4*c:])))
		}
	}
	return m, nil
}

func readFile(path string, threads int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	const piece = 4 << 20
	b := pages.Make[byte](int(info.Size()))
	count := (len(b) + piece - 1) / piece
	failures := make([]error, count)
	work.Share(work.Workers(threads, count), count, func(_, i int) {
		_, failures[i] = f.ReadAt(b[i*piece:min((i+1)*piece, len(b))], int64(i*piece))
	})
	return b, errors.Join(failures...)
}

// writePLY writes a mesh for trimesh to judge.
func writePLY(path string, m *surface.Mesh) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintf(w, "ply\nformat binary_little_endian 1.0\nelement vertex %d\nproperty float x\nproperty float y\nproperty float z\nelement face %d\nproperty list uchar int vertex_indices\nend_header\n", len(m.Vertices), len(m.Triangles))
	if err := binary.Write(w, binary.LittleEndian, m.Vertices); err != nil {
		return err
	}
	var face [13]byte
	face[0] = 3
	for _, t := range m.Triangles {
		for i, v := range t {
			binary.LittleEndian.PutUint32(face[1+4*i:], v)
		}
		if _, err := w.Write(face[:]); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// peakMiB is the largest resident size of this process so far.
func peakMiB() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return int64(u.Maxrss) / 1024
}

// cpuSeconds is the processor time that this process has used.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

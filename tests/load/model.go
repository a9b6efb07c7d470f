package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// hounsfield lies between the values of two structures in a made scan.
const hounsfield = 10

// scan is a made CT: air, with a cube of its own value for each structure, one beside the
// other along the first axis. The number makes each one another file.
func scan(voxels, structures, number int) ([]byte, error) {
	v := &volume.Volume{
		Dims: [3]int{voxels, voxels, voxels}, Voxels: make([]int16, voxels*voxels*voxels),
		Affine: volume.Affine{{2, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 2, 0}},
	}
	width := max((voxels-2)/structures, 1)
	for i := range v.Voxels {
		x, y, z := i%voxels, i/voxels%voxels, i/voxels/voxels
		inside := y > 1 && y < voxels-2 && z > 1 && z < voxels-2 && x > 0 && x < voxels-1
		if s := (x-1)/width + 1; inside && s <= structures && (x-1)%width < max(width-1, 1) {
			v.Voxels[i] = int16(hounsfield * s)
		} else {
			v.Voxels[i] = -1000
		}
	}
	v.Voxels[0] = int16(-1000 - number%1000)
	var b bytes.Buffer
	err := nifti.WriteVolume(&b, v)
	return b.Bytes(), err
}

// serveModel is a model server that reads the structures off the values of a made scan.
func serveModel() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /invocations", func(w http.ResponseWriter, r *http.Request) {
		labels, err := segment(r)
		if err != nil {
			http.Error(w, fmt.Sprintf(`{"status":400,"code":"bad_volume","message":%q}`, err), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(labels)))
		_, _ = w.Write(labels)
	})
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("SAGEMAKER_BIND_TO_PORT"), Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}

func segment(r *http.Request) ([]byte, error) {
	v, err := nifti.ReadVolume(r.Body)
	if err != nil {
		return nil, err
	}
	m := &volume.LabelMap{Dims: v.Dims, Affine: v.Affine, U8: make([]uint8, len(v.Voxels))}
	m.Table.Iris = volume.TableVersion
	most := uint8(0)
	for i, value := range v.Voxels {
		if value > 0 {
			m.U8[i] = uint8(value / hounsfield)
			most = max(most, m.U8[i])
		}
	}
	for n := range int(most) {
		m.Table.Labels = append(m.Table.Labels, volume.Label{ID: n + 1, Name: fmt.Sprintf("structure_%d", n+1), Color: volume.ColorOf(int64(n + 1))})
	}
	var b bytes.Buffer
	err = nifti.WriteLabels(&b, m)
	return b.Bytes(), err
}

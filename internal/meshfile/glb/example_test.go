package glb_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/iris-oculus/iris/internal/meshfile/glb"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// A tetrahedron with edges of 10 mm along the axes, in world RAS millimetres, is
// written as a model. The file begins with its magic number and a description of the
// model in JSON: a node for the patient, and below it one for each structure.
func ExampleWrite() {
	model := scene.Scene{
		Spacing: [3]float64{1, 1, 1},
		Surfaces: []surface.Surface{{
			Label: volume.Label{ID: 1, Name: "tetrahedron"},
			Mesh: surface.Mesh{
				Vertices:  [][3]float32{{0, 0, 0}, {10, 0, 0}, {0, 10, 0}, {0, 0, 10}},
				Triangles: [][3]uint32{{0, 2, 1}, {0, 1, 3}, {0, 3, 2}, {1, 2, 3}},
			},
		}},
	}
	var file bytes.Buffer
	if err := glb.Write(&file, model); err != nil {
		fmt.Println(err)
		return
	}
	// A header of 12 bytes; then the length of the JSON, its type, and the JSON.
	data := file.Bytes()
	length := binary.LittleEndian.Uint32(data[12:])
	var document struct {
		Nodes []struct {
			Name     string `json:"name"`
			Children []int  `json:"children"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal(data[20:20+length], &document); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", data[:4])
	for _, node := range document.Nodes {
		fmt.Println(node.Name, len(node.Children))
	}
	// Output:
	// glTF
	// patient 1
	// tetrahedron 0
}

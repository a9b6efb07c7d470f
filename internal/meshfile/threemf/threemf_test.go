package threemf_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/threemf"
	"github.com/iris-oculus/iris/internal/surface"
)

// model is the part of a 3MF model that the tests look at.
type model struct {
	Unit      string `xml:"unit,attr"`
	Materials struct {
		ID   int `xml:"id,attr"`
		Base []struct {
			Name  string `xml:"name,attr"`
			Color string `xml:"displaycolor,attr"`
		} `xml:"base"`
	} `xml:"resources>basematerials"`
	Colors struct {
		ID    int `xml:"id,attr"`
		Color []struct {
			Color string `xml:"color,attr"`
		} `xml:"http://schemas.microsoft.com/3dmanufacturing/material/2015/02 color"`
	} `xml:"resources>colorgroup"`
	Objects []struct {
		ID       int    `xml:"id,attr"`
		Name     string `xml:"name,attr"`
		PID      int    `xml:"pid,attr"`
		PIndex   int    `xml:"pindex,attr"`
		Vertices []struct {
			X float32 `xml:"x,attr"`
			Y float32 `xml:"y,attr"`
			Z float32 `xml:"z,attr"`
		} `xml:"mesh>vertices>vertex"`
		Triangles []struct {
			V1 uint32 `xml:"v1,attr"`
			V2 uint32 `xml:"v2,attr"`
			V3 uint32 `xml:"v3,attr"`
		} `xml:"mesh>triangles>triangle"`
		Components []struct {
			Object int `xml:"objectid,attr"`
		} `xml:"components>component"`
	} `xml:"resources>object"`
	Items []struct {
		Object    int    `xml:"objectid,attr"`
		Transform string `xml:"transform,attr"`
	} `xml:"build>item"`
}

func write(t *testing.T, s scene.Scene) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := threemf.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t *testing.T, data []byte) model {
	t.Helper()
	pack, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var m model
	for _, name := range []string{"[Content_Types].xml", "_rels/.rels", "3D/3dmodel.model"} {
		part, err := pack.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		m = model{}
		if err := xml.NewDecoder(part).Decode(&m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return m
}

func TestModel(t *testing.T) {
	s := meshtest.Scene()
	s.Surfaces[1].Label.Name = `"a" <b> & c`
	m := read(t, write(t, s))
	if m.Unit != "millimeter" || len(m.Objects) != 4 || len(m.Items) != 1 || len(m.Materials.Base) != 3 {
		t.Fatalf("unit %q, %d objects, %d items, %d materials", m.Unit, len(m.Objects), len(m.Items), len(m.Materials.Base))
	}
	// The parts are printed as one: a slicer that got an item each would lay every
	// one of them on the bed. The lowest point lies on the bed, at z = 0.
	whole := m.Objects[3]
	if m.Items[0].Object != whole.ID || len(whole.Components) != 3 || len(whole.Vertices) != 0 {
		t.Fatalf("item %+v of object %+v", m.Items[0], whole)
	}
	if want := "1 0 0 0 1 0 0 0 1 0 0 -275"; m.Items[0].Transform != want {
		t.Errorf("the item is placed by %q, want %q", m.Items[0].Transform, want)
	}
	for i, o := range m.Objects[:3] {
		label := s.Surfaces[i].Label
		if o.Name != label.Name || o.PID != m.Colors.ID || o.ID == o.PID || o.ID == m.Materials.ID || whole.Components[i].Object != o.ID {
			t.Errorf("object %d: %q, pid %d, component %d", o.ID, o.Name, o.PID, whole.Components[i].Object)
		}
		if color := m.Colors.Color[o.PIndex].Color; color != scene.Color(label).Hex() {
			t.Errorf("object %d has the colour %s", o.ID, color)
		}
		if base := m.Materials.Base[o.PIndex]; base.Color != scene.Color(label).Hex() || base.Name != label.Name {
			t.Errorf("object %d has material %+v", o.ID, base)
		}
		var got surface.Mesh
		for _, v := range o.Vertices {
			got.Vertices = append(got.Vertices, scene.LPS([3]float32{v.X, v.Y, v.Z}))
		}
		for _, v := range o.Triangles {
			got.Triangles = append(got.Triangles, [3]uint32{v.V1, v.V2, v.V3})
		}
		if diff := cmp.Diff(s.Surfaces[i].Mesh, got, cmpopts.EquateApprox(0, 0.8/4096)); diff != "" {
			t.Errorf("object %d: %s", o.ID, diff)
		}
	}
}

func TestSameBytesTwice(t *testing.T) {
	if !bytes.Equal(write(t, meshtest.Scene()), write(t, meshtest.Scene())) {
		t.Error("two runs differ")
	}
}

// Package threemf writes 3MF (core specification 1.3, https://3mf.io/spec). In:
// surfaces in world RAS millimetres. Out: an OPC package with one model in LPS
// millimetres: one object per structure with its name and colour, and one object
// whose components they are, which is the only item to print. Points keep the
// scanner's coordinates; the item's transform puts the lowest one on the bed. Package
// weld separates vertices of an object that touch, because programs for printing
// merge equal positions. Errors are those of the writer.
package threemf

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zip"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
	"github.com/iris-oculus/iris/internal/meshfile/decimal"
	"github.com/iris-oculus/iris/internal/meshfile/deflate"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
)

const (
	contentTypes = `<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>`
	relationships = `<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Target="/3D/3dmodel.model" Id="rel0" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>`
	modelHead = `<?xml version="1.0" encoding="UTF-8"?>
<model unit="millimeter" xml:lang="en-US" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">` +
		`<metadata name="Application">IRIS Oculus</metadata><metadata name="Description">SPACE=LPS%s; not for diagnosis</metadata><resources>`
)

// materials is the resource id of the one group of base materials; objects follow,
// and after them the object that joins them.
const materials = 1

// pieceElements is how many vertices or triangles are encoded at a time.
const pieceElements = 1 << 13

// epoch is the time of every entry. It is the oldest that a zip can hold, and stands
// for no time.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Write writes all surfaces as one 3MF package.
func Write(w io.Writer, s scene.Scene) error {
	pack := zip.NewWriter(w)
	deflate.Register(pack)
	literal := func(text string) []encoder { return []encoder{func(b []byte) []byte { return append(b, text...) }} }
	parts := []struct {
		name   string
		pieces []encoder
	}{
		{"[Content_Types].xml", literal(contentTypes)},
		{"_rels/.rels", literal(relationships)},
		{"3D/3dmodel.model", model(s)},
	}
	for _, part := range parts {
		entry, err := pack.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: epoch})
		if err != nil {
			return err
		}
		if err := chunk.Write(entry, len(part.pieces), func(i int, b []byte) []byte { return part.pieces[i](b) }); err != nil {
			_ = pack.Close() // only to end the goroutines of the entry: the first error counts
			return err
		}
	}
	return pack.Close()
}

// encoder appends a piece of the model.
type encoder func(b []byte) []byte

// model lists the pieces of the model in order.
func model(s scene.Scene) []encoder {
	names := scene.Names(s.Surfaces)
	digits := weld.Digits(s.Voxel())
	meshes := s.Meshes()
	moves := weld.Pinches(meshes, digits)

	pieces := []encoder{func(b []byte) []byte {
		b = fmt.Appendf(b, modelHead, attribute(s.OriginText()))
		b = append(b, `<basematerials id="`+strconv.Itoa(materials)+`">`...)
		for i, name := range names {
			b = append(b, `<base name="`+attribute(name)+`" displaycolor="`+scene.Color(s.Surfaces[i].Label).Hex()+`"/>`...)
		}
		return append(b, "</basematerials>\n"...)
	}}
	for i, name := range names {
		open := `<object id="` + object(i) + `" type="model" name="` + attribute(name) +
			`" pid="` + strconv.Itoa(materials) + `" pindex="` + strconv.Itoa(i) + `"><mesh><vertices>` + "\n"
		pieces = append(pieces, func(b []byte) []byte { return append(b, open...) })
		m := &meshes[i]
		for from := 0; from < len(m.Vertices); from += pieceElements {
			vertices := m.Vertices[from:min(from+pieceElements, len(m.Vertices))]
			pieces = append(pieces, func(b []byte) []byte { return appendVertices(b, weld.Moved(vertices, moves[i], from), digits) })
		}
		pieces = append(pieces, func(b []byte) []byte { return append(b, "</vertices><triangles>\n"...) })
		for triangles := range slices.Chunk(m.Triangles, pieceElements) {
			pieces = append(pieces, func(b []byte) []byte { return appendTriangles(b, triangles) })
		}
		pieces = append(pieces, func(b []byte) []byte { return append(b, "</triangles></mesh></object>\n"...) })
	}
	return append(pieces, func(b []byte) []byte { return appendBuild(b, len(meshes), floor(meshes, moves)) })
}

// appendBuild joins the objects in one that is printed as a whole: parts that lie in one
// another stay there. It stands on the bed, for programs that lift what lies
// below z = 0 lift each part by itself.
func appendBuild(b []byte, objects int, z float64) []byte {
	whole := object(objects)
	b = append(b, `<object id="`+whole+`" type="model" name="model"><components>`...)
	for i := range objects {
		b = append(b, `<component objectid="`+object(i)+`"/>`...)
	}
	b = append(b, `</components></object></resources><build><item objectid="`+whole+`" transform="1 0 0 0 1 0 0 0 1 0 0 `...)
	return append(decimal.Append(b, 0-z, decimal.MaxDigits-6), "\"/></build></model>\n"...)
}

// floor is the lowest z of all meshes.
func floor(meshes []surface.Mesh, moves [][]weld.Move) float64 {
	z := math.Inf(1)
	for i := range meshes {
		low, _ := weld.Bounds(meshes[i].Vertices, moves[i], scene.LPS)
		z = min(z, float64(low[2]))
	}
	return z
}

func object(i int) string { return strconv.Itoa(materials + 1 + i) }

func appendVertices(b []byte, vertices [][3]float32, digits int) []byte {
	for _, v := range vertices {
		p := scene.LPS(v)
		b = decimal.Append(append(b, `<vertex x="`...), float64(p[0]), digits)
		b = decimal.Append(append(b, `" y="`...), float64(p[1]), digits)
		b = decimal.Append(append(b, `" z="`...), float64(p[2]), digits)
		b = append(b, "\"/>\n"...)
	}
	return b
}

func appendTriangles(b []byte, triangles [][3]uint32) []byte {
	for _, t := range triangles {
		b = strconv.AppendUint(append(b, `<triangle v1="`...), uint64(t[0]), 10)
		b = strconv.AppendUint(append(b, `" v2="`...), uint64(t[1]), 10)
		b = strconv.AppendUint(append(b, `" v3="`...), uint64(t[2]), 10)
		b = append(b, "\"/>\n"...)
	}
	return b
}

func attribute(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}

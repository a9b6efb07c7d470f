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

	"github.com/klauspost/compress/zip"

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
<model unit="millimeter" xml:lang="en-US" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02" ` +
		`xmlns:m="http://schemas.microsoft.com/3dmanufacturing/material/2015/02">` +
		`<metadata name="Application">IRIS Oculus</metadata><metadata name="Description">SPACE=LPS%s; not for diagnosis</metadata><resources>`
)

// Resource ids. The object of each structure names its colour in a group of the
// materials extension, which is what Bambu Studio and OrcaSlicer read. The same colours
// with the structures' names are base materials of the core specification beside it:
// an object can name one group only. Objects follow, and after them the one that joins
// them.
const (
	materials = 1
	colors    = 2
)

// pieceElements is how many vertices or triangles are encoded at a time.
const pieceElements = 1 << 13

// Write writes all surfaces as one 3MF package.
func Write(w io.Writer, s scene.Scene) error {
	pack := zip.NewWriter(w)
	literal := func(text string) []encoder {
		return []encoder{func(p *deflate.Piece) { p.Plain = append(p.Plain, text...) }}
	}
	for _, part := range []struct {
		name   string
		pieces []encoder
	}{
		{"[Content_Types].xml", literal(contentTypes)},
		{"_rels/.rels", literal(relationships)},
		{"3D/3dmodel.model", model(s)},
	} {
		if err := deflate.Entry(pack, part.name, len(part.pieces), func(i int, p *deflate.Piece) { part.pieces[i](p) }); err != nil {
			return err
		}
	}
	return pack.Close()
}

// encoder appends a piece of the model.
type encoder func(p *deflate.Piece)

// model lists the pieces of the model in order.
func model(s scene.Scene) []encoder {
	names := scene.Names(s.Surfaces)
	digits := weld.Digits(s.Voxel())
	meshes := s.Meshes()
	moves := weld.Pinches(meshes, digits)

	text := func(add func(b []byte) []byte) encoder {
		return func(p *deflate.Piece) { p.Plain = add(p.Plain) }
	}
	pieces := []encoder{text(func(b []byte) []byte {
		b = fmt.Appendf(b, modelHead, attribute(s.OriginText()))
		b = append(b, `<basematerials id="`+strconv.Itoa(materials)+`">`...)
		for i, name := range names {
			b = append(b, `<base name="`+attribute(name)+`" displaycolor="`+scene.Color(s.Surfaces[i].Label).Hex()+`"/>`...)
		}
		b = append(b, `</basematerials><m:colorgroup id="`+strconv.Itoa(colors)+`">`...)
		for i := range names {
			b = append(b, `<m:color color="`+scene.Color(s.Surfaces[i].Label).Hex()+`"/>`...)
		}
		return append(b, "</m:colorgroup>\n"...)
	})}
	for i, name := range names {
		open := `<object id="` + object(i) + `" type="model" name="` + attribute(name) +
			`" pid="` + strconv.Itoa(colors) + `" pindex="` + strconv.Itoa(i) + `"><mesh><vertices>` + "\n"
		pieces = append(pieces, text(func(b []byte) []byte { return append(b, open...) }))
		m := &meshes[i]
		for from := 0; from < len(m.Vertices); from += pieceElements {
			vertices := m.Vertices[from:min(from+pieceElements, len(m.Vertices))]
			pieces = append(pieces, func(p *deflate.Piece) { appendVertices(p, weld.Moved(vertices, moves[i], from), digits) })
		}
		pieces = append(pieces, text(func(b []byte) []byte { return append(b, "</vertices><triangles>\n"...) }))
		for triangles := range slices.Chunk(m.Triangles, pieceElements) {
			pieces = append(pieces, func(p *deflate.Piece) { appendTriangles(p, triangles) })
		}
		pieces = append(pieces, text(func(b []byte) []byte { return append(b, "</triangles></mesh></object>\n"...) }))
	}
	return append(pieces, text(func(b []byte) []byte { return appendBuild(b, len(meshes), floor(meshes, moves)) }))
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

func object(i int) string { return strconv.Itoa(colors + 1 + i) }

func appendVertices(p *deflate.Piece, vertices [][3]float32, digits int) {
	r := record{fields: [3]string{`<vertex x="`, `" y="`, `" z="`}}
	for _, v := range vertices {
		v = scene.LPS(v)
		for k, x := range v {
			p.Plain = decimal.Append(r.begin(p, k), float64(x), digits)
			r.end(p, k)
		}
	}
	p.Plain = append(p.Plain, closing...)
}

func appendTriangles(p *deflate.Piece, triangles [][3]uint32) {
	r := record{fields: [3]string{`<triangle v1="`, `" v2="`, `" v3="`}}
	for _, t := range triangles {
		for k, v := range t {
			p.Plain = decimal.AppendUint(r.begin(p, k), uint64(v))
			r.end(p, k)
		}
	}
	p.Plain = append(p.Plain, closing...)
}

// closing is the end of an element.
const closing = "\"/>\n"

// record is elements of one form with three numbers each. A field begins like that of
// the element before, often with some of its number's digits.
type record struct {
	fields [3]string
	starts [3]int // of the fields of the element before; 0: there is none
	start  int
}

// begin appends what stands before a field's number, after the end of the element
// before, and gives the text to which the number is to be appended.
func (r *record) begin(p *deflate.Piece, field int) []byte {
	r.start = len(p.Plain)
	if field == 0 && r.starts[2] > 0 {
		p.Plain = append(p.Plain, closing...)
	}
	return append(p.Plain, r.fields[field]...)
}

// end says what the field that was appended is like.
func (r *record) end(p *deflate.Piece, field int) {
	p.Like(r.starts[field])
	r.starts[field] = r.start
}

func attribute(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}

package usdz

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/meshfile/decimal"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// layerFormat takes the origin's text and the translation.
const layerFormat = `#usda 1.0
(
    defaultPrim = "patient"
    doc = "IRIS Oculus, not for diagnosis%s"
    metersPerUnit = 1
    upAxis = "Y"
)

def Xform "patient" (
    kind = "component"
)
{
    double3 xformOp:translate = (%s, %s, %s)
    uniform token[] xformOpOrder = ["xformOp:translate"]

`

// meshHead takes identifier, name, material and extent.
const meshHead = `    def Mesh "%s" (
        prepend apiSchemas = ["MaterialBindingAPI"]
        displayName = "%s"
    )
    {
        uniform token subdivisionScheme = "none"
        rel material:binding = </patient/materials/%s>
        float3[] extent = [%s, %s]
`

// materialFormat takes identifier, linear colour and identifier.
const materialFormat = `        def Material "%[1]s"
        {
            token outputs:surface.connect = </patient/materials/%[1]s/surface.outputs:surface>

            def Shader "surface"
            {
                uniform token info:id = "UsdPreviewSurface"
                color3f inputs:diffuseColor = (%.6[2]f, %.6[3]f, %.6[4]f)
                float inputs:metallic = 0
                float inputs:roughness = 0.6
                token outputs:surface
            }
        }

`

// normalDigits are the decimals of a normal. The rounding turns it by up to 0.03
// degrees, which no display shows.
const normalDigits = 3

// pointsPerVoxel is how many steps of a position's last decimal a voxel must have at
// least. 900 make that a micrometre for voxels of 1 mm, which suffices for a layer
// that is looked at and keeps it short.
const pointsPerVoxel = 900

// pieceElements is how many vertices or triangles are encoded at a time.
const pieceElements = 1 << 13

// encoder appends a piece of the layer.
type encoder func(b []byte) []byte

// layer lists the pieces of the scene as USD text, in order. Text is written
// without line breaks or blanks inside of arrays: some readers take a value to end
// with its line.
func layer(s scene.Scene) []encoder {
	l := layout{digits: decimal.Digits(s.Voxel() * 1e-3 / pointsPerVoxel)}
	meshes := s.Meshes()
	moves := weld.Pinches(meshes, weld.Exact)
	boxes := make([]box, len(meshes))
	work.Share(work.Workers(0, len(meshes)), len(meshes), func(_, i int) {
		boxes[i].low, boxes[i].high = weld.Bounds(meshes[i].Vertices, moves[i], l.rounded)
	})
	l.literal(fmt.Sprintf(layerFormat, append([]any{s.OriginText()}, placed(boxes)...)...))
	identifiers, names := scene.Identifiers(s.Surfaces), scene.Names(s.Surfaces)
	for i := range meshes {
		// "materials" is taken by the scope of materials, so meshes get a prefix.
		l.literal(fmt.Sprintf(meshHead, "structure_"+identifiers[i], quoted(names[i]), identifiers[i], l.tuple(boxes[i].low), l.tuple(boxes[i].high)))
		l.mesh(&meshes[i], moves[i])
	}
	l.literal("    def Scope \"materials\"\n    {\n")
	for i, name := range identifiers {
		linear := scene.Color(s.Surfaces[i].Label).Linear()
		l.literal(fmt.Sprintf(materialFormat, name, linear[0], linear[1], linear[2]))
	}
	l.literal("    }\n}\n")
	return l.pieces
}

type box struct{ low, high [3]float32 }

// placed is the translation that puts the model on the floor in augmented reality:
// its lowest point gets y = 0, and its middle x = z = 0. Points keep the scanner's
// coordinates.
func placed(boxes []box) (numbers []any) {
	all := boxes[0]
	for _, b := range boxes {
		for k := range 3 {
			all.low[k], all.high[k] = min(all.low[k], b.low[k]), max(all.high[k], b.high[k])
		}
	}
	move := [3]float64{0, 0 - float64(all.low[1]), 0}
	for _, k := range []int{0, 2} {
		move[k] = 0 - (float64(all.low[k])+float64(all.high[k]))/2
	}
	for _, x := range move {
		numbers = append(numbers, strconv.FormatFloat(x, 'g', -1, 64))
	}
	return numbers
}

// layout collects the pieces of a layer.
type layout struct {
	digits int // of a metre
	pieces []encoder
}

func (l *layout) literal(text string) {
	l.pieces = append(l.pieces, func(b []byte) []byte { return append(b, text...) })
}

// rounded is the position as it is written, in metres.
func (l *layout) rounded(v [3]float32) [3]float32 {
	p := scene.FacingMetres(v)
	for k := range p {
		p[k] = float32(decimal.Round(float64(p[k]), l.digits))
	}
	return p
}

// tuple is a corner of an extent; it is exact, so that no point lies outside.
func (l *layout) tuple(v [3]float32) string {
	return "(" + strconv.FormatFloat(float64(v[0]), 'g', -1, 32) + ", " + strconv.FormatFloat(float64(v[1]), 'g', -1, 32) +
		", " + strconv.FormatFloat(float64(v[2]), 'g', -1, 32) + ")"
}

func (l *layout) mesh(m *surface.Mesh, moves []weld.Move) {
	l.literal("        int[] faceVertexCounts = [")
	for from := 0; from < len(m.Triangles); from += pieceElements {
		n := min(pieceElements, len(m.Triangles)-from)
		l.pieces = append(l.pieces, func(b []byte) []byte {
			for i := range n {
				b = append(separated(b, from+i), '3')
			}
			return b
		})
	}
	l.literal("]\n        int[] faceVertexIndices = [")
	for from := 0; from < len(m.Triangles); from += pieceElements {
		triangles := m.Triangles[from:min(from+pieceElements, len(m.Triangles))]
		l.pieces = append(l.pieces, func(b []byte) []byte {
			for i, t := range triangles {
				b = decimal.AppendUint(separated(b, from+i), uint64(t[0]))
				b = decimal.AppendUint(append(b, ','), uint64(t[1]))
				b = decimal.AppendUint(append(b, ','), uint64(t[2]))
			}
			return b
		})
	}
	l.literal("]\n        point3f[] points = [")
	for from := 0; from < len(m.Vertices); from += pieceElements {
		vertices := m.Vertices[from:min(from+pieceElements, len(m.Vertices))]
		l.pieces = append(l.pieces, func(b []byte) []byte {
			for i, v := range weld.Moved(vertices, moves, from) {
				b = appendTuple(separated(b, from+i), scene.FacingMetres(v), l.digits)
			}
			return b
		})
	}
	l.literal("]\n        normal3f[] normals = [")
	normals := surface.Normals(m)
	for from := 0; from < len(normals); from += pieceElements {
		some := normals[from:min(from+pieceElements, len(normals))]
		l.pieces = append(l.pieces, func(b []byte) []byte {
			for i, n := range some {
				b = appendTuple(separated(b, from+i), scene.Facing(n), normalDigits)
			}
			return b
		})
	}
	l.literal("] (\n            interpolation = \"vertex\"\n        )\n    }\n\n")
}

func separated(b []byte, i int) []byte {
	if i == 0 {
		return b
	}
	return append(b, ',')
}

func appendTuple(b []byte, v [3]float32, digits int) []byte {
	b = decimal.Append(append(b, '('), float64(v[0]), digits)
	b = decimal.Append(append(b, ','), float64(v[1]), digits)
	b = decimal.Append(append(b, ','), float64(v[2]), digits)
	return append(b, ')')
}

// quoted is text within the quotes of a USD string.
func quoted(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
}

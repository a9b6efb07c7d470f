package usdz

import (
	"bufio"
	"fmt"
	"math"
	"strconv"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
)

const layerHead = `#usda 1.0
(
    defaultPrim = "patient"
    doc = "IRIS Oculus, not for diagnosis"
    metersPerUnit = 1
    upAxis = "Y"
)

def Xform "patient" (
    kind = "component"
)
{
`

// meshHead takes identifier, material and extent.
const meshHead = `    def Mesh %q (
        prepend apiSchemas = ["MaterialBindingAPI"]
    )
    {
        uniform token subdivisionScheme = "none"
        rel material:binding = </patient/materials/%s>
        float3[] extent = [%s, %s]
`

// materialFormat takes identifier, linear colour and identifier.
const materialFormat = `        def Material %[1]q
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

// writeLayer writes the scene as USD text; out keeps the first error.
func writeLayer(out *bufio.Writer, s scene.Scene) {
	_, _ = out.WriteString(layerHead)
	names := scene.Identifiers(s.Surfaces)
	for i, name := range names {
		// "materials" is taken by the scope of materials, so meshes get a prefix.
		writeMesh(out, "structure_"+name, name, &s.Surfaces[i].Mesh)
	}
	_, _ = out.WriteString("    def Scope \"materials\"\n    {\n")
	for i, name := range names {
		linear := scene.Color(s.Surfaces[i].Label).Linear()
		_, _ = fmt.Fprintf(out, materialFormat, name, linear[0], linear[1], linear[2])
	}
	_, _ = out.WriteString("    }\n}\n")
}

func writeMesh(out *bufio.Writer, name, materialName string, m *surface.Mesh) {
	low, high := extent(m.Vertices)
	_, _ = fmt.Fprintf(out, meshHead, name, materialName, appendTuple(nil, low), appendTuple(nil, high))

	_, _ = out.WriteString("        int[] faceVertexCounts = [")
	for i := range m.Triangles {
		_, _ = out.WriteString(separator(i) + "3")
	}
	_, _ = out.WriteString("]\n        int[] faceVertexIndices = [")
	var line []byte
	for i, t := range m.Triangles {
		line = append(line[:0], separator(i)...)
		for k, v := range t {
			line = strconv.AppendUint(append(line, separator(k)...), uint64(v), 10)
		}
		_, _ = out.Write(line)
	}
	_, _ = out.WriteString("]\n        point3f[] points = [")
	for i, v := range m.Vertices {
		_, _ = out.Write(appendTuple(append(line[:0], separator(i)...), scene.FacingMetres(v)))
	}
	_, _ = out.WriteString("]\n        normal3f[] normals = [")
	for i, n := range surface.Normals(m) {
		n = scene.Facing(n)
		for k := range n {
			// Four decimals of a direction are below what a display shows.
			n[k] = float32(math.Round(float64(n[k])*1e4)/1e4) + 0
		}
		_, _ = out.Write(appendTuple(append(line[:0], separator(i)...), n))
	}
	_, _ = out.WriteString("] (\n            interpolation = \"vertex\"\n        )\n    }\n\n")
}

func separator(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

func appendTuple(b []byte, v [3]float32) []byte {
	b = append(b, '(')
	for k, x := range v {
		b = strconv.AppendFloat(append(b, separator(k)...), float64(x), 'g', -1, 32)
	}
	return append(b, ')')
}

func extent(vertices [][3]float32) (low, high [3]float32) {
	for i, v := range vertices {
		for k, x := range scene.FacingMetres(v) {
			if i == 0 || x < low[k] {
				low[k] = x
			}
			if i == 0 || x > high[k] {
				high[k] = x
			}
		}
	}
	return low, high
}

// Package threemf writes 3MF (core specification 1.3, https://3mf.io/spec). In:
// surfaces in world RAS millimetres. Out: an OPC package with one model in LPS
// millimetres, one object per structure with its name and colour. Vertices of an
// object that touch are parted (package weld), for objects are printed and
// printing tools weld. Errors are those of the writer.
package threemf

import (
	"bufio"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zip"

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
		`<metadata name="Application">IRIS Oculus</metadata><metadata name="Description">SPACE=LPS; not for diagnosis</metadata><resources>`
)

// materials is the resource id of the one group of base materials; objects follow.
const materials = 1

// epoch stands in every entry: no time stamps, and none that a zip cannot hold.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Write writes all surfaces as one 3MF package.
func Write(w io.Writer, s scene.Scene) error {
	pack := zip.NewWriter(w)
	parts := []struct {
		name  string
		write func(*bufio.Writer)
	}{
		{"[Content_Types].xml", func(out *bufio.Writer) { _, _ = out.WriteString(contentTypes) }},
		{"_rels/.rels", func(out *bufio.Writer) { _, _ = out.WriteString(relationships) }},
		{"3D/3dmodel.model", func(out *bufio.Writer) { model(out, s) }},
	}
	for _, part := range parts {
		entry, err := pack.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: epoch})
		if err != nil {
			return err
		}
		out := bufio.NewWriterSize(entry, 1<<16) // keeps the first error for Flush
		part.write(out)
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return pack.Close()
}

func model(out *bufio.Writer, s scene.Scene) {
	names := scene.Names(s.Surfaces)
	_, _ = out.WriteString(modelHead)
	_, _ = out.WriteString(`<basematerials id="` + strconv.Itoa(materials) + `">`)
	for i, name := range names {
		_, _ = out.WriteString(`<base name="` + attribute(name) + `" displaycolor="` + scene.Color(s.Surfaces[i].Label).Hex() + `"/>`)
	}
	_, _ = out.WriteString("</basematerials>\n")
	for i, name := range names {
		_, _ = out.WriteString(`<object id="` + object(i) + `" type="model" name="` + attribute(name) +
			`" pid="` + strconv.Itoa(materials) + `" pindex="` + strconv.Itoa(i) + `"><mesh><vertices>` + "\n")
		writeMesh(out, weld.Separate([]surface.Mesh{s.Surfaces[i].Mesh})[0])
		_, _ = out.WriteString("</triangles></mesh></object>\n")
	}
	_, _ = out.WriteString("</resources><build>")
	for i := range names {
		_, _ = out.WriteString(`<item objectid="` + object(i) + `"/>`)
	}
	_, _ = out.WriteString("</build></model>\n")
}

func object(i int) string { return strconv.Itoa(materials + 1 + i) }

func writeMesh(out *bufio.Writer, m surface.Mesh) {
	var line []byte
	for _, v := range m.Vertices {
		p := scene.LPS(v)
		line = append(line[:0], `<vertex`...)
		for k, name := range [3]string{` x="`, ` y="`, ` z="`} {
			line = strconv.AppendFloat(append(line, name...), float64(p[k]), 'f', -1, 32)
			line = append(line, '"')
		}
		_, _ = out.Write(append(line, "/>\n"...))
	}
	_, _ = out.WriteString("</vertices><triangles>\n")
	for _, t := range m.Triangles {
		line = append(line[:0], `<triangle`...)
		for k, name := range [3]string{` v1="`, ` v2="`, ` v3="`} {
			line = strconv.AppendUint(append(line, name...), uint64(t[k]), 10)
			line = append(line, '"')
		}
		_, _ = out.Write(append(line, "/>\n"...))
	}
}

func attribute(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}

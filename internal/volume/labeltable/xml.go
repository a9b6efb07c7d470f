package labeltable

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// parseXML reads the LabelTable of a CaretExtension: elements
//
//	<Label Key="1" Red="0.86" Green="0.5" Blue="0.4" Alpha="1">spleen</Label>
//
// Only the first table counts: a file of several volumes has one for each. The
// decoder of the standard library resolves no external entities.
func parseXML(text []byte) ([]Entry, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var entries []Entry
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("its XML is broken")
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local != "Label" {
				continue
			}
			var name string
			if err := d.DecodeElement(&name, &t); err != nil {
				return nil, fmt.Errorf("its XML is broken")
			}
			if e, ok := xmlEntry(t.Attr, name); ok {
				entries = append(entries, e)
			}
		case xml.EndElement:
			if t.Name.Local == "LabelTable" && len(entries) > 0 {
				return entries, nil
			}
		}
		if len(entries) > maxEntries {
			break
		}
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("its XML has no labels")
	}
	return entries, nil
}

func xmlEntry(attributes []xml.Attr, name string) (Entry, bool) {
	e := Entry{Name: name}
	var parts [3]float64
	known, colours := false, 0
	for _, a := range attributes {
		v, err := strconv.ParseFloat(strings.TrimSpace(a.Value), 64)
		if err != nil || v != v {
			continue
		}
		switch a.Name.Local {
		case "Key", "Index":
			e.ID, known = int64(v), v == float64(int64(v))
		case "Red":
			parts[0] = v
			colours++
		case "Green":
			parts[1] = v
			colours++
		case "Blue":
			parts[2] = v
			colours++
		}
	}
	if colours == 3 {
		e.Color = RGB(255*parts[0], 255*parts[1], 255*parts[2])
	}
	return e, known
}

package nifti

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
)

const workbench = `<?xml version="1.0"?><CaretExtension><VolumeInformation Index="0"><LabelTable><Label Key="2" Red="0.5" Green="0" Blue="1" Alpha="1"><![CDATA[liver]]></Label></LabelTable></VolumeInformation></CaretExtension>`

// withExtension is a good label map with one header extension.
func withExtension(code int, text string, change func(*sample)) []byte {
	s := good()
	scale(s, 0)
	s.values[5] = 2
	if change != nil {
		change(s)
	}
	s.extension = extension(binary.LittleEndian, code, text)
	return s.bytes()
}

func warningCodes(m *volume.LabelMap) (codes []string) {
	for _, w := range m.Warnings {
		codes = append(codes, w.Code)
	}
	return codes
}

func TestForeignTables(t *testing.T) {
	for _, c := range []struct {
		name, text string
		code       int
		label      string
		warned     bool
	}{
		{"TotalSegmentator", workbench, 0, "liver", false},
		{"Workbench", workbench, 30, "liver", false},
		{"JSON in a comment", `{"labels":{"2":"liver"}}`, 6, "liver", false},
		{"broken XML", workbench[:120], 0, "", true},
		{"AFNI", `<AFNI_attributes><AFNI_atr atr_name="VALUE_LABEL_DTABLE">"1" "x"</AFNI_atr></AFNI_attributes>`, 4, "", true},
		{"FreeSurfer's tags", "\x01\x02Left-Cerebral-White-Matter\x00", 14, "", true},
		{"a stranger", "a comment", 6, "", false},
		{"a stranger's binary", "\x80\x81<", 0, "", false},
	} {
		m, err := ReadLabels(bytes.NewReader(withExtension(c.code, c.text, nil)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		l, _ := m.Table.Find(2)
		if warned := len(warningCodes(m)) == 1 && warningCodes(m)[0] == "labels_table_ignored"; l.Name != c.label || warned != c.warned {
			t.Errorf("%s: %+v, warnings %v", c.name, l, warningCodes(m))
		}
		if c.label != "" && c.text == workbench && l.Color != "#8000ff" {
			t.Errorf("%s: colour %s", c.name, l.Color)
		}
	}
}

// Labels that a float32 slope or a resampling left beside their integer are rounded,
// in silence or with a warning; those between two labels are refused.
func TestLabelsBesideTheirInteger(t *testing.T) {
	for _, c := range []struct {
		name   string
		off    float64
		warned bool
	}{{"an ulp", 1.52587890625e-5, false}, {"resampled", -0.003, false}, {"eight bits", 0.0235, true}} {
		s := good()
		s.datatype = 64
		scale(s, 0)
		s.values[5], s.values[6] = 2+c.off, 300-c.off
		m, err := ReadLabels(bytes.NewReader(s.bytes()))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if m.At(5) != 2 || m.At(6) != 300 || (len(warningCodes(m)) == 1) != c.warned {
			t.Errorf("%s: %d, %d, %v", c.name, m.At(5), m.At(6), warningCodes(m))
		}
	}
}

// Numbers above 65,535 are replaced, in order, and kept in the table: whatever came
// before them in the file.
func TestWideLabels(t *testing.T) {
	s := good()
	s.datatype = 64
	scale(s, 0)
	s.values[3], s.values[5], s.values[7], s.values[9] = 7, 614454277, 182305696, 300
	m, err := ReadLabels(bytes.NewReader(s.bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if m.At(0) != 0 || m.At(3) != 1 || m.At(9) != 2 || m.At(7) != 3 || m.At(5) != 4 || m.U8 == nil {
		t.Errorf("%v", m.U8)
	}
	if l, _ := m.Table.Find(4); l.Source != 614454277 || l.Name != "label_614454277" || l.Color == "" {
		t.Errorf("%+v", l)
	}
	var out bytes.Buffer
	if err := WriteLabels(&out, m); err != nil {
		t.Fatal(err)
	}
	if again, err := ReadLabels(&out); err != nil || again.Table.Labels[3].Source != 614454277 {
		t.Errorf("a round trip: %v, %+v", err, again.Table)
	}
}

func TestNegativePixdim(t *testing.T) {
	s := good()
	scale(s, 0)
	s.scode, s.qcode = 0, 1
	plain, err := ReadLabels(bytes.NewReader(s.bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for axis := 1; axis <= 3; axis++ {
		s.pixdim[axis] = -s.pixdim[axis]
	}
	m, err := ReadLabels(bytes.NewReader(s.bytes()))
	if err != nil || m.Affine != plain.Affine {
		t.Errorf("%v: %v, want %v", err, m, plain.Affine)
	}
}

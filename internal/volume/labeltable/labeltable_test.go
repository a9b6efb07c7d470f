package labeltable

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/volume"
)

var organs = []Entry{{1, "spleen", "#db8066"}, {2, "kidney right", "#33e61a"}, {4, "肝脏", "#0000ff"}}

func TestParse(t *testing.T) {
	plain := []Entry{{ID: 1, Name: "spleen"}, {ID: 2, Name: "kidney right"}, {ID: 4, Name: "肝脏"}}
	for _, c := range []struct {
		name, text string
		want       []Entry
	}{
		{"Workbench", `<?xml version="1.0" encoding="UTF-8"?> <CaretExtension><VolumeInformation Index="0"><LabelTable>
			<Label Key="0" Red="1" Green="1" Blue="1" Alpha="0"><![CDATA[???]]></Label>
			<Label Key="4" Red="0" Green="0" Blue="1" Alpha="1">肝脏</Label>
			<Label Key="1" Red="0.86" Green="0.5" Blue="0.4" Alpha="1"><![CDATA[spleen]]></Label>
			<Label Key="2" Red="0.2" Green="0.9" Blue="0.1" Alpha="1"><![CDATA[kidney right]]></Label></LabelTable>
			<LabelTable><Label Key="9">another volume's</Label></LabelTable></VolumeInformation></CaretExtension>` + "\x00\x00\x00", organs},
		{"AFNI", "<AFNI_attributes>\n<AFNI_atr ni_type=\"String\" ni_dimen=\"1\" atr_name=\"VALUE_LABEL_DTABLE\" >\n \"&lt;VALUE_LABEL_DTABLE\n ni_type=&quot;2*String&quot;\n ni_dimen=&quot;3&quot; &gt;\n" +
			" &quot;1&quot; &quot;spleen&quot;\n &quot;4&quot; &quot;肝脏&quot;\n &quot;2&quot; &quot;kidney right&quot;\n&lt;/VALUE_LABEL_DTABLE&gt;\"</AFNI_atr></AFNI_attributes>", plain},
		{"ITK-SNAP", "################\n# ITK-SnAP Label Description File\n#    IDX   -R-  -G-  -B-  -A--  VIS MSH  LABEL\n" +
			"    0     0    0    0        0  0  0    \"Clear Label\"\n    1   219  128  102        1  1  1    \"spleen\"\r\n" +
			"    2    51  230   26        0.5  1  1    \"kidney right\"\n    4     0    0  255        1  1  1    \"肝脏\"\n", organs},
		{"FreeSurfer", "#No. Label Name:     R   G   B   A\n0   Unknown  0 0 0 0\n1  spleen  219 128 102 0\n\n2  kidney right 51 230 26 0\n4 肝脏 0 0 255 0\n", organs},
		{"3D Slicer's ctbl", "# Color table file\n0 Background 0 0 0 0\n1 spleen 219 128 102 255\n2 kidney\u00a0right 51 230 26 255\n4 肝脏 0 0 255 255", organs},
		{"numbers and names", "1 spleen\n2 kidney right\n4 肝脏\n", plain},
		{"BIDS", "index\tname\tcolor\n1\tspleen\t#DB8066\n2\tkidney right\t#33e61a\n4\t肝脏\t#0000ff\n", organs},
		{"commas", "name,id,R,G,B\nspleen,1,219,128,102\n\"kidney right\",2,51,230,26\n肝脏,4,0,0,255\n", organs},
		{"by number", `{"1":"spleen","2":"kidney right","4":"肝脏","0":"background"}`, plain},
		{"nnU-Net", `{"channel_names":{"0":"CT"},"labels":{"background":0,"spleen":1,"kidney right":2,"肝脏":4}}`, plain},
		{"described", `[{"id":1,"name":"spleen","color":"#db8066"},{"id":2,"name":"kidney right","rgb_triplet":[51,230,26]},{"id":4,"name":"肝脏","color":[0,0,1]}]`, organs},
		{"a tree", `{"msg":[{"id":4,"name":"肝脏","children":[{"id":1,"name":"spleen"},{"id":2,"acronym":"kidney right"}]}]}`, plain},
		{"ours", `{"iris":"labels/1","labels":[{"id":1,"name":"spleen","color":"#db8066"},{"id":2,"name":"kidney right","color":"#33e61a"},{"id":4,"name":"肝脏","color":"#0000ff"}]}`, organs},
		{"a number twice, and names to clean", "\xef\xbb\xbf1 spl\x01een\n1 other\n2 kidney\tright\n4 肝脏\n-1 nothing\n", plain},
	} {
		got, err := Parse([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "zeros": "\x00\x00", "prose": "these are the labels of the atlas", "broken XML": "<LabelTable><Label Key=", "XML without labels": "<a/>",
		"broken JSON": `{"labels":`, "a BIDS sidecar": `{"Manual":true,"Atlas":"x","Resolution":{"T1w":"1 mm"}}`, "only background": "0 Unknown 0 0 0 0",
		"a column that is no number": "index\tname\none\tspleen\n", "deep": strings.Repeat("[", 10_000),
		"entities": `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><LabelTable><Label Key="1">&a;</Label></LabelTable>`,
	} {
		var fault *volume.Error
		if got, err := Parse([]byte(text)); !errors.As(err, &fault) || fault.Code != "bad_labels_table" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// A sidecar of BIDS or dcm2niix beside a label map holds numbers, and is no table.
func TestASidecarIsNoTable(t *testing.T) {
	for _, text := range []string{
		`{"Modality": "MR", "FlipAngle": 12, "EchoTime": 0.03, "SeriesNumber": 3}`,
		`{"SliceThickness": 1, "RepetitionTime": 2.5}`,
		`{"ImageOrientationPatientDICOM": [1, 0, 0, 0, 1, 0], "EchoNumber": 1}`,
	} {
		if got, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
	for _, text := range []string{`{"liver": 1, "spleen": 2}`, `{"background": 0, "liver": 1}`, `{"labels": {"liver": 1, "whole": [1, 2]}, "file_ending": ".nii.gz"}`} {
		if _, err := Parse([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestApply(t *testing.T) {
	m := &volume.LabelMap{Table: volume.Table{Labels: []volume.Label{{ID: 1, Source: 500, Name: "label_500"}, {ID: 2, Source: 70000, Name: "label_70000"}}}}
	if n := Apply(m, []Entry{{ID: 2, Name: "not this one"}, {ID: 70000, Name: "cortex", Color: "#010203"}}); n != 1 {
		t.Errorf("%d entries applied", n)
	}
	if got := m.Table.Labels; got[0].Name != "label_500" || got[1].Name != "cortex" || got[1].Color != "#010203" || got[1].Source != 70000 {
		t.Errorf("%+v", got)
	}
	m = &volume.LabelMap{}
	if n := Apply(m, append(organs, Entry{ID: 65536, Name: "beyond"})); n != 3 || len(m.Table.Labels) != 3 || m.Table.Iris == "" {
		t.Errorf("%d, %+v", n, m.Table)
	}
}

// FuzzParse: no panic, and what is accepted is fit for a table.
func FuzzParse(f *testing.F) {
	f.Add([]byte("1 spleen 1 2 3 4"))
	f.Add([]byte(`{"1":{"name":"a","color":[1,2,3]}}`))
	f.Add([]byte(`<LabelTable><Label Key="1" Red="1" Green="0" Blue="0">a</Label></LabelTable>`))
	f.Add([]byte("index,name\n1,a"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := Parse(text)
		if err != nil {
			return
		}
		for i, e := range entries {
			if e.ID < 1 || e.Name == "" || e.Name != Printable(e.Name) || e.Color != "" && hex(e.Color) != e.Color || i > 0 && e.ID <= entries[i-1].ID {
				t.Fatalf("%+v", e)
			}
		}
	})
}

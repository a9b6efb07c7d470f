package labeltable

import (
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// What people reported of tables that other programs could not read, rebuilt.
func TestReportedTables(t *testing.T) {
	unicode := func(order binary.AppendByteOrder, s string) string {
		b := order.AppendUint16(nil, 0xfeff)
		for _, u := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	const snap = "\"TMv - 1\"\r2 124 100 148 1 1 1 \"SSp-m6b - 2\"\r"
	for _, c := range []struct {
		name, text string
		want       []Entry
	}{
		{"ITK-SNAP #154: no heading of its own", "####\n####\n1 97 23 22 1 1 1 \"TMv - 1\"\n2 124 100 148 1 1 1 \"SSp-m6b - 2\"\n",
			[]Entry{{1, "TMv - 1", "#611716"}, {2, "SSp-m6b - 2", "#7c6494"}}},
		{"ITK-SNAP #154: lines that end in CR", "####\r# ITK-SnAP Label Description File\r1 97 23 22 1 1 1 " + snap,
			[]Entry{{1, "TMv - 1", "#611716"}, {2, "SSp-m6b - 2", "#7c6494"}}},
		{"FreeSurfer #1310: a seventh column", "819 Left-HypoThal-noMB 0 80 0 0 2\n822 Right-Fornix 27 187 253 0 3\n10 Left-Thalamus 0 118 14 0\n",
			[]Entry{{10, "Left-Thalamus", "#00760e"}, {819, "Left-HypoThal-noMB", "#005000"}, {822, "Right-Fornix", "#1bbbfd"}}},
		{"a name that ends in a number is none of seven columns", "1 Segment 1 255 0 0 0\n2 Segment 2 0 255 0 255\n3 Segment 3 255 0 0 1\n",
			[]Entry{{1, "Segment 1", "#ff0000"}, {2, "Segment 2", "#00ff00"}, {3, "Segment 3", "#ff0000"}}},
		{"MRtrix3 #1279: a quoted name in the second column", "1 \"Left V1\" 63 5 26 255\n2 \"L MST\" 54 103 129 255\n",
			[]Entry{{1, "Left V1", "#3f051a"}, {2, "L MST", "#366781"}}},
		{"MRtrix3 #1279: an odd number of quotes", "1 \"Left V1 63 5 26 255\n", []Entry{{1, "Left V1 63 5 26 255", ""}}},
		{"quoted, with commas and without a heading", "1,\"Node, left\",63,5,26\n2,\"liver\"\n", []Entry{{1, "Node, left", "#3f051a"}, {2, "liver", ""}}},
		{"BIDS #63: colours that are n/a, columns of other things", "index\tname\tabbreviation\tcolor\tmapping\n1\tGray Matter\tGM\tn/a\t1\n",
			[]Entry{{1, "Gray Matter", ""}}},
		{"nnU-Net #607: numbers in order of text", `{"labels": {"0": "background", "1": "a", "10": "j", "2": "b"}}`, []Entry{{1, "a", ""}, {2, "b", ""}, {10, "j", ""}}},
		{"nnU-Net #1952: regions, whose labels are no structures", `{"labels": {"background": 0, "whole tumor": [1, 2, 3], "enhancing tumor": 3}, "regions_class_order": [1, 2, 3]}`,
			[]Entry{{3, "enhancing tumor", ""}}},
		{"a spreadsheet's Unicode text", unicode(binary.LittleEndian, "id\tname\r\n1\tHígado\r\n2\tпечень\r\n"), []Entry{{1, "Hígado", ""}, {2, "печень", ""}}},
		{"the other byte order", unicode(binary.BigEndian, "1 肝 1 2 3"), []Entry{{1, "肝", "#010203"}}},
		{"a spreadsheet's Windows text", "id;name\r\n1;H\xedgado\r\n2;Nerf \x96 \x8cil\r\n", []Entry{{1, "Hígado", ""}, {2, "Nerf – Œil", ""}}},
	} {
		got, err := Parse([]byte(c.text))
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
	}
}

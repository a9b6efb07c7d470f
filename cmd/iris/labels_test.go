package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// A label map goes with its table in one .zip, which holds no name of a file and none of
// the table's remarks, and gives the same bytes each time.
func TestRunSendsTheTableWithALabelMap(t *testing.T) {
	s := newService(t, "")
	t.Setenv("IRIS_API", s.URL)
	dir := t.TempDir()
	m := &volume.LabelMap{Dims: [3]int{3, 3, 3}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, 27)}
	m.U8[13] = 2
	var gz bytes.Buffer
	if err := nifti.WriteLabels(&gz, m); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(gz.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	nrrd := "NRRD0004\ntype: unsigned char\ndimension: 3\nspace: left-posterior-superior\nsizes: 3 3 3\n" +
		"space directions: (1,0,0) (0,1,0) (0,0,2)\nkinds: domain domain domain\nencoding: raw\nspace origin: (5,6,7)\n\n" +
		string(make([]byte, 13)) + "\x02" + string(make([]byte, 13))
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	table := write("Doe^Jane.txt", "# Jane Doe, born 1970\n2 170 32 32 1 1 1 \"Left Lung\"\n")
	for name, text := range map[string]string{"Doe.nii.gz": gz.String(), "Doe.nii": string(plain), "Doe.seg.nrrd": nrrd} {
		var sent [2][]byte
		for i := range sent {
			s.sent.Reset()
			if _, err := iris(t, "run", write(name, text), "--labels-table", table, "-o", filepath.Join(dir, "x.glb")); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			sent[i] = bytes.Clone(s.sent.Bytes())
		}
		if s.file != "scan.zip" || !bytes.Equal(sent[0], sent[1]) || bytes.Contains(sent[0], []byte("Doe")) {
			t.Errorf("%s: sent %s, twice the same %v", name, s.file, bytes.Equal(sent[0], sent[1]))
		}
		got, err := prepare.Source{File: bytes.NewReader(sent[0]), Size: int64(len(sent[0]))}.LabelMap(t.Context())
		if err != nil || got.At(13) != 2 || len(got.Table.Labels) != 1 || got.Table.Labels[0].Name != "Left Lung" || got.Table.Labels[0].Color != "#aa2020" {
			t.Errorf("%s: %v %+v", name, err, got)
		}
	}

	asked := len(s.asked)
	for _, c := range []struct {
		want string
		args []string
	}{
		{"bad_labels_table: ", []string{"--labels-table", write("broken.json", "{")}},
		{"bad_option: --labels-table is for a label map", []string{"--labels-table", table, "-O", "task=tissue"}},
		{"read the label table: no such file", []string{"--labels-table", filepath.Join(dir, "none.txt")}},
	} {
		_, err := iris(t, append([]string{"run", write("x.nii.gz", gz.String()), "-o", filepath.Join(dir, "x.glb")}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), dir) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if len(s.asked) != asked {
		t.Errorf("the service was asked for what cannot be sent: %v", s.asked[asked:])
	}
}

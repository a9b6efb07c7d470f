package prepare_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// cubes is a label map of single voxels, 0 among them, without names.
func cubes(ids ...uint8) *volume.LabelMap {
	n := len(ids) + 2
	m := &volume.LabelMap{Dims: [3]int{n, 3, 3}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, 9*n)}
	for i, id := range ids {
		m.U8[4*n+1+i] = id
	}
	return m
}

func niiGz(t testing.TB, m *volume.LabelMap) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := nifti.WriteLabels(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// named is cubes with names in its header.
func named(t testing.TB, names ...string) []byte {
	ids := make([]uint8, len(names))
	for i := range names {
		ids[i] = uint8(i + 1)
	}
	m := cubes(ids...)
	m.Table.Iris = volume.TableVersion
	for i, name := range names {
		m.Table.Labels = append(m.Table.Labels, volume.Label{ID: i + 1, Name: name, Color: "#010203"})
	}
	return niiGz(t, m)
}

// packedFile is an entry of an archive.
type packedFile struct{ name, text string }

func zipOfFiles(t testing.TB, files ...packedFile) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.name)
		if err == nil {
			_, err = io.WriteString(w, f.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarGzOfFiles(t testing.TB, files ...packedFile) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.text)), Mode: 0o600})
		if err == nil {
			_, err = io.WriteString(w, f.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return gz(t, b.Bytes())
}

// The tables of other programs, of a map with the labels 1 and 2.
var tables = map[string]packedFile{
	"JSON":                    {"labels.json", `{"1": {"name": "Left Lung", "color": "#aa2020"}, "2": "liver"}`},
	"nnU-Net":                 {"dataset.json", `{"channel_names": {"0": "CT"}, "labels": {"background": 0, "Left Lung": 1, "liver": 2}, "numTraining": 3}`},
	"ITK-SNAP":                {"labels.txt", "# ITK-SnAP Label Description File\n    0 0 0 0 0 0 0 \"Clear Label\"\n    1 170 32 32 1 1 1 \"Left Lung\"\n    2 0 255 0 1 1 1 \"liver\"\n"},
	"FreeSurfer":              {"x.lut", "1 Left Lung 170 32 32 0\n2 liver 0 255 0 0\n"},
	"3D Slicer":               {"x.ctbl", "# Color\n1 Left Lung 170 32 32 255\n2 liver 0 255 0 255\n"},
	"BIDS":                    {"x_dseg.tsv", "index\tname\tcolor\n1\tLeft Lung\t#aa2020\n2\tliver\t#00ff00\n"},
	"a spreadsheet's Unicode": {"x.txt", "\xff\xfe" + strings.Join(strings.Split("1 Left Lung 170 32 32\n2 liver 0 255 0\n", ""), "\x00") + "\x00"},
	"comma-separated":         {"x.csv", "id,name,r,g,b\n1,Left Lung,170,32,32\n2,liver,0,255,0\n"},
	"TotalSegmentator's XML":  {"x.label", `<CaretExtension><LabelTable><Label Key="1" Red="0.6667" Green="0.1255" Blue="0.1255" Alpha="1">Left Lung</Label><Label Key="2" Red="0" Green="1" Blue="0" Alpha="1">liver</Label></LabelTable></CaretExtension>`},
}

// labelsJob is a world with one upload that is said to be a label map.
func labelsJob(key string, data []byte, change ...func(*job.Options)) *world {
	o := job.DefaultOptions()
	o.Task = job.TaskLabels
	for _, c := range change {
		c(&o)
	}
	w := newWorld(o, job.Upload{Bucket: bucket, Key: key})
	w.upload(key, data)
	return w
}

// result is the table that a job's label map has, as "id name colour", and its warnings.
func (w *world) result(t *testing.T) (table, warnings []string) {
	t.Helper()
	m, err := nifti.ReadLabels(bytes.NewReader(w.object(job.LabelsObject)))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Table.Labels {
		table = append(table, fmt.Sprintf("%d %s %s", l.ID, l.Name, l.Color))
	}
	for _, n := range w.record().Warnings {
		warnings = append(warnings, n.Code)
	}
	return table, warnings
}

// A table that lies in the archive with the label map, or beside it in the bucket, names
// its labels, whichever program wrote it.
func TestTablesOfEveryProgram(t *testing.T) {
	plain := niiGz(t, cubes(1, 2))
	for program, table := range tables {
		beside := "case1/x" + table.name[strings.LastIndexByte(table.name, '.'):]
		ways := map[string]*world{
			"zip":    labelsJob(job.UploadKey(id, "scan.zip"), zipOfFiles(t, packedFile{"x.nii.gz", string(plain)}, table, packedFile{"README.md", "x"})),
			"tar.gz": labelsJob("x.tar.gz", tarGzOfFiles(t, table, packedFile{"a/x.nii", string(inflated(t, plain))})),
			"beside": labelsJob("case1/x.nii.gz", plain),
		}
		ways["beside"].upload(beside, []byte(table.text))
		for way, w := range ways {
			out, err := w.prepare(t)
			if err != nil || out != (job.PrepareOutput{Ready: true, Labels: true}) {
				t.Errorf("%s, %s: %+v %v", program, way, out, err)
				continue
			}
			table, warnings := w.result(t)
			if len(warnings) > 0 || len(table) != 2 || !strings.HasPrefix(table[0], "1 Left Lung ") || !strings.HasPrefix(table[1], "2 liver ") {
				t.Errorf("%s, %s: %q, warnings %v", program, way, table, warnings)
			}
			if program != "nnU-Net" && program != "JSON" && (table[0] != "1 Left Lung #aa2020" || table[1] != "2 liver #00ff00") {
				t.Errorf("%s, %s: colours of %q", program, way, table)
			}
		}
		if n := ways["beside"].jobs.Links(id); n != 1 {
			t.Errorf("%s: the job is found by %d tables, want 1", program, n)
		}
	}
}

// What is doubtful about an archive of a label map is told or refused by name.
func TestArchivesOfLabels(t *testing.T) {
	plain, header := string(niiGz(t, cubes(1, 2))), string(named(t, "a", "b"))
	scan := &volume.Volume{Dims: [3]int{4, 4, 4}, Affine: cubes().Affine, Voxels: make([]int16, 64)}
	var ct bytes.Buffer
	if err := nifti.WriteVolume(&ct, scan); err != nil {
		t.Fatal(err)
	}
	other := packedFile{"other.json", `{"1": "spleen"}`}
	same := packedFile{"same.csv", "id,name,color\n1,spleen,\n"}
	for _, c := range []struct {
		name  string
		files []packedFile
		want  string // the table's names and the warnings, or the beginning of the error
	}{
		{"no table", []packedFile{{"x.nii.gz", plain}}, "; labels_unnamed"},
		{"names in the header", []packedFile{{"x.nii.gz", header}}, "1 a #010203, 2 b #010203; "},
		{"a table over the header's", []packedFile{{"x.nii.gz", header}, other}, "1 spleen #010203, 2 b #010203; "},
		{"a table of some labels", []packedFile{{"x.nii.gz", plain}, other}, "1 spleen ; labels_unnamed"},
		{"the same table twice", []packedFile{{"x.nii.gz", plain}, other, same}, "1 spleen ; labels_unnamed"},
		{"a table of other labels", []packedFile{{"x.nii.gz", header}, {"t.json", `{"7": "x"}`}}, "1 a #010203, 2 b #010203; labels_table_ignored"},
		{"a sidecar of the scanner", []packedFile{{"x.nii.gz", header}, {"x.json", `{"Modality": "CT", "FlipAngle": 2, "EchoTime": 0.03}`}}, "1 a #010203, 2 b #010203; strangers"},
		{"a picture", []packedFile{{"x.nii.gz", header}, {"x.png", "\x89PNG\r\n\x1a\n\x00\x00"}}, "1 a #010203, 2 b #010203; strangers"},
		{"two tables", []packedFile{{"x.nii.gz", plain}, other, {"t.json", `{"1": "liver"}`}}, "bad_labels_table: the archive holds 2 tables"},
		{"a file for each structure", []packedFile{{"liver.nii.gz", plain}, {"spleen.nii.gz", plain}}, "multiple_label_maps: the archive holds 2 volumes: task=labels takes one label map with all structures in it (TotalSegmentator"},
		{"the scan too", []packedFile{{"scan.nii.gz", ct.String()}, {"labels.nii.gz", plain}}, "multiple_label_maps: "},
		{"a table alone", []packedFile{other}, "unrecognized: the archive holds no label map"},
		{"an archive inside", []packedFile{{"a.zip", string(zipOfFiles(t, packedFile{"x.nii.gz", plain}))}}, "unrecognized: the archive holds no label map"},
		{"a broken map", []packedFile{{"x.nii.gz", plain[:len(plain)/2]}, other}, "truncated: "},
	} {
		for pack, data := range map[string][]byte{"zip": zipOfFiles(t, c.files...), "tar.gz": tarGzOfFiles(t, c.files...)} {
			w := labelsJob("x."+pack, data)
			_, err := w.prepare(t)
			got := fmt.Sprint(err)
			if err == nil {
				table, warnings := w.result(t)
				got = strings.Join(table, ", ") + "; " + strings.Join(warnings, ",")
			}
			if got != c.want && (err == nil || !strings.HasPrefix(got, c.want)) {
				t.Errorf("%s, %s: %s, want %s", c.name, pack, got, c.want)
			}
			if err != nil && len(w.keys()) > 0 {
				t.Errorf("%s, %s: left %v", c.name, pack, w.keys())
			}
		}
	}
	bomb := packedFile{"t.txt", strings.Repeat("1 a\n", 18<<20)}
	w := labelsJob("x.zip", zipOfFiles(t, packedFile{"x.nii.gz", plain}, bomb))
	if _, err := w.prepare(t); code(err) != "archive_too_large" || !strings.Contains(err.Error(), ".nii.gz counts with its compressed size") {
		t.Errorf("a bomb: %v", err)
	}
	w = labelsJob("x.zip", zipOf(t, dicomtest.Series(4, 4, 4, nil)))
	if _, err := w.prepare(t); code(err) != "unrecognized" || !strings.Contains(err.Error(), "no label map") {
		t.Errorf("slices: %v", err)
	}
}

// A dropped label map without names waits for its table, which may come after it; one
// with names does not, and none waits twice as long.
func TestATableBesideALabelMap(t *testing.T) {
	plain := niiGz(t, cubes(1, 2))
	w := labelsJob("case1/x.seg.nrrd", plain)
	if out, err := w.prepare(t); err != nil || out.Ready || len(w.keys()) > 0 {
		t.Fatalf("before its table: %+v %v %v", out, err, w.keys())
	}
	w.upload("case1/x.json", []byte(`{"1": "liver", "2": "spleen"}`))
	if out, err := w.prepare(t); err != nil || !out.Ready {
		t.Fatalf("with its table: %+v %v", out, err)
	}
	if table, warnings := w.result(t); len(table) != 2 || table[0][:7] != "1 liver" || len(warnings) > 0 {
		t.Errorf("%q %v", table, warnings)
	}

	w = labelsJob("x.nii.gz", plain)
	w.now = w.now.Add(job.QuietFor)
	if out, err := w.prepare(t); err != nil || !out.Ready {
		t.Fatalf("without a table: %+v %v", out, err)
	}
	if _, warnings := w.result(t); !slices.Equal(warnings, []string{"labels_unnamed"}) {
		t.Errorf("without a table: %v", warnings)
	}

	w = labelsJob(job.UploadKey(id, "scan.nii.gz"), plain)
	w.upload("jobs/"+id+"/scan.json", []byte(`{"1": "not of this upload"}`))
	if out, err := w.prepare(t); err != nil || !out.Ready {
		t.Fatalf("the API's: %+v %v", out, err)
	}

	for name, c := range map[string]struct {
		data     []byte
		table    string
		warnings []string
	}{
		"names of its own": {named(t, "a", "b"), `{"1": "x"}`, []string{"labels_table_ignored"}},
		"no table":         {named(t, "a", "b"), "", nil},
		"broken":           {plain, "{", []string{"labels_table_ignored", "labels_unnamed"}},
		"of other labels":  {plain, `{"9": "x"}`, []string{"labels_table_ignored", "labels_unnamed"}},
	} {
		w := labelsJob("case1/x.nii.gz", c.data)
		if c.table != "" {
			w.upload("case1/x.json", []byte(c.table))
		}
		if out, err := w.prepare(t); err != nil || !out.Ready {
			t.Errorf("%s: %+v %v", name, out, err)
			continue
		}
		if _, warnings := w.result(t); !cmp.Equal(warnings, c.warnings) {
			t.Errorf("%s: %v, want %v", name, warnings, c.warnings)
		}
	}
}

// The first of several tables beside a map counts, in the order of iris mesh.
func TestTheFirstTableCounts(t *testing.T) {
	w := labelsJob("x.nii.gz", niiGz(t, cubes(1)))
	w.upload("x.json", []byte(`{"1": "of JSON"}`))
	w.upload("x.txt", []byte("1 of text\n"))
	if _, err := w.prepare(t); err != nil {
		t.Fatal(err)
	}
	table, warnings := w.result(t)
	if !slices.Equal(warnings, []string{"labels_table_ignored"}) || len(table) != 1 || !strings.HasPrefix(table[0], "1 of text") {
		t.Errorf("%q %v", table, warnings)
	}
}

// What is asked of a label map is judged by its own names, before the work.
func TestOptionsOfALabelMap(t *testing.T) {
	data := zipOfFiles(t, packedFile{"x.nii.gz", string(niiGz(t, cubes(1, 2)))}, tables["ITK-SNAP"])
	w := labelsJob("x.zip", data, func(o *job.Options) { o.Structures = []string{"left_lung", "LIVER"} })
	if _, err := w.prepare(t); err != nil {
		t.Fatal(err)
	}
	if got := w.record().Options.Structures; !slices.Equal(got, []string{"Left Lung", "liver"}) {
		t.Errorf("recorded %q", got)
	}
	w = labelsJob("x.zip", data, func(o *job.Options) { o.Structures = []string{"Left Lng"} })
	if _, err := w.prepare(t); code(err) != "bad_option" || !strings.HasSuffix(err.Error(), `the label map holds no "Left Lng", only Left Lung, liver; did you mean Left Lung?`) || len(w.keys()) > 0 {
		t.Errorf("%v, %v", err, w.keys())
	}
}

// A scan is no label map, and is told so.
func TestScansAsLabels(t *testing.T) {
	const n = 12
	grey := make([]float32, n*n*n)
	for i := range grey {
		grey[i] = float32(i * 7919 % 1000)
	}
	for name, c := range map[string]struct {
		change func(i int, v float32) float32
		want   string
	}{
		"an MR":                     {func(_ int, v float32) float32 { return v }, "bad_labels: the file looks like a scan"},
		"a CT":                      {func(_ int, v float32) float32 { return v - 500 }, "bad_labels: a voxel is -500: want a label, a whole number of 0 or more"},
		"a scan of other numbers":   {func(_ int, v float32) float32 { return v + 0.5 }, "bad_labels: a voxel is 0.5: want a label"},
		"a probability":             {func(_ int, v float32) float32 { return v / 1000 }, "bad_labels: a voxel is 0.919"},
		"not a number":              {func(i int, v float32) float32 { return v * float32(i) / float32(i) }, "bad_labels: a voxel is NaN"},
		"a map that looks like one": {func(_ int, v float32) float32 { return v }, ""},
	} {
		voxels := make([]float32, len(grey))
		for i, v := range grey {
			voxels[i] = c.change(i, v)
		}
		data := floats(n, voxels)
		if c.want == "" { // somebody has named its labels
			data = zipOfFiles(t, packedFile{"x.nii", string(data)}, packedFile{"x.json", `{"7": "cell 7"}`})
		}
		w := labelsJob(job.UploadKey(id, "x"), data)
		_, err := w.prepare(t)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// A store that fails while the table is read is no fault of the table.
func TestATableThatIsLostWhileItIsRead(t *testing.T) {
	w := labelsJob("x.nii.gz", niiGz(t, cubes(1)))
	w.upload("x.json", []byte(`{"1": "liver"}`))
	lost := &job.BusyError{Message: "slow down"}
	w.uploads.Before = func(_, key string) error {
		if key == "x.json" {
			return lost
		}
		return nil
	}
	w.now = w.now.Add(time.Hour)
	if out, err := w.prepare(t); !errors.Is(err, lost) || out.Ready || len(w.keys()) > 0 {
		t.Errorf("%+v %v %v", out, err, w.keys())
	}
}

// floats is a NIfTI-1 file of n³ float32 voxels of 1 mm (nifti1.h).
func floats(n int, voxels []float32) []byte {
	h := make([]byte, 352)
	put16 := func(at, v int) { binary.LittleEndian.PutUint16(h[at:], uint16(v)) }
	put32 := func(at int, v float32) { binary.LittleEndian.PutUint32(h[at:], math.Float32bits(v)) }
	binary.LittleEndian.PutUint32(h, 348)
	for i, v := range []int{3, n, n, n, 1, 1, 1, 1} {
		put16(40+2*i, v)
		put32(76+4*i, 1)
	}
	put16(70, 16)
	put16(72, 32)
	put32(108, 352)
	h[123] = 2
	put16(254, 1)
	for i := range 3 {
		put32(280+16*i+4*i, 1)
	}
	copy(h[344:], "n+1\x00")
	for _, v := range voxels {
		h = binary.LittleEndian.AppendUint32(h, math.Float32bits(v))
	}
	return h
}

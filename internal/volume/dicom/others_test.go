package dicom_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// labelled is a drop whose files have endings.
type labelled []drop.File

// with adds files of bytes, all of one ending.
func (l labelled) with(ending string, files ...[]byte) labelled {
	for _, b := range files {
		l = append(l, drop.File{Index: len(l), Size: int64(len(b)), Ending: ending, Body: bytes.NewReader(b)})
	}
	return l
}

func (l labelled) Each(_ context.Context, want []int, visit func(drop.File) error) error {
	if want == nil {
		for n := range l {
			want = append(want, n)
		}
	}
	for _, n := range want {
		if r, ok := l[n].Body.(*bytes.Reader); ok {
			_, _ = r.Seek(0, io.SeekStart)
		}
		if err := visit(l[n]); err != nil {
			return err
		}
	}
	return nil
}

// What looked like a slice and could not be read is named by count and reason;
// what never was one is a stranger.
func TestLostSlices(t *testing.T) {
	slice := dicomtest.Axial(9, 40, 40).Bytes()
	headless := bytes.Clone(slice)
	clear(headless[:150]) // its first bytes were lost
	sectors := bytes.Clone(slice)
	clear(sectors[:512])
	hollow := bytes.Clone(slice)
	clear(hollow[132:])
	bare := dicomtest.Axial(9, 40, 40)
	bare.NoMeta = true
	random := bytes.Repeat([]byte{0x81, 0x17, 0, 0xC3}, 99)
	cases := []struct {
		name, slices, ending string
		file                 []byte
		says                 string // of the warning lost_slices; empty: a stranger
	}{
		{"empty", "", "", nil, "empty: 1"},
		{"empty, by name", "", "dcm", nil, "empty: 1"},
		{"empty, as the others", "img", "img", nil, "empty: 1"},
		{"empty, unlike the others", "dcm", "", nil, ""},
		{"an empty lock", "dcm", "lck", nil, ""},
		{"zeros", "", "", make([]byte, 5000), "filled with zeros: 1"},
		{"zeros by name", "", "ima", make([]byte, 5000), "filled with zeros: 1"},
		{"zeros unlike", "dcm", "dat", make([]byte, 5000), ""},
		{"100 bytes", "", "", slice[:100], "cut short: 1"},
		{"131 bytes", "dcm", "dcm", slice[:131], "cut short: 1"},
		{"60 bytes, no preamble", "", "", bare.Bytes()[:60], "cut short: 1"},
		{"a short note", "", "", []byte("version 7"), ""},
		{"first bytes lost", "", "", headless, "damaged: 1"},
		{"first bytes lost, another ending", "dcm", "bak", headless, "damaged: 1"},
		{"first sector lost", "", "", sectors, "damaged: 1"},
		{"all but the magic lost", "", "", hollow, "damaged: 1"},
		{"a web page", "dcm", "dcm", []byte("<html>not found</html>" + strings.Repeat(" ", 200)), "names say: 1"},
		{"a PDF named as a slice", "", "dcm", []byte("%PDF-1.4" + strings.Repeat("x", 200)), "names say: 1"},
		{"random bytes named as a slice", "", "dcm", random, "names say: 1"},
		{"random bytes, as the others", "img", "img", random, "names say: 1"},
		{"random bytes", "", "", random, ""},
		{"random bytes of another name", "", "bin", random, ""},
		{"a PDF", "", "pdf", []byte("%PDF-1.4"), ""},
	}
	for _, c := range cases {
		for _, first := range []bool{false, true} {
			series := dicomtest.Series(5, 4, 4, nil)
			d := labelled{}.with(c.slices, series...).with(c.ending, c.file)
			if first {
				d = labelled{}.with(c.ending, c.file).with(c.slices, series...)
			}
			v, report, _, err := convert(t, d, dicom.Options{})
			if err != nil || v.Dims[2] != 5 || len(report.Warnings) != 1 {
				t.Errorf("%s: %v, warnings %v", c.name, err, report.Warnings)
				continue
			}
			w := report.Warnings[0]
			if (w.Code == "lost_slices") != (c.says != "") || !strings.Contains(w.Message, c.says) {
				t.Errorf("%s: %s: %s; want %q", c.name, w.Code, w.Message, c.says)
			}
		}
	}
	gone := labelled{}.with("", dicomtest.Series(5, 4, 4, nil)...)
	gone = append(gone, drop.File{Index: -1, Dangling: true, Body: strings.NewReader("")}, drop.File{Index: 6, Apart: true})
	_, report, _, err := convert(t, gone.some(), dicom.Options{})
	if err != nil || len(report.Warnings) != 2 || !strings.Contains(report.Warnings[0].Message, "links to files that are not there: 1") || report.Warnings[1].Code != "files_apart" {
		t.Errorf("a dangling link: %v %v", err, report.Warnings)
	}
	// Nothing but lost slices is no volume, and says why.
	if _, _, _, err := convert(t, labelled{}.with("dcm", nil, nil, make([]byte, 999)), dicom.Options{}); code(err) != "no_image_series" || !strings.Contains(err.Error(), "empty: 2; filled with zeros: 1") {
		t.Errorf("all lost: %v", err)
	}
}

// some is the drop as it is: a Dangling file has no place among those wanted.
func (l labelled) some() drop.Files { return l }

func zipOf(t testing.TB, method uint16, files ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for n, data := range files {
		e, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprint(n), Method: method})
		if err == nil {
			_, err = e.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, files ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, data := range files {
		err := w.WriteHeader(&tar.Header{Name: "x", Size: int64(len(data)), Mode: 0o600, Typeflag: tar.TypeReg})
		if _, more := w.Write(data); err != nil || more != nil {
			t.Fatal(err, more)
		}
	}
	return b.Bytes()
}

func gz(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(plain)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An archive beside slices is refused when slices are in it or may be, is told
// of when nobody knows, and is a stranger when it holds something else.
func TestArchivesBesideSlices(t *testing.T) {
	slice := dicomtest.Axial(9, 40, 40).Bytes()
	bare := dicomtest.Axial(9, 40, 40)
	bare.NoMeta = true
	program := append([]byte("MZ\x90\x00"), bytes.Repeat([]byte("code"), 3000)...)
	long := zipOf(t, zip.Deflate, program, program, slice)
	locked := zipOf(t, zip.Deflate, slice)
	locked[6] |= 1
	cases := []struct {
		name string
		file []byte
		code string // of the error, or of the warning
	}{
		{"a zip of slices", zipOf(t, zip.Deflate, slice), "nested_archive"},
		{"a zip with a slice at its end", long, "nested_archive"},
		{"a zip of slices without preamble", zipOf(t, zip.Deflate, bare.Bytes()), "nested_archive"},
		{"a tar of slices", tarOf(t, program, slice), "nested_archive"},
		{"a tar.gz of slices", gz(t, tarOf(t, program, slice)), "nested_archive"},
		{"a compressed slice", gz(t, slice), "nested_archive"},
		{"RAR", []byte("Rar!\x1a\x07\x01\x00" + strings.Repeat("x", 200)), "nested_archive"},
		{"7-Zip", []byte("7z\xbc\xaf\x27\x1c" + strings.Repeat("x", 200)), "nested_archive"},
		{"a zip of programs", zipOf(t, zip.Deflate, program, []byte("text")), "strangers"},
		{"an empty zip", zipOf(t, zip.Store), "strangers"},
		{"a compressed text", gz(t, []byte("text")), "strangers"},
		{"a tar.gz of text", gz(t, tarOf(t, []byte("text"), program)), "strangers"},
		{"a Word document", []byte("PK\x03\x04" + strings.Repeat("\x00", 22) + "\x13\x00\x00\x00[Content_Types].xml<xml/>"), "strangers"},
		{"a zip cut short", long[:200], "archives_inside"},
		{"a zip with a password", locked, "archives_inside"},
		{"a zip of stored entries of unknown length", zipOf(t, zip.Store, program), "archives_inside"},
		{"a damaged gzip file", gz(t, slice)[:20], "archives_inside"},
		{"xz", []byte("\xfd7zXZ\x00" + strings.Repeat("x", 200)), "archives_inside"},
	}
	for _, c := range cases {
		d := append(dicomtest.Series(5, 4, 4, nil), c.file)
		_, report, _, err := convert(t, d, dicom.Options{})
		switch {
		case c.code == "nested_archive":
			if code(err) != c.code {
				t.Errorf("%s: %v, want %s", c.name, err, c.code)
			}
		case err != nil || len(report.Warnings) != 1 || report.Warnings[0].Code != c.code:
			t.Errorf("%s: %v %v, want %s", c.name, err, report.Warnings, c.code)
		}
	}
}

// Without a DICOM file the sentence says what was found instead.
func TestNothingButOthers(t *testing.T) {
	nii := append([]byte{0x5c, 1, 0, 0}, make([]byte, 400)...)
	copy(nii[344:], "n+1\x00")
	for name, c := range map[string]struct {
		file       []byte
		code, says string
	}{
		"NIfTI":              {nii, "no_image_series", "by itself"},
		"compressed NIfTI":   {gz(t, nii), "no_image_series", "by itself"},
		"NRRD":               {[]byte("NRRD0004\ntype: short\n"), "no_image_series", "an NRRD volume"},
		"RAR":                {[]byte("Rar!\x1a\x07\x01\x00"), "nested_archive", "unpack"},
		"a tar":              {tarOf(t, []byte("text")), "no_image_series", "none of the 1 files"},
		"a compressed slice": {gz(t, dicomtest.Axial(0, 4, 4).Bytes()), "nested_archive", "unpack"},
	} {
		if _, _, _, err := convert(t, dicomtest.Drop{c.file}, dicom.Options{}); code(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s that says %q", name, err, c.code, c.says)
		}
	}
}

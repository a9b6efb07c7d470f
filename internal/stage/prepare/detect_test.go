package prepare_test

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
)

// tarOf is a tar archive in the format of a program.
func tarOf(t testing.TB, format tar.Format, files dicomtest.Drop) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for n, data := range files {
		err := w.WriteHeader(&tar.Header{Name: string(rune('a' + n)), Size: int64(len(data)), Mode: 0o600, Typeflag: tar.TypeReg, Format: format})
		if _, more := w.Write(data); err != nil || more != nil {
			t.Fatal(err, more)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// version7 takes the magic out of the headers of a tar archive, as programs
// before POSIX wrote it.
func version7(plain []byte) []byte {
	b := bytes.Clone(plain)
	for at := 0; at+512 <= len(b) && b[at] != 0; {
		h := b[at : at+512]
		clear(h[257:])
		if h[156] == '0' {
			h[156] = 0
		}
		copy(h[148:], "        ")
		sum := 0
		for _, v := range h {
			sum += int(v)
		}
		for n := range 6 {
			h[153-n] = '0' + byte(sum>>(3*n)&7)
		}
		h[154], h[155] = 0, ' '
		size := 0
		for _, d := range h[124:135] {
			size = size*8 + int(d-'0')
		}
		at += 512 + (size+511)&^511
	}
	return b
}

// A tar archive is read in the format of any program, its padding too.
func TestTarGzOfAnyProgram(t *testing.T) {
	series := dicomtest.Series(5, 6, 7, nil)
	want, _, err := volumeOf(t, of(zipOf(t, series)))
	if err != nil {
		t.Fatal(err)
	}
	plain := tarOf(t, tar.FormatUSTAR, series)
	for name, file := range map[string][]byte{
		"POSIX": gz(t, plain), "GNU": gz(t, tarOf(t, tar.FormatGNU, series)), "PAX": gz(t, tarOf(t, tar.FormatPAX, series)),
		"version 7": gz(t, version7(plain)), "padded": append(gz(t, plain), make([]byte, 10240)...),
		"in two members": append(gz(t, plain[:3000]), gz(t, plain[3000:])...),
	} {
		got, report, err := volumeOf(t, of(file))
		if err != nil || !bytes.Equal(got, want) || len(report.Warnings) > 0 {
			t.Errorf("%s: %v %v", name, err, report.Warnings)
		}
	}
}

// What is no scan is named, with what to do, whatever DICOM text it holds.
func TestSaysWhatAFileIs(t *testing.T) {
	uid := "1.2.840.10008.5.1.4.1.1.2\x00"
	disc := make([]byte, 17*2048)
	copy(disc[16*2048+1:], "CD001")
	disc[0] = 0xEB
	hdr := make([]byte, 348)
	binary.LittleEndian.PutUint32(hdr, 348)
	pair := bytes.Clone(hdr)
	copy(pair[344:], "ni1\x00")
	directory := dicomtest.Axial(0, 4, 4)
	directory.Class, directory.Pixels = "1.2.840.10008.1.3.10", nil
	series := dicomtest.Series(4, 4, 4, nil)
	nrrd := "NRRD0004\ntype: short\n"
	cases := []struct {
		name string
		file []byte
		says []string
	}{
		{"tar", tarOf(t, tar.FormatUSTAR, series), []string{"tar archive without compression", ".tar.gz"}},
		{"GNU tar", tarOf(t, tar.FormatGNU, series), []string{"tar archive without compression", ".tar.gz"}},
		{"version 7 tar", version7(tarOf(t, tar.FormatUSTAR, series)), []string{"tar archive without compression", ".tar.gz"}},
		{"RAR", []byte("Rar!\x1a\x07\x01\x00" + uid), []string{"a RAR archive", "unpack it"}},
		{"old RAR", []byte("Rar!\x1a\x07\x00" + uid), []string{"a RAR archive", "unpack it"}},
		{"7-Zip", []byte("7z\xbc\xaf\x27\x1c\x00\x04" + uid), []string{"a 7-Zip archive", "unpack it"}},
		{"bzip2", []byte("BZh91AY&SY" + uid), []string{"a bzip2 file", "unpack it"}},
		{"xz", []byte("\xfd7zXZ\x00" + uid), []string{"an xz file", "unpack it"}},
		{"Zstandard", []byte("\x28\xb5\x2f\xfd" + uid), []string{"a Zstandard file", "unpack it"}},
		{"a disc", disc, []string{"a CD or DVD (.iso)", "unpack it"}},
		{"a part of a zip", []byte("PK\x07\x08" + uid), []string{"one part of a zip archive"}},
		{"gzip twice", gz(t, gz(t, inflated(t, ct(t)))), []string{"compressed twice", "unpack it once"}},
		{"gzip of a tar.gz", gz(t, gz(t, tarOf(t, tar.FormatGNU, series))), []string{"compressed twice"}},
		{"gzip of a zip", gz(t, zipOf(t, series)), []string{"a zip archive that was compressed once more"}},
		{"gzip of RAR", gz(t, []byte("Rar!\x1a\x07\x01\x00"+uid)), []string{"compressed with gzip, and inside is a RAR archive"}},
		{"gzip of NRRD", gz(t, []byte(nrrd)), []string{"inside is an NRRD volume", "convert it to NIfTI"}},
		{"gzip of nothing", gz(t, nil), []string{"nothing"}},
		{"gzip of zeros", gz(t, make([]byte, 9000)), []string{"zeros", "send it again"}},
		{"gzip of a slice without preamble", gz(t, dicomtest.Axial(0, 40, 40).Bytes()[132:]), []string{"a compressed DICOM file"}},
		{"NRRD", []byte(nrrd), []string{"an NRRD volume", "convert it to NIfTI"}},
		{"NRRD of DICOM", []byte(nrrd + "DICOM_0008_0016:=" + uid), []string{"an NRRD volume"}},
		{"MetaImage", []byte("ObjectType = Image\nNDims = 3\n\x00\x01" + uid), []string{"a MetaImage file", "convert it to NIfTI"}},
		{"MetaImage, other order", []byte("NDims = 3\nElementType = MET_SHORT\nElementDataFile = a.raw\n"), []string{"a MetaImage file"}},
		{"MINC", []byte("\x89HDF\r\n\x1a\n" + uid), []string{"HDF5", "convert it to NIfTI"}},
		{"FreeSurfer", append([]byte{0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0}, make([]byte, 400)...), []string{"MGH volume"}},
		{"a web page", []byte("\n<!DOCTYPE html><html>sign in</html>"), []string{"a web page"}},
		{"Git LFS", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"), []string{"a Git LFS pointer", "git lfs pull"}},
		{"git-annex", []byte("/annex/objects/MD5E-s9--0.nii.gz\n"), []string{"a git-annex pointer"}},
		{"AppleDouble", append([]byte{0, 5, 0x16, 7, 0, 2, 0, 0}, uid...), []string{"an AppleDouble file"}},
		{"a program", []byte("MZ\x90\x00" + uid), []string{"a Windows program"}},
		{"a database", []byte("SQLite format 3\x00" + uid), []string{"an SQLite database"}},
		{"JSON", []byte(`{"PixelSpacing": [1, 1]}`), []string{"a JSON file"}},
		{"Word", []byte("PK\x03\x04" + strings.Repeat("\x00", 22) + "\x13\x00\x00\x00[Content_Types].xml<xml/>"), []string{"a Word, Excel"}},
		{"zeros", make([]byte, 70_000), []string{"zeros", "send it again"}},
		{"short text", []byte("BM of the patient"), []string{"is text"}},
		{"UTF-16", []byte{0xff, 0xfe, 'H', 0, 'i', 0}, []string{"is text"}},
		{"bytes", bytes.Repeat([]byte{0x81, 0x17}, 99), []string{"is of an unknown kind, not a scan: send a NIfTI file"}},
	}
	for _, c := range cases {
		_, _, err := volumeOf(t, of(c.file))
		if code(err) != "unrecognized" {
			t.Errorf("%s: %v, want unrecognized", c.name, err)
		}
		for _, says := range c.says {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want it to say %q", c.name, err, says)
			}
		}
	}
	for name, c := range map[string]struct {
		file       []byte
		code, says string
	}{
		"half a pair":               {pair, "unsupported_format", ".hdr/.img pair"},
		"half a pair, compressed":   {gz(t, pair), "unsupported_format", ".hdr/.img pair"},
		"Analyze":                   {hdr, "bad_magic", "Analyze"},
		"a DICOMDIR":                {directory.Bytes(), "no_image_series", "DICOMDIR"},
		"a compressed NIfTI zipped": {zipOf(t, dicomtest.Drop{ct(t)}), "no_image_series", "by itself"},
		"a zip of an NRRD":          {zipOf(t, dicomtest.Drop{[]byte(nrrd)}), "no_image_series", "an NRRD volume"},
		"a zip of a zip":            {zipOf(t, dicomtest.Drop{zipOf(t, series)}), "nested_archive", "unpack"},
		"a zip of a tar.gz":         {zipOf(t, dicomtest.Drop{gz(t, tarOf(t, tar.FormatGNU, series))}), "nested_archive", "unpack"},
		"a zip of a tar":            {zipOf(t, dicomtest.Drop{tarOf(t, tar.FormatGNU, series)}), "nested_archive", "unpack"},
		"a damaged slice":           {append([]byte{7}, dicomtest.Axial(0, 4, 4).Bytes()...), "corrupt_dicom", "damaged"},
	} {
		if _, _, err := volumeOf(t, of(c.file)); code(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s that says %q", name, err, c.code, c.says)
		}
	}
	// A DICOM file is one whatever its preamble says, and a NIfTI file without the
	// compression that its name may promise is read.
	for _, preamble := range []string{"II*\x00", "MZ", "PK\x03\x04", "Rar!\x1a\x07", "%PDF", "\x1f\x8b"} {
		file := dicomtest.Axial(0, 4, 4).Bytes()
		copy(file, preamble)
		if _, _, err := volumeOf(t, of(file)); code(err) != "too_few_slices" {
			t.Errorf("a slice that begins with %q: %v", preamble, err)
		}
	}
}

// Links in a local folder are followed, and one that leads nowhere is told of.
func TestDirectoryFollowsLinks(t *testing.T) {
	dir, store := t.TempDir(), t.TempDir()
	put := func(at, name string, data []byte) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(at, name)), 0o700), os.WriteFile(filepath.Join(at, name), data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	series := dicomtest.Series(8, 6, 7, nil)
	want, _, err := volumeOf(t, of(zipOf(t, series)))
	if err != nil {
		t.Fatal(err)
	}
	put(dir, "a/0.dcm", series[0])
	put(dir, "a/1.dcm", series[1])
	put(dir, ".git/annex/objects/2", series[2])
	put(store, "3", series[3])
	put(store, "more/4.dcm", series[4])
	put(store, "more/deep/5.dcm", series[5])
	put(store, "6", series[6])
	link("../.git/annex/objects/2", "a/2.dcm") // a store inside the folder
	link(filepath.Join(store, "3"), "a/3.dcm")
	link(filepath.Join(store, "more"), "b") // a folder
	if err := os.Link(filepath.Join(store, "6"), filepath.Join(dir, "6.dcm")); err != nil {
		put(dir, "6.dcm", series[6])
	}
	put(store, "more/7.dcm", series[7])
	link("..", "a/up")   // a ring
	link("self", "self") // a shorter one, unlike a slice
	read := func() ([]byte, prepare.Report) {
		t.Helper()
		d, err := prepare.OpenDirectory(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		got, report, err := volumeOf(t, prepare.Source{Folder: d})
		if err != nil {
			t.Fatal(err)
		}
		return got, report
	}
	got, report := read()
	if !bytes.Equal(got, want) || len(report.Warnings) != 1 || report.Warnings[0].Code != "strangers" {
		t.Errorf("other bytes, or warnings %v", report.Warnings)
	}
	link("gone", "a/9.dcm")
	if got, report = read(); !bytes.Equal(got, want) || len(report.Warnings) != 2 || report.Warnings[1].Code != "lost_slices" {
		t.Errorf("a link into nowhere: warnings %v", report.Warnings)
	}
}

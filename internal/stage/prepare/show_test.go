package prepare_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/png"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/picture"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// stored is a NIfTI file of a scan whose voxels lie as an affine says.
func stored(t *testing.T, dims [3]int, a volume.Affine, hu func(p [3]float64) int16) []byte {
	t.Helper()
	v := &volume.Volume{Dims: dims, Affine: a}
	for n := range v.Len() {
		v.Voxels = append(v.Voxels, hu(a.Apply([3]float64{float64(n % dims[0]), float64(n / dims[0] % dims[1]), float64(n / dims[0] / dims[1])})))
	}
	var b bytes.Buffer
	if err := nifti.WriteVolume(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// However a file is oriented, its picture has the patient's right at the left, and
// anterior and superior at the top (sagittal: anterior at the left).
func TestScanIsShownTheRightWayUp(t *testing.T) {
	cos, sin := math.Cos(0.3), math.Sin(0.3)
	for name, a := range map[string]volume.Affine{
		"RAS":               {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}},
		"sagittal, PSR":     {{0, 0, 1, 0}, {-1, 0, 0, 0}, {0, 1, 0, 0}},
		"oblique, flipped":  {{-cos, sin, 0, 0}, {-sin, -cos, 0, 0}, {0, 0, 1, 0}},
		"oblique coronal":   {{cos, 0, -sin, 0}, {0, 1, 0, 0}, {-sin, 0, -cos, 0}},
		"as LSA, left-hand": {{-1, 0, 0, 0}, {0, 0, 1, 0}, {0, 1, 0, 0}},
	} {
		if testing.Short() && name != "oblique, flipped" {
			continue // a picture takes the race detector seconds
		}
		t.Run(name, func(t *testing.T) {
			dims := [3]int{25, 25, 25}
			middle := a.Apply([3]float64{12, 12, 12})
			// Three balls, each of its own gray in the window of soft tissue.
			balls := []struct {
				at   [3]float64 // from the middle, mm
				hu   int16
				gray uint8
			}{{[3]float64{-8, 0, 0}, 200, 230}, {[3]float64{0, 8, 0}, 100, 166}, {[3]float64{0, 0, 8}, 0, 102}}
			w := dropped(t, stored(t, dims, a, func(p [3]float64) int16 {
				for _, b := range balls {
					if math.Hypot(math.Hypot(p[0]-middle[0]-b.at[0], p[1]-middle[1]-b.at[1]), p[2]-middle[2]-b.at[2]) <= 4 {
						return b.hu
					}
				}
				return -1000
			}), nil)
			if out, err := w.prepare(t, "tissue"); err != nil || !out.Ready {
				t.Fatalf("%v %+v", err, out)
			}
			img, err := png.Decode(bytes.NewReader(w.results.Bytes(job.Key(id, 1, job.ScanPNG))))
			if err != nil {
				t.Fatal(err)
			}
			pixels := img.(*image.Gray)
			third := img.Bounds().Dx() / 3
			// where is the middle of what has a gray, from the middle of a panel.
			where := func(panel int, gray uint8) (x, y float64) {
				n := 0.0
				for i := panel * third; i < (panel+1)*third; i++ {
					for j := range img.Bounds().Dy() {
						if c := pixels.GrayAt(i, j).Y; c >= gray-3 && c <= gray+3 {
							x, y, n = x+float64(i-panel*third-third/2), y+float64(j), n+1
						}
					}
				}
				if n < 50 {
					t.Fatalf("panel %d: %v pixels of %d", panel, n, gray)
				}
				return x / n, y / n
			}
			left, front, top := balls[0].gray, balls[1].gray, balls[2].gray
			xl, yl := where(0, left)
			xf, yf := where(0, front)
			if xl <= xf+40 || yf >= yl-40 {
				t.Errorf("axial: left at %.0f,%.0f, anterior at %.0f,%.0f", xl, yl, xf, yf)
			}
			xl, yl = where(1, left)
			xt, yt := where(1, top)
			if xl <= xt+40 || yt >= yl-40 {
				t.Errorf("coronal: left at %.0f,%.0f, superior at %.0f,%.0f", xl, yl, xt, yt)
			}
			xf, yf = where(2, front)
			xt, yt = where(2, top)
			if xf >= xt-40 || yt >= yf-40 {
				t.Errorf("sagittal: anterior at %.0f,%.0f, superior at %.0f,%.0f", xf, yf, xt, yt)
			}
		})
	}
}

func pictureOf(w *world) []job.Artifact { return w.record().Artifacts }

// The record lists the picture while the job runs; a repeat writes the same bytes.
func TestScanIsListed(t *testing.T) {
	w := dropped(t, zipOf(t, dicomtest.Series(4, 4, 4, nil)), nil)
	if _, err := w.prepare(t, "tissue"); err != nil {
		t.Fatal(err)
	}
	first := w.results.Bytes(job.Key(id, 1, job.ScanPNG))
	got := pictureOf(w)
	if len(got) != 1 || got[0].Name != job.ScanPNG || got[0].Attempt != 1 || got[0].Bytes != int64(len(first)) ||
		got[0].MediaType != "image/png" || len(got[0].SHA256) != 64 || w.record().Shown != 0 {
		t.Fatalf("%+v", w.record())
	}
	if _, err := w.prepare(t, "tissue"); err != nil || !bytes.Equal(first, w.results.Bytes(job.Key(id, 1, job.ScanPNG))) {
		t.Errorf("a repeat differs: %v", err)
	}
	if d := cmp.Diff(got, pictureOf(w)); d != "" {
		t.Error(d)
	}
}

// It is the picture of the volume that was stored, and no chunk of the file is anything
// but its pixels: no text, no time, nothing of the patient.
func TestScanShowsTheVolume(t *testing.T) {
	// Sagittal slices from the left to the right, whose columns run from head to feet.
	w := dropped(t, zipOf(t, dicomtest.Series(4, 6, 5, func(n int, s *dicomtest.Slice) {
		s.Orientation, s.Position = `0\1\0\0\0\-1`, dicomtest.At(20-2*float64(n), -30, 40)
	})), nil)
	if _, err := w.prepare(t, "tissue"); err != nil {
		t.Fatal(err)
	}
	v, err := nifti.ReadVolume(bytes.NewReader(w.object(job.VolumeObject)))
	if err != nil {
		t.Fatal(err)
	}
	if v.Dims != [3]int{4, 5, 6} {
		t.Fatalf("%v voxels", v.Dims)
	}
	var slices picture.Slices
	var want bytes.Buffer
	slices.Begin(v.Dims, v.Affine)
	slices.Add(v.Voxels)
	if err := slices.Write(&want, true); err != nil {
		t.Fatal(err)
	}
	stored := w.results.Bytes(job.Key(id, 1, job.ScanPNG))
	if !bytes.Equal(stored, want.Bytes()) {
		t.Error("it is the picture of another volume")
	}
	for file := stored[8:]; len(file) >= 12; {
		kind := string(file[4:8])
		if kind != "IHDR" && kind != "IDAT" && kind != "IEND" {
			t.Errorf("a chunk %s", kind)
		}
		file = file[12+binary.BigEndian.Uint32(file):]
	}
}

// A job does not fail for want of its picture. One of an earlier attempt, perhaps of
// another series, does not stand for it.
func TestScanThatCannotBeShown(t *testing.T) {
	w := dropped(t, zipOf(t, dicomtest.Series(4, 4, 4, nil)), nil)
	model := job.Artifact{Name: job.ModelGLB}
	w.change(func(r *job.Record) {
		r.Artifacts, r.Shown = []job.Artifact{{Name: job.ScanPNG, Attempt: 1}, model}, 1
	})
	onCall(w.results, "Put", func(string) error { return errors.New("bucket on fire") })
	out, err := w.prepare(t, "tissue")
	if err != nil || !out.Ready {
		t.Fatalf("%v %+v", err, out)
	}
	if d := cmp.Diff([]job.Artifact{model}, pictureOf(w)); d != "" {
		t.Error(d)
	}
}

// A scan that was read, and that no model here takes as it is, is shown all the same: its
// owner is asked what it is, and sees what was sent.
func TestScanThatIsRefusedIsShown(t *testing.T) {
	identity := volume.Affine{{2, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 2, 0}}
	scan := stored(t, [3]int{8, 8, 8}, identity, func(p [3]float64) int16 { return int16(100 + 10*p[0]) })
	for name, c := range map[string]struct {
		option, code string
		tasks        []string
	}{
		"nobody knows what it is":  {"", "unknown_modality", []string{"total", "total_mr"}},
		"an MR where CTs are seen": {"MR", "wrong_modality", []string{"total"}},
	} {
		w := dropped(t, scan, func(o *job.Options) { o.Modality = c.option })
		_, err := w.prepare(t, c.tasks...)
		var refused *job.RejectedError
		if !errors.As(err, &refused) || refused.Code != c.code {
			t.Fatalf("%s: %v", name, err)
		}
		got := pictureOf(w)
		img, err := png.Decode(bytes.NewReader(w.results.Bytes(job.Key(id, 1, job.ScanPNG))))
		if err != nil || len(got) != 1 || got[0].Name != job.ScanPNG || got[0].Attempt != 1 {
			t.Fatalf("%s: %v %+v", name, err, got)
		}
		// From its own values: black at the patient's left, white at the right.
		high, low := 0, 255
		for x := range img.Bounds().Dx() / 3 {
			y := int(img.(*image.Gray).GrayAt(x, img.Bounds().Dy()/2-30).Y)
			high, low = max(high, y), min(low, y)
		}
		if high < 250 || low > 5 {
			t.Errorf("%s: its grays are %d to %d", name, low, high)
		}
	}
	// It has gone meanwhile: nothing is left of it.
	w := dropped(t, scan, nil)
	onCall(w.results, "Put", func(string) error {
		w.change(func(r *job.Record) { r.Status = job.Cancelled })
		return nil
	})
	if _, err := w.prepare(t, "total", "total_mr"); err == nil || len(w.results.Keys()) > 0 || len(pictureOf(w)) > 0 {
		t.Errorf("%v %v %v", err, w.results.Keys(), pictureOf(w))
	}
}

// A label map that was uploaded has no scan to show.
func TestLabelsHaveNoScan(t *testing.T) {
	m := &volume.LabelMap{Dims: [3]int{3, 3, 3}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, 27)}
	m.U8[13] = 5
	var b bytes.Buffer
	if err := nifti.WriteLabels(&b, m); err != nil {
		t.Fatal(err)
	}
	w := dropped(t, b.Bytes(), func(o *job.Options) { o.Task = job.TaskLabels })
	out, err := w.prepare(t, "tissue")
	if err != nil || out != (job.PrepareOutput{Ready: true, Labels: true}) || len(pictureOf(w)) > 0 || len(w.results.Keys()) > 0 {
		t.Errorf("%v %+v %v %v", err, out, pictureOf(w), w.results.Keys())
	}
}

// A job that is cancelled or erased while its picture is stored leaves nothing.
func TestScanOfAJobThatGoes(t *testing.T) {
	w := dropped(t, zipOf(t, dicomtest.Series(4, 4, 4, nil)), nil)
	onCall(w.results, "Put", func(string) error {
		w.change(func(r *job.Record) { r.Status = job.Cancelled })
		return nil
	})
	out, err := w.stage("tissue").Prepare(t.Context(), job.StageInput{Job: id, Attempt: 1})
	if err != nil || out != (job.PrepareOutput{Gone: true}) || len(w.keys())+len(w.results.Keys()) > 0 || len(pictureOf(w)) > 0 {
		t.Errorf("%v %+v %v %v", err, out, w.keys(), w.results.Keys())
	}
}

package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image/png"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// fetch asks without following redirects.
func fetch(t *testing.T, address string, header http.Header) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// A scan is dropped with a plain S3 client; what comes of it is a valid GLB of
// the right volumes behind a signed URL, and the endpoint woke once for it.
func TestADroppedScanBecomesAModel(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	scan := sample(t, 96)
	capacity := s.watchCapacity(t)
	id := s.send(t, scan, "people/scan 1+ñ.nii.gz")
	model := s.HTTP + "/v1/jobs/" + id + "/artifacts/model.glb"
	if resp, body := fetch(t, model, nil); resp.StatusCode != http.StatusConflict || resp.Header.Get("Retry-After") == "" {
		t.Errorf("the model before it is ready: %s, Retry-After %q, %s", resp.Status, resp.Header.Get("Retry-After"), body)
	}
	s.ends(t, id, "ready", "")

	redirect, _ := fetch(t, model, nil)
	if redirect.StatusCode != http.StatusTemporaryRedirect {
		t.Fatalf("the model: %s", redirect.Status)
	}
	signed := redirect.Header.Get("Location")
	resp, glb := fetch(t, signed, nil)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "model/gltf-binary" {
		t.Fatalf("the signed URL: %s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	validate(t, s.root, glb)
	encoded(t, s, id, len(glb))
	pictured(t, s, id)
	refusedURLs(t, signed)
	expiredURL(t, s, id)
	agree(t, s, id)
	s.parked(t)
	if n := s.handled(t, "iris-glimpse"); n > 0 {
		t.Errorf("with the tissue model %d first looks were made", n)
	}
	if got := capacity(); !slices.Equal(got, []int{0, 1, 0}) {
		t.Errorf("the endpoint's capacity went %v, want 0, 1, 0", got)
	}
}

// pictured: what prepare drew of the scan is among the artifacts of the job that is ready.
func pictured(t *testing.T, s *stack, id string) {
	t.Helper()
	redirect, _ := fetch(t, s.HTTP+"/v1/jobs/"+id+"/artifacts/scan.png", nil)
	resp, sent := fetch(t, redirect.Header.Get("Location"), nil)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("scan.png: %s, %v", resp.Status, resp.Header)
	}
	if _, err := png.Decode(bytes.NewReader(sent)); err != nil {
		t.Errorf("scan.png: %v", err)
	}
}

// encoded: the model to look at is sent as gzip to everybody, with the header that
// browsers undo it by, and the record's size and digest are those of the file within.
func encoded(t *testing.T, s *stack, id string, model int) {
	t.Helper()
	redirect, _ := fetch(t, s.HTTP+"/v1/jobs/"+id+"/artifacts/view.glb", nil)
	resp, sent := fetch(t, redirect.Header.Get("Location"), http.Header{"Accept-Encoding": {"identity"}})
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "gzip" || resp.Header.Get("Content-Type") != "model/gltf-binary" {
		t.Fatalf("view.glb: %s, %v", resp.Status, resp.Header)
	}
	unpack, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(unpack)
	if err != nil {
		t.Fatal(err)
	}
	var job struct {
		Artifacts map[string]struct {
			Bytes       int
			SHA256      string
			Encoding    string
			StoredBytes int `json:"stored_bytes"`
		}
	}
	_, body := fetch(t, s.HTTP+"/v1/jobs/"+id, nil)
	if err := json.Unmarshal(body, &job); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(file)
	a := job.Artifacts["view.glb"]
	if a.Bytes != len(file) || a.SHA256 != hex.EncodeToString(digest[:]) || a.Encoding != "gzip" || a.StoredBytes != len(sent) {
		t.Errorf("the record says %+v, the file has %d bytes and %x, %d were sent", a, len(file), digest, len(sent))
	}
	if len(file)*100 > model*35 {
		t.Errorf("view.glb has %d bytes, model.glb %d", len(file), model)
	}
	validate(t, s.root, file)
}

// validate asks the Khronos validator.
func validate(t *testing.T, root string, glb []byte) {
	t.Helper()
	c := exec.Command("node", filepath.Join(root, "tests", "contract", "gltf-validate.mjs"))
	c.Stdin = bytes.NewReader(glb)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("the validator (make e2e installs it): %v", err)
	}
	var report struct {
		Issues struct {
			NumErrors, NumWarnings int
			Messages               []any
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	if i := report.Issues; i.NumErrors != 0 || i.NumWarnings != 0 {
		t.Errorf("%d errors, %d warnings: %v", i.NumErrors, i.NumWarnings, i.Messages)
	}
}

// refusedURLs: nothing of a signed URL may be another.
func refusedURLs(t *testing.T, signed string) {
	t.Helper()
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	alter := func(name, value string) string {
		q := u.Query()
		q.Set(name, value)
		v := *u
		v.RawQuery = q.Encode()
		return v.String()
	}
	signature := u.Query().Get("X-Amz-Signature")
	flipped := "0"
	if signature[0] == '0' {
		flipped = "1"
	}
	for name, address := range map[string]string{
		"signature":   alter("X-Amz-Signature", flipped+signature[1:]),
		"life":        alter("X-Amz-Expires", "604800"),
		"disposition": alter("response-content-disposition", "inline"),
		"key":         strings.Replace(signed, "model.glb", "labels.nii.gz", 1),
		"date":        alter("X-Amz-Date", u.Query().Get("X-Amz-Date")[:9]+"000000Z"),
	} {
		if resp, body := fetch(t, address, nil); resp.StatusCode != http.StatusForbidden {
			t.Errorf("another %s: %s %.80s", name, resp.Status, body)
		}
	}
}

func expiredURL(t *testing.T, s *stack, id string) {
	t.Helper()
	client := s3.NewPresignClient(s3.NewFromConfig(s.sdk(t)), s3.WithPresignExpires(time.Second))
	long, err := client.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("iris-results"), Key: aws.String(id + "/1/model.glb")}, s3.WithPresignExpires(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if resp, _ := fetch(t, long.URL, nil); resp.StatusCode != http.StatusOK {
		t.Errorf("within its hour: %s", resp.Status)
	}
	short, err := client.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("iris-results"), Key: aws.String(id + "/1/model.glb")})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2100 * time.Millisecond) // at least: a slower machine comes later still
	if resp, body := fetch(t, short.URL, nil); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a second later: %s %.80s", resp.Status, body)
	}
}

// agree compares meshes with voxels. Shells thinner than three voxels are
// counted by voxels alone.
func agree(t *testing.T, s *stack, id string) {
	t.Helper()
	var j struct {
		Structures []struct {
			Name       string
			VolumeML   float64 `json:"volume_ml"`
			MeshML     float64 `json:"mesh_ml"`
			Watertight bool
		}
	}
	s.call(t, http.MethodGet, "/v1/jobs/"+id, "", &j)
	if len(j.Structures) < 5 {
		t.Errorf("%d structures", len(j.Structures))
	}
	for _, x := range j.Structures {
		if off := math.Abs(x.MeshML-x.VolumeML) / x.VolumeML; x.Name != "skin" && x.VolumeML > 20 && off > 0.01 {
			t.Errorf("%s: mesh %.2f ml, voxels %.2f ml: %.1f %% off", x.Name, x.MeshML, x.VolumeML, off*100)
		}
		if !x.Watertight {
			t.Errorf("%s is not closed", x.Name)
		}
	}
}

// keyMarker is the name that they are dropped as: S3 and the job's record know it, nothing else.
const keyMarker = "ZZDROPPED"

// planted is what the shared cases forbid.
var planted = []string{"ZZPHI", "PHI-MRN", "PHIHOSPITAL", "PHIDOC", "PHISTUDY", "PHISERIES", "PHIACC", "19010203"}

// What is planted in a scan's header or names lies nowhere but in the upload, in what is
// kept of its DICOM series beside the prepared volume, and in the DICOM objects made of it,
// which bear the patient's name as the series does.
func TestNoIdentityLeavesTheUpload(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	s := up(t, state)
	shared := os.Getenv("IRIS_SHARED")
	if shared == "" {
		shared = filepath.Join(s.root, "..", "shared")
	}
	cases := map[string]string{"o-ct-phi-markers.zip": "ready", "o-nii-extension-phi.nii.gz": "ready"}
	for name, status := range cases {
		file := filepath.Join(shared, "imaging", "ok", name)
		if _, err := os.Stat(file); err != nil {
			t.Skipf("SKIPPED: no shared case %s (IRIS_SHARED names their folder)", name)
		}
		ending := name[strings.Index(name, "."):]
		s.ends(t, s.send(t, file, keyMarker+ending), status, "")
	}
	s.rests(t)
	dicom := 0
	err := filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !d.Type().IsRegular() {
			return nil // a file that goes meanwhile
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		if strings.Contains(path, "iris-uploads") {
			return nil
		}
		object := filepath.Base(path)
		if strings.Contains(path, "iris-work") && object == "source.json" {
			return nil
		}
		if zipped, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
			if inner, err := io.ReadAll(zipped); err == nil {
				text = inner
			}
		}
		if strings.Contains(path, "iris-results") && strings.HasSuffix(object, ".dcm") {
			dicom++
			if !bytes.Contains(text, []byte("ZZPHI")) {
				t.Errorf("%s does not bear its patient's name", object)
			}
			return nil
		}
		markers := planted
		if under := strings.TrimPrefix(path, state); !strings.HasPrefix(under, "/s3/") && !strings.HasPrefix(under, "/dynamodb/") {
			markers = append([]string{keyMarker}, planted...)
		}
		for _, marker := range markers {
			if at := bytes.Index(text, []byte(marker)); at >= 0 {
				t.Errorf("%s: %.80q", strings.TrimPrefix(path, state), text[max(0, at-30):])
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if dicom == 0 {
		t.Error("no DICOM object was made of DICOM images")
	}
}

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A job is erased in each of its stages, in buckets that keep versions: nothing of it is
// left in them, no version, no mark of a deletion, no part of an upload, and in the table
// nothing but a tombstone without a name.
func TestAnErasureLeavesNothing(t *testing.T) {
	t.Parallel()
	model := newInstall(t)
	s := up(t, t.TempDir(), "--install", model.dir, "--parameter", "KeepVersions=yes", "--parameter", "Tasks=total") // with first looks
	scan := sample(t, 48)
	erased := map[string]bool{}
	erase := func(id string) {
		t.Helper()
		s.erase(t, id)
		erased[id] = true
	}

	// While it is prepared, or is about to be.
	erase(s.send(t, scan, "Doe^Jane/prepared.nii.gz"))
	// While the model server holds it, which answers afterwards; and while it waits.
	model.hold(t)
	held := s.send(t, scan, "Doe^Jane/held.nii.gz")
	until(t, "the model has the request", time.Minute, func() bool { return model.came(held) && s.job(t, held).Status == "segmenting" })
	queued := s.send(t, scan, "Doe^Jane/queued.nii.gz")
	until(t, "the next one waits for the model", time.Minute, func() bool { return s.working(t, queued, "volume.nii.gz") })
	erase(held)
	erase(queued)
	model.free(t)
	until(t, "the model has answered", time.Minute, func() bool { return model.served(held) })
	// While it is meshed, while it is exported, and twice under one key.
	meshed := s.send(t, scan, "Doe^Jane/meshed.nii.gz")
	until(t, "it is meshed", time.Minute, func() bool { j := s.job(t, meshed); return j.Status == "meshing" || j.ended() })
	erase(meshed)
	twice := s.send(t, scan, "Doe^Jane/twice.nii.gz")
	s.ends(t, twice, "ready", "")
	s.exports(t, twice)
	if err := drop(t.Context(), s.sdk(t), scan, "Doe^Jane/twice.nii.gz"); err != nil {
		t.Fatal(err)
	}
	var second string
	until(t, "the second upload has a job", time.Minute, func() bool {
		list, err := s.jobs("Doe^Jane/twice.nii.gz")
		if err == nil && len(list) == 2 {
			second = list[0].ID
		}
		return second != ""
	})
	erase(twice)
	if j := s.job(t, second); j.Error != nil {
		t.Errorf("the other job of the key: %+v", j.Error)
	}
	erase(second)
	// A folder of slices, and an upload of which one part has arrived.
	f := folder{s, "Doe^Jane/ct/", series(12, "1.2.3.7")}
	f.drop(t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	until(t, "the folder has a job", time.Minute, func() bool { return len(f.ids(t)) == 1 })
	erase(f.ids(t)[0])
	erase(s.half(t))

	s.rests(t)
	until(t, "late writes are gone", time.Minute, func() bool {
		s.janitor(t)
		return len(s.everything(t)) == 0
	})
	for _, it := range s.table(t) {
		pk, sk := attribute(it, "pk"), attribute(it, "sk")
		kind, id, _ := strings.Cut(pk, "#")
		switch kind {
		case "JOB":
			if doc := attribute(it, "doc"); !erased[id] || !strings.Contains(doc, `"Erased":true`) || attribute(it, "owner") != "" {
				t.Errorf("%s: %s", pk, doc)
			}
		case "OPEN", "DUE", "GPU", "SWEEP", "IDEM":
		case "USUAL": // durations, without a word of the jobs in which they were measured
			for id := range erased {
				if text := fmt.Sprint(it); strings.Contains(text, id) {
					t.Errorf("%s %s names an erased job: %s", pk, sk, text)
				}
			}
			if doc := attribute(it, "doc"); !durations.MatchString(doc) {
				t.Errorf("%s %s holds more than durations: %s", pk, sk, doc)
			}
		case "FOLDER":
			if ttl := it["ttl"].(*types.AttributeValueMemberN).Value; ttl > fmt.Sprint(time.Now().Add(26*time.Hour).Unix()) {
				t.Errorf("what is known of the folder ends at %s", ttl)
			}
		default:
			t.Errorf("the table holds %s %s", pk, sk)
		}
		if text := fmt.Sprint(it); strings.Contains(text, "Doe") || strings.Contains(text, "bucket") {
			t.Errorf("%s %s names somebody: %s", pk, sk, text)
		}
	}
	if len(erased) != 8 {
		t.Errorf("%d jobs were erased", len(erased))
	}
}

// durations is all that is kept of stages that were measured: milliseconds, and for each a
// random word of its writer.
var durations = regexp.MustCompile(`^{"took":\[[0-9]+(,[0-9]+)*],"by":\["[A-Za-z0-9_-]{6}"(,"[A-Za-z0-9_-]{6}")*]}$`)

// erase erases a job, whose owner can read nothing of it from then on.
func (s *stack) erase(t *testing.T, id string) {
	t.Helper()
	for _, want := range []int{http.StatusNoContent, http.StatusNotFound} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.HTTP+"/v1/jobs/"+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Fatalf("DELETE %s: %s, want %d: %s", id, resp.Status, want, text)
		}
	}
}

// exports asks for an export and does not wait for it.
func (s *stack) exports(t *testing.T, id string) {
	t.Helper()
	var v struct{ Status string }
	s.call(t, http.MethodGet, "/v1/jobs/"+id+"/artifacts/model.stl?format=stl", "", &v)
	if v.Status != "exporting" {
		t.Errorf("export: %q", v.Status)
	}
}

// half makes a job of whose upload the first part has arrived.
func (s *stack) half(t *testing.T) string {
	t.Helper()
	var made struct {
		Job    struct{ ID string }
		Upload struct{ Signed []struct{ URL string } }
	}
	s.call(t, http.MethodPost, "/v1/jobs", `{"file":"Doe^Jane.nii.gz","bytes":20000000}`, &made)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, made.Upload.Signed[0].URL, strings.NewReader(strings.Repeat("x", 16<<20)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("put a part: %s %s", resp.Status, text)
	}
	return made.Job.ID
}

// everything is whatever the three buckets hold: versions, marks of deletions, and
// uploads that are not complete.
func (s *stack) everything(t *testing.T) (all []string) {
	t.Helper()
	client := s3.NewFromConfig(s.sdk(t))
	for _, bucket := range []string{"iris-uploads", "iris-work", "iris-results"} {
		versions, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range versions.Versions {
			all = append(all, bucket+" "+aws.ToString(v.Key)+" "+aws.ToString(v.VersionId))
		}
		for _, m := range versions.DeleteMarkers {
			all = append(all, bucket+" mark "+aws.ToString(m.Key))
		}
		uploads, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range uploads.Uploads {
			all = append(all, bucket+" upload "+aws.ToString(u.Key))
		}
	}
	return all
}

// table is every item of the table of jobs.
func (s *stack) table(t *testing.T) []map[string]types.AttributeValue {
	t.Helper()
	out, err := dynamodb.NewFromConfig(s.sdk(t)).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("iris-jobs")})
	if err != nil {
		t.Fatal(err)
	}
	return out.Items
}

func attribute(it map[string]types.AttributeValue, name string) string {
	if v, ok := it[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}

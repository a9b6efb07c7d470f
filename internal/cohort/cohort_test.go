package cohort

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

func TestManifests(t *testing.T) {
	want := []Row{
		{ID: "p1", Scan: "a b.nii.gz", Options: map[string]string{"task": "total", "structures": "liver,spleen"}},
		{ID: "p2", Scan: "s3://bucket/ü;x.nii", Options: map[string]string{}},
	}
	for name, text := range map[string]string{
		"commas":             "id,scan,task,structures\np1,a b.nii.gz,total,\"liver,spleen\"\np2,s3://bucket/ü;x.nii,,\n",
		"a spreadsheet's":    "\ufeffid;scan;task;structures\r\np1;a b.nii.gz;total;liver,spleen\r\n\r\np2;\"s3://bucket/ü;x.nii\";;\r\n",
		"Excel's own line":   "\ufeffsep=;\r\nid;scan;task;structures\r\np1;a b.nii.gz;total;liver,spleen\r\np2;\"s3://bucket/ü;x.nii\";;\r\n",
		"tabs":               "scan\tid\ttask\tstructures\na b.nii.gz\tp1\ttotal\tliver,spleen\ns3://bucket/ü;x.nii\tp2\t\t",
		"spaces in the head": "id , scan, task ,structures\np1, a b.nii.gz ,total,\"liver,spleen\"\np2,s3://bucket/ü;x.nii,,\n",
	} {
		rows, err := ReadManifest(strings.NewReader(text))
		if err != nil || !slices.EqualFunc(rows, want, func(a, b Row) bool {
			return a.ID == b.ID && a.Scan == b.Scan && maps.Equal(a.Options, b.Options)
		}) {
			t.Errorf("%s: %+v, %v", name, rows, err)
		}
	}
	for text, want := range map[string]string{
		"":                           "the manifest is empty",
		"scan\n":                     "no scans below",
		"id\np1\n":                   "no column scan",
		"scan,scan\na,b\n":           "is there twice",
		"scan,smothing\na,0.5\n":     `column "smothing" is not known`,
		"scan,task\na\n":             "line 2: wrong number of fields",
		"scan,task\na,total\n ,x\n":  "line 3: scan is empty",
		"scan,id\na,1\nb,1\n":        "line 3: the id is that of line 2 too",
		"scan\n\"a\n":                "line 2: extraneous or missing \" in quoted-field",
		"scan\na\xff\n":              "not text in UTF-8",
		"s\x00c\x00a\x00n\x00\n\x00": "not text in UTF-8", // UTF-16
	} {
		_, err := ReadManifest(strings.NewReader(text))
		var own *Error
		if !errors.As(err, &own) || own.Code != "bad_manifest" || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestDiscover(t *testing.T) {
	scans, others, err := Discover([]string{
		"b.nii.gz", "a.nii", "sub-01/anat/T1w.nii.gz", "study/1/IM1", "study/1/IM2", "study/2/x.dcm", "study/2/DICOMDIR", "study/report.pdf",
		".DS_Store", "labels.seg.nrrd", "old.tar.gz", "README.md",
	}, nil)
	want := []string{"a.nii", "b.nii.gz", "labels.seg.nrrd", "old.tar.gz", "study/1/", "study/2/", "sub-01/anat/T1w.nii.gz"}
	if err != nil || others != 1 || !slices.Equal(scans, want) {
		t.Errorf("%v, %d others, %v", scans, others, err)
	}
	if scans, _, err := Discover([]string{"1.dcm", "2.dcm"}, nil); err != nil || !slices.Equal(scans, []string{"./"}) {
		t.Errorf("slices in the folder itself: %v, %v", scans, err)
	}
	if scans, others, err := Discover([]string{"Makefile", "a/IM1", "b/IM1.dcm"}, func(name string) bool { return name == "a/IM1" }); err != nil || others != 1 || !slices.Equal(scans, []string{"a/", "b/"}) {
		t.Errorf("files without an ending: %v, %d others, %v", scans, others, err)
	}
	for _, names := range [][]string{{"1.dcm", "a/1.dcm"}, {"a/1.dcm", "a/b/c/1.dcm"}} {
		if _, _, err := Discover(names, nil); err == nil {
			t.Errorf("%v: slices within slices", names)
		}
	}
}

// However much of a ledger's last line is on the disk, what was kept before is there, and
// what follows is kept too.
func TestALedgerSurvivesACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	a, b := Row{Scan: "a"}, Row{Scan: "b", Options: map[string]string{"task": "total"}}
	end := &End{Status: job.Ready, Attempt: 2, Structures: []job.Structure{{Name: "liver", VolumeML: 1.5}}, Warnings: []string{"metal"}, CostUSD: 0.25}
	open := func() *Ledger {
		t.Helper()
		l, err := OpenLedger(path, "http://api")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := open()
	if _, err := OpenLedger(path, "http://api"); err == nil || !strings.HasPrefix(err.Error(), "ledger_in_use") {
		t.Errorf("two at a time: %v", err)
	}
	if err := errors.Join(l.Put(a, Entry{Job: "1"}), l.Put(a, Entry{Job: "1", Sent: true, End: end})); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Put(b, Entry{Job: "2"}), l.Close()); err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(whole); cut <= len(all); cut++ {
		if err := os.WriteFile(path, all[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		l := open()
		got := l.Get(a)
		if got.Job != "1" || !got.Sent || got.End.Structures[0] != end.Structures[0] || got.End.CostUSD != 0.25 {
			t.Fatalf("%d bytes: %+v", cut, got)
		}
		if known := l.Get(b).Job == "2"; known != (cut == len(all)) {
			t.Fatalf("%d of %d bytes: %+v", cut, len(all), l.Get(b))
		}
		if err := errors.Join(l.Put(b, Entry{Job: "3"}), l.Close()); err != nil {
			t.Fatal(err)
		}
		l = open()
		if l.Get(b).Job != "3" || l.Get(a).Job != "1" || l.Close() != nil {
			t.Fatalf("%d bytes: what followed is not there", cut)
		}
	}
	for cut := range bytes.IndexByte(all, '\n') + 1 { // the first line itself
		if err := os.WriteFile(path, all[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if l := open(); l.Get(a).Job != "" || l.Close() != nil {
			t.Fatal(cut)
		}
	}
	for text, want := range map[string]string{
		"{\"cohort\":1,\"api\":\"http://api\"}\nx\n{}\n": "line 2 is damaged", "{\"cohort\":1,\"api\":\"http://api\"}\n{}\n": "line 2 says nothing",
		"{\"cohort\":2,\"api\":\"http://api\"}\n": "not a ledger of this version", "notes": "not a ledger",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenLedger(path, "http://api"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
		if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("a file that is no ledger was changed: %q", got)
		}
	}
}

// The key follows from content, kind, options and generation, and nothing else.
func TestIdempotencyKeys(t *testing.T) {
	e := Entry{SHA256: "aa"}
	options := map[string]string{"task": "total", "fast": "true"}
	key := e.IdempotencyKey(".nii", options)
	if again := (Entry{SHA256: "aa", Job: "x", Print: "p"}).IdempotencyKey(".nii", map[string]string{"fast": "true", "task": "total"}); again != key || len(key) > 255 {
		t.Errorf("%s, %s", key, again)
	}
	seen := map[string]bool{key: true}
	for _, other := range []string{
		Entry{SHA256: "ab"}.IdempotencyKey(".nii", options), e.IdempotencyKey(".nii.gz", options), e.IdempotencyKey(".nii", nil),
		e.IdempotencyKey(".nii", map[string]string{"task": "total", "fast": "false"}), Entry{SHA256: "aa", Generation: 1}.IdempotencyKey(".nii", options),
	} {
		if seen[other] {
			t.Error(other)
		}
		seen[other] = true
	}
}

// Whatever scans cost, of which none costs more than the dearest known at its beginning,
// nothing is spent beyond the cap; and nobody waits when nothing is under way.
func TestABudget(t *testing.T) {
	ready := func(cost float64) End { return End{Status: job.Ready, CostUSD: cost} }
	b := Budget{Cap: 10}
	ctx := t.Context()
	if !b.Begin(ctx) {
		t.Fatal("the first")
	}
	b.End(End{Status: job.Rejected}) // which says nothing of what a model costs
	if !b.Begin(ctx) {
		t.Fatal("the second")
	}
	ended, stop := context.WithCancel(ctx)
	stop()
	if b.Begin(ended) {
		t.Error("another before the first tells what it costs")
	}
	b.End(ready(3))
	for range 2 {
		if !b.Begin(ctx) {
			t.Error("three of 3 dollars each are 9")
		}
	}
	if b.Begin(ended) {
		t.Error("three of 3 dollars each are 9, a fourth is too much")
	}
	waited := make(chan bool)
	go func() { waited <- b.Begin(ctx) }()
	b.End(ready(1)) // cheaper than it was counted
	b.End(ready(2))
	if !<-waited || b.Total() != 6 {
		t.Errorf("6 of 10 are spent, and 3 more may be: %v", b.Total())
	}
	b.Abandon()
	b.Spent(ready(2))
	if b.Begin(ctx) {
		t.Error("8 of 10 are spent, and 3 more are too much")
	}
	for i, c := range []struct {
		cap, least float64
		want       bool
	}{{0, 0, true}, {1, 2, false}, {1, 1, true}, {1e-9, 0, true}} {
		b := Budget{Cap: c.cap, Least: c.least}
		if got := b.Begin(ctx); got != c.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}

func TestTheTable(t *testing.T) {
	var out bytes.Buffer
	err := WriteTable(&out, []Result{
		{Row: Row{ID: "=1+1", Scan: "a,b.nii"}, Job: "J", Status: "ready", End: &End{Attempt: 1, Warnings: []string{"metal", "lung_cut"},
			Structures: []job.Structure{{Label: 7, Name: "-x", VolumeML: 1.23456, MeshML: 1, SurfaceCM2: 2, Triangles: 12, Partial: true}}}},
		{Row: Row{Scan: "c"}, Status: NotSent, Code: "spend_cap", Text: "no\nmore"},
	})
	want := strings.Join(Columns, ",") + "\n" +
		"'=1+1,\"a,b.nii\",J,ready,1,'-x,7,1.235,1.000,2.000,12,true,false,metal lung_cut,,\n" +
		",c,,not_sent,,,,,,,,,,,spend_cap,\"no\nmore\"\n"
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
	}
}

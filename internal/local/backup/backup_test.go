//go:build !windows

package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zip"
	"golang.org/x/sys/unix"
)

// state is a folder that looks as a stack's does.
func state(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), ".iris")
	for name, content := range map[string]string{
		"store.db": "records", "credentials": "secret", "token": "t", "lock": "123\n", "ready.json": "{}",
		"logs/api.log": "line", "run/s3.json": "{}", "s3/lock": "", "dynamodb/made": "", "dynamodb/data/000003.log": "items",
		"s3/data/iris-uploads/a folder/ñ 1.nii.gz": "scan", "s3/data/iris-results/x/1/model.glb": strings.Repeat("m", 100_000),
		"s3/data/iris-results/.tmp-name of an object": "o", ".tmp-1": "left by a crash",
	} {
		whole := filepath.Join(root, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(whole), 0o700), os.WriteFile(whole, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "s3/data/iris-work/empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	scan := filepath.Join(root, "s3/data/iris-uploads/a folder/ñ 1.nii.gz")
	if err := unix.Lsetxattr(scan, "user.etag", []byte("\"\x00e\""), 0); err != nil && !errors.Is(err, unix.ENOTSUP) {
		t.Fatal(err)
	}
	if err := os.Chtimes(scan, time.Time{}, time.Unix(1_700_000_000, 123_456_789)); err != nil {
		t.Fatal(err)
	}
	return root
}

// seen is all that a folder says, without what passes.
func seen(t *testing.T, root string) map[string]entry {
	t.Helper()
	found := map[string]entry{}
	err := filepath.WalkDir(root, func(whole string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, whole)
		if err != nil || name == "." || left(filepath.ToSlash(name)) {
			if err == nil && d.IsDir() && name != "." {
				return fs.SkipDir
			}
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{Name: name, Dir: d.IsDir(), Mode: uint32(info.Mode().Perm())}
		if e.Attributes, err = attributes(whole); err != nil {
			return err
		}
		if !d.IsDir() {
			e.ModifiedNS = info.ModTime().UnixNano()
			text, err := os.ReadFile(whole)
			if err != nil {
				return err
			}
			e.SHA256 = string(text)
		}
		found[name] = e
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func archive(t *testing.T, root string) []byte {
	t.Helper()
	h, err := Hold(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	// What happens to the state afterwards is not in it.
	log := filepath.Join(root, "dynamodb/data/000003.log")
	was, err := os.Stat(log)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(log, []byte("items and more"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := errors.Join(h.Write(&out, time.Unix(1, 0)), h.Close()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(log, []byte("items"), 0o600), os.Chtimes(log, time.Time{}, was.ModTime())); err != nil {
		t.Fatal(err)
	}
	if list, _ := filepath.Glob(filepath.Join(root, heldPrefix+"*")); len(list) > 0 {
		t.Error("the backup left", list)
	}
	return out.Bytes()
}

func differ(a, b map[string]entry) string { return cmp.Diff(a, b, cmp.AllowUnexported(entry{})) }

func TestAStateComesBackAsItWas(t *testing.T) {
	root := state(t)
	want := seen(t, root)
	file := archive(t, root)
	again := filepath.Join(t.TempDir(), "new", ".iris")
	before, err := Restore(bytes.NewReader(file), int64(len(file)), again, false)
	if err != nil || before != "" {
		t.Fatal(before, err)
	}
	if diff := differ(want, seen(t, again)); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"lock", "ready.json", "logs", "run", ".tmp-1"} {
		if _, err := os.Lstat(filepath.Join(again, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s came back", name)
		}
	}
}

func TestAStateIsNotReplacedUnasked(t *testing.T) {
	root := state(t)
	file := archive(t, root)
	if err := os.WriteFile(filepath.Join(root, "token"), []byte("of later"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := seen(t, root)
	var exists *ExistsError
	if _, err := Restore(bytes.NewReader(file), int64(len(file)), root, false); !errors.As(err, &exists) {
		t.Fatal(err)
	}
	if diff := differ(want, seen(t, root)); diff != "" {
		t.Error(diff)
	}
	before, err := Restore(bytes.NewReader(file), int64(len(file)), root, true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := differ(want, seen(t, before)); diff != "" {
		t.Error("what was there:", diff)
	}
	text, err := os.ReadFile(filepath.Join(root, "token"))
	if err != nil || string(text) != "t" {
		t.Errorf("%q, %v", text, err)
	}
}

// Whatever is cut off or changed, the archive is refused by name or gives the very state,
// and nothing is left.
func TestADamagedArchiveIsRefused(t *testing.T) {
	root := state(t)
	want := seen(t, root)
	file := archive(t, root)
	random := rand.New(rand.NewPCG(1, 2))
	parent := t.TempDir()
	refused := 0
	try := func(what string, bad []byte) {
		t.Helper()
		to := filepath.Join(parent, "x")
		_, err := Restore(bytes.NewReader(bad), int64(len(bad)), to, false)
		var damaged *DamagedError
		var newer *NewerError
		if err == nil {
			if diff := differ(want, seen(t, to)); diff != "" {
				t.Errorf("%s: %s", what, diff)
			}
			if err := os.RemoveAll(to); err != nil {
				t.Fatal(err)
			}
		} else if refused++; !errors.As(err, &damaged) && !errors.As(err, &newer) {
			t.Errorf("%s: %v", what, err)
		}
		if list, _ := os.ReadDir(parent); len(list) > 0 {
			t.Fatalf("%s: left %v", what, list)
		}
	}
	for _, n := range []int{0, 1, 21, len(file) / 2, len(file) - 1} {
		try("cut", file[:n])
	}
	const bits = 80
	for range bits {
		bad := bytes.Clone(file)
		at := random.IntN(len(bad))
		if random.IntN(4) > 0 { // most bytes are of one large file
			at = len(bad) - 1 - random.IntN(2500)
		}
		bad[at] ^= 1 << random.IntN(8)
		// Fields of the zip that its reader does not look at (times, systems) may differ.
		try("a bit", bad)
	}
	if refused < bits/2 {
		t.Errorf("only %d were refused", refused)
	}
}

// forged is an archive whose manifest somebody else wrote.
func forged(t *testing.T, change func(*manifest)) []byte {
	t.Helper()
	const x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" // SHA-256 of "x"
	m := manifest{Version: Version, Entries: []entry{
		{Name: "store.db", Mode: 0o600, Bytes: 1, SHA256: x},
		{Name: "s3", Dir: true, Mode: 0o700},
		{Name: "s3/x", Mode: 0o600, Bytes: 1, SHA256: x},
	}}
	change(&m)
	var out bytes.Buffer
	pack := zip.NewWriter(&out)
	for i, e := range m.Entries {
		if !e.Dir {
			w, err := pack.CreateHeader(&zip.FileHeader{Name: number(i), Method: zip.Store})
			if err == nil {
				_, err = io.WriteString(w, "x")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pack.Create(manifestName)
	if err == nil {
		_, err = w.Write(text)
	}
	if err := errors.Join(err, pack.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestForgedArchives(t *testing.T) {
	name := func(n string) func(*manifest) { return func(m *manifest) { m.Entries[2].Name = n } }
	for what, change := range map[string]func(*manifest){
		"above": name("../x"), "absolute": name("/tmp/x"), "above within": name("s3/../../x"), "dot": name("s3/./x"), "empty": name(""),
		"the folder itself": name("."), "NUL": name("s3/a\x00b"), "twice": name("store.db"), "a file and a folder": name("s3"),
		"below a file": name("store.db/x"), "without a folder": name("s4/x"), "what passes": name("lock"), "a held folder": name("backup-1"),
		"a system's attribute": func(m *manifest) { m.Entries[2].Attributes = map[string][]byte{"security.capability": {1}} },
		"setuid":               func(m *manifest) { m.Entries[2].Mode = 0o4755 },
		"another length":       func(m *manifest) { m.Entries[2].Bytes = 2 },
		"a negative length":    func(m *manifest) { m.Entries[2].Bytes = -1 },
		"another digest":       func(m *manifest) { m.Entries[2].SHA256 = strings.Repeat("0", 64) },
		"no store":             func(m *manifest) { m.Entries[0].Name = "other" },
		"a name too long":      name("s3/" + strings.Repeat("x", 300)),
	} {
		t.Run(what, func(t *testing.T) {
			parent := t.TempDir()
			bad := forged(t, change)
			_, err := Restore(bytes.NewReader(bad), int64(len(bad)), filepath.Join(parent, "x"), false)
			var damaged *DamagedError
			if what == "a name too long" {
				if !errors.Is(err, unix.ENAMETOOLONG) || strings.Contains(err.Error(), "xxx") {
					t.Error(err)
				}
			} else if !errors.As(err, &damaged) {
				t.Error(err)
			}
			if found, _ := os.ReadDir(parent); len(found) > 0 {
				t.Error("left", found)
			}
		})
	}
	good := forged(t, func(*manifest) {})
	if _, err := Restore(bytes.NewReader(good), int64(len(good)), filepath.Join(t.TempDir(), "x"), false); err != nil {
		t.Error("the one that was not changed:", err)
	}
	later := forged(t, func(m *manifest) { m.Version = 2 })
	var newer *NewerError
	if _, err := Restore(bytes.NewReader(later), int64(len(later)), filepath.Join(t.TempDir(), "x"), false); !errors.As(err, &newer) {
		t.Error(err)
	}
}

func TestWhatIsNoStateIsNotKept(t *testing.T) {
	root := state(t)
	if err := os.Symlink("/etc/passwd", filepath.Join(root, "s3/data/link")); err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(root, nil); err == nil {
		t.Error("a link was kept")
	}
	if err := os.Mkdir(filepath.Join(root, heldPrefix+"of a killed one"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Tidy(root); err != nil {
		t.Fatal(err)
	}
	if list, _ := filepath.Glob(filepath.Join(root, heldPrefix+"*")); len(list) > 0 {
		t.Error("left", list)
	}
}

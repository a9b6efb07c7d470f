package job

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestIDsSortByTime(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	before := ""
	for range 1000 {
		var entropy [10]byte
		for n := range entropy {
			entropy[n] = byte(random.Uint32())
		}
		id := NewID(at, entropy)
		if !ValidID(id) || id <= before {
			t.Fatalf("%s after %s at %v", id, before, at)
		}
		before = id
		at = at.Add(time.Duration(1+random.IntN(1e6)) * time.Millisecond)
	}
	if got := NewID(time.UnixMilli(1<<48-1), [10]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255}); got != "7ZZZZZZZZZZZZZZZZZZZZZZZZZ" {
		t.Errorf("the greatest id is %s", got)
	}
	// The example of https://github.com/ulid/spec: its time part.
	if got := NewID(time.UnixMilli(1469918176385), [10]byte{}); got != "01ARYZ6S41"+strings.Repeat("0", 16) {
		t.Errorf("%s", got)
	}
}

// The framing of bucket, key and sequencer is injective: no two splits of one text are one job.
func TestDeriveIDFramesItsParts(t *testing.T) {
	text := "ab/cd\x00ef"
	seen := map[string][2]int{}
	for i := range len(text) + 1 {
		for j := i; j <= len(text); j++ {
			id := DeriveID(text[:i], text[i:j], text[j:])
			if other, taken := seen[id]; taken || !ValidID(id) {
				t.Errorf("split at %d, %d is %s as is %v", i, j, id, other)
			}
			seen[id] = [2]int{i, j}
		}
	}
	if again := DeriveID("b", "k", "s"); again != DeriveID("b", "k", "s") {
		t.Error("the same object has two ids")
	}
}

func TestNamesAreReadBack(t *testing.T) {
	id := DeriveID("b", "k", "s")
	for _, attempt := range []int{1, 2, 10, 1 << 30} {
		if gotID, got, ok := ParseExecutionName(ExecutionName(id, attempt)); !ok || gotID != id || got != attempt {
			t.Errorf("attempt %d: %s, %d, %v", attempt, gotID, got, ok)
		}
	}
	for _, name := range []string{"", id, id + "-", id + "-0", id + "--1", id + "-01", id + "-+1", id + "-1-1", "x-1", strings.ToLower(id) + "-1", id + "-99999999999999999999"} {
		if _, _, ok := ParseExecutionName(name); ok {
			t.Errorf("%q is an execution's name", name)
		}
	}
	for _, file := range []string{"scan.nii", "a/b", " ", "../x"} {
		if gotID, got, ok := ParseUploadKey(UploadKey(id, file)); !ok || gotID != id || got != file {
			t.Errorf("%q: %s, %q, %v", file, gotID, got, ok)
		}
	}
	for _, key := range []string{"", "jobs/", "jobs/" + id, "jobs/" + id + "/", "x/jobs/" + id + "/a", "jobs/x/a", "Jobs/" + id + "/a"} {
		if _, _, ok := ParseUploadKey(key); ok {
			t.Errorf("%q is an awaited key", key)
		}
	}
	for _, id := range []string{"", id + "0", id[1:], "8" + id[1:], "0I" + id[2:], "0L" + id[2:], "0O" + id[2:], "0U" + id[2:], "0é" + id[3:]} {
		if ValidID(id) {
			t.Errorf("%q is an id", id)
		}
	}
}

func TestCanMoveOnlyForward(t *testing.T) {
	all := []Status{AwaitingUpload, Received, Preparing, Warming, Segmenting, Meshing, Ready, Rejected, Failed, Cancelled, Expired}
	for i, from := range all {
		for j, to := range all {
			if got, want := CanMove(3, from, 3, to), !from.Ended() && i < j; got != want {
				t.Errorf("%s to %s: %v", from, to, got)
			}
			if !CanMove(3, from, 4, to) || CanMove(3, from, 2, to) {
				t.Errorf("%s to %s in another attempt", from, to)
			}
		}
		if CanMove(1, from, 2, "x") || CanMove(1, "x", 2, from) || from.Ended() != (i >= 6) {
			t.Errorf("%s and the unknown", from)
		}
	}
}

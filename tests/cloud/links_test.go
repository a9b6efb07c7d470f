package cloud_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// A job that is found by several keys is found by none once it is erased; a
// folder's is found by its prefix.
func TestErasingUndoesEveryLink(t *testing.T) {
	s, ctx := table(t), t.Context()
	erased, other := record(1, "a", "first.dcm"), record(2, "a", "first.dcm")
	folder := record(3, "a", "study/1.dcm")
	folder.Upload.Prefix = "study/"
	for _, r := range []job.Record{erased, other, folder} {
		if _, _, err := s.Create(ctx, r); err != nil {
			t.Fatal(err)
		}
		if err := s.LinkKey(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"second.dcm", "third.dcm"} {
		also := erased
		also.Upload.Key, also.Upload.ETag = key, "of "+key
		if err := s.LinkKey(ctx, also); err != nil {
			t.Fatal(err)
		}
	}
	found := func(key string) (ids []string) {
		page, err := s.ByKey(ctx, key, 10, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Jobs {
			ids = append(ids, r.ID)
		}
		return ids
	}
	if len(found("second.dcm")) != 1 || len(found("first.dcm")) != 2 || len(found("study/")) != 1 || len(found("study/1.dcm")) != 0 {
		t.Errorf("before: %v, %v, %v, %v", found("second.dcm"), found("first.dcm"), found("study/"), found("study/1.dcm"))
	}
	var uploads []string
	for u, err := range s.Linked(ctx, erased.ID) {
		if err != nil {
			t.Fatal(err)
		}
		uploads = append(uploads, u.Key+" "+u.ETag)
	}
	slices.Sort(uploads)
	if !slices.Equal(uploads, []string{"first.dcm ", "second.dcm of second.dcm", "third.dcm of third.dcm"}) {
		t.Errorf("its uploads: %q", uploads)
	}
	for _, r := range []job.Record{erased, folder} {
		if _, err := s.Amend(ctx, r.ID, func(r *job.Record) error { r.Erased = true; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := s.Erase(ctx, r, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"second.dcm", "third.dcm", "study/"} {
		if ids := found(key); len(ids) != 0 {
			t.Errorf("%s still finds %v", key, ids)
		}
	}
	if ids := found("first.dcm"); len(ids) != 1 || ids[0] != other.ID {
		t.Errorf("the other job of the key: %v", ids)
	}
}

// A cursor that this service did not give is refused: DynamoDB would begin
// somewhere, and the caller would take that for the first page.
func TestForeignCursorsAreRefused(t *testing.T) {
	s, ctx := table(t), t.Context()
	id := job.NewID(time.Now(), [10]byte{1})
	for _, text := range []string{"zz", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z#no id", "2026-13-01T00:00:00.000Z#" + id, "#" + id} {
		cursor := base64.RawURLEncoding.EncodeToString([]byte(text))
		var refused *job.RejectedError
		if _, err := s.ByOwner(ctx, "a", 7, cursor); !errors.As(err, &refused) {
			t.Errorf("by owner, cursor of %q: %v", text, err)
		}
		if _, err := s.ByKey(ctx, "k", 7, cursor); !errors.As(err, &refused) {
			t.Errorf("by key, cursor of %q: %v", text, err)
		}
	}
}

package server

import (
	"bytes"
	"errors"
	"sync"
	"testing"
)

// Clients repeat a completion whose answer was late. S3 writes nothing then, and
// sends no event.
func TestARepeatedCompletionIsAnnouncedOnce(t *testing.T) {
	s := start(t, t.TempDir())
	complete, err := s.parts(t, "big.nii", bytes.Repeat([]byte("scan"), 5<<18+5))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := complete(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for range 3 {
		if err := complete(); err != nil {
			t.Error(err)
		}
	}
	if got := s.bus.about("big.nii"); len(got) != 1 {
		t.Errorf("%d announcements of one object: %+v", len(got), got)
	}
}

// A completion whose announcement was refused is not lost: its repeat announces.
func TestARefusedCompletionIsAnnouncedByItsRepeat(t *testing.T) {
	s := start(t, t.TempDir())
	complete, err := s.parts(t, "big.nii", bytes.Repeat([]byte("scan"), 5<<18+5))
	if err != nil {
		t.Fatal(err)
	}
	s.bus.refuse(errors.New("the bus is full"))
	if complete() == nil {
		t.Error("an upload whose announcement failed was acknowledged")
	}
	s.bus.refuse(nil)
	if err := complete(); err != nil {
		t.Fatal(err)
	}
	if got := s.bus.about("big.nii"); len(got) != 1 {
		t.Errorf("%d announcements of one object: %+v", len(got), got)
	}
}

package job

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Erasure is what a tombstone says of the erasure of its job. It names no person, no key
// and no file.
type Erasure struct {
	At time.Time `json:"at"` // when the job became unreadable
	By Eraser    `json:"by"`
	// Found is what was counted of the job when its erasure began, and Late what was
	// deleted after that: a stage that was running at the erasure may write until its
	// time is over.
	Found Tally `json:"found"`
	Late  Tally `json:"late"`
	// Left is what the last look found after it had deleted, and LookedAt its time.
	Left     Tally     `json:"left"`
	LookedAt time.Time `json:"looked_at"`
	// Kept counts the uploaded objects that stay because another job was made of them.
	Kept int `json:"kept"`
	// Final says that nothing could write for the job any more at the last look.
	Final bool `json:"final"`
}

// Eraser is who asked for an erasure.
type Eraser string

// The erasers. ByRetention is the end of the time for which jobs are kept.
const (
	ByOwner     Eraser = "owner"
	ByOperator  Eraser = "operator"
	ByRetention Eraser = "retention"
)

// TombstoneLife is how long the bare tombstone of an erased job is kept, and with it the
// proof of its erasure.
const TombstoneLife = 30 * 24 * time.Hour

// LapsedLife is how long the record of a job is still there after the time for which jobs
// are kept. Nobody can read it, but the janitor, which may have been away, erases by it.
const LapsedLife = 30 * 24 * time.Hour

// Due says when a job's time is over.
type Due struct {
	ID string
	At time.Time
}

// OwnerDigest is by what a tombstone knows its owner again. Without the job's id nobody
// can compare owners.
func OwnerDigest(id, owner string) string {
	sum := sha256.Sum256([]byte(id + "\x00" + owner))
	return hex.EncodeToString(sum[:16])
}

// Bare is the tombstone of an erased record: its id, its times, and what its erasure did.
func (r Record) Bare(until time.Time) Record {
	digest := r.OwnerDigest
	if r.Owner != "" {
		digest = OwnerDigest(r.ID, r.Owner)
	}
	return Record{
		ID: r.ID, Attempt: r.Attempt, Status: r.Status, Erased: true, OwnerDigest: digest, Erasure: r.Erasure,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, ExpiresAt: until,
	}
}

package job

import (
	"math"
	"time"
)

// Record is a job as the parts know it. It is neither a table row (cloud/jobs)
// nor an API body (api): each of those maps it.
type Record struct {
	ID      string
	Attempt int
	Status  Status
	From    string // where this attempt's execution begins
	Owner   string
	Upload  Upload
	Options Options
	Erased  bool // the record is a tombstone, and stages write nothing more
	// Of a tombstone: what the erasure did, and, once the owner is forgotten, by what it
	// is known again (OwnerDigest).
	Erasure     *Erasure `json:",omitempty"`
	OwnerDigest string   `json:",omitempty"`
	Execution   bool     // StartExecution has been answered for this attempt
	// IntentUntil is until when the GPU was woken for the upload; zero: it was not.
	IntentUntil time.Time `json:",omitzero"`

	CreatedAt, UpdatedAt, ExpiresAt time.Time

	Stages    []StageTime
	Artifacts []Artifact
	Shown     int      // the attempt whose artifacts are shown, or 0 for none
	Table              // of the attempt that is shown; empty when Long
	Long      bool     // the table is too long for a record, and lies in TableObject of that attempt
	Asked     []string // the structures for which the label map that is shown was made, or none for all
	Warnings  []Notice
	Error     *Notice
	NoGlimpse *Notice `json:",omitempty"` // why there is no first look, while the attempt runs
	Owed      []Owed  // events that were not announced yet
	Shares    []Share `json:",omitempty"`
	Told      []Told  `json:",omitempty"` // notices that were taken, the last ones

	// Voxels is how many the prepared volume or label map has, and PreparedAt when it was
	// written; zero: it was not yet, or by an earlier version.
	Voxels     int64     `json:",omitempty"`
	PreparedAt time.Time `json:",omitzero"`

	Token   string  // task token of Segment
	Request Request // the asynchronous request of this attempt
}

// MarkNumber is the number of the mark that keeps a job among the open ones. It rises
// with each attempt, an erasure has the highest one, and a job without a record 0.
func (r Record) MarkNumber() int {
	if r.Erased {
		return math.MaxInt32
	}
	return r.Attempt
}

// MarkAbandoned is the age of a mark after which the write that it was made for will
// not come any more. It is longer than any function runs.
const MarkAbandoned = time.Hour

// Upload is the object a job was made from. Prefix is set for a folder of slices.
type Upload struct {
	Bucket, Key, Prefix, Sequencer, ETag string
	Size                                 int64
	Modified                             time.Time // of the object that was taken; zero: not known
	Parts                                string    // id of the multipart upload that the API began
}

// FoundBy is the key under which the upload's job can be found: a folder's is
// its prefix, which stands for every slice below it.
func (u Upload) FoundBy() string {
	if u.Prefix != "" {
		return u.Prefix
	}
	return u.Key
}

// Request is one asynchronous inference request.
type Request struct {
	Outstanding bool
	Output      string // s3:// URI that SageMaker will write
	Failure     string // s3:// URI of its failure
	Sent        int    // times sent; a request lost to scale-in is sent once more
	At          time.Time
	Ahead       int  `json:",omitempty"` // jobs that had the GPU when it was sent first; below 0: not known
	Unseen      bool `json:",omitempty"` // its answer came before it was seen that an instance is up
}

// StageTime is when a status was entered and left. EndedAt is zero while it lasts.
type StageTime struct {
	Name      Status
	StartedAt time.Time
	EndedAt   time.Time
}

// Artifact is one object that a job offers. Bytes and SHA256 are of the file that a
// client has when it has undone Encoding, as browsers and most other clients do by
// themselves.
type Artifact struct {
	Name      string `json:"name"`
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"`
	MediaType string `json:"media_type"`
	// Encoding is the object's Content-Encoding, "gzip" or none, and StoredBytes its
	// length as it is stored and sent; 0 where there is no encoding.
	Encoding    string `json:"encoding,omitempty"`
	StoredBytes int64  `json:"stored_bytes,omitempty"`
	// Attempt is the attempt whose object it is, where that need not be the one shown; 0:
	// it is.
	Attempt int `json:"attempt,omitempty"`
	// Provisional says that it is shown only until its attempt ends.
	Provisional bool `json:"provisional,omitempty"`
}

// Notice is a warning or an error for the job's owner: a stable code and one sentence.
type Notice struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Structure is one measured structure of a job.
type Structure struct {
	Label      int     `json:"label"`
	Name       string  `json:"name"`
	VolumeML   float64 `json:"volume_ml"` // voxels × voxel volume
	MeshML     float64 `json:"mesh_ml"`   // enclosed by the mesh
	SurfaceCM2 float64 `json:"surface_cm2"`
	Triangles  int     `json:"triangles,omitempty"` // of the mesh; 0 in records of earlier versions
	Partial    bool    `json:"partial"`             // touches the border of the scan
	Watertight bool    `json:"watertight"`
}

// Owed is the event of an ending, before it is announced. It is written with the ending
// itself and removed once it is announced, so that a crash or a refusal between the two
// only delays it: the janitor announces the events that are still on a record.
type Owed struct {
	Type   string
	Detail EventDetail
}

// Told is a notice that a job has ended, which a program outside has taken.
type Told struct {
	ID string // of the notice
	To string
	At time.Time
}

// ToldWebhook is the web server that the operator named.
const ToldWebhook = "webhook"

// Share lets whoever holds its token read one job and some of its artifacts, until it
// ends or is taken back. The token itself is kept nowhere.
type Share struct {
	ID        string // names it among the job's shares; no secret
	Hash      string // SHA-256 of the token, in hex
	Artifacts []string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// BucketOwner owns what is dropped straight into the bucket. No token's subject
// is taken for it (api.Access).
const BucketOwner = "bucket"

// SignedURLLife is how long a signed URL holds (DESIGN.md §6).
const SignedURLLife = 15 * time.Minute

// Lifetime is how long a job and its results are kept where nobody says otherwise
// (RetentionDays in template.yaml).
const Lifetime = 90 * 24 * time.Hour

package s3

import (
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

// What this package and the program build/s3 (module s3/) tell each other. All
// of it goes over Unix sockets in one folder that only this user can enter.

// Settings are what the program needs. They travel in a file of mode 0600,
// because they hold the secret key, whose path is the program's one argument.
type Settings struct {
	Dir     string // absolute: where objects and their attributes lie
	Socket  string // where the program answers S3 requests
	Control string // where it answers PathReady and PathObjects
	Parent  string // where it posts each Created to PathCreated
	Key     sigv4.Key
	Region  string
	Buckets []Bucket
}

// Paths of the requests between the two processes.
const (
	PathReady   = "/ready"   // GET on Control: 204 once S3 answers and its buckets are there
	PathObjects = "/objects" // GET on Control: 200 and a list of Created: all that announced buckets hold
	PathCreated = "/created" // POST of a Created on Parent: 204 once the announcement is durable
)

// Bucket is one bucket to have.
type Bucket struct {
	Name     string
	Announce bool // EventBridge is on: each new object is a Created
	Versions bool // what is overwritten or deleted is kept as an earlier version
	CORS     []CORSRule
}

// CORSRule lets pages of other origins in, as the S3 rule of that name does.
type CORSRule struct {
	AllowedOrigins, AllowedMethods, AllowedHeaders, ExposeHeaders []string

	MaxAgeSeconds int32 // 0: not said
}

// Created is a new object in an announced bucket.
type Created struct {
	Bucket, Key string
	Size        int64
	ETag        string // without quotes
	// Sequencer orders the objects of a key. It follows from the object's time
	// and ETag alone, so that an announcement repeated after a crash has the
	// same one.
	Sequencer string
	Reason    string // PutObject, CompleteMultipartUpload or CopyObject
	At        time.Time
}

// beside is the path of another file of the program, next to its socket and not
// longer than that: a Unix socket's path has at most 104 bytes.
func beside(socket, extension string) string {
	return strings.TrimSuffix(socket, ".sock") + extension
}

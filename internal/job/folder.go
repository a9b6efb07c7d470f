package job

import "time"

// Folder describes one prefix of DICOM slices, which become one job. The zero value is
// a folder that was never seen.
type Folder struct {
	Bucket, Prefix string
	Generation     int       // counts the jobs made of it, from 1
	Job            string    // the job of this generation
	LastArrival    time.Time // of any slice
	Sealed         bool      // that job has listed its slices, so that later ones belong to another
}

// QuietFor is how long a folder must have been without a new slice.
const QuietFor = 15 * time.Second

// FolderBound is how long a folder may go on receiving before its job starts anyway.
const FolderBound = 2 * time.Hour

// SlicesObject is the name, in the work bucket, of the list of the slices that a
// folder's job has consumed. It is a JSON array of SliceDigest.
const SlicesObject = "slices.json"

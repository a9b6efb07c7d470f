package job

// Version is one version of an object, or the marker that a deletion left of it in a
// bucket that keeps versions. In other buckets each object has the one version "null".
type Version struct {
	Object
	ID     string
	Latest bool // it is what a read without a version gets
	Marker bool // it is the mark of a deletion, and holds nothing but the key
}

// NullVersion is the id of what was written while its bucket kept no versions. Another
// object may take the place of one with this id, which is not so for any other id.
const NullVersion = "null"

// Tally counts what a bucket holds.
type Tally struct {
	Objects  int   `json:"objects"`  // that a read gets
	Versions int   `json:"versions"` // earlier ones of objects
	Markers  int   `json:"markers"`  // of deletions
	Uploads  int   `json:"uploads"`  // that are not complete
	Bytes    int64 `json:"bytes"`    // of objects and versions
}

// Count adds a version.
func (t *Tally) Count(v Version) {
	switch {
	case v.Marker:
		t.Markers++
		return
	case v.Latest:
		t.Objects++
	default:
		t.Versions++
	}
	t.Bytes += v.Size
}

// Plus is the sum of two tallies.
func (t Tally) Plus(u Tally) Tally {
	return Tally{t.Objects + u.Objects, t.Versions + u.Versions, t.Markers + u.Markers, t.Uploads + u.Uploads, t.Bytes + u.Bytes}
}

// AtLeast is the greater of the two tallies, count by count, but for the marks, which
// deleting makes.
func (t Tally) AtLeast(u Tally) Tally {
	return Tally{max(t.Objects, u.Objects), max(t.Versions, u.Versions), t.Markers, max(t.Uploads, u.Uploads), max(t.Bytes, u.Bytes)}
}

// Empty says whether nothing was counted.
func (t Tally) Empty() bool { return t == Tally{} }

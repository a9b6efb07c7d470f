package job

import "time"

// Holding is one stored object of a job, for its owner to see. The name of an uploaded
// object is a number, because its key may name a person.
type Holding struct {
	Bucket string // its role: uploads, work or results
	Name   string
	Bytes  int64
	Since  time.Time
	Old    bool // an earlier version of its key
}

// Holdings is what is stored of a job.
type Holdings struct {
	Objects []Holding // at most MostHoldings, uploads first
	Total   Tally     // of all
	Kept    int       // uploads among them that another job was made of as well, which this one does not count
}

// MostHoldings bounds the objects that a receipt names one by one.
const MostHoldings = 1000

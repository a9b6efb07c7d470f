package job

// Status is where a job stands. Within one attempt it only moves forward.
type Status string

// The statuses of DESIGN.md §4, in the order in which a job passes them.
const (
	AwaitingUpload Status = "awaiting_upload"
	Received       Status = "received"
	Preparing      Status = "preparing"
	Warming        Status = "warming"
	Segmenting     Status = "segmenting"
	Meshing        Status = "meshing"
	Ready          Status = "ready"
	Rejected       Status = "rejected"
	Failed         Status = "failed"
	Cancelled      Status = "cancelled"
	Expired        Status = "expired"
)

var ranks = map[Status]int{
	AwaitingUpload: 0, Received: 1, Preparing: 2, Warming: 3, Segmenting: 4, Meshing: 5,
	Ready: 6, Rejected: 6, Failed: 6, Cancelled: 6, Expired: 6,
}

// Rank orders statuses; all endings share the highest rank. -1 for an unknown status.
func (s Status) Rank() int {
	if r, ok := ranks[s]; ok {
		return r
	}
	return -1
}

// Ended says whether s is one of the endings.
func (s Status) Ended() bool { return s.Rank() == ranks[Ready] }

// CanMove says whether a job at (attempt, from) may be written (attempt2, to):
// a later attempt always may, the same attempt only forward and never out of an ending.
func CanMove(attempt int, from Status, attempt2 int, to Status) bool {
	if from.Rank() < 0 || to.Rank() < 0 || attempt2 < attempt {
		return false
	}
	return attempt2 > attempt || from.Rank() < to.Rank()
}

package intake

// Event is the detail of S3's "Object Created" event.
type Event struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Entry struct {
		Key       string `json:"key"`
		Size      int64  `json:"size"`
		ETag      string `json:"etag"`
		Sequencer string `json:"sequencer"`
	} `json:"object"`
}

// Object gives the fields of the event that are needed. EventBridge does not escape the
// key, as S3's older notifications do.
func (e Event) Object() Created {
	return Created{Bucket: e.Bucket.Name, Key: e.Entry.Key, Sequencer: e.Entry.Sequencer, ETag: e.Entry.ETag, Size: e.Entry.Size}
}

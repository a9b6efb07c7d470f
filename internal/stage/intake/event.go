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

// Object is what matters of the event. On EventBridge the key comes as it is;
// only S3's older notifications escape it.
func (e Event) Object() Created {
	return Created{Bucket: e.Bucket.Name, Key: e.Entry.Key, Sequencer: e.Entry.Sequencer, ETag: e.Entry.ETag, Size: e.Entry.Size}
}

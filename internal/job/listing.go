package job

// Page is one page of a listing; Next is the cursor of the page after it, empty at the end.
type Page struct {
	Jobs []Record
	Next string
}

// Part is one uploaded part of a multipart upload, numbered from 1.
type Part struct {
	Number int32  `json:"number"`
	ETag   string `json:"etag"`
}

// Uploaded is a part that has arrived of an upload that is not complete.
type Uploaded struct {
	Part
	Bytes int64 `json:"bytes"`
}

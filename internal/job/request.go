package job

// InferenceRequest is one asynchronous inference. Name is the execution's and
// becomes the InferenceId; Input an s3:// URI; the result is written as
// Folder/File below the endpoint's output path (File: one dot at most).
type InferenceRequest struct {
	Name       string
	Input      string
	Attributes string // custom attributes for the model server, at most 1024 bytes
	Folder     string // of the result
	File       string // name of the result
}

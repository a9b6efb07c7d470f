package job

// InferenceRequest is one asynchronous inference. Name is the execution's name, which
// becomes the InferenceId. Input is an s3:// URI. The result is written as Folder/File
// below the endpoint's output path; File may have one dot at most.
type InferenceRequest struct {
	Name       string
	Input      string
	Attributes string // custom attributes for the model server, at most 1024 bytes
	Folder     string // of the result
	File       string // name of the result
}

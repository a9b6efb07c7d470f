package calls

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

const bucketARN = "arn:aws:s3:::"

// split is the bucket and the key of a request, which is path style on one machine. No key
// is written down: it may name a person, and the policies tell none apart.
func split(r *http.Request) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return bucket, key
}

// s3Calls are the permissions of an S3 request.
func s3Calls(r *http.Request) []Call {
	bucket, key := split(r)
	if bucket == "" {
		return nil
	}
	action, resource := s3Action(r.Method, key, r.URL.Query()), bucketARN+bucket
	if key != "" || strings.Contains(action, "Object") {
		resource += "/any"
	}
	calls := []Call{{Action: action, Resource: resource}}
	if action == "s3:DeleteObject" && r.URL.Query().Has("delete") { // many, by their versions
		calls = append(calls, Call{Action: "s3:DeleteObjectVersion", Resource: resource})
	}
	return calls
}

func s3Action(method, key string, q url.Values) string {
	switch method {
	case http.MethodGet, http.MethodHead:
		switch {
		case key == "" && q.Has("versions"):
			return "s3:ListBucketVersions"
		case key == "" && q.Has("uploads"):
			return "s3:ListBucketMultipartUploads"
		case key == "":
			return "s3:ListBucket"
		case q.Has("uploadId"):
			return "s3:ListMultipartUploadParts"
		case q.Has("versionId"):
			return "s3:GetObjectVersion"
		}
		return "s3:GetObject"
	case http.MethodDelete:
		switch {
		case q.Has("uploadId"):
			return "s3:AbortMultipartUpload"
		case q.Has("versionId"):
			return "s3:DeleteObjectVersion"
		}
		return "s3:DeleteObject"
	case http.MethodPost:
		if key == "" && q.Has("delete") {
			return "s3:DeleteObject"
		}
	}
	return "s3:PutObject"
}

// calls are the permissions of a request to a service of JSON.
func (r *Recorder) calls(service string, req *http.Request, body []byte) []Call {
	_, operation, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	var in struct {
		TableName, IndexName                        string
		RequestItems                                map[string]json.RawMessage
		StateMachineArn, ExecutionArn, EndpointName string
		Entries                                     []struct{ EventBusName string }
	}
	_ = json.Unmarshal(body, &in) // what is no JSON is refused behind this
	one := func(action, resource string) []Call { return []Call{{Action: action, Resource: resource}} }
	switch service {
	case "dynamodb":
		var all []Call
		for table := range in.RequestItems {
			all = append(all, Call{Action: "dynamodb:" + operation, Resource: r.arn(service, "table/"+table)})
		}
		resource := "table/" + in.TableName
		if in.IndexName != "" {
			resource += "/index/" + in.IndexName
		}
		if in.TableName != "" {
			all = append(all, Call{Action: "dynamodb:" + operation, Resource: r.arn(service, resource)})
		}
		return all
	case "states":
		resource := unqualified(in.StateMachineArn) // for an alias, too, the machine's is what a policy must reach
		if in.ExecutionArn != "" {                  // one of the machine's
			resource = in.ExecutionArn[:strings.LastIndex(in.ExecutionArn, ":")+1] + "any"
		}
		return one("states:"+operation, resource)
	case "events":
		return one("events:"+operation, r.arn(service, "event-bus/default"))
	case "application-autoscaling":
		if strings.HasPrefix(operation, "Describe") {
			return one("application-autoscaling:"+operation, "*")
		}
		return one("application-autoscaling:"+operation, r.arn(service, "scalable-target/any"))
	case "sagemaker":
		if operation != "" {
			return one("sagemaker:"+operation, r.arn(service, "endpoint/"+in.EndpointName))
		}
		if name, ok := between(req.URL.Path, "/endpoints/", "/async-invocations"); ok {
			return one("sagemaker:InvokeEndpointAsync", r.arn(service, "endpoint/"+name))
		}
	case "lambda":
		if name, ok := between(req.URL.Path, "/functions/", "/invocations"); ok {
			return one("lambda:InvokeFunction", r.arn(service, "function:"+name[strings.LastIndex(name, ":")+1:]))
		}
	}
	return one(service+":"+operation, "unknown "+req.Method+" "+req.URL.Path)
}

// unqualified is the ARN of the machine that an alias's belongs to.
func unqualified(arn string) string {
	const fields = 7
	parts := strings.Split(arn, ":")
	return strings.Join(parts[:min(len(parts), fields)], ":")
}

func between(path, before, after string) (string, bool) {
	_, rest, ok := strings.Cut(path, before)
	if !ok {
		return "", false
	}
	name, found := strings.CutSuffix(rest, after)
	if unescaped, err := url.PathUnescape(name); err == nil {
		name = unescaped
	}
	return name, found
}

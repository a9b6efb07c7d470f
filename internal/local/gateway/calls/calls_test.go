package calls

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a request needs, by the "Service Authorization Reference" of IAM; and no key, which
// may name a person, in what is written.
func TestCalls(t *testing.T) {
	const account, table = "000000000000", `{"TableName":"jobs"}`
	sign := func(service string) string {
		return "AWS4-HMAC-SHA256 Credential=AK/20261201/us-east-1/" + service + "/aws4_request, SignedHeaders=host, Signature=00"
	}
	for _, c := range []struct {
		service, target, method, path, body string
		status                              int
		want                                []Call
	}{
		{"s3", "", "GET", "/work/Doe^Jane/v.nii.gz?x-id=GetObject", "", 200, []Call{{Action: "s3:GetObject", Resource: "arn:aws:s3:::work/any"}}},
		{"s3", "", "HEAD", "/work/Doe^Jane", "", 404, []Call{{Action: "s3:GetObject", Resource: "arn:aws:s3:::work/any"}, {Action: "s3:ListBucket", Resource: "arn:aws:s3:::work"}}},
		{"s3", "", "GET", "/work?list-type=2&prefix=Doe", "", 200, []Call{{Action: "s3:ListBucket", Resource: "arn:aws:s3:::work"}}},
		{"s3", "", "GET", "/work/?versions&prefix=Doe", "", 200, []Call{{Action: "s3:ListBucketVersions", Resource: "arn:aws:s3:::work"}}},
		{"s3", "", "GET", "/work/?uploads", "", 200, []Call{{Action: "s3:ListBucketMultipartUploads", Resource: "arn:aws:s3:::work"}}},
		{"s3", "", "GET", "/work/k?uploadId=1", "", 200, []Call{{Action: "s3:ListMultipartUploadParts", Resource: "arn:aws:s3:::work/any"}}},
		{"s3", "", "PUT", "/work/k?partNumber=1&uploadId=1", "", 200, []Call{{Action: "s3:PutObject", Resource: "arn:aws:s3:::work/any"}}},
		{"s3", "", "POST", "/work/k?uploads", "", 200, []Call{{Action: "s3:PutObject", Resource: "arn:aws:s3:::work/any"}}},
		{"s3", "", "DELETE", "/work/k?uploadId=1", "", 204, []Call{{Action: "s3:AbortMultipartUpload", Resource: "arn:aws:s3:::work/any"}}},
		{"s3", "", "DELETE", "/work/k?versionId=1", "", 204, []Call{{Action: "s3:DeleteObjectVersion", Resource: "arn:aws:s3:::work/any"}}},
		{"s3", "", "DELETE", "/work/k", "", 204, []Call{{Action: "s3:DeleteObject", Resource: "arn:aws:s3:::work/any"}}},
		{"s3", "", "POST", "/work/?delete", "", 200, []Call{{Action: "s3:DeleteObject", Resource: "arn:aws:s3:::work/any"}, {Action: "s3:DeleteObjectVersion", Resource: "arn:aws:s3:::work/any"}}},
		{"dynamodb", "DynamoDB_20120810.GetItem", "POST", "/", table, 200, []Call{{Action: "dynamodb:GetItem", Resource: "arn:aws:dynamodb:us-east-1:" + account + ":table/jobs"}}},
		{"dynamodb", "DynamoDB_20120810.Query", "POST", "/", `{"TableName":"jobs","IndexName":"owner"}`, 200, []Call{{Action: "dynamodb:Query", Resource: "arn:aws:dynamodb:us-east-1:" + account + ":table/jobs/index/owner"}}},
		{"dynamodb", "DynamoDB_20120810.BatchGetItem", "POST", "/", `{"RequestItems":{"jobs":{}}}`, 200, []Call{{Action: "dynamodb:BatchGetItem", Resource: "arn:aws:dynamodb:us-east-1:" + account + ":table/jobs"}}},
		{"states", "AWSStepFunctions.StopExecution", "POST", "/", `{"executionArn":"arn:aws:states:us-east-1:0:execution:scan:01JD-1"}`, 200, []Call{{Action: "states:StopExecution", Resource: "arn:aws:states:us-east-1:0:execution:scan:any"}}},
		{"states", "AWSStepFunctions.StartExecution", "POST", "/", `{"stateMachineArn":"arn:aws:states:us-east-1:0:stateMachine:scan:live"}`, 200, []Call{{Action: "states:StartExecution", Resource: "arn:aws:states:us-east-1:0:stateMachine:scan"}}},
		{"states", "AWSStepFunctions.SendTaskSuccess", "POST", "/", `{"taskToken":"secret"}`, 200, []Call{{Action: "states:SendTaskSuccess"}}},
		{"sagemaker", "SageMaker.DescribeEndpoint", "POST", "/", `{"EndpointName":"m"}`, 200, []Call{{Action: "sagemaker:DescribeEndpoint", Resource: "arn:aws:sagemaker:us-east-1:" + account + ":endpoint/m"}}},
		{"sagemaker", "", "POST", "/endpoints/m/async-invocations", "", 202, []Call{{Action: "sagemaker:InvokeEndpointAsync", Resource: "arn:aws:sagemaker:us-east-1:" + account + ":endpoint/m"}}},
		{"application-autoscaling", "AnyScaleFrontendService.DescribeScalableTargets", "POST", "/", `{}`, 200, []Call{{Action: "application-autoscaling:DescribeScalableTargets", Resource: "*"}}},
		{"lambda", "", "POST", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax%3Ay%3Afunction%3Airis-export/invocations", "", 202, []Call{{Action: "lambda:InvokeFunction", Resource: "arn:aws:lambda:us-east-1:" + account + ":function:iris-export"}}},
		{"events", "AWSEvents.PutEvents", "POST", "/", `{"Entries":[{}]}`, 200, []Call{{Action: "events:PutEvents", Resource: "arn:aws:events:us-east-1:" + account + ":event-bus/default"}}},
		{"lambda", "", "GET", "/else", "", 200, []Call{{Action: "lambda:", Resource: "unknown GET /else"}}},
	} {
		path := filepath.Join(t.TempDir(), "calls")
		r, err := New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); string(body) != c.body {
				t.Errorf("%s: the service got %q", c.path, body)
			}
			w.WriteHeader(c.status)
		}), path, "us-east-1", account, "iris-api")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // written once
			req := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			req.Header.Set("Authorization", sign(c.service))
			req.Header.Set("X-Amz-Target", c.target)
			req.Header.Set("User-Agent", "aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26 app/iris-settle md/GOOS#linux")
			out := httptest.NewRecorder()
			r.ServeHTTP(out, req)
			if out.Code != c.status {
				t.Errorf("%s: %d", c.path, out.Code)
			}
		}
		for n := range c.want {
			c.want[n].Function = "iris-settle"
		}
		if d := cmp.Diff(c.want, written(t, r, path)); d != "" {
			t.Errorf("%s %s %s (-want +written): %s", c.target, c.method, c.path, d)
		}
	}
}

func written(t *testing.T, r *Recorder, path string) (all []Call) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var c Call
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Error(err)
		}
		all = append(all, c)
	}
	if strings.Contains(string(text), "Doe") || strings.Contains(string(text), "secret") {
		t.Errorf("a name or a token was written: %s", text)
	}
	return all
}

// A signed URL has the rights of the function that signs; anybody else's calls are nobody's
// here.
func TestWhoseCallsAreRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls")
	r, err := New(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), path, "us-east-1", "0", "iris-api")
	if err != nil {
		t.Fatal(err)
	}
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("PUT", "/uploads/k?partNumber=1&uploadId=2&x-id=UploadPart&X-Amz-Signature=00&X-Amz-Credential=AK/20261201/us-east-1/s3/aws4_request", nil))
	other := httptest.NewRequest("PUT", "/uploads/k", nil)
	other.Header.Set("User-Agent", "Boto3/1.40 md/Botocore")
	r.ServeHTTP(httptest.NewRecorder(), other)
	// Boto3 names no operation in what it signs.
	r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("PUT", "/work/k?X-Amz-Signature=00&X-Amz-Credential=AK/20261201/us-east-1/s3/aws4_request", nil))
	if d := cmp.Diff([]Call{{Function: "iris-api", Action: "s3:PutObject", Resource: "arn:aws:s3:::uploads/any"}}, written(t, r, path)); d != "" {
		t.Error(d)
	}
}

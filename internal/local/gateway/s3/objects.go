package s3

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"

	"github.com/iris-oculus/iris/internal/job"
)

// Objects is one bucket for the other services of this process. In: keys and
// streams of a known length. A missing object is job.ErrNotFound; other errors
// name the operation and never the key.
type Objects struct {
	name   string
	server *Server
	signer *v4.Signer
}

// Objects binds a bucket by name.
func (s *Server) Objects(bucket string) *Objects {
	return &Objects{bucket, s, v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })}
}

// Head says how large an object is, and its ETag.
func (o *Objects) Head(ctx context.Context, key string) (job.Object, error) {
	resp, err := o.do(ctx, "head object", http.MethodHead, key, "", nil, 0)
	if err != nil {
		return job.Object{}, err
	}
	_ = resp.Body.Close()
	return job.Object{Key: key, Size: resp.ContentLength, ETag: strings.Trim(resp.Header.Get("ETag"), `"`)}, nil
}

// Get streams an object.
func (o *Objects) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	resp, err := o.do(ctx, "get object", http.MethodGet, key, "", nil, 0)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// Put stores what body yields: size bytes.
func (o *Objects) Put(ctx context.Context, key, mediaType string, body io.Reader, size int64) error {
	resp, err := o.do(ctx, "put object", http.MethodPut, key, mediaType, body, size)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// unsigned says that the signature does not cover the body, which is streamed.
const unsigned = "UNSIGNED-PAYLOAD"

func (o *Objects) do(ctx context.Context, what, method, key, mediaType string, body io.Reader, size int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://s3", body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	path := "/" + o.name + "/" + key
	req.URL = &url.URL{Scheme: "http", Host: "s3", Path: path, RawPath: httpbinding.EscapePath(path, false)}
	req.ContentLength = size
	if size == 0 {
		req.Body = http.NoBody
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	req.Header.Set("X-Amz-Content-Sha256", unsigned)
	key4 := aws.Credentials{AccessKeyID: o.server.cfg.Key.ID, SecretAccessKey: o.server.cfg.Key.Secret}
	if err := o.signer.SignHTTP(ctx, key4, req, unsigned, "s3", o.server.cfg.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	resp, err := o.server.objects.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", what, job.ErrNotFound)
	}
	var said struct{ Code string }
	_ = xml.NewDecoder(io.LimitReader(resp.Body, maxRefusal)).Decode(&said)
	return nil, fmt.Errorf("%s: %s %s", what, resp.Status, said.Code)
}

const maxRefusal = 64 << 10

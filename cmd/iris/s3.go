package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// bucket reads the scans of a cohort from S3: it lists a prefix and reads ranges of objects.
// Two requests are all that it needs, and the SDK's client would be megabytes of the program.
type bucket struct {
	c        *client
	name     string
	region   string
	endpoint string // that AWS_ENDPOINT_URL names; empty: AWS's
	keys     aws.CredentialsProvider
}

// object is an object as its bucket lists it.
type object struct {
	Key  string `xml:"Key"`
	ETag string `xml:"ETag"`
	Size int64  `xml:"Size"`
}

// parseAddress takes s3://bucket/key apart.
func parseAddress(address string) (name, key string, err error) {
	name, key, _ = strings.Cut(strings.TrimPrefix(address, "s3://"), "/")
	if len(name) < 3 || len(name) > 63 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return "", "", usage("bad_option: %s: want s3://BUCKET/PREFIX", shown(address))
	}
	return name, key, nil
}

func (c *client) bucket(ctx context.Context, name string) (*bucket, error) {
	cfg, err := awsconfig.Load(ctx)
	if err != nil {
		return nil, failure("aws_credentials", "the AWS configuration cannot be read: %w", err)
	}
	b := &bucket{c: c, name: name, region: cfg.Region, keys: cfg.Credentials}
	for _, endpoint := range []string{os.Getenv("AWS_ENDPOINT_URL_S3"), aws.ToString(cfg.BaseEndpoint)} {
		if b.endpoint == "" {
			b.endpoint = strings.TrimSuffix(endpoint, "/")
		}
	}
	if b.region == "" {
		b.region = "us-east-1" // which answers where the bucket is
	}
	return b, nil
}

// address is where an object is. Buckets at AWS have a name of their own there, unless it
// holds dots, which certificates do not cover.
func (b *bucket) address(key string, query url.Values) (*url.URL, error) {
	base := b.endpoint
	at := "/" + key
	switch {
	case base != "" || strings.Contains(b.name, "."):
		at = "/" + b.name + at
		if base == "" {
			base = "https://s3." + b.region + ".amazonaws.com"
		}
	default:
		base = "https://" + b.name + ".s3." + b.region + ".amazonaws.com"
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, failure("aws_credentials", "AWS_ENDPOINT_URL is not an address")
	}
	u.Path, u.RawPath = at, escaped(at)
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return u, nil
}

// escaped is a path as Signature Version 4 wants it: all but unreserved characters
// (RFC 3986 §2.3) and slashes is escaped.
func escaped(path string) string {
	var s strings.Builder
	for i := range len(path) {
		c := path[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			s.WriteByte(c)
		} else {
			fmt.Fprintf(&s, "%%%02X", c)
		}
	}
	return s.String()
}

// emptySHA256 is the digest of a request without a body.
const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// get sends a signed GET, again where a failure may pass, and once more where the bucket
// says that it is in another region. The caller closes the body.
func (b *bucket) get(ctx context.Context, key string, query url.Values, header http.Header) (res *http.Response, err error) {
	moved := false
	err = b.c.again(ctx, func() (err error) {
		res, err = b.once(ctx, key, query, header) //nolint:bodyclose // the caller's
		if err != nil || res.StatusCode < 300 {
			return err
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<16))
		region := res.Header.Get("X-Amz-Bucket-Region")
		if region != "" && region != b.region && !moved && b.endpoint == "" {
			moved, b.region = true, region
			return &transient{error: errors.New("the bucket is in another region")}
		}
		refused := s3Refusal(res.StatusCode, text)
		if mayPass(res.StatusCode) {
			return &transient{refused, retryAfter(res.Header, time.Now())}
		}
		return refused
	})
	return res, err
}

func (b *bucket) once(ctx context.Context, key string, query url.Values, header http.Header) (*http.Response, error) {
	u, err := b.address(key, query)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, failure("aws_credentials", "AWS_ENDPOINT_URL is not an address")
	}
	req.URL = u
	for name := range header {
		req.Header.Set(name, header.Get(name))
	}
	req.Header.Set("X-Amz-Content-Sha256", emptySHA256)
	if b.keys != nil {
		credentials, err := b.keys.Retrieve(ctx)
		if err != nil {
			return nil, failure("aws_credentials", "reading s3://%s wants AWS credentials, and none were found (AWS_PROFILE, or `aws configure`): %w", b.name, err)
		}
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		if err := signer.SignHTTP(ctx, credentials, req, emptySHA256, "s3", b.region, time.Now()); err != nil {
			return nil, failure("aws_credentials", "sign the request: %w", err)
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, b.c.lost(ctx, err)
	}
	return res, nil
}

// s3Refusal is what S3 says, without the key, which may name a patient.
func s3Refusal(status int, text []byte) error {
	var said struct {
		Code string `xml:"Code"`
	}
	if xml.Unmarshal(text, &said) != nil || said.Code == "" {
		said.Code = http.StatusText(status)
	}
	switch status {
	case http.StatusNotFound:
		return &exitError{exitUsage, failure("not_found", "S3 has no such bucket or object: %s", said.Code)}
	case http.StatusPreconditionFailed:
		return failure("scan_changed", "the object on S3 was replaced while it was read")
	}
	return failure("s3_refused", "S3 refused the request: %d %s", status, said.Code)
}

// list are the objects below a prefix, in the order of their keys.
func (b *bucket) list(ctx context.Context, prefix string) ([]object, error) {
	var objects []object
	query := url.Values{"list-type": {"2"}, "prefix": {prefix}, "encoding-type": {"url"}}
	for range maxObjects {
		res, err := b.get(ctx, "", query, nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Contents              []object
			EncodingType          string // empty: the service does not know the parameter
			IsTruncated           bool
			NextContinuationToken string
		}
		err = xml.NewDecoder(io.LimitReader(res.Body, maxReply)).Decode(&page)
		_ = res.Body.Close()
		if err != nil {
			return nil, failure("s3_refused", "the answer to a listing of s3://%s cannot be read: %w", b.name, err)
		}
		for _, o := range page.Contents {
			if page.EncodingType == "url" {
				o.Key, err = url.QueryUnescape(o.Key)
			}
			if err != nil || !strings.HasPrefix(o.Key, prefix) || o.Size < 0 {
				return nil, failure("s3_refused", "a listing of s3://%s holds what was not asked for", b.name)
			}
			if objects = append(objects, o); len(objects) > maxObjects {
				return nil, usage("too_large: more than %d objects are below s3://%s/%s: name a longer prefix", maxObjects, b.name, shown(prefix))
			}
		}
		if !page.IsTruncated || page.NextContinuationToken == "" {
			return objects, nil
		}
		query.Set("continuation-token", page.NextContinuationToken)
	}
	return nil, failure("s3_refused", "a listing of s3://%s has no end", b.name)
}

// maxObjects bounds a listing.
const maxObjects = 1_000_000

// find is one object, or those below a prefix that ends in a slash.
func (c *client) find(ctx context.Context, address string) (*bucket, []object, error) {
	name, key, err := parseAddress(address)
	if err != nil {
		return nil, nil, err
	}
	b, err := c.bucket(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	objects, err := b.list(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	if key == "" || strings.HasSuffix(key, "/") {
		return b, objects, nil
	}
	for _, o := range objects {
		if o.Key == key {
			return b, []object{o}, nil
		}
	}
	return nil, nil, &exitError{exitUsage, failure("not_found", "%s: S3 has no such object (a folder's address ends in /)", shown(address))}
}

func (c *client) printOfObject(ctx context.Context, address string) (string, error) {
	_, objects, err := c.find(ctx, address)
	sum := sha256.New()
	for _, o := range objects {
		fmt.Fprintf(sum, "%q %s %d\n", o.Key, o.ETag, o.Size)
	}
	return hex.EncodeToString(sum.Sum(nil)), err
}

// openObject opens an object, or a .zip of the slices below a prefix.
func (c *client) openObject(ctx context.Context, address string) (*scanFile, error) {
	b, objects, err := c.find(ctx, address)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(address, "/") {
		_, prefix, _ := parseAddress(address)
		return zipFiles(ctx, &prefixFiles{b, prefix, objects})
	}
	o := objects[0]
	r := &objectReader{ctx: ctx, b: b, o: o}
	return &scanFile{ReaderAt: r, size: o.Size, suffix: suffix(path.Base(o.Key)), etag: o.ETag, close: func() error { return nil }}, nil
}

// objectReader reads an object in pieces, the last of which it keeps: an upload reads
// forward in small steps.
type objectReader struct {
	ctx context.Context //nolint:containedctx // io.ReaderAt has none
	b   *bucket
	o   object

	mu    sync.Mutex
	at    int64
	piece []byte
}

const pieceBytes = 8 << 20

// ReadAt implements io.ReaderAt.
func (r *objectReader) ReadAt(p []byte, off int64) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n < len(p) {
		if off+int64(n) >= r.o.Size {
			return n, io.EOF
		}
		if begin := off + int64(n) - r.at; begin >= 0 && begin < int64(len(r.piece)) {
			n += copy(p[n:], r.piece[begin:])
			continue
		}
		if err := r.load(off + int64(n)); err != nil {
			return n, err
		}
	}
	return n, nil
}

// load reads the piece that begins at an offset. One that breaks off is asked for again.
func (r *objectReader) load(off int64) error {
	length := min(pieceBytes, r.o.Size-off)
	return r.b.c.again(r.ctx, func() error {
		header := http.Header{"Range": {"bytes=" + strconv.FormatInt(off, 10) + "-" + strconv.FormatInt(off+length-1, 10)}, "If-Match": {r.o.ETag}}
		res, err := r.b.get(r.ctx, r.o.Key, nil, header)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusPartialContent && (off > 0 || length < r.o.Size) {
			return failure("s3_refused", "S3 gave another part of an object than was asked for")
		}
		piece := make([]byte, length)
		if _, err := io.ReadFull(res.Body, piece); err != nil {
			return &transient{error: failure("s3_refused", "S3 cut off an object: %w", err)}
		}
		r.at, r.piece = off, piece
		return nil
	})
}

// prefixFiles are the objects below a prefix as the files of a folder.
type prefixFiles struct {
	b       *bucket
	prefix  string
	objects []object
}

// Each implements drop.Files for a walk over all files.
func (f *prefixFiles) Each(ctx context.Context, _ []int, visit func(drop.File) error) error {
	if len(f.objects) > volume.MaxEntries {
		return volume.Reject("too_large", "the folder holds more than %d files: name the folder of one scan", volume.MaxEntries)
	}
	for i, o := range f.objects {
		name := strings.TrimPrefix(o.Key, f.prefix)
		file := drop.File{Index: i, Size: o.Size, Litter: drop.Litter(name), Ending: drop.Ending(name)}
		file.Body = io.NewSectionReader(&objectReader{ctx: ctx, b: f.b, o: o}, 0, o.Size)
		if err := visit(file); err != nil {
			return err
		}
	}
	return nil
}

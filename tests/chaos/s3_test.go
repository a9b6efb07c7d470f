package chaos

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// s3 is S3 in memory, with versions where the bucket keeps them: what the product's calls
// need of it. TestStoresConform holds it to what S3 on this machine does.
type s3 struct {
	versioned bool
	// created is told of each new object, before its upload is answered; an error refuses it.
	created func(bucket string, v version, reason string) error

	mu      sync.Mutex
	number  int64
	objects map[string][]version // by bucket/key, the newest last
	uploads map[string]*upload   // by id
}

// version is one version of an object, or the mark of a deletion.
type version struct {
	key, id, etag string
	sequence      int64
	marker        bool
	body          []byte
	header        http.Header // what is told of it: Content-Type, x-amz-meta-…
	at            time.Time
}

type upload struct {
	bucket, key, id string
	header          http.Header
	parts           map[int][]byte
}

func (s *s3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		body = unchunked(body)
	}
	q := r.URL.Query()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects == nil {
		s.objects, s.uploads = map[string][]version{}, map[string]*upload{}
	}
	switch {
	case key == "" && r.Method == http.MethodGet && q.Has("versions"):
		s.listVersions(w, bucket, q)
	case key == "" && r.Method == http.MethodGet && q.Has("uploads"):
		s.listUploads(w, bucket, q)
	case key == "" && r.Method == http.MethodGet:
		s.list(w, bucket, q)
	case key == "" && r.Method == http.MethodPost && q.Has("delete"):
		s.deleteObjects(w, bucket, body)
	case r.Method == http.MethodPost && q.Has("uploads"):
		s.number++
		u := &upload{bucket: bucket, key: key, id: fmt.Sprint("upload-", s.number), header: kept(r.Header), parts: map[int][]byte{}}
		s.uploads[u.id] = u
		answerXML(w, xmlf(`<InitiateMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, bucket, key, u.id))
	case q.Has("uploadId"):
		s.part(w, r, bucket, key, q, body)
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") == "":
		s.put(w, bucket, key, kept(r.Header), body, "PutObject")
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		s.get(w, r, bucket, key)
	case r.Method == http.MethodDelete:
		s.delete(w, r, bucket, key, q)
	default:
		panic("s3: " + r.Method + " " + r.URL.String())
	}
}

// unchunked is what a body in AWS's chunks holds: each begins with its length in
// hexadecimal, and behind the last, empty one is a checksum.
func unchunked(body []byte) (whole []byte) {
	for {
		head, rest, ok := bytes.Cut(body, []byte("\r\n"))
		size, _, _ := strings.Cut(string(head), ";")
		n, err := strconv.ParseUint(size, 16, 32)
		if !ok || err != nil {
			panic("s3: a body that is not in chunks")
		}
		if n == 0 {
			return whole
		}
		whole, body = append(whole, rest[:n]...), rest[n+2:]
	}
}

// kept are the headers that an object keeps.
func kept(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		if name == "Content-Encoding" {
			values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "aws-chunked" })
		}
		if len(values) > 0 && (name == "Content-Type" || name == "Content-Encoding") || strings.HasPrefix(name, "X-Amz-Meta-") {
			out[name] = values
		}
	}
	return out
}

func (s *s3) put(w http.ResponseWriter, bucket, key string, header http.Header, body []byte, reason string) {
	sum := md5.Sum(body)
	v, err := s.add(bucket, key, hex.EncodeToString(sum[:]), header, body, reason)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "InternalError")
		return
	}
	w.Header().Set("ETag", `"`+v.etag+`"`)
	if reason == "CompleteMultipartUpload" {
		answerXML(w, xmlf(`<CompleteMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><ETag>"%s"</ETag></CompleteMultipartUploadResult>`, bucket, key, v.etag))
	}
}

func (s *s3) add(bucket, key, etag string, header http.Header, body []byte, reason string) (version, error) {
	s.number++
	v := version{key: key, id: "null", etag: etag, sequence: s.number, body: body, header: header, at: time.Now().UTC().Truncate(time.Second)}
	name := bucket + "/" + key
	if s.versioned {
		v.id = fmt.Sprintf("v%06d", s.number)
		s.objects[name] = append(s.objects[name], v)
	} else {
		s.objects[name] = []version{v}
	}
	if s.created != nil {
		return v, s.created(bucket, v, reason)
	}
	return v, nil
}

// latest is what a read gets, false for nothing or a mark.
func (s *s3) latest(bucket, key string) (version, bool) {
	all := s.objects[bucket+"/"+key]
	if len(all) == 0 || all[len(all)-1].marker {
		return version{}, false
	}
	return all[len(all)-1], true
}

func (s *s3) get(w http.ResponseWriter, r *http.Request, bucket, key string) {
	v, ok := s.latest(bucket, key)
	if !ok {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	if want := r.Header.Get("If-Match"); want != "" && strings.Trim(want, `"`) != v.etag {
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	maps.Copy(w.Header(), v.header)
	w.Header().Set("ETag", `"`+v.etag+`"`)
	w.Header().Set("Last-Modified", v.at.Format(http.TimeFormat))
	body, status := v.body, http.StatusOK
	if text := r.Header.Get("Range"); text != "" {
		from, to, _ := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
		a, errA := strconv.Atoi(from)
		b, errB := strconv.Atoi(to)
		if errA != nil || errB != nil || a > b {
			panic("s3: range " + text)
		}
		if a >= len(body) {
			refuse(w, http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
			return
		}
		b = min(b, len(body)-1)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", a, b, len(body)))
		body, status = body[a:b+1], http.StatusPartialContent
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

func (s *s3) delete(w http.ResponseWriter, r *http.Request, bucket, key string, q url.Values) {
	if want := r.Header.Get("If-Match"); want != "" {
		v, ok := s.latest(bucket, key)
		switch {
		case !ok:
			refuse(w, http.StatusNotFound, "NoSuchKey")
			return
		case strings.Trim(want, `"`) != v.etag:
			refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
			return
		}
	}
	s.remove(bucket, key, q.Get("versionId"))
	w.WriteHeader(http.StatusNoContent)
}

// remove deletes a version, or without one puts a mark where versions are kept.
func (s *s3) remove(bucket, key, id string) {
	name := bucket + "/" + key
	if id == "" && s.versioned {
		s.number++
		s.objects[name] = append(s.objects[name], version{key: key, id: fmt.Sprintf("v%06d", s.number), sequence: s.number, marker: true, at: time.Now().UTC()})
		return
	}
	s.objects[name] = slices.DeleteFunc(s.objects[name], func(v version) bool { return id == "" || v.id == id })
	if len(s.objects[name]) == 0 {
		delete(s.objects, name)
	}
}

func (s *s3) deleteObjects(w http.ResponseWriter, bucket string, body []byte) {
	var in struct {
		Object []struct{ Key, VersionId string }
	}
	if err := xml.Unmarshal(body, &in); err != nil {
		panic(err)
	}
	for _, o := range in.Object {
		s.remove(bucket, o.Key, o.VersionId)
	}
	answerXML(w, "<DeleteResult></DeleteResult>")
}

func (s *s3) part(w http.ResponseWriter, r *http.Request, bucket, key string, q url.Values, body []byte) {
	u := s.uploads[q.Get("uploadId")]
	if u == nil || u.bucket != bucket || u.key != key {
		refuse(w, http.StatusNotFound, "NoSuchUpload")
		return
	}
	number, _ := strconv.Atoi(q.Get("partNumber"))
	etag := func(b []byte) string { sum := md5.Sum(b); return hex.EncodeToString(sum[:]) }
	switch r.Method {
	case http.MethodPut:
		u.parts[number] = body
		w.Header().Set("ETag", `"`+etag(body)+`"`)
	case http.MethodDelete:
		delete(s.uploads, u.id)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet:
		var b strings.Builder
		for _, n := range slices.Sorted(maps.Keys(u.parts)) {
			b.WriteString(xmlf(`<Part><PartNumber>%d</PartNumber><ETag>"%s"</ETag><Size>%d</Size></Part>`, n, etag(u.parts[n]), len(u.parts[n])))
		}
		answerXML(w, "<ListPartsResult>"+b.String()+"</ListPartsResult>")
	case http.MethodPost:
		var in struct {
			Part []struct {
				PartNumber int
				ETag       string
			}
		}
		if err := xml.Unmarshal(body, &in); err != nil {
			panic(err)
		}
		var all []byte
		for _, p := range in.Part {
			if b, ok := u.parts[p.PartNumber]; !ok || etag(b) != strings.Trim(p.ETag, `"`) {
				refuse(w, http.StatusBadRequest, "InvalidPart")
				return
			}
			all = append(all, u.parts[p.PartNumber]...)
		}
		delete(s.uploads, u.id)
		s.put(w, bucket, key, u.header, all, "CompleteMultipartUpload")
	}
}

// below lists the versions of a bucket below a prefix, by key and the newest first.
func (s *s3) below(bucket, prefix string) (all []version) {
	for _, name := range slices.Sorted(maps.Keys(s.objects)) {
		if strings.HasPrefix(name, bucket+"/"+prefix) {
			for _, v := range slices.Backward(s.objects[name]) {
				all = append(all, v)
			}
		}
	}
	return all
}

const pageKeys = 5

func (s *s3) list(w http.ResponseWriter, bucket string, q url.Values) {
	var b strings.Builder
	n, last, more := 0, "", false
	for _, v := range s.below(bucket, q.Get("prefix")) {
		if now, ok := s.latest(bucket, v.key); !ok || now.id != v.id || v.key <= q.Get("continuation-token") {
			continue
		}
		if n == pageKeys {
			more = true
			break
		}
		n, last = n+1, v.key
		b.WriteString(xmlf(`<Contents><Key>%s</Key><Size>%d</Size><ETag>"%s"</ETag><LastModified>%s</LastModified></Contents>`, v.key, len(v.body), v.etag, v.at.Format(time.RFC3339)))
	}
	answerXML(w, xmlf(`<ListBucketResult><IsTruncated>%t</IsTruncated><NextContinuationToken>%s</NextContinuationToken>`, more, last)+b.String()+"</ListBucketResult>")
}

func (s *s3) listVersions(w http.ResponseWriter, bucket string, q url.Values) {
	var b strings.Builder
	keys, last, more := 0, "", false
	for _, v := range s.below(bucket, q.Get("prefix")) {
		if v.key <= q.Get("key-marker") {
			continue
		}
		if v.key != last {
			if keys == pageKeys {
				more = true
				break
			}
			keys, last = keys+1, v.key
		}
		all := s.objects[bucket+"/"+v.key]
		kind := "Version"
		if v.marker {
			kind = "DeleteMarker"
		}
		b.WriteString(xmlf(`<%s><Key>%s</Key><VersionId>%s</VersionId><IsLatest>%t</IsLatest><Size>%d</Size><ETag>"%s"</ETag><LastModified>%s</LastModified></%s>`,
			kind, v.key, v.id, all[len(all)-1].id == v.id, len(v.body), v.etag, v.at.Format(time.RFC3339), kind))
	}
	answerXML(w, xmlf(`<ListVersionsResult><IsTruncated>%t</IsTruncated><NextKeyMarker>%s</NextKeyMarker>`, more, last)+b.String()+"</ListVersionsResult>")
}

func (s *s3) listUploads(w http.ResponseWriter, bucket string, q url.Values) {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(s.uploads)) {
		if u := s.uploads[id]; u.bucket == bucket && strings.HasPrefix(u.key, q.Get("prefix")) {
			b.WriteString(xmlf(`<Upload><Key>%s</Key><UploadId>%s</UploadId></Upload>`, u.key, u.id))
		}
	}
	answerXML(w, "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>"+b.String()+"</ListMultipartUploadsResult>")
}

func answerXML(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/xml")
	_, _ = io.WriteString(w, text)
}

// xmlf is Sprintf whose texts are escaped.
func xmlf(format string, args ...any) string {
	for n, a := range args {
		if s, ok := a.(string); ok {
			var b bytes.Buffer
			_ = xml.EscapeText(&b, []byte(s))
			args[n] = b.String()
		}
	}
	return fmt.Sprintf(format, args...)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xmlf("<Error><Code>%s</Code><Message>refused</Message></Error>", code))
}

// plain is a bucket as the endpoint reads and writes it.
type plain struct {
	s    *s3
	name string
	full func() bool // the disk takes nothing
}

func (p plain) Head(_ context.Context, key string) (job.Object, error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	v, ok := p.s.latest(p.name, key)
	if !ok {
		return job.Object{}, fmt.Errorf("head: %w", job.ErrNotFound)
	}
	return job.Object{Key: key, Size: int64(len(v.body)), ETag: v.etag}, nil
}

func (p plain) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if _, err := p.Head(ctx, key); err != nil {
		return nil, err
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	v, _ := p.s.latest(p.name, key)
	return io.NopCloser(bytes.NewReader(v.body)), nil
}

func (p plain) Put(_ context.Context, key, mediaType string, body io.Reader, size int64) error {
	all, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if int64(len(all)) != size {
		return fmt.Errorf("put: %d bytes came of %d", len(all), size)
	}
	if p.full() {
		return fmt.Errorf("put: no space left on device")
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	sum := md5.Sum(all)
	_, err = p.s.add(p.name, key, hex.EncodeToString(sum[:]), http.Header{"Content-Type": {mediaType}}, all, "PutObject")
	return err
}

package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// payloadHeader is what a client says of its body.
const payloadHeader = "X-Amz-Content-Sha256"

// canonicalRequest is the text whose digest is signed.
func canonicalRequest(r *http.Request, signed []string, body []byte) (string, *Error) {
	if !slices.Contains(signed, "host") {
		return "", incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	payload, problem := payloadHash(r, body)
	if problem != nil {
		return "", problem
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + canonicalPath(r) + "\n" + canonicalQuery(r) + "\n")
	for _, name := range signed {
		b.WriteString(name + ":" + canonicalValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + payload)
	return b.String(), nil
}

// payloadHash is the digest of the body; a digest that the client states must be
// that one.
func payloadHash(r *http.Request, body []byte) (string, *Error) {
	sum := sha256.Sum256(body)
	own := hex.EncodeToString(sum[:])
	switch stated := r.Header.Get(payloadHeader); stated {
	case "", own:
		return own, nil
	case "UNSIGNED-PAYLOAD":
		return stated, nil
	}
	return "", errMismatch
}

// canonicalPath encodes the path that came over the wire once more: every
// service but S3 signs it twice encoded.
func canonicalPath(r *http.Request) string {
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	return escape(path, true)
}

func canonicalQuery(r *http.Request) string {
	var pairs []string
	for name, values := range r.URL.Query() {
		for _, v := range values {
			pairs = append(pairs, escape(name, false)+"="+escape(v, false))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// canonicalValue is a header's value, its spaces made single. The server keeps
// two headers elsewhere.
func canonicalValue(r *http.Request, name string) string {
	values := r.Header.Values(name)
	switch {
	case name == "host":
		values = []string{r.Host}
	case name == "content-length" && len(values) == 0:
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	clean := make([]string, len(values))
	for i, v := range values {
		clean[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(clean, ",")
}

// escape percent-encodes everything but RFC 3986's unreserved characters.
func escape(s string, keepSlash bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~', c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			b.WriteString("%" + string(hexDigits[c>>4]) + string(hexDigits[c&15]))
		}
	}
	return b.String()
}

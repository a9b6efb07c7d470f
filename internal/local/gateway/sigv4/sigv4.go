// Package sigv4 checks AWS Signature Version 4 on requests that the one-machine
// stack answers itself (S3 checks its own). In: a request, its body and the one
// known key. Out: nil, or an *Error that says what AWS would say. The scope
// also tells which service a request is for, as one address serves them all.
//
// The rules are those of "Create a signed AWS API request" (AWS IAM guide):
// canonical request, string to sign, derived key, 15 minutes of clock skew.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeFormat = "20060102T150405Z"

	// Skew is how far a request's time may be from ours, as on AWS.
	Skew = 15 * time.Minute
)

// Key is an access key with its secret.
type Key struct{ ID, Secret string }

// Error is a refusal. Code is the name in JSON protocols, Query the name in the
// query protocol (SNS, STS).
type Error struct{ Code, Query, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// The refusals; Message says more where it helps.
var (
	errMissing    = &Error{"MissingAuthenticationTokenException", "MissingAuthenticationToken", "Request is missing Authentication Token"}
	errUnknownKey = &Error{"UnrecognizedClientException", "InvalidClientTokenId", "The security token included in the request is invalid."}
	errMismatch   = &Error{"InvalidSignatureException", "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}
)

func incomplete(format string, args ...any) *Error {
	return &Error{"IncompleteSignatureException", "IncompleteSignature", fmt.Sprintf(format, args...)}
}

func expired(format string, args ...any) *Error {
	return &Error{"InvalidSignatureException", "SignatureDoesNotMatch", fmt.Sprintf(format, args...)}
}

// scope is a credential scope: who signed, on which day, for what.
type scope struct{ key, day, region, service string }

func (s scope) String() string {
	return strings.Join([]string{s.day, s.region, s.service, terminator}, "/")
}

// parseScope reads KEY/yyyymmdd/region/service/aws4_request.
func parseScope(credential string) (scope, bool) {
	p := strings.Split(credential, "/")
	if len(p) < 5 || p[len(p)-1] != terminator {
		return scope{}, false
	}
	n := len(p) - 4 // a key with slashes is possible, the scope has none
	return scope{key: strings.Join(p[:n], "/"), day: p[n], region: p[n+1], service: p[n+2]}, true
}

// Service is the service that a request says it is signed for, in its
// Authorization header or, presigned, in its query; empty when unsigned.
func Service(r *http.Request) string {
	s, _ := parseScope(credential(r))
	return s.service
}

// Names says whether a request says that it is signed by a key, which may not be true.
func Names(r *http.Request, key Key) bool {
	s, ok := parseScope(credential(r))
	return ok && s.key == key.ID
}

func credential(r *http.Request) string {
	if a, err := parseAuthorization(r.Header.Get("Authorization")); err == nil {
		return a.credential
	}
	return r.URL.Query().Get("X-Amz-Credential")
}

// authorization is the parsed header.
type authorization struct {
	credential, signature string
	signed                []string // header names, lower case, in the order given
}

func parseAuthorization(header string) (authorization, *Error) {
	if header == "" {
		return authorization{}, errMissing
	}
	rest, ok := strings.CutPrefix(header, algorithm)
	if !ok {
		return authorization{}, incomplete("Authorization header requires %s.", algorithm)
	}
	var a authorization
	for _, part := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			a.credential = value
		case "SignedHeaders":
			a.signed = strings.Split(value, ";")
		case "Signature":
			a.signature = value
		}
	}
	for _, field := range []struct {
		name    string
		missing bool
	}{
		{"Credential", a.credential == ""}, {"SignedHeaders", len(a.signed) == 0}, {"Signature", a.signature == ""},
	} {
		if field.missing {
			return authorization{}, incomplete("Authorization header requires '%s' parameter.", field.name)
		}
	}
	return a, nil
}

// Verifier knows the one key. The zero Now is time.Now.
type Verifier struct {
	Key    Key
	Region string
	Now    func() time.Time
}

// Verify checks the Authorization header of a request for any service but S3,
// whose body has been read.
func (v Verifier) Verify(r *http.Request, body []byte) error {
	h, problem := v.head(r)
	if problem != nil {
		return problem
	}
	canonical, problem := canonicalRequest(r, h.signed, body)
	if problem != nil {
		return problem
	}
	want := sign(v.Key.Secret, h.scope, h.at, canonical)
	if !hmac.Equal([]byte(want), []byte(h.signature)) {
		return errMismatch
	}
	return nil
}

// Refuse is what Verify would say of a request whatever its body is, so that no memory
// is given to the bodies of strangers. nil says nothing yet.
func (v Verifier) Refuse(r *http.Request) error {
	if _, problem := v.head(r); problem != nil {
		return problem
	}
	return nil
}

// signedHead is what a request says of its signature.
type signedHead struct {
	authorization
	scope scope
	at    time.Time
}

func (v Verifier) head(r *http.Request) (signedHead, *Error) {
	a, problem := parseAuthorization(r.Header.Get("Authorization"))
	if problem != nil {
		return signedHead{}, problem
	}
	s, ok := parseScope(a.credential)
	if !ok {
		return signedHead{}, incomplete("Credential must have the form KEY/date/region/service/%s.", terminator)
	}
	if s.key != v.Key.ID {
		return signedHead{}, errUnknownKey
	}
	if s.region != v.Region {
		return signedHead{}, expired("Credential should be scoped to a valid region, not %q: this is %s.", s.region, v.Region)
	}
	at, problem := v.signedAt(r, s)
	return signedHead{a, s, at}, problem
}

// signedAt is the request's own time, when it is near ours and on the scope's day.
func (v Verifier) signedAt(r *http.Request, s scope) (time.Time, *Error) {
	at, err := time.Parse(timeFormat, r.Header.Get("X-Amz-Date"))
	if err != nil {
		at, err = http.ParseTime(r.Header.Get("Date"))
	}
	if err != nil {
		return time.Time{}, incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	at = at.UTC()
	if day := at.Format("20060102"); day != s.day {
		return time.Time{}, expired("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: %q != %q", s.day, day)
	}
	now := time.Now
	if v.Now != nil {
		now = v.Now
	}
	switch n := now().UTC(); {
	case at.Before(n.Add(-Skew)):
		return time.Time{}, expired("Signature expired: %s is now earlier than %s (%s - 15 min.)",
			at.Format(timeFormat), n.Add(-Skew).Format(timeFormat), n.Format(timeFormat))
	case at.After(n.Add(Skew)):
		return time.Time{}, expired("Signature not yet current: %s is still later than %s (%s + 15 min.)",
			at.Format(timeFormat), n.Add(Skew).Format(timeFormat), n.Format(timeFormat))
	}
	return at, nil
}

// sign derives the day's key and signs the string to sign.
func sign(secret string, s scope, at time.Time, canonical string) string {
	digest := sha256.Sum256([]byte(canonical))
	toSign := strings.Join([]string{algorithm, at.Format(timeFormat), s.String(), hex.EncodeToString(digest[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.day, s.region, s.service, terminator} {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, toSign))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

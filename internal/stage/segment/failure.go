package segment

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// failure describes a failed request. Status is the HTTP status of the model server's
// answer, or 0 when it is not known. Code and Message are those in the body of our model
// servers, and empty for any other body.
type failure struct {
	Status        int
	Code, Message string
}

// scanAtFault says whether the scan is at fault, which it is for a status of 4xx except
// 408 and 429 (DESIGN.md §4, Segment). Any other status, and a failure of unknown
// status, is the server's fault or temporary, whatever the body holds.
func (f failure) scanAtFault() bool {
	return f.Status >= http.StatusBadRequest && f.Status < http.StatusInternalServerError &&
		f.Status != http.StatusRequestTimeout && f.Status != http.StatusTooManyRequests
}

// rejection is the named error of a failure that is the scan's fault.
func (f failure) rejection() *job.RejectedError {
	if f.Code == "" {
		return &job.RejectedError{Code: "refused_by_model", Message: "the model server refused the scan and did not say why"}
	}
	return &job.RejectedError{Code: f.Code, Message: f.Message}
}

const (
	maxReason  = 16 << 10 // bytes that are read of a failure
	maxBraces  = 64       // places of a hostile text at which a reply is looked for
	maxCode    = 64       // characters of an error code
	maxMessage = 4 << 10  // bytes of a message for the scan's owner
)

// sentence is the beginning of SageMaker's text about a failure. A quotation of the model
// server's body follows, which is not used.
var sentence = regexp.MustCompile(`^[^{"]{0,64}?Received (?:client|server) error \(([0-9]{1,3})\)`)

// readFailure reads the failure's object, which holds the model server's body or, without
// one, a sentence; and the reason in SageMaker's message, which is a sentence that may
// quote the body. Either may be empty. The status that SageMaker states takes precedence
// over the one in the body.
func readFailure(object, reason string) failure {
	object, reason = object[:min(len(object), maxReason)], reason[:min(len(reason), maxReason)]
	f := reply(object)
	if f.Code == "" {
		quoted := reply(reason)
		f.Code, f.Message = quoted.Code, quoted.Message
		if f.Status == 0 {
			f.Status = quoted.Status
		}
	}
	for _, text := range []string{object, reason} {
		if said := sentence.FindStringSubmatch(text); said != nil {
			f.Status, _ = strconv.Atoi(said[1]) // one to three digits
		}
	}
	return f
}

// reply finds the first {status, code, message} in a text. It may be the text itself or a
// quotation in it, escaped or not.
func reply(text string) failure {
	rest := text
	for range maxBraces {
		at := strings.IndexByte(rest, '{')
		if at < 0 {
			break
		}
		if f := decodeReply(rest[at:]); f.Code != "" {
			return f
		}
		if at > 0 && rest[at-1] == '"' {
			var quoted string
			if decode(rest[at-1:], &quoted) == nil {
				if f := decodeReply(quoted); f.Code != "" {
					return f
				}
			}
		}
		rest = rest[at+1:]
	}
	return failure{}
}

// decodeReply reads what stands at the beginning of text.
func decodeReply(text string) failure {
	var body struct {
		Status  int    `json:"status"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if decode(text, &body) != nil || !isCode(body.Code) || body.Message == "" {
		return failure{}
	}
	if len(body.Message) > maxMessage {
		body.Message = strings.ToValidUTF8(body.Message[:maxMessage], "") + "…"
	}
	return failure{body.Status, body.Code, body.Message}
}

func decode(text string, into any) error {
	return json.NewDecoder(strings.NewReader(text)).Decode(into)
}

func isCode(s string) bool {
	if s == "" || len(s) > maxCode {
		return false
	}
	for _, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

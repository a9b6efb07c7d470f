package segment

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// failure is what is known of a failed request. Status is the HTTP status of the
// model server's answer, 0 when nobody says it; Code and Message are what our
// model servers write in their body, empty when the body is of another kind.
type failure struct {
	Status        int
	Code, Message string
}

// scanAtFault: 4xx but 408 and 429 is the scan's fault. Anything else is the
// server's or the moment's (DESIGN.md §4, Segment), whatever else the body holds,
// and so is a failure of which nobody says the status.
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

// sentence is how SageMaker begins what it says of a failure; its own quotation
// of the model server's body follows and is not looked at.
var sentence = regexp.MustCompile(`^[^{"]{0,64}?Received (?:client|server) error \(([0-9]{1,3})\)`)

// readFailure reads the failure's object, which holds the model server's body (or,
// where there was none, a sentence), and the reason in SageMaker's message, which
// is a sentence that may quote the body. Either may be empty. The status that
// SageMaker saw counts for more than the one that the body repeats.
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

// reply finds the first {status, code, message} in a text: the text itself, or
// what it quotes, escaped or not.
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

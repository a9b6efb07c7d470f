package gateway

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

// refuse answers in the shape of the request's protocol: XML for the query
// protocol (a form), else JSON with the error's name in body and header, which
// both JSON protocols read.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, queryCode, message string) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.URL.Query().Has("Action") {
		type fault struct{ Type, Code, Message string }
		answerXML(w, status, struct {
			XMLName xml.Name `xml:"ErrorResponse"`
			Error   fault
		}{Error: fault{"Sender", queryCode, message}})
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
}

// refuseUnsigned answers a failed signature check: 400 in the JSON protocol,
// 403 in the others, as AWS.
func refuseUnsigned(w http.ResponseWriter, r *http.Request, err error) {
	var problem *sigv4.Error
	if !errors.As(err, &problem) {
		problem = &sigv4.Error{Code: "InternalFailure", Query: "InternalFailure", Message: err.Error()}
	}
	status := http.StatusForbidden
	if r.Header.Get("X-Amz-Target") != "" {
		status = http.StatusBadRequest
	}
	refuse(w, r, status, problem.Code, problem.Query, problem.Message)
}

func answerXML(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(v)
}

// quoteShort quotes a name that a stranger sent, cut to a sane length.
func quoteShort(name string) string {
	return strconv.Quote(name[:min(len(name), 64)])
}

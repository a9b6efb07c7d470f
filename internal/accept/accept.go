// Package accept reads what a client says that it takes and has. In: header fields of a
// request. Out: whether an answer may be sent in gzip, and whether the client has it.
package accept

import (
	"strconv"
	"strings"
)

// Gzip reads Accept-Encoding (RFC 9110 §12.5.3): a list of codings, each with a weight,
// where * stands for all that are not named. A weight of 0 refuses.
func Gzip(header string) bool {
	accepted := false
	for _, item := range strings.Split(header, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "x-gzip" && name != "*" {
			continue
		}
		weight := 1.0
		if text, ok := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(parameters, " ", "")), "q="); ok {
			q, err := strconv.ParseFloat(text, 64)
			if err != nil {
				q = 0 // a weight that cannot be read is no consent
			}
			weight = q
		}
		if accepted = weight > 0; name != "*" {
			return accepted
		}
	}
	return accepted
}

// Has reads If-None-Match (RFC 9110 §13.1.2), a list of entity tags, weak or not, or *: it
// says whether the client has what etag names.
func Has(header, etag string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}
